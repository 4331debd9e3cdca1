"""Files that are there as a whole or not at all."""
import os
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """A file to write to, which replaces another once it is complete.

    What is written is on the disk before it gets its name: a machine that is
    switched off leaves the old file or the new one, none that is empty.

    Args:
        path: The file that is to be; its folder is made.

    Yields:
        Where to write, in the same folder. If that fails or is interrupted,
        it is removed and ``path`` stays as it is.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + '.part')
    try:
        yield part
        with part.open('rb+') as file:
            os.fsync(file.fileno())
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write all of a text file or, if interrupted, nothing of it.

    Args:
        path: The file; its folder is made.
        text: What goes into it, as UTF-8.
    """
    with whole_file(path) as part:
        part.write_text(text, encoding='utf-8')
