"""Where labelled images are, and how a config writes it."""
import os
from itertools import zip_longest
from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple

from PIL import Image

Size = Optional[Tuple[int, int]]
_LOOKED_FOR = 5


class Source(NamedTuple):
    """Where labelled images are, as the command line says it.

    Attributes:
        option: ``'--new'``, ``'--old'`` or ``'--val'``.
        path: An annotation file or a folder.
        images: Folder of the images; None to look for it.
        maps: Folder of the segmentation maps; None to look for it.
    """

    option: str
    path: Path
    images: Optional[Path] = None
    maps: Optional[Path] = None


def find_folder(option: str, what: str, files: Sequence[str],
                given: Optional[Path], places: Sequence[Path],
                sizes: Sequence[Size] = ()) -> Path:
    """Find the folder that files are in.

    Args:
        option: The option that names the folder.
        what: What the files are.
        files: Their names. The first ones are looked for.
        given: The folder, if the option was given.
        places: Where they may be otherwise. Several may have files of these
            names, of other images.
        sizes: Width and height of each, in pixels, as far as it is known, to
            tell these apart; a folder that was given is taken as it is.

    Raises:
        FileNotFoundError: If they are in none.
    """
    looked = list(places)
    if given is not None:
        looked, sizes = [given], ()
    first = list(zip_longest(files[:_LOOKED_FOR], sizes[:_LOOKED_FOR]))
    for folder in looked:
        if all(_is_there(folder / file, size) for file, size in first):
            return folder
    raise FileNotFoundError(
        f'{option} must be the folder of the {what}, such as {files[0]}, '
        f'which is not in {" or ".join(str(p) for p in dict.fromkeys(looked))}'
        + (', or not of the size that is listed' if any(sizes) else ''))


def _is_there(file: Path, size: Size) -> bool:
    """Whether a file is there, and an image of this size, turned or not.

    What Pillow does not read may have any size.
    """
    if size is None or not file.is_file():
        return file.is_file()
    try:
        with Image.open(file) as image:
            return sorted(image.size) == sorted(size)
    except (Image.UnidentifiedImageError, Image.DecompressionBombError):
        return True


def place(old_root: str, file: Path,
          folders: Dict[str, Path]) -> Tuple[str, str, Dict[str, str]]:
    """Write paths as data sets have them, below a common root if they can.

    Args:
        old_root: The root of the stock config's data set.
        file: An annotation file.
        folders: Folders by their key in ``data_prefix``.

    Returns:
        Root, annotation file and folders.
    """
    for root in (Path(old_root), file.parent):
        if all(_is_below(root, path) for path in (file, *folders.values())):
            same = root == Path(old_root)
            return (old_root if same else folder_text(root),
                    _relative(root, file).as_posix(), {
                        key: folder_text(_relative(root, folder))
                        for key, folder in folders.items()
                    })
    return '', file.as_posix(), {
        key: folder_text(folder)
        for key, folder in folders.items()
    }


def folder_text(folder: Path) -> str:
    """A folder as ``data_prefix`` has it.

    Args:
        folder: The folder.
    """
    return '' if folder == Path('.') else f'{folder.as_posix()}/'


def files_below(folder: Path, suffixes: Sequence[str]) -> List[Path]:
    """The files below a folder that end in one way, sorted.

    Args:
        folder: The folder.
        suffixes: Endings, in lower case.
    """
    return sorted(
        path for path in folder.rglob('*')
        if path.name.lower().endswith(tuple(suffixes)) and path.is_file())


def prefix_of(dataset: Any, key: str) -> Path:
    """A folder of a data set, from where commands are run.

    Args:
        dataset: Its config.
        key: The key in ``data_prefix``.
    """
    prefix = dataset.get('data_prefix') or {}
    found = prefix if isinstance(prefix, str) else prefix.get(key, '')
    return Path(dataset.get('data_root') or '') / found


def _is_below(root: Path, path: Path) -> bool:
    above, own = os.path.abspath(root), os.path.abspath(path)
    return os.path.commonpath([above, own]) == above


def _relative(root: Path, path: Path) -> Path:
    return Path(os.path.relpath(path, root))
