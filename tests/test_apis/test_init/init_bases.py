"""Checkpoints of random weights, for the configs of the digits."""
from pathlib import Path

import torch
from mmengine.config import Config
from mmengine.registry import MODELS, DefaultScope

CONFIGS = Path(__file__).parents[3] / 'configs' / 'digits'
DIGITS = ('zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven')


def config(name):
    """The stock config of a model of the digits."""
    return str(CONFIGS / f'{name}_base.py')


def checkpoint(folder, name, classes=DIGITS):
    """Write a checkpoint of the model, once.

    Args:
        folder: Where it goes.
        name: As of :func:`config`.
        classes: The names in its meta; None for none.
    """
    path = folder / f'{name}_{len(classes or ())}.pth'
    if path.is_file():
        return path
    cfg = Config.fromfile(config(name))
    if cfg.get('data_preprocessor'):
        cfg.model.setdefault('data_preprocessor', cfg.data_preprocessor)
    with DefaultScope.overwrite_default_scope(cfg.default_scope):
        state = MODELS.build(cfg.model).state_dict()
    meta = dict(dataset_meta=dict(classes=classes)) if classes else {}
    torch.save(dict(state_dict=state, meta=meta), path)
    return path
