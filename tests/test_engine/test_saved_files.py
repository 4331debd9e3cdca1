import os

import pytest
import torch

from mmswap.engine.saved_files import WholeFileBackend, newest_checkpoint
from mmswap.models.intact import damage


@pytest.fixture
def disk():
    return WholeFileBackend()


def test_a_file_is_there_as_a_whole_or_not_at_all(disk, tmp_path, monkeypatch):
    disk.put(b'first', tmp_path / 'in' / 'a.pth')

    def killed(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, 'fsync', killed)
    with pytest.raises(KeyboardInterrupt):
        disk.put(b'second', tmp_path / 'in' / 'a.pth')
    assert (tmp_path / 'in' / 'a.pth').read_bytes() == b'first'
    monkeypatch.undo()
    disk.put(memoryview(b'third'), tmp_path / 'in' / 'a.pth')
    assert [path.read_bytes() for path in (tmp_path / 'in').iterdir()
            ] == [b'third']


def test_the_one_that_makes_room_goes_last(disk, tmp_path):
    """As a run with ``max_keep_ckpts=1`` that is killed while it saves."""
    torch.save(dict(step=1), tmp_path / 'iter_1.pth')
    (tmp_path / 'last_checkpoint').write_text(str(tmp_path / 'iter_1.pth'))
    disk.remove(str(tmp_path / 'iter_1.pth'))
    assert not (tmp_path / 'iter_1.pth').exists()
    found = newest_checkpoint(tmp_path)
    assert torch.load(found, weights_only=True) == dict(step=1)
    disk.put(b'more', tmp_path / 'iter_2.pth')
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        'iter_2.pth', 'last_checkpoint']


def test_every_byte_that_counts(tmp_path):
    """No file with one byte changed loads as something else, unnoticed."""
    path = tmp_path / 'x.pth'
    values = dict(state_dict=dict(weight=torch.arange(4.)), meta=dict(a=1))
    torch.save(values, path)
    content = path.read_bytes()
    assert damage(path) is None
    noticed = 0
    for at in range(len(content)):
        path.write_bytes(content[:at] + bytes([content[at] ^ 1]) +
                         content[at + 1:])
        if damage(path):
            noticed += 1
            continue
        try:
            found = torch.load(path, weights_only=True)
        except RuntimeError:  # No silence either.
            continue
        assert torch.equal(found['state_dict']['weight'], torch.arange(4.))
        assert found['meta'] == dict(a=1)
    assert noticed > len(content) / 4


def test_a_file_of_an_old_torch(tmp_path):
    path = tmp_path / 'x.pth'
    torch.save(dict(a=torch.ones(2)), path,
               _use_new_zipfile_serialization=False)
    assert damage(path) is None
    path.write_bytes(b'')
    assert 'empty' in damage(path)
