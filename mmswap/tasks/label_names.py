"""The true class name of each label of a data set."""
from types import MappingProxyType
from typing import (
    Any,
    Collection,
    Dict,
    Mapping,
    NamedTuple,
    Tuple,
)

from mmengine.dataset import BaseDataset

from mmswap.class_table import ClassTable
from mmswap.config.coco_categories import read_categories


class LabelNames(NamedTuple):
    """Names of what a data set shows and of what it leaves out.

    Attributes:
        names: The class name of each label, in label order.
        hidden: The categories of the annotation file whose annotations the
            data set leaves out, in file order.
    """
    names: Tuple[str, ...]
    hidden: Tuple[str, ...]


def label_names(dataset: BaseDataset) -> LabelNames:
    """Find the class name of each label of a data set.

    mmdet's COCO-like data sets number their labels in the order of the
    categories *in the file*, whatever the order of ``metainfo['classes']``.
    So the names come from the file where the data set has ``cat_ids``, and
    from ``metainfo['classes']`` where it has not. mmseg's data sets turn the
    classes that they are not asked for into pixels to ignore.

    Args:
        dataset: The data set, fully initialized.

    Raises:
        ValueError: If the data set has no class names.
    """
    cat_ids = getattr(dataset, 'cat_ids', None)
    if cat_ids is None or not dataset.ann_file:
        classes = dataset.metainfo.get('classes')
        if not classes:
            raise ValueError(
                'dataset.metainfo must be a dict(classes=...) that names the '
                f'classes of {type(dataset).__name__}, got '
                f'{dataset.metainfo}')
        # mmseg's map from the classes in the files to those asked for.
        renumbered = getattr(dataset, 'label_map', None) is not None
        in_files = type(dataset).METAINFO['classes'] if renumbered else ()
        return LabelNames(
            tuple(classes), tuple(n for n in in_files if n not in classes))
    categories = read_categories(dataset.ann_file,
                                 getattr(dataset, 'backend_args', None))
    shown = set(cat_ids)
    return LabelNames(
        tuple(categories[cat_id] for cat_id in cat_ids),
        tuple(name for i, name in categories.items() if i not in shown))


def map_labels(dataset: BaseDataset,
               table: ClassTable,
               keep: Collection[int],
               others: str,
               rename: Mapping[str, str] = MappingProxyType({}),
               without: Collection[int] = ()) -> Dict[int, int]:
    """Match the labels of a data set with those of the class table, by name.

    Args:
        dataset: The data set, fully initialized.
        table: The class table.
        keep: The class table's labels that are to be kept.
        others: ``strip`` if the objects of all other classes are left out
            anyway; otherwise the data set has to show those too.
        rename: The class of the table that a class of the data set is taken
            for.
        without: The class table's labels that no image may show.

    Returns:
        The class table's label of each label of the data set. Classes that
        are not in the table are missing.

    Raises:
        ValueError: If the data set leaves out annotations that are to be
            kept, or that ``others`` or ``without`` would have to see, or
            gives two labels the name of one class; or if ``rename`` names a
            class that the data set or the table does not have.
    """
    names, hidden = label_names(dataset)
    twice = sorted({n for n in table.names if names.count(n) > 1})
    if twice:
        raise ValueError(
            f'dataset.metainfo.classes must name each class once, got {twice} '
            f'more than once in {type(dataset).__name__}')
    for known, given, where in (((*names, *hidden), rename, 'data set'),
                                (table.names, rename.values(), 'table')):
        unknown = sorted(set(given).difference(known))
        if unknown:
            raise ValueError(
                f'rename must map classes of the data set to classes of the '
                f'table, got {dict(rename)}: the {where} has {list(known)} '
                f'and not {unknown}')
    names, hidden = (tuple(rename.get(name, name) for name in some)
                     for some in (names, hidden))
    kept, gone = ([table.names[label] for label in labels]
                  for labels in (keep, without))
    lost = [n for n in hidden if n in (*kept, *gone) or others != 'strip']
    if lost:
        raise ValueError(
            f'dataset.metainfo.classes must name {lost} too (keep: {kept}, '
            f'others={others!r}, without: {gone}): '
            f'{data_source(dataset)} has these classes, '
            f'but {type(dataset).__name__} leaves out what is not named, got '
            f'{list(names)}')
    return {
        label: table.names.index(name)
        for label, name in enumerate(names) if name in table.names
    }


def data_source(dataset: BaseDataset) -> str:
    """What tells a data set from others in messages.

    Args:
        dataset: The data set.

    Returns:
        Its annotation file or, as many have none, its folders.
    """
    return repr(dataset.ann_file or dict(dataset.data_prefix))


def table_metainfo(metainfo: Mapping[str, Any], table: ClassTable,
                   labelled: Collection[int]) -> Dict[str, Any]:
    """The meta information of a data set whose labels are the table's.

    Args:
        metainfo: The meta information of the data set as it is. It is not
            changed.
        table: The class table.
        labelled: The class table's labels that its images are labelled with,
            wherever they show such a class.

    Returns:
        ``metainfo`` with all names of the table as ``classes`` and the table
        as ``swap_classes``, a dict. The palette follows the names. If it
        lacks one of them it is left out: mmdet's visualizer draws its own
        then, but refuses one that is too short. Of a panoptic data set
        ``thing_classes`` and ``stuff_classes`` are the table's too. Where a
        class is not labelled, ``swap_labelled_in_part`` is True: what is
        predicted of it cannot be told right from wrong. It does not say which
        classes are, as mmengine's ``ConcatDataset`` demands that data sets
        say the same.
    """
    palette = metainfo.get('palette') or ()
    colours = dict(zip(metainfo.get('classes', ()), palette))
    # mmseg's label_map leads to labels that are replaced.
    result = {
        key: value
        for key, value in metainfo.items()
        if key not in ('palette', 'label_map')
    }
    if all(name in colours for name in table.names):
        result['palette'] = [colours[name] for name in table.names]
    if 'thing_classes' in metainfo:
        result['thing_classes'] = tuple(
            n for n in table.names if n not in table.stuff)
        result['stuff_classes'] = table.stuff
    if len(set(labelled)) < len(table):
        result['swap_labelled_in_part'] = True
    return {
        **result, 'classes': table.names,
        'swap_classes': table.as_dict()
    }
