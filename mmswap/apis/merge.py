"""A phase checkpoint as a plain one, with a config that is stock."""
import copy
import os
from pathlib import Path
from typing import Any, Dict, Tuple, Union

import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope

from mmswap.apis.checkpoint import read_checkpoint
from mmswap.config.types import is_mmswap_type
from mmswap.config.unswap import merged_config
from mmswap.models import SwapModel
from mmswap.models.adapter_files import merge_adapter
from mmswap.registry import MODELS
from mmswap.version import __version__


def merge_checkpoint(config: Union[str, Path],
                     checkpoint: Union[str, Path],
                     out: Union[str, Path],
                     trust: bool = False) -> Tuple[Path, Path]:
    """Fold a phase's adapter into its model and write plain files.

    Args:
        config: Config file of the phase.
        checkpoint: What the phase wrote.
        out: File for the merged checkpoint, with the stock model's keys. The
            stock config that loads it is written beside it, with the ending
            ``.py``.
        trust: Unpickle whatever is in ``checkpoint``. That can run any code.

    Returns:
        The paths of the merged checkpoint and of its config.

    Raises:
        ValueError: If the config is not one of a phase, its test data cannot
            be had without mmswap, or the checkpoint is refused.
    """
    out = Path(out)
    if out.suffix == '.py':
        raise ValueError(f'OUT must be the path of a checkpoint, got {out}')
    cfg = Config.fromfile(str(config))
    if not is_mmswap_type(cfg.model, 'SwapModel'):
        raise ValueError("model.type must be 'mmswap.SwapModel', got "
                         f'{cfg.model.get("type")!r} in {config}')
    model = load_model(cfg, checkpoint, trust)
    table = model.class_table
    stock = merged_config(cfg, model.inner_cfg, table)
    merged = merge_adapter(model)
    meta = dict(
        dataset_meta=dict(classes=table.names),
        mmswap_version=__version__)
    out.parent.mkdir(parents=True, exist_ok=True)
    write_checkpoint(dict(state_dict=merged.state_dict(), meta=meta), out)
    config_out = out.with_suffix('.py')
    stock.dump(str(config_out))
    return out, config_out


def load_model(cfg: Config,
               checkpoint: Union[str, Path],
               trust: bool = False) -> SwapModel:
    """Build the model of a phase as the Runner does, with weights.

    Args:
        cfg: The phase's config, whose scope becomes the default one.
        checkpoint: Anything that the phase can load.
        trust: Unpickle whatever is in it. That can run any code.
    """
    state = read_checkpoint(checkpoint, trust)['state_dict']
    init_default_scope(cfg.get('default_scope', 'mmengine'))
    model = copy.deepcopy(cfg.model)
    if cfg.get('data_preprocessor') is not None:
        model.setdefault('data_preprocessor', cfg.data_preprocessor)
    built = MODELS.build(model)
    built.load_state_dict(state)
    return built


def write_checkpoint(checkpoint: Dict[str, Any], path: Path) -> None:
    """Write all of a checkpoint or, if interrupted, nothing of it."""
    part = path.with_name(path.name + '.part')
    torch.save(checkpoint, part)
    os.replace(part, path)
