"""Models that never saw a class, trained to compare with."""
import copy
import json
from pathlib import Path
from typing import Any, Dict, Optional, Union

from mmengine.config import Config

from mmswap.apis.audit.records import fingerprint_of, write_json
from mmswap.apis.config import enable_resume, load_config
from mmswap.apis.console import ReadableConsole
from mmswap.apis.launch import build_runner
from mmswap.apis.training import free_memory, latest_checkpoint
from mmswap.audit.datasets import retain_sets
from mmswap.class_table import ClassTable

# What says how the base model was trained.
_TRAINING = ('optim_wrapper', 'param_scheduler', 'train_cfg', 'default_hooks',
             'custom_hooks', 'log_processor', 'auto_scale_lr')
_DONE = 'retrained.json'


def retrain_config(cfg: Config, stock: Config, seed: int) -> Config:
    """The config of a training from scratch without what is forgotten.

    Images that show a class to be forgotten are left out, with all their
    labels, so that the model has not seen it as background either. What was
    learned is trained on from the start.

    Args:
        cfg: The config of the phase that forgot.
        stock: The config that the base model was trained with: its schedule,
            optimizer and batch size are taken.
        seed: Of the weights and of the order.

    Raises:
        ValueError: If ``stock`` does not train.
    """
    loader = stock.get('train_dataloader')
    if loader is None or stock.get('train_cfg') is None:
        raise ValueError('stock must be the config that the base model was '
                         'trained with, got one without train_dataloader or '
                         'train_cfg')
    new: Dict[str, Any] = copy.deepcopy(cfg.to_dict())
    for key in _TRAINING:
        new.pop(key, None)
        if stock.get(key) is not None:
            new[key] = copy.deepcopy(stock[key])
    wrapped = new['model']
    new['model'] = dict(
        type='mmswap.SwapModel', model=wrapped['model'],
        classes=wrapped['classes'], trains='from_scratch',
        objective=dict(type='mmswap.RetainObjective'))
    table = ClassTable.from_cfg(wrapped['classes'])
    size = loader['batch_size']
    new['train_dataloader'] = dict(
        new['train_dataloader'], batch_size=size, batch_sampler=None,
        sampler=dict(type='mmswap.SwapSampler',
                     branch_sizes=dict(retain=size)),
        dataset=dict(type='mmswap.SwapDataset',
                     branches=dict(retain=retain_sets(cfg, table))))
    new['default_hooks'] = dict(
        new.get('default_hooks') or {}, swap=dict(type='mmswap.SwapHook'),
        swap_log=dict(type='mmswap.SwapLogHook', measure_before=False))
    new.update(load_from=None, resume=False, randomness=dict(seed=seed))
    return Config(new)


def retrain(cfg: Config, stock: Union[str, Path], seed: int, folder: Path,
            options: Optional[Dict[str, Any]] = None,
            console: Optional[ReadableConsole] = None) -> str:
    """Train a model that never saw the class, or find it trained already.

    Args:
        cfg: The config of the phase that forgot.
        stock: File of the config that the base model was trained with.
        seed: Of the weights and of the order.
        folder: Where it goes; a run that was interrupted there goes on.
        options: Settings of ``stock`` to override, by dotted key.
        console: Shows the run.

    Returns:
        The path of its checkpoint.
    """
    new = retrain_config(
        cfg, load_config(stock, cfg_options=options), seed)
    fingerprint = fingerprint_of(new.to_dict())
    done = folder / _DONE
    if done.is_file():
        record = json.loads(done.read_text())
        found = folder / record['checkpoint']
        if record['fingerprint'] == fingerprint and found.is_file():
            return str(found)
    new.work_dir = str(folder)
    if latest_checkpoint(str(folder)) is not None and not done.is_file():
        enable_resume(new, 'auto')
    done.unlink(missing_ok=True)
    build_runner(new, console).train()
    free_memory()
    checkpoint = latest_checkpoint(str(folder))
    if checkpoint is None:
        raise ValueError('default_hooks.checkpoint of stock must save the '
                         f'model at the end, got nothing in {folder}')
    write_json(done, dict(fingerprint=fingerprint,
                          checkpoint=Path(checkpoint).name))
    return str(folder / Path(checkpoint).name)
