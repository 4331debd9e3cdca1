"""Checkpoints as .safetensors files, read by mmengine's own loader."""
import stat

import pytest
import torch
from mmengine.runner import load_checkpoint
from mmengine.runner.checkpoint import CheckpointLoader

from mmswap.models.safetensors_files import save_safetensors


@pytest.fixture
def layer():
    torch.manual_seed(0)
    return torch.nn.BatchNorm1d(4)


def test_mmengine_loads_what_was_saved(layer, tmp_path):
    path = tmp_path / 'model.safetensors'
    layer.weight.data.normal_()
    save_safetensors(layer.state_dict(), path)
    other = torch.nn.BatchNorm1d(4)
    load_checkpoint(other, str(path))
    for key, value in layer.state_dict().items():
        assert torch.equal(other.state_dict()[key], value)


def test_half_precision_comes_back_as_float32(layer, tmp_path):
    path = tmp_path / 'model.safetensors'
    layer.weight.data.normal_()
    save_safetensors(layer.state_dict(), path, half=True)
    state = CheckpointLoader.load_checkpoint(str(path), 'cpu')['state_dict']
    assert state['weight'].dtype == torch.float32
    assert torch.equal(state['weight'], layer.weight.data.half().float())
    assert state['num_batches_tracked'].dtype == torch.int64


def test_others_may_read_the_file(layer, tmp_path):
    plain, path = tmp_path / 'plain', tmp_path / 'model.safetensors'
    plain.write_bytes(b'')
    save_safetensors(layer.state_dict(), path)
    assert stat.S_IMODE(path.stat().st_mode) == stat.S_IMODE(
        plain.stat().st_mode)


def test_missing_file():
    with pytest.raises(FileNotFoundError, match='no.safetensors can not be'):
        CheckpointLoader.load_checkpoint('no.safetensors')
