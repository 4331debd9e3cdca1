"""What a swap has to know of data sets, whatever they are made of."""
import os
from abc import ABCMeta, abstractmethod
from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple

from mmswap.apis.init.layout import Call, Code, Node
from mmswap.apis.init.names import Names
from mmswap.apis.init.stock import Stock, inner_datasets

_LOOKED_FOR = 5


class Source(NamedTuple):
    """Where labelled images are, as the command line says it.

    Attributes:
        option: ``'--new'`` or ``'--val'``.
        path: An annotation file or a folder.
        images: Folder of the images; None to look for it.
        maps: Folder of the segmentation maps; None to look for it.
    """

    option: str
    path: Path
    images: Optional[Path] = None
    maps: Optional[Path] = None


class DataKind(metaclass=ABCMeta):
    """Data sets of one library.

    Args:
        stock: The stock config.

    Attributes:
        labels_several: Whether an image can show several classes.
        without_old: Whether a swap does without the images that the stock
            config trains on.
    """

    labels_several = True

    def __init__(self, stock: Stock) -> None:
        self.stock = stock
        self.without_old = False
        self.old = inner_datasets(stock, 'train_dataloader')
        self.old_val = inner_datasets(stock, 'val_dataloader')
        # The base's names where the data sets' own are not to be used.
        self.renamed: Optional[Names] = None

    def is_wrapped(self) -> bool:
        """Whether the data set to train on is a wrapper of others."""
        return self.old[0][0].text != '_base_.train_dataloader.dataset'

    def old_set(self, loader: str) -> Node:
        """The data set of the stock config, as a phase has it.

        Args:
            loader: ``'train_dataloader'`` or ``'val_dataloader'``.
        """
        ref = Code(f'_base_.{loader}.dataset')
        if self.renamed is None:
            return ref
        names = dict(classes=Code("classes['base']"))
        return Call('dict', (ref, ), dict(metainfo=names))

    def shows_old(self, source: Source, names: Names) -> bool:
        """Whether a source's labels are known to be of old classes, too.

        Args:
            source: Where to look.
            names: Names of the base model's classes.
        """
        del source, names
        return False

    @abstractmethod
    def base_names(self) -> Optional[Names]:
        """Names of the classes that the stock config trains on, by label."""

    def stuff(self, source: Optional[Source]) -> Names:
        """Names of the stuff classes of a panoptic model.

        Args:
            source: What else to look into.
        """
        del source
        return ()

    @abstractmethod
    def count_old(self, names: Names) -> int:
        """How many images to train on, at most, show some classes.

        Args:
            names: The classes.
        """

    @abstractmethod
    def labelled(self, source: Source, names: Names) -> Dict[str, int]:
        """How many images of a source show a class, by its name.

        Args:
            source: Where to look.
            names: The names, by label, where the source itself has none.

        Returns:
            The classes that the source lists, in its order.
        """

    @abstractmethod
    def count_new(self, source: Source, names: Names) -> int:
        """How many images of a source show some classes.

        Args:
            source: Where to look.
            names: The classes.
        """

    @abstractmethod
    def new_set(self, source: Source) -> Node:
        """What ``SwapDataset.new`` is for a source.

        Args:
            source: Where the images to learn from are.
        """

    def labels_of_new(self, base: Names, learn: Names) -> str:
        """A sentence on how new images are labelled.

        Args:
            base: Names of the base model's classes.
            learn: Names to learn.

        Returns:
            The sentence; empty where names tell.
        """
        del base, learn
        return ''

    @abstractmethod
    def val_set(self, source: Source) -> Node:
        """The config of a data set to validate on.

        Args:
            source: Where its images are.
        """

    @abstractmethod
    def old_val_names(self, names: Names) -> Names:
        """Names of the classes that the stock config validates on.

        Args:
            names: Those of the base model.

        Raises:
            FileNotFoundError: If its data are not there.
        """


def find_folder(option: str, what: str, files: Sequence[str],
                given: Optional[Path], places: Sequence[Path]) -> Path:
    """Find the folder that files are in.

    Args:
        option: The option that names the folder.
        what: What the files are.
        files: Their names. The first ones are looked for.
        given: The folder, if the option was given.
        places: Where they may be otherwise.

    Raises:
        FileNotFoundError: If they are in none.
    """
    looked = [given] if given is not None else list(places)
    for folder in looked:
        if all((folder / file).is_file() for file in files[:_LOOKED_FOR]):
            return folder
    raise FileNotFoundError(
        f'{option} must be the folder of the {what}, such as {files[0]}, '
        f'which is not in {" or ".join(str(p) for p in dict.fromkeys(looked))}'
    )


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
