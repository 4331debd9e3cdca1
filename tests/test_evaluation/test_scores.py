import pytest

from mmswap.evaluation import accuracy_drop, find_primary, h_mean, swap_score


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
