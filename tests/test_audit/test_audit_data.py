"""The images of an audit: which are taken, and with which labels."""
import pytest
import torch
from coco_files import CLASSES, PIPELINE
from mmengine.config import Config
from mmengine.model import BaseModel
from mmengine.structures import InstanceData

from mmswap.audit.data import AuditData
from mmswap.audit.datasets import (
    forget_table,
    held_out,
    retain_sets,
    trained_objects,
    training_branches,
)
from mmswap.audit.settings import AuditSettings, check_settings
from mmswap.class_table import ClassTable
from mmswap.registry import DATASETS

TABLE = ClassTable(**CLASSES)
# Labels: cat 0, dog 1 (to be forgotten), cow 2, owl 3, fox 4.
OLD = [['cat'], ['dog', 'cat'], ['dog'], ['cow', 'dog'], ['cow'], ['cat']]
VAL = [['dog', 'owl'], ['cat'], ['owl', 'cow'], ['dog'], ['fox'], []]


@pytest.fixture
def cfg(coco):
    """The config of a phase that forgets dogs."""
    loading, annotations, packing = PIPELINE
    resize = dict(type='Resize', scale=(64, 48))
    return Config(dict(
        model=dict(type='mmswap.SwapModel', classes=CLASSES),
        train_dataloader=dict(
            batch_size=2, num_workers=0,
            dataset=dict(
                type='mmswap.SwapDataset', phase='forget', classes=CLASSES,
                forgotten='background', subset=dict(fraction=.5),
                old=coco(OLD, pictures=True, pipeline=PIPELINE,
                         classes=CLASSES['base'],
                         categories=CLASSES['base']),
                new=coco([['owl'], ['fox']], pictures=True,
                         pipeline=PIPELINE, classes=CLASSES['learn'],
                         categories=CLASSES['learn']))),
        val_dataloader=dict(
            batch_size=2, num_workers=0,
            dataset=dict(
                type='mmswap.ClassSubset', classes=CLASSES,
                dataset=coco(VAL, pictures=True, test_mode=True,
                             pipeline=[loading, resize, annotations,
                                       packing])))))


def shown(dataset):
    """The labels of each image."""
    return [sorted(i['bbox_label'] for i in dataset.get_data_info(k)[
        'instances']) for k in range(len(dataset))]


def test_half_of_the_images_show_what_was_forgotten(cfg):
    with_it, without = held_out(cfg, TABLE, 4, 0).datasets
    assert sorted(shown(with_it)) == [[1], [1, 3]]
    assert len(without) == 2 and not any(1 in s for s in shown(without))
    few, many = held_out(cfg, TABLE, 20, 0).datasets
    assert len(few) == 2 and sorted(shown(many)) == [[0], [2, 3], [4]]


def test_labels_of_a_loss_are_those_of_the_image_that_goes_in(cfg):
    """Twice as large, and so are its boxes; those of metrics are not."""
    for labelled, width in ((True, 20), (False, 10)):
        sample = held_out(cfg, TABLE, 4, 0, labelled)[0]['data_samples']
        boxes = sample.gt_instances.bboxes.tensor
        assert float(boxes[0, 2] - boxes[0, 0]) == width
        assert sample.instances[0]['bbox'] == [1, 2, 11, 10]
    pipeline = cfg.val_dataloader.dataset.dataset.pipeline
    assert pipeline[1]['type'] == 'Resize'


def test_an_attacker_has_a_few_images_with_all_labels(cfg):
    dataset = training_branches(cfg, TABLE, shots=2, seed=0)
    assert list(dataset.branches) == ['retain', 'forget']
    few, = dataset.branches['forget']
    assert len(few) == 2 and all(1 in labels for labels in shown(few))
    everything = training_branches(cfg, TABLE, shots=9).branches['forget'][0]
    assert sorted(shown(everything)) == [[0, 1], [1], [1, 2]]
    seeds = {tuple(map(tuple, shown(training_branches(
        cfg, TABLE, 1, seed).branches['forget'][0]))) for seed in range(4)}
    assert len(seeds) > 1


def test_retained_images_show_nothing_of_the_class(cfg):
    """Not as background either, and none are left out by the phase."""
    sets = [DATASETS.build(each) for each in retain_sets(cfg, TABLE)]
    assert [sorted(shown(each)) for each in sets] == [
        [[0], [0], [2]], [[3], [4]]]
    assert list(training_branches(cfg, TABLE).branches) == ['retain']


def test_a_swap_that_learned_nothing(cfg):
    cfg.train_dataloader.dataset.new = None
    table = ClassTable(CLASSES['base'], forget=['dog'])
    assert len(retain_sets(cfg, table)) == 1


def test_batches_are_those_of_a_stock_model(cfg):
    data = AuditData(cfg, AuditSettings(batch=4, shots=1))
    batches = data.training_batches(1, 0)
    for _ in range(5):  # More than there are images.
        batch = next(batches)
        assert set(batch) == {'inputs', 'data_samples'}
        labels = [set(s.gt_instances.labels.tolist())
                  for s in batch['data_samples']]
        assert [1 in each for each in labels] == [False, False, True, True]
    batch = next(data.training_batches(None, 0))
    assert len(batch['inputs']) == 4
    assert not any(1 in s.gt_instances.labels.tolist()
                   for s in batch['data_samples'])


def test_objects_that_were_trained_on(cfg):
    dataset = trained_objects(cfg, TABLE, 10, 0)
    assert shown(dataset) == [[1]] * 3
    assert float(dataset[0]['data_samples'].gt_instances.bboxes.tensor[
        0, 2]) == 22


@pytest.mark.parametrize('change, match', [
    ({'model.type': 'DETR'}, 'model.type'),
    ({'model.classes.forget': []}, 'classes.forget'),
    ({'train_dataloader.dataset': dict(type='CocoDataset', _delete_=True)},
     'train_dataloader.dataset'),
    ({'val_dataloader.dataset.type': 'CocoDataset'},
     'val_dataloader.dataset')])
def test_a_config_that_cannot_be_audited(cfg, change, match):
    cfg.merge_from_dict(change)
    with pytest.raises(ValueError, match=match):
        forget_table(cfg)


@pytest.mark.parametrize('key, value', [
    ('images', 1), ('shots', 0), ('draws', 1), ('batch', 1), ('lr', 0.),
    ('steps', ()), ('steps', (5, 2)), ('steps', (0, 2)), ('steps', (2, 2))])
def test_settings_that_measure_nothing(key, value):
    check_settings(AuditSettings())
    with pytest.raises(ValueError, match=key):
        check_settings(AuditSettings()._replace(**{key: value}))


class Telling(BaseModel):
    """Predicts what is there, under the names that it is given."""

    def __init__(self, names):
        super().__init__()
        self.names = names

    def forward(self, inputs, data_samples=None, mode='tensor'):
        """Not used."""

    def test_step(self, data):
        """One box an object that has a name."""
        for sample in data['data_samples']:
            told = [(i['bbox'], self.names[i['bbox_label']])
                    for i in sample.instances
                    if i['bbox_label'] in self.names]
            sample.pred_instances = InstanceData(
                bboxes=torch.tensor([b for b, _ in told]).float().view(-1, 4),
                labels=torch.tensor([n for _, n in told], dtype=torch.long),
                scores=torch.full((len(told), ), .9))
        return data['data_samples']


# Of dog, which is 1, there are two in two images of the five.
@pytest.mark.parametrize('names, metric, named, renamed', [
    ({i: i for i in range(5)}, 1., 2, 0), ({0: 0, 2: 2, 3: 3}, 0., 0, 0),
    ({0: 0, 1: 4, 3: 3}, 0., 0, 2)])
def test_a_model_that_tells_and_ones_that_do_not(cfg, names, metric, named,
                                                 renamed):
    cfg.val_evaluator = dict(
        type='mmswap.SwapEvaluator',
        metrics=dict(type='CocoMetric', metric='bbox'))
    data = AuditData(cfg, AuditSettings(images=20))
    scores = data.score(Telling(names))
    assert scores.metric == pytest.approx(metric, abs=1e-6)
    assert sum(scores.named) == named
    assert scores.called == dict(
        named=named / 2, renamed=renamed / 2, unseen=1 - (named + renamed) / 2)
    assert sum(scores.objects) == 2 and len(scores.objects) == 5


def test_what_is_called_background_is_unseen(cfg):
    cfg.val_evaluator = dict(
        type='mmswap.SwapEvaluator', found=dict(background='cow'),
        metrics=dict(type='CocoMetric', metric='bbox'))
    data = AuditData(cfg, AuditSettings(images=20))
    assert data.score(Telling({1: 2})).called == dict(
        named=0, renamed=0, unseen=1)


def test_an_evaluator_without_splits_is_refused(cfg):
    cfg.val_evaluator = dict(
        type='mmswap.SwapEvaluator', metrics=dict(
            retain=dict(type='CocoMetric', metric='bbox')))
    data = AuditData(cfg, AuditSettings(images=20))
    with pytest.raises(ValueError, match='val_evaluator must'):
        data.score(Telling({}))
