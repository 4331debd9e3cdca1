import pytest

from mmswap.evaluation import accuracy_drop, find_primary, h_mean, swap_score
from mmswap.evaluation.scores import find_primaries, swap_scores


@pytest.mark.parametrize(('retain', 'drop', 'expected'), [
    (0.5, 0.5, 0.5),
    (0.75, 0.25, 0.375),
    (75., 25., 37.5),
    (1., 1 / 3, 0.5),
    (0.8, 0., 0.),
    (0., 0.8, 0.),
    (-1., 0.8, 0.),
])
def test_h_mean_is_gs_loras_formula(retain, drop, expected):
    assert h_mean(retain, drop) == pytest.approx(expected, abs=1e-12)
    if retain > 0 and drop > 0:
        formula = 2 * retain * drop / (retain + drop)
        assert h_mean(retain, drop) == pytest.approx(formula)


@pytest.mark.parametrize(('before', 'after', 'drop'), [
    (0.8, 0.1, 0.7),
    (0.8, 0.8, 0.),
    (0.1, 0.8, 0.),
])
def test_drop_is_never_negative(before, after, drop):
    assert accuracy_drop(before, after) == pytest.approx(drop)


def test_swap_score_is_the_harmonic_mean_of_those_given():
    assert swap_score(1., 0.5, 0.25) == pytest.approx(3 / 7)
    assert swap_score(retain=0.75, drop=0.25) == pytest.approx(0.375)
    assert swap_score(retain=0.75, learn=0.25) == pytest.approx(0.375)
    assert swap_score(learn=0.3) == pytest.approx(0.3)


@pytest.mark.parametrize('zero', ['retain', 'drop', 'learn'])
def test_swap_score_is_zero_where_one_part_is(zero):
    parts = dict(retain=0.9, drop=0.9, learn=0.9)
    assert swap_score(**parts) == pytest.approx(0.9)
    assert swap_score(**{**parts, zero: 0.}) == 0


def test_swap_score_needs_a_part():
    with pytest.raises(ValueError, match='one of retain, drop and learn'):
        swap_score()


def test_primary_metric_prefers_masks_to_boxes():
    results = {
        'retain/coco/bbox_mAP_50': 0.9,
        'retain/coco/bbox_mAP': 0.5,
        'retain/coco/segm_mAP': 0.4
    }
    assert find_primary(results) == 0.4
    del results['retain/coco/segm_mAP']
    assert find_primary(results) == 0.5


@pytest.mark.parametrize(('full_name', 'names', 'found'), [
    ('retain/accuracy/top1', ('accuracy/top1', ), True),
    ('retain/single/top1', ('accuracy/top1', ), False),
    ('mIoU', ('mIoU', ), True),
    ('retain/coco/bbox_mAP', ('coco/bbox_mAP', ), True),
    ('retain/coco/bbox_mAP', ('mAP', ), False),
    ('retain/coco/bbox_mAP_50', ('bbox_mAP', ), False),
])
def test_names_match_whole_last_parts(full_name, names, found):
    assert find_primary({full_name: 7}, names) == (7. if found else None)


def test_the_primary_of_each_split():
    results = {
        'retain/coco/bbox_mAP': .5, 'retain/coco/segm_mAP': .4,
        'forget@2/coco/bbox_mAP': .3, 'forget/recall': .2
    }
    splits = ('retain', 'forget', 'forget@2')
    assert find_primaries(results, splits) == {'retain': .4, 'forget@2': .3}
    with pytest.raises(ValueError, match='val_evaluator.primary must be a me'):
        find_primaries(results, splits, 'bbox_mAP')


NOW = dict(retain=60., forget=20., learn=30.)


@pytest.mark.parametrize(('accuracy', 'starts', 'expected'), [
    (NOW, {}, {}),
    # 3 / (1 / 60 + 1 / 60 + 1 / 30) = 45.
    (NOW, dict(pretrained=80.), dict(h_mean=60, score=45)),
    (NOW, dict(before=80.), dict(h_mean_request=60, score=45)),
    # The score goes by the pre-trained model: 2 * 60 * 30 / 90 from 50.
    (NOW, dict(pretrained=80., before=50.),
     dict(h_mean=60, h_mean_request=40, score=45)),
    (dict(NOW, forget=90.), dict(before=80.),
     dict(h_mean_request=0, score=0)),
    (dict(retain=60., learn=30.), dict(before=80.), dict(score=40)),
    (dict(forget=20., learn=30.), dict(before=80.), dict(score=40)),
    (dict(missing=1.), dict(before=80.), {}),
])
def test_what_a_swap_or_a_request_sums_up_to(accuracy, starts, expected):
    starts = {key: dict(forget=value) for key, value in starts.items()}
    assert swap_scores(accuracy, **starts) == pytest.approx(expected)


def test_missing_classes_count_as_retained():
    accuracy = dict(retain=60., missing=30., forget=20.)
    found = swap_scores(accuracy, dict(forget=80.),
                        weights=dict(retain=2, missing=1, forget=5))
    assert found['retain_and_missing'] == pytest.approx(50)
    assert found['h_mean'] == pytest.approx(2 * 50 * 60 / 110)
    # Without weights each is one.
    assert swap_scores(accuracy)['retain_and_missing'] == pytest.approx(45)
