import os

import pytest

from mmswap.whole_file import whole_file, write_text


@pytest.mark.parametrize('error', [ValueError, KeyboardInterrupt])
def test_what_fails_leaves_the_old_file(tmp_path, error):
    path = tmp_path / 'in' / 'a.txt'
    write_text(path, 'first')
    with pytest.raises(error), whole_file(path) as part:
        part.write_text('sec')
        raise error
    assert path.read_text() == 'first'
    assert list(path.parent.iterdir()) == [path]


def test_it_gets_its_name_when_it_is_on_the_disk(tmp_path, monkeypatch):
    """Not before: an empty file would be left where the power goes off."""
    path = tmp_path / 'a.txt'
    synced = []

    def fsync(number):
        assert not path.exists()
        synced.append(os.fstat(number).st_size)

    monkeypatch.setattr(os, 'fsync', fsync)
    write_text(path, 'zwölf')
    assert synced == [6] and path.read_bytes() == 'zwölf'.encode()


def test_a_file_that_nobody_wrote(tmp_path):
    with pytest.raises(FileNotFoundError), whole_file(tmp_path / 'a.txt'):
        pass
    assert not list(tmp_path.iterdir())
