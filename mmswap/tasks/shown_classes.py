"""The class names that a data set has to be given to show some classes.

A data set shows the classes of its ``metainfo``, which a swap takes over from
the base model's config: without those that are learned.
"""
from typing import Any, Collection, Optional, Tuple

from mmengine.dataset import BaseDataset
from mmengine.fileio import get_file_backend

from mmswap.class_table import ClassTable
from mmswap.config.coco_categories import read_categories

Names = Optional[Tuple[str, ...]]


def detection_classes(dataset: BaseDataset, wanted: Collection[str],
                      others: str) -> Names:
    """Those of mmdet's data sets: they show what they are asked for.

    But for panoptic ones, which fail on a segment of a class that they do not
    show: they are asked for all classes of the file.

    Args:
        dataset: A data set, perhaps not initialized yet.
        wanted: Names of classes that it is to show if it has them.
        others: ``ClassSubset``'s rule for other classes. But for ``strip``
            it has to show those too, to mark them or leave images out.

    Returns:
        Its classes, in the order of the file where it is a COCO json; None
        if they are as they have to be.
    """
    given = tuple(dataset.metainfo.get('classes') or ())
    if hasattr(type(dataset), 'COCOAPI'):
        if not str(dataset.ann_file).endswith('.json'):
            return None
        every = others != 'strip' or _is_panoptic(dataset)
        if not every and set(wanted) <= set(given):
            return None  # Spares a search through a large file.
        listed = tuple(
            read_categories(dataset.ann_file,
                            getattr(dataset, 'backend_args', None)).values())
        names = tuple(name for name in listed
                      if every or name in given or name in wanted)
        return names if set(names) - set(given) else None
    if hasattr(dataset, 'ann_subdir'):  # The xml files of VOC.
        more = tuple(name for name in wanted if name not in given)
        return (*given, *more) if more else None
    return None


def _is_panoptic(dataset: BaseDataset) -> bool:
    return any(kind.__name__ == 'CocoPanopticDataset'
               for kind in type(dataset).__mro__)


def map_classes(dataset: BaseDataset, table: ClassTable,
                wanted: Collection[str]) -> Names:
    """Those of data whose labels are numbers: the place in the class table.

    That holds for semantic maps and for lists of images with their labels,
    where nothing but the number tells the class. Data with classes of their
    own are left alone.

    Args:
        dataset: A data set, perhaps not initialized yet.
        table: The class table.
        wanted: Names of classes that it is to show.

    Returns:
        All names of the table if the data set has those of the base model
        and is to show others; else None.
    """
    given = tuple(dataset.metainfo.get('classes') or ())
    if set(wanted) <= set(given) or given not in (table.base, table.known):
        return None
    # mmseg takes only some of those that such a type itself has.
    return None if type(dataset).METAINFO.get('classes') else table.names


def image_classes(dataset: BaseDataset, table: ClassTable,
                  wanted: Collection[str]) -> Names:
    """Those of mmpretrain's data sets: the folders, or as semantic maps'.

    Args:
        dataset: A data set, perhaps not initialized yet.
        table: The class table.
        wanted: Names of classes that it is to show.
    """
    folder = getattr(dataset, 'img_prefix', None)
    if dataset.ann_file or not isinstance(folder, str):
        return map_classes(dataset, table, wanted)
    if set(wanted) <= set(dataset.metainfo.get('classes') or ()):
        return None
    return tuple(sorted(_folders(folder)))


def _folders(root: str) -> Any:
    backend = get_file_backend(root, enable_singleton=True)
    return backend.list_dir_or_file(
        root, list_dir=True, list_file=False, recursive=False)
