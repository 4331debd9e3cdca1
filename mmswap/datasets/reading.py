"""Reads the annotations of data sets that may hold no image."""
import copy
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Iterator, List, Optional, Sequence, Tuple

from mmengine.dataset import BaseDataset

from mmswap.tasks.label_names import data_source

# What was read so far, within sharing_annotations().
_READ: ContextVar[Optional[List[Tuple[dict, BaseDataset]]]] = ContextVar(
    'read annotations', default=None)


@contextmanager
def sharing_annotations() -> Iterator[None]:
    """Within this, data sets that differ in nothing but pipelines share.

    The branches of a phase are made of the same files. They are read once,
    and what was read is in memory once.
    """
    token = _READ.set([])
    try:
        yield
    finally:
        _READ.reset(token)


def read_annotations(dataset: BaseDataset,
                     cfg: Optional[dict]) -> BaseDataset:
    """Read the annotations of a data set, once.

    Args:
        dataset: The data set. It may hold no image: mmengine itself fails
            then, as numpy cannot join the bytes of no image.
        cfg: The config that it was built of, None if that is not known.

    Returns:
        The data set, or, within :func:`sharing_annotations`, a copy of an
        equal one that was read before, with the pipeline of this one.
    """
    read = _READ.get()
    if read is None or cfg is None:
        return _read(dataset)
    key = {name: value for name, value in cfg.items()
           if name not in ('pipeline', 'lazy_init')}
    for known, other in read:
        if known == key:
            shared = copy.copy(other)
            shared.pipeline = dataset.pipeline
            return shared
    read.append((key, _read(dataset)))
    return dataset


def _read(dataset: BaseDataset) -> BaseDataset:
    try:
        dataset.full_init()
    except ValueError:
        # Read again, what else is wrong with the file is raised once more.
        dataset.serialize_data = False
        dataset.full_init()
        if len(dataset):
            raise
    _check_folders(dataset)
    return dataset


def _check_folders(dataset: BaseDataset) -> None:
    """Refuse class names in another order than that of their folders.

    mmpretrain's CustomDataset labels an image by the place of its folder
    among the sorted ones, whatever the order in ``metainfo``.
    """
    folders = getattr(dataset, 'folder_to_idx', {})
    names = dataset.metainfo.get('classes') or ()
    sorted_names = sorted(folders, key=folders.__getitem__)
    if sorted_names != list(names) and set(folders) == set(names):
        raise ValueError(
            f'metainfo.classes of {data_source(dataset)} must be in the order '
            f'of the folders, {sorted_names}, or be left out, got '
            f'{list(names)}; or ann_file must list the images')


def none_left(dataset: BaseDataset, names: Sequence[str], keep: Any,
              others: str, without: Any, showing: Any) -> str:
    """What to say where a ClassSubset is left with no image.

    Args:
        dataset: Its data set, fully initialized.
        names: The classes to keep.
        keep: The argument of ClassSubset.
        others: The argument of ClassSubset.
        without: The argument of ClassSubset.
        showing: The argument of ClassSubset.
    """
    source = data_source(dataset)
    if len(dataset):
        found = (f'of the {len(dataset)} images of {source} none is left with '
                 f'others={others!r}, without={without!r}, '
                 f'showing={showing!r}')
    else:
        found = (f'filter_cfg={dataset.filter_cfg} leaves none of the images '
                 f'of {source}: none shows a class of metainfo.classes='
                 f'{dataset.metainfo.get("classes")}, or all are too small')
    return (f'ClassSubset.dataset must hold an image of the classes '
            f'{list(names)} (keep={keep!r}), but {found}')


@contextmanager
def naming_branch(name: str) -> Iterator[None]:
    """Say of which branch a data set is that cannot be read.

    Args:
        name: Name of the branch.

    Raises:
        ValueError: What was raised within, with the key of the branch.
    """
    try:
        yield
    except ValueError as error:
        raise ValueError(
            f'train_dataloader.dataset, branch {name!r}: {error}') from error
