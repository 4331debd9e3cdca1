"""Checkpoints on disk: written as a whole, and the newest that is good."""
import os
import re
from pathlib import Path
from typing import Callable, List, Optional, Union

from mmengine.fileio import LocalBackend, register_backend

from mmswap.models.intact import damage
from mmswap.whole_file import whole_file

BACKEND = 'mmswap_whole_files'
LAST = 'last_checkpoint'
_REPLACED = '.replaced'


class WholeFileBackend(LocalBackend):
    """A disk on which a file is there as a whole or not at all.

    A ``CheckpointHook`` with ``max_keep_ckpts`` removes the oldest checkpoint
    before it writes a new one. Here that one is kept under another name until
    the new one is there, so that a run that is killed while it saves does not
    lose both.
    """

    def put(self, obj: Union[bytes, memoryview],
            filepath: Union[str, Path]) -> None:
        """Write a file, or, if interrupted, nothing of it.

        Args:
            obj: What goes into it.
            filepath: The file; its folder is made.
        """
        path = Path(filepath)
        with whole_file(path) as part:
            part.write_bytes(obj)
        for replaced in path.parent.glob(f'*{_REPLACED}'):
            replaced.unlink()

    def remove(self, filepath: Union[str, Path]) -> None:
        """Remove a file as soon as the next one is written."""
        os.replace(filepath, f'{filepath}{_REPLACED}')


register_backend(BACKEND, WholeFileBackend, force=True)


def newest_checkpoint(
        folder: Union[str, Path],
        accepts: Optional[Callable[[Path], bool]] = None) -> Optional[Path]:
    """The newest good checkpoint of a training run.

    That is the one which ``last_checkpoint`` names. Where it is damaged, it is
    the one before it; where it cannot be told which it is, the one which was
    written last.

    Args:
        folder: The run's work dir. A checkpoint in it goes before one of the
            same name in the folder that was written down, so that a copy of
            a work dir reads nothing from the original.
        accepts: Whether a good file, other than the one that is named, is
            one of this run. By default any is.

    Returns:
        None where there is none, or no ``last_checkpoint``: then this run has
        saved nothing, and what is there is an earlier one's.
    """
    if not (Path(folder) / LAST).is_file():
        return None
    named = named_checkpoint(folder)
    if named is not None and damage(named) is None:
        return named
    others = sorted((path for path in _checkpoints(folder)
                     if named is None or _number(path) < _number(named)),
                    key=lambda path: path.stat().st_mtime_ns, reverse=True)
    return next((path for path in others
                 if damage(path) is None
                 and (accepts is None or accepts(path))), None)


def named_checkpoint(folder: Union[str, Path]) -> Optional[Path]:
    """The file that ``last_checkpoint`` names, good or not.

    Args:
        folder: As of :func:`newest_checkpoint`.

    Returns:
        None where nothing is named, or it is not there.
    """
    note = Path(folder) / LAST
    try:
        text = note.read_text().strip() if note.is_file() else ''
    except UnicodeDecodeError:
        return None
    if not text or '\0' in text:
        return None
    for path in (Path(folder) / Path(text).name, Path(text)):
        if path.is_file():
            return path
    return None


def mend_last_checkpoint(folder: Union[str, Path]) -> Optional[str]:
    """Let ``last_checkpoint`` name the newest good checkpoint.

    For those who resume by it as it is, as mmengine's Runner does. Nothing is
    done where there is no such file.

    Args:
        folder: The run's work dir.

    Returns:
        A line that says what was wrong; None where nothing was.
    """
    note = Path(folder) / LAST
    if not note.is_file():
        return None
    named = named_checkpoint(folder)
    newest = newest_checkpoint(folder)
    if newest is None:
        return None
    if newest == named:
        if note.read_text().strip() != str(named):
            note.write_text(str(named))
        return None
    note.write_text(str(newest))
    return instead_of(named, newest, folder)


def instead_of(named: Optional[Path], newest: Path,
               folder: Union[str, Path]) -> str:
    """The line that says why not the last checkpoint is read.

    Args:
        named: What ``last_checkpoint`` names.
        newest: What is read.
        folder: The run's work dir.
    """
    if named is None:
        return (f'{Path(folder) / LAST} does not name a checkpoint; the '
                f'newest good one is {newest}')
    return (f'{named} is damaged: {damage(named)}; the newest good '
            f'checkpoint is {newest}')


def _number(path: Path) -> int:
    """The 400 of iter_400.pth; -1 where there is none."""
    found = re.search(r'_(\d+)\.pth', path.name)
    return int(found[1]) if found else -1


def _checkpoints(folder: Union[str, Path]) -> List[Path]:
    suffixes = '.pth', f'.pth{_REPLACED}'
    return [path for path in Path(folder).iterdir()
            if path.name.endswith(suffixes) and path.is_file()
            and not path.name.startswith('best_')]
