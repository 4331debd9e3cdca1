"""Reads the annotations of data sets that may hold no image."""
from contextlib import contextmanager
from typing import Any, Iterator, Sequence

from mmengine.dataset import BaseDataset

from mmswap.tasks.label_names import data_source


def read_annotations(dataset: BaseDataset) -> bool:
    """Read the annotations of a data set, once.

    Args:
        dataset: The data set.

    Returns:
        Whether it holds an image. mmengine itself fails where none is left,
        as numpy cannot join the bytes of no image.
    """
    try:
        dataset.full_init()
    except ValueError:
        # Read again, what else is wrong with the file is raised once more.
        dataset.serialize_data = False
        dataset.full_init()
        if len(dataset):
            raise
    return len(dataset) > 0


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
