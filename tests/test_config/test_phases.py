"""What a request writes into the phase config of its kind."""
import pytest
from mmengine.config import Config

from mmswap.class_table import ClassTable
from mmswap.config.phases import request_cfg
from mmswap.config.requests import Request

BASE = ('cat', 'dog', 'owl', 'yak')
FORGET = Request('a.b', 'forget', ('dog', ), '', {})
UNDO = Request('2-undo-dog', 'undo', ('dog', ), 'a.b', {})


def test_the_table_reaches_model_data_and_evaluator():
    old = dict(base=BASE, learn=('bee', ), forget=('cat', ))
    subset = dict(type='mmswap.ClassSubset', classes=old, keep='retain')
    cfg = Config(dict(
        classes=old,
        model=dict(type='mmswap.SwapModel', classes=old, adapter=dict(rank=4)),
        train_dataloader=dict(
            dataset=dict(branches=dict(retain=[subset], forget=subset))),
        val_evaluator=dict(
            type='mmswap.SwapEvaluator', classes=old,
            metrics={split: dict(type='A') for split in (
                'retain', 'forget', 'learn', 'forgotten_before', 'missing',
                'all')}),
        other=dict(type='SwapModel2', classes=old)))
    table = ClassTable(BASE, forget=['dog'])
    got = request_cfg(cfg, FORGET, table)
    wanted = table.as_dict()
    branches = got.train_dataloader.dataset.branches
    for holder in (got.model, branches.retain[0], branches.forget,
                   got.val_evaluator):
        assert dict(holder.classes) == wanted
    assert dict(got.classes) == wanted
    assert dict(got.other.classes) == old
    assert list(got.val_evaluator.metrics) == ['retain', 'forget', 'all']
    assert got.model.adapter == dict(rank=4, name='a_b')
    assert dict(cfg.model.classes) == old


def test_without_adapters_nothing_can_be_undone():
    cfg = Config(dict(model=dict(type='mmswap.SwapModel', trains='all')))
    with pytest.raises(ValueError, match=(
            "model.trains must be 'adapter' for request 'a.b' to be "
            "undone, got 'all'")):
        request_cfg(cfg, UNDO, ClassTable(BASE))
