"""mmengine reads files and addresses without running what is in them."""
import pickle
import tarfile

import pytest
import torch
from mmengine.runner import load_checkpoint
from mmengine.runner.checkpoint import CheckpointLoader
from safetensors.torch import save_file

from mmswap.models.checkpoint_reading import read_checkpoint, trusting

WEIGHTS = dict(weight=torch.arange(6.).reshape(2, 3), bias=torch.ones(2))


class Payload:
    """Makes a file when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), 'w')


@pytest.fixture
def ran(tmp_path):
    """The file that is there once a payload has run."""
    return tmp_path / 'ran'


@pytest.fixture
def foreign(tmp_path, ran):
    """A checkpoint with code in it."""
    path = tmp_path / 'foreign.pth'
    torch.save(dict(state_dict=WEIGHTS, payload=Payload(ran)), path)
    return path


def read(path):
    """As ``load_from`` and ``--resume`` do."""
    return CheckpointLoader.load_checkpoint(str(path), 'cpu', None)


def assert_refused(path, found, ran):
    with pytest.raises(ValueError, match=rf'got {found} in .*--trust.*publis'):
        read(path)
    assert not ran.exists()


def test_code_does_not_run(foreign, ran):
    assert_refused(foreign, r'_?io\.open', ran)
    with pytest.raises(ValueError, match='nothing but tensors'):
        load_checkpoint(torch.nn.Linear(3, 2), str(foreign))
    assert not ran.exists()


def test_what_is_trusted_is_loaded(foreign, ran):
    with trusting(False), pytest.raises(ValueError, match='--trust'):
        read(foreign)
    with trusting():
        with trusting(False):  # Trusts no less than what is around it.
            assert torch.equal(
                read(foreign)['state_dict']['bias'], WEIGHTS['bias'])
    assert ran.exists()
    ran.unlink()
    assert_refused(foreign, r'_?io\.open', ran)


def test_any_name_is_a_file(tmp_path, foreign, ran):
    """Names that other loaders of mmengine would not take."""
    for name in ('epoch_1.pth', 'local.bin', 'a b', 's3.pt'):
        torch.save(dict(state_dict=WEIGHTS), tmp_path / name)
        assert torch.equal(
            read(tmp_path / name)['state_dict']['bias'], WEIGHTS['bias'])
    with pytest.raises(FileNotFoundError, match='absent.pth can not be'):
        read(tmp_path / 'absent.pth')


class Writer(torch.nn.Module):
    """Writes a file when it is loaded, in TorchScript."""

    def __init__(self, path: str):
        super().__init__()
        self.path = path

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x

    @torch.jit.export
    def __getstate__(self):
        return self.path, self.training

    @torch.jit.export
    def __setstate__(self, state: 'tuple[str, bool]') -> None:
        self.path = state[0]
        self.training = state[1]
        torch.save(torch.ones(1), self.path)


def test_a_torchscript_archive_does_not_run(tmp_path, ran):
    path = tmp_path / 'script.pth'
    torch.jit.script(Writer(str(ran))).save(str(path))
    assert_refused(path, 'a TorchScript archive', ran)
    with trusting(), pytest.raises(ValueError, match='must be a dict'):
        with pytest.warns(UserWarning, match='TorchScript'):
            read(path)
    assert ran.exists()  # It would have run.


def test_a_tar_archive_is_not_unpacked(tmp_path, ran):
    part = tmp_path / 'storages'
    part.write_bytes(pickle.dumps(Payload(ran)))
    with tarfile.open(tmp_path / 'old.pth', 'w') as archive:
        for name in ('storages', 'tensors', 'pickle'):
            archive.add(part, name)
    assert_refused(tmp_path / 'old.pth', 'a tar archive', ran)


def test_no_config_is_handed_on_that_resuming_would_run(tmp_path):
    """``Runner.resume`` runs ``meta['config']`` as Python."""
    meta = dict(config='raise SystemExit', epoch='1', note='kept')
    save_file(WEIGHTS, tmp_path / 'a.safetensors', meta)
    torch.save(dict(state_dict=WEIGHTS, meta=meta), tmp_path / 'a.pth')
    for suffix in ('safetensors', 'pth'):
        read_meta = read(tmp_path / f'a.{suffix}')['meta']
        assert set(read_meta) == {'epoch', 'note'}


def test_an_address_is_downloaded_once(tmp_path, monkeypatch, foreign, ran):
    asked = []

    def download(url, dst):
        asked.append(url)
        with open(dst, 'wb') as file:
            file.write((tmp_path / url.rpartition('/')[2]).read_bytes())

    monkeypatch.setattr(torch.hub, 'download_url_to_file', download)
    monkeypatch.setattr(torch.hub, 'get_dir', lambda: str(tmp_path / 'hub'))
    torch.save(dict(state_dict=WEIGHTS), tmp_path / 'good.pth')
    for _ in range(2):
        state = read('https://there.invalid/a/good.pth')['state_dict']
        assert torch.equal(state['weight'], WEIGHTS['weight'])
    assert asked == ['https://there.invalid/a/good.pth']
    assert_refused('http://there.invalid/foreign.pth', r'_?io\.open', ran)


def test_reading_tells_what_is_no_checkpoint(tmp_path):
    with pytest.raises(FileNotFoundError, match='must be a file'):
        read_checkpoint(tmp_path / 'absent.pth')
    torch.save([1], tmp_path / 'list.pth')
    with pytest.raises(ValueError, match='must be a dict, got list'):
        read_checkpoint(tmp_path / 'list.pth')
