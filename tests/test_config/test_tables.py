"""One class table a config, compared wherever it stands."""
import pytest
from mmengine.config import Config

from mmswap.apis import load_config
from mmswap.config.tables import check_tables, table_holders

CONFIG = """
classes = dict(base=('a', 'b'), learn=('c', 'd'), forget=('b', ))
subset = dict(
    type='mmswap.ClassSubset', classes=classes, keep='all', dataset=dict())
model = dict(type='mmswap.SwapModel', classes=classes)
train_dataloader = dict(
    dataset=dict(type='mmswap.SwapDataset', branches=dict(learn=[subset])))
val_evaluator = dict(type='mmswap.SwapEvaluator', classes=classes)
"""
HOLDERS = ['subset', 'model', 'train_dataloader.dataset.branches.learn.0',
           'val_evaluator']


@pytest.fixture
def config(tmp_path):
    path = tmp_path / 'phase.py'
    path.write_text(CONFIG)
    return path


def test_every_copy_of_the_table_is_found(config):
    assert [path for path, _ in table_holders(Config.fromfile(config))
            ] == HOLDERS


def test_lists_and_tuples_are_the_same_table(config):
    cfg = load_config(config, cfg_options={'classes.learn': ['c', 'd']})
    check_tables(cfg)
    # A stock config may have names there; and nothing to compare them with.
    check_tables(Config(dict(classes=('a', 'b'))))
    cfg.classes = ('a', 'b')
    check_tables(cfg)


def test_an_override_that_reaches_no_copy(config):
    with pytest.raises(ValueError, match=(
            r"subset.classes must .* as classes, .*\['d', 'c'\].*"
            r"\['c', 'd'\]")):
        load_config(config, cfg_options={'classes.learn': ['d', 'c']})


def test_a_child_config_with_a_table_of_its_own(config):
    child = config.with_name('child.py')
    child.write_text("_base_ = './phase.py'\n"
                     "classes = dict(forget=('a', ))\n")
    with pytest.raises(ValueError, match='subset.classes must'):
        load_config(child)


@pytest.mark.parametrize('holder', HOLDERS)
def test_any_copy_that_differs_is_named(config, holder):
    with pytest.raises(ValueError, match=f'{holder}.classes must be the same'):
        load_config(config, cfg_options={f'{holder}.classes.forget': ['a']})


def test_without_a_top_level_table_the_first_copy_counts(config):
    cfg = Config.fromfile(config)
    cfg.pop('classes')
    cfg.val_evaluator.classes.forget = ['a']
    with pytest.raises(ValueError, match=(
            'val_evaluator.classes must be the same class table as '
            'subset.classes')):
        check_tables(cfg)
