"""All phases are built before one trains; see test_faults.py for errors."""
from pathlib import Path

import pytest
from mmengine.config import Config

from mmswap.apis.first_checks import check_parts
from mmswap.apis.plan import Phase

DIGITS = Path(__file__).parents[2] / 'configs' / 'digits'


def classifier(learned, **classes):
    """A phase of the digits' ViT without data."""
    cfg = Config.fromfile(str(DIGITS / 'vit-nano_learn.py'))
    base = cfg.model.classes['base']
    cfg.model.classes = dict(base=base, learned_before=learned, **classes)
    data = dict(type='mmengine.ToyFirstData')
    cfg.train_dataloader = cfg.val_dataloader = dict(
        dataset=data, sampler=dict(type='DefaultSampler'))
    cfg.val_evaluator = dict(metrics=[])
    return Phase(str(classes), cfg, '')


@pytest.fixture(autouse=True)
def _data():
    from mmengine.registry import DATASETS
    DATASETS.register_module(
        name='ToyFirstData', module=lambda: list(range(3)), force=True)


def test_requests_that_grow_the_model_one_after_the_other():
    check_parts([
        classifier((), forget=('one', )),
        classifier((), learn=('eight', )),
        classifier(('eight', ), forget=('three', )),
        classifier(('eight', ), learn=('nine', )),
        classifier(('eight', 'nine'), forget=('two', ))])


def test_another_model():
    last = classifier((), learn=('eight', ))
    last.cfg.model.model.backbone.arch.num_layers = 1
    with pytest.raises(ValueError, match=(
            'phase 2 of 2, .*: model.model must .*backbone.layers')):
        check_parts([classifier((), learn=('eight', )), last])


def test_hooks_that_draw():
    """They ask for the visualizer that a Runner makes before its hooks."""
    phase = classifier((), learn=('eight', ))
    phase.cfg.default_hooks = dict(visualization=dict(
        type='mmpretrain.VisualizationHook', enable=True))
    check_parts([phase])


@pytest.mark.parametrize('key', ['custom_hooks', 'default_hooks'])
def test_hooks(key):
    hook = dict(type='mmengine.SyncBuffersHook', priority='LOW')
    phase = classifier((), learn=('eight', ))
    phase.cfg[key] = [hook] if key == 'custom_hooks' else dict(
        sync=hook, timer=None)
    check_parts([phase])
    hook['interval'] = 2
    phase.cfg[key] = [hook] if key == 'custom_hooks' else dict(sync=hook)
    with pytest.raises(ValueError, match=f'phase 1 of 1, .*, {key}: '):
        check_parts([phase])
