"""One class table, compared wherever another one arrives."""
import logging
from typing import Any, Dict, Mapping

from mmengine.logging import print_log
from mmengine.runner import Runner

from mmswap.class_table import ClassTable
from mmswap.config.listing import listed
from mmswap.models import SwapModel
from mmswap.models.checkpoints import checkpoint_kind

_SHOWN = 5


def check_checkpoint_classes(meta: Mapping[str, Any],
                             table: ClassTable) -> None:
    """Compare the class names that a checkpoint carries with the table.

    Args:
        meta: The ``meta`` of a checkpoint that is loaded, whose
            ``dataset_meta`` has the names where its training data had.
        table: The class table of the phase.

    Raises:
        ValueError: If a class that both name has another label there. Names
            that only one of them has may be another spelling; a warning says
            so if some are the same.
    """
    data = meta.get('dataset_meta') or {}
    saved = data.get('classes', data.get('CLASSES', meta.get('CLASSES')))
    if 'swap_classes' in data:
        saved = ClassTable.from_saved(data['swap_classes']).names
    if saved is None or isinstance(saved, str):
        return
    # Of as many classes; another number is for the shapes to refuse.
    ours = table.known if len(saved) == len(table.known) else table.names
    if len(saved) != len(ours):
        return
    shown = f'{list(saved)} in load_from, {list(ours)} in classes'
    common = set(saved) & set(ours)
    moved = [name for name in ours
             if name in common and list(saved).index(name) != ours.index(name)]
    if moved:
        raise ValueError(
            'classes.base must name the classes in the order of the '
            f'checkpoint, but {moved} have other labels there: {shown}')
    if common and len(common) < len(ours):
        print_log(f'mmswap: class names differ: {shown}', 'current',
                  logging.WARNING)


def check_base_rows(model: SwapModel, state: Mapping[str, Any],
                    meta: Mapping[str, Any]) -> None:
    """Refuse a base model of K+N classes, of which nobody knows the last.

    Args:
        model: The model that is to load it.
        state: Its state dict.
        meta: The ``meta`` of its checkpoint.

    Raises:
        ValueError: If each of its layers has K+N rows, and neither mmswap nor
            its class names say that these are those of the class table.
    """
    table = model.class_table
    names = (meta.get('dataset_meta') or {}).get('classes')
    if checkpoint_kind(state, meta) != 'base' or not table.num_learn or (
            set(names or ()) == set(table.names)):
        return
    grown = [
        key for key, rows in model.class_rows.items()
        if key in state and state[key].dim() > rows.dim and
        rows.new_size != rows.old_size == state[key].shape[rows.dim] - (
            rows.new_size - rows.old_size)
    ]
    if grown:
        raise ValueError(
            f'load_from must be a model of the {len(table.known)} '
            f'classes.base, got one of {len(table)} classes that no swap has '
            'made (nothing in it says so), as '
            f'{listed(grown, _SHOWN)} show: its last rows would be taken for '
            f'{list(table.learn)}')


def check_run_classes(runner: Runner, table: ClassTable) -> None:
    """Compare the class table of the model with all others of a run.

    Those of the data sets and of the evaluator, which are given the config's
    ``classes`` once more, and ``classes`` at the top of the config itself,
    which a child config or ``--cfg-options`` may change without changing what
    was made of it.

    Args:
        runner: A Runner that is about to train.
        table: That of the model.

    Raises:
        ValueError: If one is another.
    """
    for key, other in _tables(runner).items():
        if other != table:
            raise ValueError(
                f'model.classes must be {key}, as there is one class table: '
                f'got {table.as_dict()} in the model and {other.as_dict()} '
                f'in {key}')


def _tables(runner: Runner) -> Dict[str, ClassTable]:
    """The class tables of a run, but for the model's, by config key."""
    found: Dict[str, Any] = dict(classes=runner.cfg.get('classes'))
    loops = dict(train_dataloader=runner.train_loop)
    if runner.val_loop is not None:
        loops['val_dataloader'] = runner.val_loop
        evaluator = getattr(runner.val_loop, 'evaluator', None)
        found['val_evaluator'] = getattr(evaluator, 'class_table', None)
    for key, loop in loops.items():
        dataset = getattr(getattr(loop, 'dataloader', None), 'dataset', None)
        metainfo = getattr(dataset, 'metainfo', None) or {}
        found[f'{key}.dataset'] = metainfo.get('swap_classes')
    # Stock configs have a tuple of names as `classes`.
    return {
        key: ClassTable.from_cfg(classes)
        for key, classes in found.items()
        if isinstance(classes, ClassTable) or
        isinstance(classes, Mapping) and 'base' in classes
    }
