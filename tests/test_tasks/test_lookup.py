"""Which task a data set, a sample or a config is of."""
import inspect
from types import SimpleNamespace

import pytest
from mmdet.evaluation import CocoMetric

from mmswap.class_table import ClassTable
from mmswap.registry import TASKS
from mmswap.tasks.base import Task
from mmswap.tasks.base_labels import BaseLabels
from mmswap.tasks.detection import DetectionSamples, InstanceLabels
from mmswap.tasks.image import ImageLabels, ImageSamples
from mmswap.tasks.lookup import (
    all_tasks,
    primary_metrics,
    read_labels,
    samples_of,
    task_of_scope,
)
from mmswap.tasks.panoptic import PanopticSamples
from mmswap.tasks.panoptic_metric import PanopticMetric
from mmswap.tasks.semantic import SemanticSamples

TABLE = ClassTable(['cat'])


class Infos(list):
    """A data set of given data infos."""

    ann_file = 'ann.json'
    data_prefix = {}

    def get_data_info(self, idx):
        return self[idx]


@pytest.mark.parametrize('data_info, kind', [
    (dict(instances=[]), InstanceLabels),
    (dict(instances=[], seg_map_path=None), InstanceLabels),
    (dict(gt_label=3), ImageLabels),
    (dict(gt_label=[]), ImageLabels),
])
def test_the_first_image_tells_the_kind(data_info, kind):
    assert type(read_labels(Infos([data_info]), TABLE)) is kind


@pytest.mark.parametrize('data_info, what', [
    (dict(instances=[], seg_map_path='a.png'), 'semantic maps'),
    (dict(instances=[], text=('cat', )), 'class names as a prompt'),
    (dict(gt_label=[1], gt_score=[0, 1]), 'label scores'),
])
def test_labels_beside_others_are_refused(data_info, what):
    with pytest.raises(TypeError, match=f"one kind, got {what}.*'ann.json'"):
        read_labels(Infos([data_info]), TABLE)


@pytest.mark.parametrize('data_info', [
    dict(img_path='a.png', seg_map_path='b.png'),
    dict(img_path='a.png', gt_label=dict(task=1)),
])
def test_other_kinds_are_refused(data_info):
    keys = sorted(data_info)
    with pytest.raises(TypeError, match='got the keys ') as error:
        read_labels(Infos([data_info]), TABLE)
    assert str(keys) in str(error.value)


def test_an_empty_data_set():
    with pytest.raises(ValueError, match="got none in 'ann.json'"):
        read_labels(Infos(), TABLE)


@pytest.mark.parametrize('task', all_tasks(), ids=lambda t: type(t).__name__)
def test_each_task_is_complete(task):
    assert issubclass(task.labels, BaseLabels)
    assert not inspect.isabstract(task.labels)
    assert task.primary_metrics and task.scope


LABEL_MAP = {5: 0, 6: 1}


def info(*labels, crowds=()):
    return dict(instances=[
        *(dict(bbox_label=label, ignore_flag=0) for label in labels),
        *(dict(bbox_label=label, ignore_flag=1) for label in crowds)
    ])


@pytest.mark.parametrize('data_info, others, expected', [
    (info(5, 6), 'strip', {0}),
    (info(6), 'strip', set()),
    (info(crowds=[5]), 'strip', set()),
    (info(5, 9), 'ignore', {0}),
    (info(5), 'drop', {0}),
    (info(), 'drop', set()),
    (info(5, 6), 'drop', None),
    (info(5, 9), 'drop', None),
    (info(5, crowds=[6]), 'drop', None),
    (info(5, crowds=[5, -1]), 'drop', {0}),
])
def test_kept(data_info, others, expected):
    labels = InstanceLabels(SimpleNamespace(), TABLE)
    assert labels.kept(data_info, LABEL_MAP, {0}, others) == expected


@pytest.mark.parametrize('sample, kind', [
    (dict(pred_instances={}, gt_instances={}), DetectionSamples),
    (dict(pred_sem_seg=dict(data=0)), SemanticSamples),
    (dict(pred_label=0), ImageSamples),
    (dict(pred_score=0), ImageSamples),
])
def test_the_predictions_tell_the_kind(sample, kind):
    assert type(samples_of(sample, CocoMetric())) is kind


def test_a_panoptic_model_has_both_kinds():
    sample = dict(pred_instances={}, pred_panoptic_seg={})
    assert type(samples_of(sample, CocoMetric())) is DetectionSamples
    assert type(samples_of(sample, PanopticMetric())) is PanopticSamples


@pytest.mark.parametrize('sample', [
    dict(),
    dict(pred_sem_seg=dict(sem_seg=0)),
    dict(pred_panoptic_seg=dict(sem_seg=0))
])
def test_samples_of_other_tasks_are_refused(sample):
    with pytest.raises(TypeError, match='for CocoMetric; others') as error:
        samples_of(sample, CocoMetric())
    assert f'got one with {list(sample)}' in str(error.value)


def test_masks_before_boxes():
    names = primary_metrics()
    assert names.index('segm_mAP') < names.index('bbox_mAP')
    assert {'segm_mAP', 'PQ', 'mIoU', 'accuracy/top1'} <= set(names)


def test_the_library_of_a_scope():
    assert task_of_scope('mmdet').dump_metric == 'DumpDetResults'
    assert task_of_scope('mmpretrain').paint_switch == 'enable'
    assert task_of_scope('mmengine') is None and task_of_scope(None) is None


class WordLabels(ImageLabels):
    """A kind of labels that the four tasks do not know."""

    @staticmethod
    def matches(data_info):
        return 'words' in data_info


class WordTask(Task):
    scope = 'mmocr'
    labels = WordLabels
    samples = ImageSamples()
    primary_metrics = ('word_acc', )


def test_a_plugin_adds_a_task():
    infos = Infos([dict(words=[1], instances=[])])
    assert type(read_labels(infos, TABLE)) is InstanceLabels
    TASKS.register_module(module=WordTask)
    try:
        assert type(read_labels(infos, TABLE)) is WordLabels
        assert primary_metrics()[-1] == 'word_acc'
        assert task_of_scope('mmocr').labels is WordLabels
    finally:
        TASKS.module_dict.pop('WordTask')
