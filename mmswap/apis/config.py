"""What the command line does to a config, the same for all of mmswap's tools.

Nothing here imports a task library: a config's
``default_scope`` says whose it is.
"""
import copy
from pathlib import Path
from typing import Any, Dict, Optional, Union

from mmengine.config import Config, ConfigDict
from mmengine.logging import print_log

from mmswap.apis.config_file import check_options, read_config
from mmswap.apis.training import latest_checkpoint
from mmswap.config.category_order import check_category_order
from mmswap.config.tables import check_tables
from mmswap.config.types import is_mmswap_type, type_name
from mmswap.tasks.lookup import task_of_scope

_AMP_TWINS = {
    'OptimWrapper': 'AmpOptimWrapper',
    'AmpOptimWrapper': 'AmpOptimWrapper',
    'GroupSparseOptimWrapper': 'mmswap.GroupSparseAmpOptimWrapper',
    'GroupSparseAmpOptimWrapper': 'mmswap.GroupSparseAmpOptimWrapper',
}
_DATALOADERS = ('train_dataloader', 'val_dataloader', 'test_dataloader')


def load_config(filename: Union[str, Path],
                work_dir: Optional[str] = None,
                launcher: str = 'none',
                cfg_options: Optional[Dict[str, Any]] = None,
                check: bool = True) -> Config:
    """Read a config, apply what the command line says of it, and check it.

    Args:
        filename: Path of the config file.
        work_dir: Goes before the config's own ``work_dir``; where neither is
            given, it is ``work_dirs/<stem of the config file>``.
        launcher: ``'none'``, ``'pytorch'``, ``'slurm'`` or ``'mpi'``.
        cfg_options: Settings to override, by dotted key.
        check: Whether to check it.

    Returns:
        The config. One with a SwapModel has a SwapHook.

    Raises:
        ValueError: If parts of the config have different class tables, or
            the data to validate on lists the classes in another order.
    """
    cfg = read_config(filename)
    cfg.launcher = launcher
    _set_library_defaults(cfg)
    if cfg_options is not None:
        check_options(cfg, cfg_options)
        cfg.merge_from_dict(cfg_options)
    if check:
        check_tables(cfg)
        check_category_order(cfg)
    add_swap_hook(cfg)
    if work_dir is not None:
        cfg.work_dir = str(work_dir)
    elif cfg.get('work_dir') is None:
        cfg.work_dir = str(Path('work_dirs') / Path(filename).stem)
    return cfg


def add_swap_hook(cfg: Config) -> None:
    """Give a config with a SwapModel the hook that begins its phase.

    Where ``default_hooks.swap`` is set, even to None, nothing is done.

    Args:
        cfg: Changed in place.
    """
    if not is_mmswap_type(cfg.get('model'), 'SwapModel'):
        return
    hooks = cfg.get('default_hooks') or {}
    own = [*hooks.values(), *(cfg.get('custom_hooks') or ())]
    if 'swap' in hooks or any(is_mmswap_type(h, 'SwapHook') for h in own):
        return
    cfg.default_hooks = dict(hooks, swap=dict(type='mmswap.SwapHook'))


def _set_library_defaults(cfg: Config) -> None:
    """Give data loaders what the library's own tools add to their configs."""
    task = task_of_scope(cfg.get('default_scope'))
    if task is None:
        return
    for name in _DATALOADERS:
        loader = cfg.get(name)
        if loader is None:
            continue
        for key, value in task.dataloader_defaults(loader).items():
            loader.setdefault(key, value)


def enable_amp(cfg: Config) -> None:
    """Turn on automatic mixed precision, as ``--amp`` of mmdet does.

    An optim wrapper with a ``constructor`` keeps it, so that a swap stays
    group-sparse.

    Args:
        cfg: Changed in place.

    Raises:
        ValueError: If ``optim_wrapper`` is missing or its type is not known
            to have a mixed-precision form.
    """
    wrapper = cfg.get('optim_wrapper')
    if wrapper is None:
        raise ValueError('optim_wrapper must be set for --amp, got None')
    given = wrapper.get('type', 'OptimWrapper')
    name = type_name(given)
    if name not in _AMP_TWINS:
        raise ValueError(f'optim_wrapper.type must be one of '
                         f'{sorted(_AMP_TWINS)} for --amp, got {given!r}')
    wrapper.type = _AMP_TWINS[name]
    wrapper.loss_scale = 'dynamic'


def enable_auto_scale_lr(cfg: Config) -> None:
    """Turn on the scaling of the learning rate with the batch size.

    Args:
        cfg: Changed in place.

    Raises:
        ValueError: If ``auto_scale_lr.base_batch_size`` is missing.
    """
    if 'base_batch_size' not in (cfg.get('auto_scale_lr') or {}):
        raise ValueError(
            'auto_scale_lr.base_batch_size must be set for --auto-scale-lr, '
            f'got auto_scale_lr={cfg.get("auto_scale_lr")}')
    cfg.auto_scale_lr.enable = True


def enable_resume(cfg: Config, resume: str) -> None:
    """Resume from a checkpoint.

    mmdet drops ``load_from`` with ``--resume auto`` even where there is
    nothing to resume, and then trains from scratch; a swap without its base
    model is of no use, so here such a run starts like one without
    ``--resume``.

    Args:
        cfg: Changed in place; its ``work_dir`` must be set.
        resume: ``'auto'`` for the newest good checkpoint in the work dir, or
            the path of a checkpoint.
    """
    if resume == 'auto':
        latest = latest_checkpoint(cfg.work_dir, _warn)
        if latest is None:
            print_log(f'WARNING: no checkpoint in {cfg.work_dir} to resume '
                      'from: starting anew.')
            return
        resume = latest
    cfg.resume = True
    cfg.load_from = resume


def _warn(line: str) -> None:
    print_log(f'WARNING: {line}')


def drop_training(cfg: Config) -> None:
    """Leave nothing to train in a config that is only to be scored.

    mmpretrain's visualization asks a Runner for its training loop if it has
    one, which reads the training data.

    Args:
        cfg: Changed in place.
    """
    for key in ('train_dataloader', 'train_cfg', 'optim_wrapper',
                'param_scheduler'):
        cfg[key] = None


def model_config(cfg: Config) -> ConfigDict:
    """The config of a model, with its preprocessor, as a Runner builds it.

    mmseg's and mmpretrain's configs have the preprocessor beside the model.

    Args:
        cfg: The whole config, not changed.

    Returns:
        A copy.
    """
    model = copy.deepcopy(cfg.model)
    if cfg.get('data_preprocessor') is not None:
        model.setdefault('data_preprocessor', cfg.data_preprocessor)
    return model


def unwrap_pipeline_owner(dataset: ConfigDict) -> ConfigDict:
    """The innermost dataset config, the one that has the pipeline.

    Args:
        dataset: A dataset config, perhaps of wrappers with a ``dataset``.
    """
    while 'dataset' in dataset:
        dataset = dataset['dataset']
    return dataset
