"""Runners and process groups, on machines with and without a GPU."""
import atexit
import datetime
import os
import subprocess
import time
from typing import Any, Dict, Optional

from mmengine.config import Config
from mmengine.device import get_device
from mmengine.dist import is_distributed
from mmengine.registry import MODEL_WRAPPERS, RUNNERS
from mmengine.runner import Runner
from torch import distributed as torch_dist
from torch.nn.parallel import DistributedDataParallel

from mmswap.apis.config import add_swap_hook
from mmswap.apis.console import ReadableConsole
from mmswap.config.types import is_mmswap_type, type_name
from mmswap.engine.unwrap import NEEDS_WHOLE

_DEFAULT_PORT = '29500'  # torch's and mmengine's
_THREADS_NEED = 0.2  # seconds; without, 11 of 12 runs hung, with it 0 of 20


def build_runner(cfg: Config,
                 console: Optional[ReadableConsole] = None) -> Runner:
    """Build the Runner of a config, distributed if its launcher says so.

    mmengine has one visualizer a name and process, and the libraries' configs
    name theirs: a second Runner would log to the folder of the first. Without
    a name it gets the experiment's, which has the time in it.

    Args:
        cfg: A full config with ``work_dir``; its ``launcher`` is ``'none'``
            where missing. May get a ``model_wrapper_cfg`` and, for a
            SwapModel, ``default_hooks.swap``; the visualizer loses its name.
        console: Shows the run, and keeps the log to its file; by default the
            log is printed, too, as mmengine does.
    """
    add_swap_hook(cfg)
    prepare_distributed(cfg)
    if cfg.get('visualizer'):
        cfg.visualizer.pop('name', None)
    if console is not None:
        return console.build_runner(cfg)
    if 'runner_type' in cfg:
        return RUNNERS.build(cfg)
    return Runner.from_cfg(cfg)


def prepare_distributed(cfg: Config) -> None:
    """Make a config with a launcher run on a machine without a GPU.

    mmengine sets a CUDA device both when it starts the process group and
    when it wraps the model. The first it leaves out where a process group
    exists, so one with gloo is started here; the second follows
    ``model_wrapper_cfg``. With an accelerator, or without a launcher, nothing
    is done.

    Args:
        cfg: Gets a ``model_wrapper_cfg`` without CUDA devices.

    Raises:
        KeyError: If the launcher's environment variables are missing.
        ValueError: If ``launcher`` is unknown, or a SwapModel is to be parted
            among the processes.
    """
    _check_not_sharded(cfg)
    launcher = cfg.get('launcher', 'none')
    if launcher == 'none' or get_device() != 'cpu':
        return
    if not is_distributed():
        _set_rendezvous(launcher)
        torch_dist.init_process_group('gloo', **_dist_options(cfg))
        atexit.register(leave_process_group)
    if cfg.get('model_wrapper_cfg') is None:
        cfg.model_wrapper_cfg = dict(
            find_unused_parameters=cfg.get('find_unused_parameters', False),
            broadcast_buffers=False)
    wrapper = cfg.model_wrapper_cfg
    wrapper.setdefault('type', 'MMDistributedDataParallel')
    kind = wrapper.type
    if isinstance(kind, str):
        kind = MODEL_WRAPPERS.get(kind)
    if isinstance(kind, type) and issubclass(kind, DistributedDataParallel):
        wrapper.device_ids = None


def _check_not_sharded(cfg: Config) -> None:
    """Refuse what the optim wrapper's constructor would, before it is slow."""
    if not is_mmswap_type(cfg.get('model'), 'SwapModel'):
        return
    for key, wrong, right in (
            ('strategy', 'FSDPStrategy', 'DDPStrategy'),
            ('model_wrapper_cfg', 'MMFullyShardedDataParallel',
             'MMDistributedDataParallel')):
        kind = type_name((cfg.get(key) or {}).get('type'))
        if kind == wrong:
            raise ValueError(
                f'{key}.type must be {right!r} with a mmswap.SwapModel, got '
                f'{kind!r}: {NEEDS_WHOLE}')


def leave_process_group() -> None:
    """Leave the process group, where there is one.

    torch 2.1 waits for gloo's threads with the GIL held. One that has still to
    free the tensors of the last collective needs the GIL for it, and both wait
    for ever. So these threads get time first; a barrier does not help.
    """
    if is_distributed():
        time.sleep(_THREADS_NEED)
        torch_dist.destroy_process_group()


def _dist_options(cfg: Config) -> Dict[str, Any]:
    """The timeout of ``env_cfg.dist_cfg``, given in seconds, if any."""
    dist_cfg = (cfg.get('env_cfg') or {}).get('dist_cfg') or {}
    timeout = dist_cfg.get('timeout')
    if timeout is None:
        return {}
    return dict(timeout=datetime.timedelta(seconds=timeout))


def _set_rendezvous(launcher: str) -> None:
    """Name rank and meeting point in the variables that torch reads."""
    env = os.environ
    if launcher == 'slurm':
        env['RANK'] = _required('SLURM_PROCID', launcher)
        env['WORLD_SIZE'] = _required('SLURM_NTASKS', launcher)
        env['LOCAL_RANK'] = _required('SLURM_LOCALID', launcher)
        if 'MASTER_ADDR' not in env:
            env['MASTER_ADDR'] = _first_slurm_host()
    elif launcher == 'mpi':
        env['RANK'] = _required('OMPI_COMM_WORLD_RANK', launcher)
        env['WORLD_SIZE'] = _required('OMPI_COMM_WORLD_SIZE', launcher)
        env['LOCAL_RANK'] = _required('OMPI_COMM_WORLD_LOCAL_RANK', launcher)
    elif launcher != 'pytorch':
        raise ValueError("launcher must be 'none', 'pytorch', 'slurm' or "
                         f"'mpi', got {launcher!r}")
    env.setdefault('MASTER_PORT', _DEFAULT_PORT)
    for name in ('RANK', 'WORLD_SIZE', 'MASTER_ADDR'):
        _required(name, launcher)


def _required(name: str, launcher: str) -> str:
    if name not in os.environ:
        raise KeyError(
            f'the environment variable {name} must be set with --launcher '
            f'{launcher}; start the tool through dist_train.sh, '
            'slurm_train.sh or the launcher itself')
    return os.environ[name]


def _first_slurm_host() -> str:
    nodes = _required('SLURM_NODELIST', 'slurm')
    listed = subprocess.run(['scontrol', 'show', 'hostnames', nodes],
                            check=True,
                            stdout=subprocess.PIPE,
                            text=True).stdout
    return listed.split()[0]
