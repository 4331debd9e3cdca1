import logging

import pytest
from mmdet.evaluation import CocoMetric
from mmengine.evaluator import BaseMetric
from mmengine.logging import MMLogger
from toy_detections import (
    COW,
    DOG,
    META,
    OWL,
    SPLIT_IMAGES,
    SPLIT_LABELS,
    make_samples,
)

from mmswap.evaluation import SplitMetric


class SpyMetric(BaseMetric):
    """Tells which images it was fed, with which predicted labels."""

    def process(self, data_batch, data_samples):
        assert data_batch is None
        for sample in data_samples:
            labels = sample['pred_instances']['labels'].tolist()
            self.results.append((sample['img_id'], labels))

    def compute_metrics(self, results):
        return dict(fed=results)


class StubbornMetric(SpyMetric):
    """Collects the results of all ranks in its own way."""

    def evaluate(self, size):
        return dict(size=size)


def run(metric, samples, split, labels=None, images='split'):
    metric = SplitMetric(metric, split, images)
    metric.dataset_meta = META
    metric.labels = SPLIT_LABELS[split] if labels is None else labels
    metric.process(None, [sample.to_dict() for sample in samples])
    return metric.evaluate(len(samples))


@pytest.mark.parametrize('images', ['all', 'split'])
@pytest.mark.parametrize('split', ['retain', 'forget', 'learn', 'all'])
def test_only_predictions_of_the_split_are_fed(split, images):
    samples = make_samples()
    fed = run(SpyMetric(), samples, split, images=images)[f'{split}/fed']
    wanted = SPLIT_IMAGES[split if images == 'split' else 'all']
    assert [img_id for img_id, _ in fed] == list(wanted)
    predicted = {s.img_id: s.pred_instances.labels.tolist() for s in samples}
    for img_id, labels in fed:
        assert labels == [
            i for i in predicted[img_id] if i in SPLIT_LABELS[split]
        ]


def test_inner_prefix_follows_the_split():
    assert set(run(SpyMetric(prefix='spy'), make_samples(),
                   'learn')) == {'learn/spy/fed'}


def test_results_are_cut_to_the_size_of_the_data_set():
    # A padded image comes twice, at the end; it counts once.
    metric = SplitMetric(SpyMetric(), 'retain', 'split')
    metric.labels = SPLIT_LABELS['retain']
    samples = make_samples()
    padded = [*samples, samples[0]]
    metric.process(None, [sample.to_dict() for sample in padded])
    fed = metric.evaluate(len(samples))['retain/fed']
    assert [img_id for img_id, _ in fed] == [10, 12, 14]
    # The next evaluation starts afresh.
    metric.process(None, [samples[2].to_dict()])
    assert len(metric.evaluate(1)['retain/fed']) == 1


@pytest.mark.parametrize('rle', [False, True])
def test_a_split_without_any_prediction_scores_zero(rle):
    coco = dict(metric=['bbox', 'segm'], classwise=True)
    # Stock behaviour that is worked around: no number at all.
    samples = make_samples(keep=(OWL, COW), rle=rle)
    stock = CocoMetric(**coco)
    stock.dataset_meta = META
    stock.process(None, [s.to_dict() for s in make_samples(keep=(), rle=rle)])
    assert stock.evaluate(7) == {}
    results = run(CocoMetric(**coco), samples, 'forget')
    assert results['forget/coco/bbox_mAP'] == 0
    assert results['forget/coco/segm_mAP'] == 0
    assert results['forget/coco/dog_precision'] == 0


def test_one_prediction_is_enough_to_be_scored_as_it_is():
    # Only image 15, the last one of the split, predicts anything.
    samples = [
        s if s.img_id == 15 else e
        for s, e in zip(make_samples(), make_samples(keep=()))
    ]
    fed = run(SpyMetric(), samples, 'forget')['forget/fed']
    assert fed == [(11, []), (12, []), (15, [DOG])]
    # And with none, one image carries the stand-in.
    fed = run(SpyMetric(), make_samples(keep=()), 'forget')['forget/fed']
    assert fed == [(11, [DOG]), (12, []), (15, [])]
    # Whichever image that is.
    fed = run(SpyMetric(), make_samples(keep=()), 'forget', images='all')
    assert fed['forget/fed'] == [(10, [DOG])] + [
        (i, []) for i in range(11, 17)
    ]


@pytest.mark.parametrize('images', ['all', 'split'])
def test_the_weight_is_the_number_of_classes_that_are_shown(images):
    metric = SplitMetric(SpyMetric(), 'retain', images)
    metric.labels = SPLIT_LABELS['retain']
    assert metric.weight == 0
    # Images 10 and 11 show a cat; only image 14 shows a cow.
    for stop, weight in ((2, 1), (7, 2), (0, 0)):
        samples = [sample.to_dict() for sample in make_samples()][:stop]
        metric.process(None, samples)
        assert 'retain/split_weight' not in metric.evaluate(stop)
        assert metric.weight == weight


@pytest.mark.parametrize('images', ['all', 'split'])
def test_a_split_without_images_reports_nothing(caplog, images):
    logger = MMLogger.get_instance('test_a_split_without_images')
    logger.addHandler(caplog.handler)
    samples = [s for s in make_samples() if s.img_id in (10, 11)]
    with caplog.at_level(logging.WARNING):
        assert run(CocoMetric(), samples, 'learn', images=images) == {}
    assert "object of the split 'learn'" in caplog.text


def test_a_split_without_classes_reports_nothing():
    for images in ('all', 'split'):
        assert run(
            CocoMetric(), make_samples(), 'learn', (), images=images) == {}


def test_labels_must_be_known():
    metric = SplitMetric(SpyMetric(), 'retain')
    with pytest.raises(ValueError, match='val_evaluator.classes must be'):
        metric.process(None, [make_samples()[0].to_dict()])


def test_all_takes_samples_of_any_kind():
    class CountMetric(SpyMetric):

        def process(self, _, data_samples):
            self.results.extend(data_samples)

        def compute_metrics(self, results):
            return dict(count=len(results))

    sample = dict(pred_sem_seg={})
    metric = SplitMetric(CountMetric(), 'all')
    metric.process(None, [sample, sample])
    assert metric.evaluate(2) == {'all/count': 2}
    metric = SplitMetric(CountMetric(), 'retain')
    metric.labels = (0, )
    with pytest.raises(TypeError, match='must be those of mmdet with'):
        metric.process(None, [sample])


def test_what_is_not_a_metric_is_refused():
    with pytest.raises(TypeError, match='metrics.forget must be metrics or'):
        SplitMetric('CocoMetric', 'forget')


def test_a_metric_with_its_own_evaluate_is_refused():
    with pytest.raises(
            TypeError, match=r'leave evaluate\(\) as it is .* StubbornMetric'):
        SplitMetric(StubbornMetric(), 'forget')
