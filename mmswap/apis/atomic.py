"""Files that are there as a whole or not at all."""
import os
from pathlib import Path


def write_atomically(path: Path, text: str) -> None:
    """Write all of a file or, if interrupted, nothing of it.

    Args:
        path: The file; its folder is made.
        text: What goes into it, as UTF-8.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + '.part')
    part.write_text(text, encoding='utf-8')
    os.replace(part, path)
