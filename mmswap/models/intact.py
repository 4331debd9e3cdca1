"""Whether a checkpoint file is as it was written."""
import struct
import tarfile
import zipfile
import zlib
from pathlib import Path
from typing import Optional, Union

# What zipfile raises for one byte or another that is not what it was.
_FAULTS = (zipfile.BadZipFile, EOFError, NotImplementedError, OSError,
           RuntimeError, ValueError, struct.error, zlib.error)
_PICKLE = b'\x80'  # How files of torch 1.5 and before begin.


def damage(path: Union[str, Path]) -> Optional[str]:
    """What is wrong with a checkpoint of ``torch.save``, if anything.

    Such a file is a zip archive, with a CRC-32 of each tensor in it, which
    ``torch.load`` does not look at. Files of torch 1.5 and before have no
    checksum: only that one is empty would be seen.

    Args:
        path: The file.

    Returns:
        A few words, or None where nothing is wrong.

    Raises:
        FileNotFoundError: If there is no such file.
    """
    path = Path(path)
    with path.open('rb') as file:
        start = file.read(1)
    if not start:
        return 'it is empty'
    try:
        if not zipfile.is_zipfile(path):
            is_old = start == _PICKLE or tarfile.is_tarfile(path)
            return None if is_old else 'it is cut off or no checkpoint'
        with zipfile.ZipFile(path) as archive:
            wrong = archive.testzip()
    except _FAULTS as error:
        return f'its table of contents is damaged ({error})'
    return None if wrong is None else f'{wrong} in it is not what was written'
