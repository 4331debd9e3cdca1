"""What a request, or an earlier phase, changes in the config of a phase."""
import copy
from typing import Sequence

from mmengine.config import Config

from mmswap.class_table import ClassTable
from mmswap.config.requests import Request
from mmswap.config.split_metrics import is_by_split
from mmswap.config.tables import table_holders
from mmswap.config.types import is_mmswap_type


def request_cfg(cfg: Config, request: Request, table: ClassTable) -> Config:
    """Write a request into the config of its kind.

    Args:
        cfg: The config of the kind; of an ``undo``, that of the phase before.
            Not changed.
        request: The request.
        table: Its class table.

    Returns:
        The phase's config: the class table in the model, the data and the
        evaluator, metrics for the splits that have a class, and an adapter
        named after the request where adapters train.

    Raises:
        ValueError: If it is to undo a request that left no adapter.
    """
    trains = cfg.model.get('trains', 'adapter')
    if request.undone and trains != 'adapter':
        raise ValueError(
            f"model.trains must be 'adapter' for request {request.undone!r} "
            f'to be undone, got {trains!r}: it left no adapter to take out')
    cfg = copy.deepcopy(cfg)
    classes = table.as_dict()
    if 'classes' in cfg:
        cfg.classes = classes
    for _, part in table_holders(cfg):
        part['classes'] = copy.deepcopy(classes)
    if trains == 'adapter':
        cfg.merge_from_dict({'model.adapter.name': request.adapter})
    for key in ('val_evaluator', 'test_evaluator'):
        evaluator = cfg.get(key)
        if is_mmswap_type(evaluator, 'SwapEvaluator') and is_by_split(
                evaluator.metrics):
            evaluator.metrics = {
                split: metric
                for split, metric in evaluator.metrics.items()
                if split == 'all' or table.labels(split)
            }
    return cfg


def leave_out_forgotten(cfg: Config, earlier: Sequence[Config],
                        name: str) -> None:
    """Keep a learn phase from showing again what an earlier one forgot.

    By default ``SwapDataset`` retains it, as something that is still to be
    forgotten.

    Args:
        cfg: The config of a phase; the default of its data set is changed.
        earlier: Those of the phases before it.
        name: Of the config, for the message.

    Raises:
        ValueError: If the config says that it is to be shown.
    """
    if _phase_of(cfg) != 'learn' or not any(
            _phase_of(each).startswith('forget') for each in earlier):
        return
    data = cfg.train_dataloader.dataset
    given = data.get('forgotten') or 'left_out'
    if given != 'left_out':
        raise ValueError(
            "train_dataloader.dataset.forgotten must be 'left_out' in a learn "
            f'phase after one that forgets, got {given!r} in {name}')
    data.forgotten = given


def _phase_of(cfg: Config) -> str:
    """The argument ``phase`` of the data set; empty where it has none."""
    data = cfg.train_dataloader.dataset
    is_swap = is_mmswap_type(data, 'SwapDataset')
    return (data.get('phase') or '') if is_swap else ''
