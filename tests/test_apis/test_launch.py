import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from torch import distributed as torch_dist
from two_ranks import free_port

from mmswap.apis import (
    build_runner,
    leave_process_group,
    load_config,
    prepare_distributed,
)

ROOT = Path(__file__).parents[2]
VARIABLES = ('RANK', 'WORLD_SIZE', 'MASTER_ADDR', 'MASTER_PORT', 'LOCAL_RANK',
             'SLURM_PROCID', 'SLURM_NTASKS', 'SLURM_LOCALID',
             'SLURM_NODELIST', 'OMPI_COMM_WORLD_RANK')


@pytest.fixture
def no_gpu(monkeypatch):
    """A machine without a GPU, and no launcher's variables."""
    monkeypatch.setattr('mmswap.apis.launch.get_device', lambda: 'cpu')
    for name in VARIABLES:
        # Set first, so that what the code sets is taken back as well.
        monkeypatch.setenv(name, '')
        monkeypatch.delenv(name)
    yield monkeypatch
    leave_process_group()


def _launch(script, config, *args, processes=2, work_dir):
    env = dict(
        os.environ,
        CUDA_VISIBLE_DEVICES='',
        OMP_NUM_THREADS='1',
        PYTHON=sys.executable,
        PORT=free_port(),
        PYTHONPATH=os.pathsep.join([str(ROOT), str(Path(__file__).parent)]))
    done = subprocess.run(
        ['bash', str(ROOT / 'tools' / script), str(config), str(processes),
         '--work-dir', str(work_dir), *args],
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True)
    assert done.returncode == 0, done.stdout[-3000:]


@pytest.mark.slow
def test_two_processes_without_a_gpu_equal_one(toy, tmp_path):
    # 2 x 1 images a step, and 1 x 2. The inputs of a step cancel over the two
    # processes only, so a process that kept to itself would end elsewhere.
    options = ['--cfg-options', 'train_dataloader.batch_size=1',
               'default_hooks.checkpoint.interval=1']
    _launch('dist_train.sh', toy.learn, *options, work_dir=tmp_path / 'two')
    runner = build_runner(load_config(toy.learn, str(tmp_path / 'one')))
    runner.train()
    two = torch.load(tmp_path / 'two' / 'iter_4.pth', weights_only=False)
    torch.testing.assert_close(
        two['state_dict']['weights'], runner.model.weights.detach())
    log = next((tmp_path / 'two').glob('*/*.log')).read_text()
    assert 'Distributed training: True' in log and 'GPU number: 2' in log


def test_without_a_launcher_nothing_happens():
    cfg = Config(dict(launcher='none'))
    prepare_distributed(cfg)
    prepare_distributed(Config(dict()))
    assert dict(cfg) == dict(launcher='none')
    assert not torch_dist.is_initialized()


def test_with_a_gpu_mmengine_does_it(monkeypatch):
    monkeypatch.setattr('mmswap.apis.launch.get_device', lambda: 'cuda')
    cfg = Config(dict(launcher='pytorch'))
    prepare_distributed(cfg)
    assert dict(cfg) == dict(launcher='pytorch')
    assert not torch_dist.is_initialized()


@pytest.mark.parametrize('launcher, variables', [
    ('pytorch', dict(RANK='0', WORLD_SIZE='1', LOCAL_RANK='0')),
    ('slurm', dict(SLURM_PROCID='0', SLURM_NTASKS='1', SLURM_LOCALID='0')),
    ('mpi', dict(
        OMPI_COMM_WORLD_RANK='0',
        OMPI_COMM_WORLD_SIZE='1',
        OMPI_COMM_WORLD_LOCAL_RANK='0')),
])
def test_each_launcher_starts_gloo(no_gpu, launcher, variables):
    for name, value in variables.items():
        no_gpu.setenv(name, value)
    no_gpu.setenv('MASTER_ADDR', '127.0.0.1')
    no_gpu.setenv('MASTER_PORT', free_port())
    cfg = Config(
        dict(launcher=launcher, env_cfg=dict(dist_cfg=dict(timeout=60))))
    prepare_distributed(cfg)
    assert torch_dist.get_backend() == 'gloo'
    assert os.environ['LOCAL_RANK'] == '0'
    assert cfg.model_wrapper_cfg == dict(
        type='MMDistributedDataParallel',
        device_ids=None,
        find_unused_parameters=False,
        broadcast_buffers=False)


def test_the_users_wrapper_is_kept(no_gpu):
    no_gpu.setenv('MASTER_ADDR', '127.0.0.1')
    no_gpu.setenv('MASTER_PORT', free_port())
    for name, value in dict(RANK='0', WORLD_SIZE='1', LOCAL_RANK='0').items():
        no_gpu.setenv(name, value)
    cfg = Config(
        dict(
            launcher='pytorch',
            model_wrapper_cfg=dict(find_unused_parameters=True)))
    prepare_distributed(cfg)
    assert cfg.model_wrapper_cfg == dict(
        type='MMDistributedDataParallel',
        device_ids=None,
        find_unused_parameters=True)


@pytest.mark.parametrize('launcher, variable', [
    ('pytorch', 'RANK'),
    ('slurm', 'SLURM_PROCID'),
    ('mpi', 'OMPI_COMM_WORLD_RANK'),
])
def test_a_launcher_that_was_not_used(no_gpu, launcher, variable):
    with pytest.raises(KeyError, match=f'{variable} must be set'):
        prepare_distributed(Config(dict(launcher=launcher)))


def test_an_unknown_launcher(no_gpu):
    with pytest.raises(ValueError, match="launcher must be 'none'"):
        prepare_distributed(Config(dict(launcher='ray')))


@pytest.mark.parametrize('key, kind, right', [
    ('strategy', 'FSDPStrategy', 'DDPStrategy'),
    ('model_wrapper_cfg', 'mmengine.MMFullyShardedDataParallel',
     'MMDistributedDataParallel')])
def test_a_swap_model_in_parts(key, kind, right):
    cfg = Config({'model': dict(type='mmswap.SwapModel'),
                  key: dict(type=kind)})
    with pytest.raises(ValueError, match=f'{key}.type must be .*{right}'):
        prepare_distributed(cfg)
    cfg.model.type = 'MaskRCNN'
    prepare_distributed(cfg)
