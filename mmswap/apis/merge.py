"""A phase checkpoint as a plain one, with a config that is stock."""
import math
from pathlib import Path
from typing import Any, Dict, Tuple, Union

from mmengine.config import Config
from mmengine.logging import print_log
from mmengine.registry import init_default_scope

from mmswap.apis.checkpoint import read_checkpoint, write_checkpoint
from mmswap.apis.config import model_config
from mmswap.class_table import ClassTable
from mmswap.config.tables import check_tables
from mmswap.config.types import is_mmswap_type
from mmswap.config.unswap import merged_config, merged_order
from mmswap.models import SwapModel
from mmswap.models.adapter_files import merge_adapter
from mmswap.models.checkpoints import (
    EXTRA,
    checkpoint_kind,
    unpack_extra,
)
from mmswap.models.classes.order import reorder_classes
from mmswap.models.classes.pruning import prune_classes
from mmswap.registry import MODELS
from mmswap.tasks.lookup import task_of_scope
from mmswap.version import __version__


def merge_checkpoint(config: Union[str, Path],
                     checkpoint: Union[str, Path],
                     out: Union[str, Path],
                     trust: bool = False,
                     prune: bool = False) -> Tuple[Path, Path]:
    """Fold a phase's adapter into its model and write plain files.

    The adapter is scaled as it was trained, whatever ``adapter.alpha`` the
    config has now. The classes are put into the order of the annotation
    files in the stock config, as a plain data set numbers its labels so.

    Args:
        config: Config file of the phase.
        checkpoint: What the phase wrote.
        out: File for the merged checkpoint, with the stock model's keys. The
            stock config that loads it is written beside it, with the ending
            ``.py``.
        trust: Unpickle whatever is in ``checkpoint``. That can run any code.
        prune: Leave the classes out that were forgotten, by this phase and by
            earlier ones: K + N - F are left. Defaults to False, they keep
            their slots.

    Returns:
        The paths of the merged checkpoint and of its config.

    Raises:
        ValueError: If the config is not one of a phase, the checkpoint was
            not written by this phase, the annotation files to score on list
            the classes in orders that differ, what scores needs mmswap, or
            nothing is forgotten that could be pruned.
    """
    out = Path(out)
    if out.suffix == '.py':
        raise ValueError(f'OUT must be the path of a checkpoint, got {out}')
    cfg = _read_config(config)
    table = ClassTable.from_cfg(cfg.model.classes)
    gone = table.forget + table.forgotten_before if prune else ()
    if prune and not gone:
        raise ValueError('classes.forget must name a class for --prune, got '
                         f'none in {config}')
    phase = read_checkpoint(checkpoint, trust)
    _check_phase(phase, table, checkpoint)
    set_adapter(cfg.model, phase['state_dict'])
    order = merged_order(cfg, table)
    model = build_model(cfg, phase['state_dict'])
    inner_cfg, kept = model.inner_cfg, table
    merged = merge_adapter(model).state_dict()
    if gone:
        inner_cfg, kept = prune_classes(merged, inner_cfg, table, gone)
        order = tuple(name for name in order if name not in gone)
    stock = merged_config(cfg, inner_cfg, table, order)
    if gone:
        _check_scoring(stock, table)
    if order != kept.names:
        reorder_classes(merged, inner_cfg, kept, order)
    meta: Dict[str, Any] = dict(
        dataset_meta=dict(classes=order),
        mmswap_version=__version__)
    if model.base_hash is not None:
        meta['base_hash'] = model.base_hash
    out.parent.mkdir(parents=True, exist_ok=True)
    write_checkpoint(dict(state_dict=merged, meta=meta), out)
    config_out = out.with_suffix('.py')
    stock.dump(str(config_out))
    return out, config_out


def _check_scoring(stock: Config, table: ClassTable) -> None:
    """Take the evaluators out where data cannot do without pruned classes.

    The data stay, as inferencers read the pipeline there.

    Args:
        stock: The config of a pruned model, changed in place.
        table: The class table, with the pruned classes.
    """
    task = task_of_scope(stock.get('default_scope'))
    # mmdet's panoptic data sets fail at a segment of another class.
    if task is None or (task.labels_by_name and not table.stuff):
        return
    for split in ('val', 'test'):
        for key in ('cfg', 'evaluator'):
            stock.pop(f'{split}_{key}', None)
    print_log(
        'WARNING: val_evaluator and test_evaluator are left out of the merged '
        'config, as its data is labelled with the pruned classes too, which '
        'a plain data set of this kind cannot leave out; set them, with '
        "val_cfg and test_cfg, for data labelled with the model's own classes")


def _read_config(path: Union[str, Path]) -> Config:
    """The config of a phase."""
    cfg = Config.fromfile(str(path))
    if not is_mmswap_type(cfg.get('model'), 'SwapModel'):
        raise ValueError("model.type must be 'mmswap.SwapModel', got "
                         f'{(cfg.get("model") or {}).get("type")!r} in {path}')
    check_tables(cfg)
    return cfg


def _check_phase(checkpoint: Dict[str, Any], table: ClassTable,
                 path: Union[str, Path]) -> None:
    """Refuse a checkpoint in which there is nothing of this phase."""
    wanted = 'checkpoint must be what the phase of this config wrote'
    state = checkpoint['state_dict']
    kind = checkpoint_kind(state, checkpoint.get('meta'))
    if kind != 'phase':
        raise ValueError(f'{wanted}, got a {kind} checkpoint in {path}: there '
                         'is no adapter in it to be merged')
    if EXTRA not in state:
        return
    extra = unpack_extra(state[EXTRA])
    extra.pop('adapter')
    saved = ClassTable.from_saved(extra)
    if saved.names != table.names:
        raise ValueError(
            f'{wanted}, whose classes are {list(table.names)}, got one with '
            f'{list(saved.names)} in {path}')


def set_adapter(model: Dict[str, Any], state: Dict[str, Any]) -> None:
    """Give a model's config the rank and the alpha of its checkpoint.

    Args:
        model: Config of a SwapModel, changed in place.
        state: State dict of a phase's checkpoint; of others nothing is taken.
    """
    adapter = dict(model.get('adapter') or {})
    name = adapter.get('name', 'default')
    mark = f'.lora_A.{name}.weight'
    ranks = [len(value) for key, value in state.items() if key.endswith(mark)]
    if EXTRA not in state or not ranks:
        return
    scaling = unpack_extra(state[EXTRA])['adapter']['scaling']
    found = dict(rank=ranks[0], alpha=scaling * ranks[0])
    for key, value in found.items():
        if not math.isclose(adapter.get(key, value), value):
            print_log(
                f'WARNING: model.adapter.{key} is {adapter[key]}, but the '
                f'checkpoint was trained with {value:g}, which is taken')
    model['adapter'] = {**adapter, **found}


def load_model(cfg: Config,
               checkpoint: Union[str, Path],
               trust: bool = False) -> SwapModel:
    """Read a checkpoint into the model of a phase; see :func:`build_model`.

    Args:
        cfg: The phase's config, whose scope becomes the default one.
        checkpoint: Anything that the phase can load.
        trust: Unpickle whatever is in it. That can run any code.
    """
    return build_model(cfg, read_checkpoint(checkpoint, trust)['state_dict'])


def build_model(cfg: Config, state: Dict[str, Any]) -> SwapModel:
    """Build the model of a phase as the Runner does, with weights.

    Args:
        cfg: The phase's config, whose scope becomes the default one.
        state: State dict of anything that the phase can load.
    """
    init_default_scope(cfg.get('default_scope', 'mmengine'))
    built = MODELS.build(model_config(cfg))
    built.load_state_dict(state)
    return built
