import json
import os
import uuid
from functools import partial

import pytest
from mmengine.config import ConfigDict
from mmengine.dataset import DefaultSampler
from mmengine.evaluator import BaseMetric, Evaluator
from mmengine.logging import MessageHub
from mmengine.registry import EVALUATOR
from mmengine.runner import Runner
from toy_detections import (
    CLASSES,
    COW,
    META,
    NAMES,
    OWL,
    SPLIT_LABELS,
    make_sample,
    make_samples,
    reference,
)
from two_ranks import run_on_two_ranks

from mmswap.class_table import ClassTable
from mmswap.evaluation import SwapEvaluator

COCO = dict(type='mmdet.CocoMetric', metric=['bbox', 'segm'], classwise=True)
BEFORE = dict(retain=0.9, forget=0.8)


class ConstantMetric(BaseMetric):
    """Reports what it is told."""

    def __init__(self, values, prefix='toy'):
        super().__init__(prefix=prefix)
        self.values = values

    def process(self, _, data_samples):
        self.results.extend(data_samples)

    def compute_metrics(self, _):
        return dict(self.values)


@pytest.fixture(autouse=True)
def message_hub():
    """A hub that says what an evaluator of another swap may have left."""
    hub = MessageHub.get_instance(f'test_{uuid.uuid4()}')
    hub.update_info('swap_before', dict(retain=10., forget=10.))
    yield hub
    MessageHub.get_instance(f'test_{uuid.uuid4()}')


def evaluate(evaluator, samples=None, meta=META):
    samples = make_samples() if samples is None else samples
    evaluator.dataset_meta = meta
    # In batches of two, as a loop does.
    for i in range(0, len(samples), 2):
        evaluator.process(samples[i:i + 2])
    return evaluator.evaluate(len(samples))


def evaluate_constants(accuracy, name='mIoU', **kwargs):
    """The results of an evaluator whose splits have these accuracies."""
    return evaluate(
        SwapEvaluator({
            split: ConstantMetric({name: value})
            for split, value in accuracy.items()
        }, **kwargs))


@pytest.fixture(scope='module')
def coco_results():
    return evaluate(
        SwapEvaluator(dict(retain=COCO, forget=COCO, learn=COCO, all=COCO)))


@pytest.fixture(scope='module')
def own_images_results():
    return evaluate(
        SwapEvaluator(
            dict(retain=COCO, forget=COCO, learn=COCO), images='split'))


@pytest.mark.parametrize('iou_type', ['bbox', 'segm'])
@pytest.mark.parametrize('split', ['retain', 'forget', 'learn'])
def test_splits_equal_pycocotools_on_filtered_annotations(
        coco_results, own_images_results, split, iou_type):
    expected = reference(split, iou_type)
    assert reference(split, 'segm')[None] < reference(split, 'bbox')[None] < 1
    assert coco_results[f'{split}/coco/{iou_type}_mAP'] == expected[None]
    own = reference(split, iou_type, images=split)[None]
    assert own_images_results[f'{split}/coco/{iou_type}_mAP'] == own


@pytest.mark.parametrize('split', ['retain', 'forget', 'learn'])
def test_class_precisions_are_those_of_the_split(coco_results, split):
    expected = reference(split, 'segm')
    for label, name in enumerate(NAMES):
        precision = coco_results[f'{split}/coco/{name}_precision']
        if label in SPLIT_LABELS[split]:
            assert precision == expected[label]
        else:
            assert precision != precision  # NaN: nothing of it was there


def test_false_positives_on_images_of_other_splits_count(
        coco_results, own_images_results):
    # A cow is seen, with a high score, in image 13, which has only an owl.
    seen = coco_results['all/coco/cow_precision']
    assert coco_results['retain/coco/cow_precision'] == seen
    assert own_images_results['retain/coco/cow_precision'] > seen


def test_all_equals_the_plain_evaluator(coco_results):
    plain = evaluate(Evaluator(COCO))
    assert len(plain) == 16  # 6 of boxes, 6 of masks, 4 classes
    assert {
        name[len('all/'):]: value
        for name, value in coco_results.items() if name.startswith('all/')
    } == plain


def test_primary_metrics_stand_under_swap(coco_results):
    for split in ('retain', 'forget', 'learn'):
        assert coco_results[f'swap/{split}'] == coco_results[
            f'{split}/coco/segm_mAP']
    # Nothing is known of before, so there are no scores.
    assert {n for n in coco_results if n.startswith('swap/')} == {
        'swap/retain', 'swap/forget', 'swap/learn'
    }


def test_evaluating_again_gives_the_same(coco_results):
    splits = dict(retain=COCO, forget=COCO)
    evaluator = SwapEvaluator(splits)
    first, second = evaluate(evaluator), evaluate(evaluator)
    assert first['swap/forget'] == coco_results['swap/forget']
    assert {n: v for n, v in first.items() if v == v} == {
        n: v
        for n, v in second.items() if v == v
    }


def test_a_forgotten_split_has_a_score():
    splits = dict(retain=COCO, forget=COCO)
    evaluator = SwapEvaluator(splits, before=BEFORE)
    results = evaluate(evaluator, make_samples(keep=(0, COW, OWL)))
    retain = reference('retain', 'segm')[None]
    assert results['swap/forget'] == 0
    assert results['swap/h_mean'] == pytest.approx(2 * retain * 0.8 /
                                                   (retain + 0.8))


def test_scores_are_harmonic_means():
    results = evaluate_constants(
        dict(retain=60., forget=20., learn=30.), before=dict(forget=80.))
    assert results['swap/h_mean'] == pytest.approx(60)
    assert results['swap/score'] == pytest.approx(45)  # 3/(1/60+1/60+1/30)
    results = evaluate_constants(
        dict(retain=75., forget=30.), before=dict(forget=55.))
    assert results['swap/h_mean'] == pytest.approx(37.5)
    assert results['swap/score'] == pytest.approx(37.5)


@pytest.mark.parametrize('forget', [80., 90.])
def test_a_drop_of_zero_or_less_scores_zero(forget):
    results = evaluate_constants(
        dict(retain=60., forget=forget, learn=30.), before=dict(forget=80.))
    assert results['swap/h_mean'] == 0
    assert results['swap/score'] == 0


def test_without_forget_the_score_is_of_what_there_is():
    results = evaluate_constants(
        dict(retain=75., learn=25.), before=dict(retain=70.))
    assert results['swap/score'] == pytest.approx(37.5)
    assert 'swap/h_mean' not in results


def test_without_retain_there_is_no_h_mean():
    results = evaluate_constants(
        dict(forget=20., learn=30.), before=dict(forget=80.))
    assert 'swap/h_mean' not in results
    assert results['swap/score'] == pytest.approx(40)  # 2/(1/60+1/30)


def constants(**accuracy):
    """An evaluator whose splits have these accuracies."""
    return SwapEvaluator({
        split: ConstantMetric(dict(mIoU=value))
        for split, value in accuracy.items()
    })


def test_before_can_be_set():
    evaluator = constants(retain=60., forget=20.)
    assert 'swap/h_mean' not in evaluate(evaluator)
    evaluator.set_before(dict(retain=70., forget=80.))
    assert evaluate(evaluator)['swap/h_mean'] == pytest.approx(60)
    # As the evaluator itself calls them, and each evaluator has its own.
    evaluator.set_before({'swap/forget': 50., 'swap/retain': 70.})
    assert evaluate(evaluator)['swap/h_mean'] == pytest.approx(40)
    assert 'swap/h_mean' not in evaluate(constants(retain=60., forget=20.))


@pytest.mark.parametrize('measured', [{}, dict(retain=70.)])
def test_no_scores_where_forget_was_not_measured(measured):
    evaluator = constants(retain=60., forget=20.)
    evaluator.set_before(measured)
    scores = {n for n in evaluate(evaluator) if n.startswith('swap/')}
    assert scores == {'swap/retain', 'swap/forget'}


def test_a_wrong_measurement_is_refused():
    with pytest.raises(TypeError, match='before must have numbers'):
        constants(forget=20.).set_before(dict(forget='80'))


@pytest.mark.parametrize(('before', 'error', 'message'), [
    (dict(forgot=0.8), ValueError, r"before must have .* got \['forgot'\]"),
    (dict(forget='0.8'), TypeError, "before must have numbers, got '0.8'"),
    (dict(forget=True), TypeError, 'before must have numbers, got True'),
    (dict(retain=0.8), ValueError, 'before must have the key forget'),
    (0.8, TypeError, 'before must be a dict .* got 0.8'),
])
def test_a_wrong_before_is_refused(before, error, message):
    with pytest.raises(error, match=message):
        SwapEvaluator(dict(forget=COCO), classes=CLASSES, before=before)


@pytest.mark.parametrize('primary', ['bbox_mAP_50', 'coco/bbox_mAP_50'])
def test_primary_can_be_named(primary):
    results = evaluate(SwapEvaluator(dict(retain=COCO), primary=primary))
    assert results['swap/retain'] == results['retain/coco/bbox_mAP_50']
    assert results['swap/retain'] != results['retain/coco/bbox_mAP']


def test_a_primary_that_is_not_there_is_refused():
    with pytest.raises(
            ValueError, match=r"must be a metric of retain, got 'PQ'; it has"):
        evaluate_constants(dict(retain=60.), primary='PQ')


def test_a_split_with_no_usual_metric_has_no_score():
    results = evaluate_constants(
        dict(retain=60.), name='recall', before=BEFORE)
    assert results['retain/toy/recall'] == 60.
    assert not any(name.startswith('swap/') for name in results)


def test_a_split_without_images_is_left_out():
    samples = [make_sample(10), make_sample(11)]
    results = evaluate(
        SwapEvaluator(dict(retain=COCO, learn=COCO)), samples)
    assert 'swap/retain' in results
    assert not any(
        name.startswith(('learn/', 'swap/learn')) for name in results)


def test_a_table_without_learn_goes_with_metrics_for_it():
    classes = dict(base=list(NAMES), forget=['dog'])
    evaluator = SwapEvaluator(dict(retain=COCO, learn=COCO), classes=classes)
    assert 'swap/learn' not in evaluate(evaluator)


def test_metrics_of_the_same_name_clash():
    with pytest.raises(
            ValueError, match='same metric name forget/coco/'):
        evaluate(SwapEvaluator(dict(forget=[COCO, COCO])))


@pytest.mark.parametrize('split', ['forget', 'all'])
def test_ann_file_is_refused(split):
    metric = dict(COCO, ann_file='val.json')
    with pytest.raises(
            ValueError,
            match=f"metrics.{split}.ann_file must be left out, got 'val.json'"
    ):
        SwapEvaluator({split: [COCO, metric]})
    assert SwapEvaluator({split: dict(COCO, ann_file=None)})


def test_instances_are_needed():
    sample = make_sample(10)
    del sample.instances
    with pytest.raises(ValueError, match="must contain 'instances'"):
        evaluate(SwapEvaluator(dict(retain=COCO)), [sample])


def test_classes_come_from_the_config_or_the_data_set():
    given = SwapEvaluator(dict(forget=COCO), classes=CLASSES)
    # The config says more: here, that cats are to be forgotten.
    other = dict(CLASSES, forget=['cat'])
    given.dataset_meta = dict(classes=NAMES, swap_classes=other)
    assert given.class_table == ClassTable.from_cfg(CLASSES)
    found = SwapEvaluator(dict(forget=COCO))
    found.dataset_meta = dict(classes=NAMES, swap_classes=other)
    assert found.class_table == ClassTable.from_cfg(other)
    assert evaluate(given)['swap/forget'] == reference('forget', 'segm')[None]


def test_classes_must_be_known():
    evaluator = SwapEvaluator(dict(forget=COCO))
    with pytest.raises(ValueError, match=r"got None .* \['classes'\]"):
        evaluator.dataset_meta = dict(classes=NAMES)


def test_the_data_set_must_have_the_classes_of_the_table():
    evaluator = SwapEvaluator(dict(forget=COCO), classes=CLASSES)
    with pytest.raises(ValueError, match='in its order: .* got .*ClassSubset'):
        evaluator.dataset_meta = dict(classes=NAMES[::-1])


def test_it_is_built_from_a_config_that_stays_as_it_is():
    cfg = ConfigDict(
        type='mmswap.SwapEvaluator',
        classes=CLASSES,
        metrics=dict(retain=COCO, all=[COCO]))
    before = cfg.to_dict()
    evaluator = EVALUATOR.build(cfg)
    assert isinstance(evaluator, SwapEvaluator)
    assert cfg.to_dict() == before


def test_metrics_added_later_are_fed_everything():
    # As tools/test.py --out of mmdet adds one that dumps the predictions.
    evaluator = SwapEvaluator(dict(forget=COCO))
    added = ConstantMetric(dict(value=3), prefix='added')
    evaluator.metrics.append(added)
    results = evaluate(evaluator)
    assert results['added/value'] == 3
    assert results['swap/forget'] == reference('forget', 'segm')[None]


def evaluate_on_rank(rank, world, folder):
    """What one rank finds, in full and with dogs forgotten, as json."""
    del rank, world
    os.chdir(folder)  # where mmengine exchanges results by files
    found = []
    for keep in ((0, 1, 2, 3), (0, COW, OWL)):
        samples = make_samples(keep=keep)
        evaluator = SwapEvaluator(
            dict(retain=COCO, forget=COCO, learn=COCO, all=COCO),
            before=BEFORE)
        evaluator.dataset_meta = META
        # Twice, as a training run does.
        for _ in range(2):
            for i in DefaultSampler(samples, shuffle=False):
                evaluator.process([samples[i]])
            found.append(evaluator.evaluate(len(samples)))
    return json.dumps(found)


@pytest.mark.slow
def test_two_ranks_find_what_one_does(tmp_path, monkeypatch):
    # Seven images: rank 1 gets the first one again, to have four as well.
    monkeypatch.chdir(tmp_path)
    alone = evaluate_on_rank(0, 1, tmp_path)
    ranks = run_on_two_ranks(
        partial(evaluate_on_rank, folder=tmp_path), tmp_path)
    assert ranks == [alone, alone]
    full, again, forgotten, _ = json.loads(alone)
    assert full['swap/forget'] == reference('forget', 'segm')[None]
    assert again['swap/forget'] == full['swap/forget']
    assert forgotten['swap/forget'] == 0


def test_the_stock_evaluator_scores_each_split_that_has_a_class():
    """As metrics by split do that are written one by one."""
    stock = dict(COCO, ann_file='a/file/that/is/not/there.json')
    evaluator = SwapEvaluator(metrics=stock, before=BEFORE)
    found = evaluate(evaluator)
    assert [m.split for m in evaluator.metrics] == [
        'retain', 'forget', 'learn', 'all']
    wanted = evaluate(SwapEvaluator(
        metrics={split: COCO for split in ('retain', 'forget', 'learn',
                                           'all')}, before=BEFORE))
    assert found == pytest.approx(wanted, nan_ok=True)


def test_a_runner_builds_it_around_the_stock_evaluator():
    """Which takes a config without ``metrics`` for that of a metric."""
    built = Runner.build_evaluator(
        None, dict(type='mmswap.SwapEvaluator', metrics=COCO))
    assert isinstance(built, SwapEvaluator)
