import os
import pickle

import numpy as np
import pytest
import torch
from mmengine.logging import HistoryBuffer
from safetensors.torch import save_file

from mmswap.apis import read_checkpoint

STATE = dict(
    a=torch.arange(6.).reshape(2, 3),
    b=torch.tensor([1, 2]),
    c=torch.ones(2, dtype=torch.float16))


class _Payload:
    """Makes a folder when unpickled."""

    def __init__(self, folder):
        self.folder = folder

    def __reduce__(self):
        return os.mkdir, (str(self.folder), )


def _assert_same(state):
    assert list(state) == list(STATE)
    for key, wanted in STATE.items():
        assert torch.equal(state[key], wanted)
        assert state[key].dtype == wanted.dtype


def test_reads_what_a_runner_writes(toy):
    from mmswap.apis import build_runner, load_config
    runner = build_runner(load_config(toy.learn, str(toy.work_dir)))
    runner.train()
    read = read_checkpoint(toy.work_dir / 'iter_4.pth')
    assert torch.equal(read['state_dict']['weights'],
                       runner.model.weights.detach())
    assert read['meta']['iter'] == 4


def _train(toy, name, **settings):
    """A run with all that can be resumed."""
    from mmswap.apis import build_runner, load_config
    cfg = load_config(toy.learn, str(toy.work_dir))
    # One message hub a name, and this process has had other runs.
    cfg.experiment_name = name
    cfg.optim_wrapper.optimizer.momentum = .9
    cfg.param_scheduler = [dict(type='MultiStepLR', milestones=[1, 5, 5],
                                by_epoch=False)]
    cfg.custom_hooks = [dict(type='EMAHook')]
    cfg.merge_from_dict(settings)
    build_runner(cfg).train()


def _resume(toy, monkeypatch, loader):
    """Go on with a run whose checkpoint a loader of mmengine reads."""
    from mmengine.runner.checkpoint import CheckpointLoader
    monkeypatch.setattr(CheckpointLoader, '_get_checkpoint_loader',
                        lambda path: loader)
    _train(toy, loader.__name__, resume=True, load_from=str(
        toy.work_dir / 'iter_2.pth'), train_cfg=dict(max_iters=6))
    return torch.load(toy.work_dir / 'iter_6.pth', weights_only=False)


def test_a_run_is_resumed_as_by_mmengine(toy, monkeypatch):
    """Weights, optimizer, schedulers, averages and log, bit for bit."""
    from mmengine.runner.checkpoint import load_from_local

    from mmswap.models.checkpoint_reading import load_from_file
    _train(toy, 'first')
    saved = [_resume(toy, monkeypatch, loader)
             for loader in (load_from_local, load_from_file)]
    one, other = saved
    for state in saved:
        del state['meta']['time'], state['meta']['experiment_name']
        info = state['message_hub']['runtime_info']
        del info['experiment_name']
        scalars = state['message_hub']['log_scalars']
        for key in list(scalars):
            if 'time' in key:
                del scalars[key]
        for where in (state['meta'], info):
            where['cfg'] = where['cfg'].replace('load_from_local', 'x')
            where['cfg'] = where['cfg'].replace('load_from_file', 'x')
        assert len(scalars['train/lr'].data[0]) == 6
    assert 'ema_state_dict' in one and one['optimizer']['state']
    assert one['param_schedulers'][0]['milestones'] == {1: 1, 5: 2}
    assert repr(_plain(one)) == repr(_plain(other))


def _plain(value):
    """What prints alike only if it is alike."""
    if isinstance(value, dict):
        return [(type(value), key, _plain(each))
                for key, each in value.items()]
    if isinstance(value, (list, tuple)):
        return type(value), [_plain(each) for each in value]
    if isinstance(value, torch.Tensor):
        return value.dtype, value.tolist()
    if isinstance(value, HistoryBuffer):
        return [each.tolist() for each in value.data], value.max_length
    return value


@pytest.mark.parametrize('log', [
    HistoryBuffer([1., 2.], [1, 1]),
    np.arange(3.),
    np.float64(2),
    dict(numbers=[1, 2.5, None, 'text']),
])
def test_reads_the_log_of_a_run(tmp_path, log):
    path = tmp_path / 'run.pth'
    torch.save(dict(state_dict=STATE, message_hub=log), path)
    _assert_same(read_checkpoint(path)['state_dict'])


def test_a_bare_state_dict_is_a_checkpoint(tmp_path):
    torch.save(STATE, tmp_path / 'bare.pth')
    _assert_same(read_checkpoint(tmp_path / 'bare.pth')['state_dict'])


def test_reads_the_file_format_of_old_torch(tmp_path):
    path = tmp_path / 'old.pth'
    torch.save(
        dict(state_dict=STATE), path, _use_new_zipfile_serialization=False)
    _assert_same(read_checkpoint(path)['state_dict'])


def test_reads_safetensors(tmp_path):
    tensors = {k: v for k, v in STATE.items() if k != 'c'}
    save_file(tensors, tmp_path / 'a.safetensors')
    read = read_checkpoint(tmp_path / 'a.safetensors')['state_dict']
    assert sorted(read) == sorted(tensors)
    assert all(torch.equal(read[key], tensors[key]) for key in tensors)


@pytest.mark.parametrize('new_format', [True, False])
def test_code_is_refused_unless_trusted(tmp_path, new_format):
    ran = tmp_path / 'ran'
    path = tmp_path / 'foreign.pth'
    torch.save(
        dict(state_dict=STATE, payload=_Payload(ran)),
        path,
        _use_new_zipfile_serialization=new_format)
    with pytest.raises(ValueError, match=r'got (posix|nt)\.mkdir in .*trust'):
        read_checkpoint(path)
    assert not ran.exists()
    _assert_same(read_checkpoint(path, trust=True)['state_dict'])
    assert ran.is_dir()


def test_a_pickle_with_code_is_refused(tmp_path):
    path = tmp_path / 'plain.pth'
    path.write_bytes(pickle.dumps(_Payload(tmp_path / 'ran'), protocol=2))
    with pytest.raises(ValueError, match='nothing but tensors'):
        read_checkpoint(path)
    assert not (tmp_path / 'ran').exists()


def test_what_is_no_checkpoint(tmp_path):
    with pytest.raises(FileNotFoundError, match='must be a file'):
        read_checkpoint(tmp_path / 'absent.pth')
    torch.save([1, 2], tmp_path / 'list.pth')
    with pytest.raises(ValueError, match='must be a dict, got list'):
        read_checkpoint(tmp_path / 'list.pth')
