"""Reads the configs of a swap and checks them before anything is run."""
import hashlib
import json
import os
from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Union

from mmengine.config import Config
from mmengine.logging import print_log

from mmswap.apis.config import enable_amp, load_config
from mmswap.apis.config_file import read_config
from mmswap.class_table import ClassTable
from mmswap.config.category_order import check_category_order
from mmswap.config.phases import leave_out_forgotten, request_cfg
from mmswap.config.requests import (
    Plan,
    Request,
    adapter_name,
    class_tables,
    read_plan,
)
from mmswap.config.types import is_mmswap_type
from mmswap.config.unswap import merged_order

BASE = 'base'

# Where a run goes and how it is started does not make it another run;
# `load_from` counts through the fingerprint of what comes before.
_NOT_COUNTED = ('work_dir', 'launcher', 'resume', 'load_from',
                'experiment_name', 'model_wrapper_cfg')


class Phase(NamedTuple):
    """One training run of a swap.

    Attributes:
        name: Stem of the config file, with ``-2`` and so on where it stands
            in the swap more than once. Also the name of its folder.
        cfg: The full config.
        fingerprint: Hash of the config and of all that came before it.
        undo: Name of the request whose adapter is taken out instead of
            training one; empty in a phase that trains.
    """

    name: str
    cfg: Config
    fingerprint: str
    undo: str = ''


def default_work_dir(configs: Sequence[Union[str, Path]]) -> Path:
    """``work_dirs/<what the config names begin with>_swap``."""
    stems = [Path(config).stem for config in configs]
    common = common_start(stems) if len(stems) > 1 else stems[0]
    return Path('work_dirs') / f'{common.rstrip("_") or "mmswap"}_swap'


def plan_phases(configs: Sequence[Union[str, Path]],
                work_dir: Path,
                launcher: str = 'none',
                cfg_options: Optional[Dict[str, Any]] = None,
                amp: bool = False,
                new_adapters: bool = False) -> List[Phase]:
    """Read and check the configs of a swap; takes what ``run_swap`` takes.

    Raises:
        ValueError: If there is no config, one cannot be a phase, or a request
            of a plan cannot be met.
    """
    if not configs:
        raise ValueError('the phases must be one config at least, got none')
    plan = read_config(configs[0]) if len(configs) == 1 else {}
    if 'requests' in plan or 'configs' in plan:
        return _plan_requests(
            read_plan(Path(configs[0]), plan), work_dir, launcher,
            cfg_options, amp)
    phases: List[Phase] = []
    upstream = ''
    for config in configs:
        name = _free_name(Path(config).stem, [BASE, *[p.name for p in phases]])
        cfg = load_config(config, str(work_dir / name), launcher, cfg_options)
        if amp:
            enable_amp(cfg)
        if new_adapters:
            cfg.merge_from_dict({'model.adapter.name': _new_adapter(
                name, [phase.name for phase in phases])})
        table = _check_phase(cfg, str(config))
        leave_out_forgotten(cfg, [phase.cfg for phase in phases], str(config))
        first = ClassTable.from_cfg(phases[0].cfg.model.classes) if phases \
            else table
        if table != first:
            raise ValueError(
                'model.classes must be the same in every phase of a swap, got '
                f'{table} in {config}, which is not that of the first; in a '
                'plan of requests they follow from the requests')
        upstream = upstream or fingerprint_base(cfg, str(config))
        upstream = _fingerprint(cfg, upstream)
        cfg.experiment_name = f'swap_{name}'
        phases.append(Phase(name, cfg, upstream))
    return phases


def _plan_requests(plan: Plan, work_dir: Path, launcher: str,
                   cfg_options: Optional[Dict[str, Any]],
                   amp: bool) -> List[Phase]:
    """The phases of a plan of requests."""
    def load(request: Request) -> Config:
        cfg = load_config(plan.configs[request.kind], None, launcher,
                          {**(cfg_options or {}), **request.cfg_options})
        if amp:
            enable_amp(cfg)
        return cfg

    phases: List[Phase] = []
    upstream = ''
    tables: List[ClassTable] = []
    for number, request in enumerate(plan.requests):
        cfg = phases[-1].cfg if request.undone else load(request)
        if not tables:
            _check_phase(cfg, request.name)
            classes = cfg.model.classes
            tables = class_tables(plan, classes['base'],
                                  classes.get('stuff', ()))
        cfg = request_cfg(cfg, request, tables[number])
        _check_phase(cfg, f'request {request.name!r}')
        upstream = upstream or fingerprint_base(cfg, request.name)
        upstream = _fingerprint(cfg, f'{request.undone} {upstream}')
        cfg.work_dir = str(work_dir / request.name)
        cfg.experiment_name = f'swap_{request.name}'
        phases.append(
            Phase(request.name, cfg, upstream,
                  adapter_name(request.undone)))
    return phases


def common_start(names: Sequence[str]) -> str:
    """What all names begin with, up to and with an underscore."""
    common = os.path.commonprefix(list(names))
    return common[:common.rfind('_') + 1]


def _new_adapter(name: str, earlier: Sequence[str]) -> str:
    """The name of a phase's own adapter, if it is no earlier phase's."""
    adapter = adapter_name(name)
    for other in earlier:
        if adapter == adapter_name(other):
            raise ValueError(
                'the config files must have names that differ in more than '
                f'dots and _, as each names an adapter, got {other!r} and '
                f'{name!r}, both of which are {adapter!r}')
    return adapter


def _check_phase(cfg: Config, name: str) -> ClassTable:
    """Refuse a config whose run would fail, or be useless, at its end."""
    for check in PHASE_CHECKS:
        check(cfg, name)
    return ClassTable.from_cfg(cfg.model.classes)


def _check_classes(cfg: Config, name: str) -> None:
    model = cfg.get('model') or {}
    if 'classes' not in model:
        raise ValueError(f'model must be a mmswap.SwapModel with classes, got '
                         f'{model.get("type")} in {name}')
    ClassTable.from_cfg(model['classes'])


def _check_evaluator(cfg: Config, name: str) -> None:
    evaluator = cfg.get('val_evaluator')
    if not isinstance(evaluator, dict) or not evaluator.get('metrics'):
        raise ValueError('val_evaluator must be a mmswap.SwapEvaluator with '
                         f'metrics, got {evaluator} in {name}')


def _check_loops(cfg: Config, name: str) -> None:
    for key in ('train_dataloader', 'train_cfg', 'val_dataloader', 'val_cfg'):
        if cfg.get(key) is None:
            raise ValueError(f'{key} must be set in {name}, got None')


def _check_saved(cfg: Config, name: str) -> None:
    hook = (cfg.get('default_hooks') or {}).get('checkpoint', {})
    if hook is None or not hook.get('save_last', True):
        raise ValueError('default_hooks.checkpoint must save the last step '
                         f'(save_last=True), got {hook} in {name}')


def _check_data(cfg: Config, name: str) -> None:
    """Refuse data that would be scored wrongly; warn of later trouble."""
    del name
    if not is_mmswap_type(cfg.get('model'), 'SwapModel'):
        return
    check_category_order(cfg)
    try:
        merged_order(cfg, ClassTable.from_cfg(cfg.model.classes))
    except ValueError as error:
        print_log('WARNING: the swap can be trained, but its model cannot be '
                  f'merged: {error}')


# What is refused of one phase: each is called with its config and its name.
PHASE_CHECKS = (_check_classes, _check_evaluator, _check_loops, _check_saved,
                _check_data)


def _fingerprint(cfg: Config, upstream: str) -> str:
    counted = {
        key: value
        for key, value in cfg.to_dict().items() if key not in _NOT_COUNTED
    }
    text = json.dumps([upstream, counted], default=_describe)
    return hashlib.sha256(text.encode()).hexdigest()


def _describe(value: Any) -> str:
    """An object's text without the address, which differs from run to run."""
    return f'{type(value).__name__} {getattr(value, "__qualname__", value)}'


def fingerprint_base(cfg: Config, name: str) -> str:
    """Hash of the base checkpoint's bytes; of a URL, the URL.

    Args:
        cfg: The config of the first phase.
        name: What it is called, for the message.

    Raises:
        ValueError: If ``load_from`` is neither a file nor a URL.
    """
    load_from = cfg.get('load_from')
    if isinstance(load_from, str) and '://' in load_from:
        return load_from
    if load_from is None or not Path(load_from).expanduser().is_file():
        raise ValueError('load_from must be the checkpoint of the base model, '
                         f'a file or a URL, got {load_from!r} in {name}')
    digest = hashlib.sha256()
    with open(Path(load_from).expanduser(), 'rb') as file:
        for block in iter(lambda: file.read(1 << 20), b''):
            digest.update(block)
    return digest.hexdigest()


def _free_name(stem: str, taken: Sequence[str]) -> str:
    name, number = stem, 1
    while name in taken:
        number += 1
        name = f'{stem}-{number}'
    return name
