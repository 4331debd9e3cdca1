"""One class table: compared in the checkpoint, the data, and the config."""
import pytest
import torch
from mmengine.config import Config
from mmengine.evaluator import Evaluator
from mmengine.registry import MODELS
from mmengine.runner import Runner
from swap_toy import CLASSES, TOY, make_step, make_swap_cfg
from torch.utils.data import Dataset

from mmswap.class_table import ClassTable
from mmswap.engine import class_checks
from mmswap.engine.class_checks import check_checkpoint_classes

TABLE = ClassTable(**CLASSES)
SWAPPED = dict(CLASSES, learn=('e', 'd'))
REQUEST = ClassTable(
    base=('a', 'b', 'c'), learned_before=('d', 'e'), learn=('f', ))


def meta_of(classes, **keys):
    return dict(dataset_meta=dict(classes=classes, **keys))


@pytest.mark.parametrize('meta', [
    {},
    dict(dataset_meta=None),
    dict(dataset_meta=dict(palette=[])),
    meta_of(('a', 'b', 'c')),
    meta_of(['a', 'b', 'c']),
    dict(CLASSES=('a', 'b', 'c')),  # Of mmdet 2.
    meta_of(('a', 'b', 'c', 'd', 'e')),  # Merged.
    # A phase's data sets keep their own names; its table is what counts.
    meta_of(('c', 'b', 'a'), swap_classes=CLASSES),
    # Other names, no order to compare; another number, for the shapes.
    meta_of(('n01', 'n02', 'n03')),
    meta_of(('c', 'b')),
])
def test_a_checkpoint_of_this_table(meta):
    check_checkpoint_classes(meta, TABLE)


@pytest.mark.parametrize('meta', [
    meta_of(('b', 'a', 'c')),
    meta_of(('a', 'c', 'other')),
    dict(CLASSES=('b', 'a', 'c')),
    meta_of(('a', 'b', 'c', 'e', 'd')),
    meta_of(('a', 'b', 'c'), swap_classes=SWAPPED),
])
def test_a_checkpoint_of_another_order_is_refused(meta):
    with pytest.raises(ValueError, match=r'classes.base .*other labels.*load'):
        check_checkpoint_classes(meta, TABLE)


def test_a_checkpoint_of_an_earlier_request():
    check_checkpoint_classes(meta_of((), swap_classes=CLASSES), REQUEST)
    # As release 0.1 wrote it.
    old = dict(base=('a', 'b', 'c'), learned=('d', ), learn=('e', ))
    check_checkpoint_classes(meta_of((), swap_classes=old), REQUEST)
    with pytest.raises(ValueError, match='classes.base'):
        check_checkpoint_classes(meta_of((), swap_classes=SWAPPED), REQUEST)


def test_panoptic_names_stand_as_the_labels_do():
    """Stuff stands behind the things that are learned."""
    table = ClassTable(base=('a', 'sky'), learn=('b', ), stuff=('sky', ))
    check_checkpoint_classes(meta_of(('a', 'sky')), table)
    check_checkpoint_classes(meta_of(('a', 'b', 'sky')), table)
    with pytest.raises(ValueError, match='sky'):
        check_checkpoint_classes(meta_of(('a', 'sky', 'b')), table)


def test_another_spelling_is_warned_of(monkeypatch):
    said = []
    monkeypatch.setattr(class_checks, 'print_log',
                        lambda message, *args: said.append(message))
    check_checkpoint_classes(meta_of(('a', 'b', 'see')), TABLE)
    assert len(said) == 1 and 'see' in said[0]


class Steps(Dataset):

    def __init__(self, classes=CLASSES):
        self.metainfo = dict(swap_classes=classes)

    def __len__(self):
        return 6

    def __getitem__(self, index):
        return make_step(seed=index)


class Val(Dataset):
    """Never read."""

    def __init__(self, classes=CLASSES):
        self.metainfo = dict(classes=(), swap_classes=classes)

    def __len__(self):
        return 1

    def __getitem__(self, index):
        raise AssertionError


@pytest.fixture
def run(tmp_path):
    """(**parts) -> the Runner after one step of the toy."""

    def run(train=CLASSES, val=CLASSES, top=CLASSES, evaluator=CLASSES,
            meta=None):
        torch.manual_seed(0)
        base = dict(
            state_dict=MODELS.build(dict(TOY)).state_dict(), meta=meta or {})
        torch.save(base, tmp_path / 'base.pth')
        loader = dict(batch_size=1, collate_fn=lambda items: items[0])
        runner = Runner(
            model=make_swap_cfg(),
            work_dir=str(tmp_path),
            train_dataloader=dict(
                loader,
                dataset=Steps(train),
                sampler=dict(type='InfiniteSampler')),
            val_dataloader=dict(
                loader,
                dataset=Val(val),
                sampler=dict(type='DefaultSampler', shuffle=False)),
            train_cfg=dict(
                type='IterBasedTrainLoop', max_iters=1, val_begin=9),
            val_cfg=dict(),
            val_evaluator=TableEvaluator(evaluator),
            optim_wrapper=dict(
                constructor='mmswap.SwapOptimWrapperConstructor',
                optimizer=dict(type='SGD', lr=.01)),
            default_hooks=dict(
                swap=dict(type='mmswap.SwapHook'), checkpoint=None),
            load_from=str(tmp_path / 'base.pth'),
            log_level='ERROR',
            experiment_name=tmp_path.name,
            cfg=Config(dict(classes=top)))
        runner.train()
        return runner

    return run


class TableEvaluator(Evaluator):
    """Any evaluator that knows the table."""

    def __init__(self, classes):
        super().__init__([])
        self.class_table = ClassTable.from_cfg(classes)


def test_one_table_everywhere_trains(run):
    assert run().iter == 1
    # A stock config's tuple of names is no class table.
    assert run(top=('a', 'b')).iter == 1


@pytest.mark.parametrize('part, key', [
    ('train', 'train_dataloader.dataset'),
    ('val', 'val_dataloader.dataset'),
    ('top', 'classes'),
    ('evaluator', 'val_evaluator'),
])
@pytest.mark.parametrize('classes', [
    SWAPPED, dict(CLASSES, forget=('c', ))], ids=['order', 'forget'])
def test_another_table_in_one_place_is_refused(run, part, key, classes):
    with pytest.raises(ValueError, match=f'model.classes must be {key}, ') as (
            info):
        run(**{part: classes})
    for each in (CLASSES, classes):
        assert str(ClassTable.from_cfg(each).as_dict()) in str(info.value)


def test_a_base_checkpoint_in_another_order_is_refused(run):
    with pytest.raises(ValueError, match='classes.base'):
        run(meta=meta_of(('c', 'b', 'a')))
