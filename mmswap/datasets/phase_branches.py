"""The branches of a phase, from the old images and the new ones."""
from typing import Any, Dict, List, Mapping, Optional, Sequence

from mmswap.class_table import ClassTable
from mmswap.datasets.branch_parts import (
    branch_parts,
    of_new_alone,
    with_all_labels,
)

PHASES = ('learn', 'forget', 'forget_first')
# What the retain branch may show of what is to be forgotten, by target.
FORGOTTEN = dict(learn=('left_out', 'labelled'),
                 forget=('left_out', 'background'))
# Which labels of new images count.
NEW_LABELS = ('learned', 'all')
_KEY = 'train_dataloader.dataset'


def given_branches(branches: Optional[Mapping[str, Any]],
                   told: Mapping[str, Any]) -> Mapping[str, Any]:
    """The branches that a config gives, or those of the phase that it tells.

    Args:
        branches: The argument of ``SwapDataset``.
        told: Its arguments ``phase``, ``classes``, ``old``, ``new``,
            ``subset``, ``forgotten`` and ``new_labels``.

    Raises:
        ValueError: If both or neither are there, or as
            :func:`phase_branches`.
    """
    if branches is None:
        if told['phase'] is None or told['classes'] is None:
            raise ValueError(
                f'{_KEY} must have phase, classes, old and new, or branches '
                f'instead, got phase={told["phase"]!r} and '
                f'classes={told["classes"]!r}')
        table = ClassTable.from_cfg(told['classes'])
        return phase_branches(told['phase'], table, told['old'], told['new'],
                              told['subset'], told['forgotten'],
                              told['new_labels'])
    beside = [key for key, value in told.items() if value is not None]
    if beside:
        raise ValueError(f'{_KEY}.branches must be left out where phase, old '
                         f'and new say what they are, got {beside} beside it')
    return branches


def phase_branches(phase: str,
                   table: ClassTable,
                   old: Any,
                   new: Any = None,
                   subset: Optional[Mapping[str, Any]] = None,
                   forgotten: Optional[str] = None,
                   new_labels: Optional[str] = None) -> Dict[str, List[Any]]:
    """Write the branches of a phase as they stand in a config.

    Args:
        phase: ``'learn'``, ``'forget'``, or ``'forget_first'`` to forget
            before anything is learned, without ``new``.
        table: The class table.
        old: Images of the base model's classes, a data set or its config.
            None where there are none: all branches are made of ``new`` then.
        new: Images of the classes that are, or were, learned: the same, or
            what differs from ``old``. None where there are none.
        subset: Further arguments of each ``ClassSubset``; under ``old`` or
            ``new``, those of the subsets of that data set alone, and under
            the name of a branch, those of that branch.
        forgotten: What the retain branch shows of the classes to forget, see
            ``SwapDataset``. None is :func:`forgotten_by_default`.
        new_labels: Which labels of new images count, see ``SwapDataset``.
            None is ``'all'`` without old images, else ``'learned'``.

    Returns:
        For each branch the data sets or configs that it is made of, each
        reduced to the classes that it is there for.

    Raises:
        ValueError: If ``phase`` or a key of ``subset`` is unknown, the phase
            has no class, a data set that it needs is absent, or
            ``forgotten`` or ``new_labels`` is nothing that the phase can
            show.
    """
    if phase not in PHASES:
        raise ValueError(f'{_KEY}.phase must be one of {PHASES}, got '
                         f'{phase!r}')
    target = phase.split('_')[0]
    if not table.labels(target):
        raise ValueError(f'{_KEY}.classes must have a class to {target} where '
                         f'phase={phase!r}, got {table}')
    forgotten = forgotten or forgotten_by_default(target, table.forget)
    if forgotten not in FORGOTTEN[target]:
        raise ValueError(
            f'{_KEY}.forgotten must be one of {FORGOTTEN[target]} where '
            f'phase={phase!r}, got {forgotten!r}')
    new_labels = new_labels or ('all' if old is None else 'learned')
    _check_new(new_labels, old, new)
    sources = dict(new=new) if old is None else dict(old=old, new=new)
    wanted = branch_parts(phase, target, table, forgotten)
    if old is None:
        wanted = of_new_alone(wanted)
    if new_labels == 'all':
        wanted = with_all_labels(wanted, target, table)
    if any(sources[part.source] is None for parts in wanted.values()
           for part in parts):
        raise ValueError(
            f'{_KEY}.new must be the data set of the classes that are '
            'learned, or what differs from old, such as '
            f"dict(ann_file='learn.json'), got None with {table}")
    shared, own = _arguments(subset or {}, [*sources, *wanted])
    return {
        branch: [
            subset_of(filled(sources[part.source], old),
                      classes=table.as_dict(), keep=part.keep,
                      allow_empty=part.allow_empty, showing=part.showing,
                      **{**shared, **own.get(part.source, {}),
                         **own.get(branch, {})}) for part in parts
        ]
        for branch, parts in wanted.items()
    }


def forgotten_by_default(target: str, forget: Sequence[str]) -> str:
    """What the retain branch shows of the classes to forget, if not told.

    Args:
        target: The branch beside ``retain``.
        forget: Names of the classes to forget.

    Returns:
        ``'labelled'`` where others are learned before they are forgotten, as
        they are taken for what is learned otherwise (measured on digits and
        photographs); else ``'left_out'``, as published.
    """
    return 'labelled' if target == 'learn' and forget else 'left_out'


# What the phase says of a subset, or each part of it.
_OWN = ('dataset', 'classes', 'keep', 'showing', 'retain', *PHASES)


def _check_new(new_labels: str, old: Any, new: Any) -> None:
    """Refuse labels that there are not, and images that there are not."""
    if new_labels not in NEW_LABELS or (old is None and new_labels != 'all'):
        raise ValueError(
            f"{_KEY}.new_labels must be 'all' without old, or one of "
            f'{NEW_LABELS} with it, got {new_labels!r}')
    if old is None and (new is None or isinstance(new, Mapping)
                        and not {'type', 'dataset', 'datasets'} & set(new)):
        raise ValueError(
            f'{_KEY}.old must be the data set of the base model\'s classes, '
            f'or new a whole data set, with a type, whose file has labels of '
            f'them too (mmswap pseudo-label writes one), got old=None and '
            f'new={new!r}')


def subset_of(dataset: Any, **arguments: Any) -> Any:
    """Put a ClassSubset around a data set, within its wrappers.

    Wrappers repeat, balance, join or mix the images of another data set
    (``RepeatDataset``, ``ClassBalancedDataset``, ``ConcatDataset``,
    ``MultiImageMixDataset``), so they are to see the images that are left.

    Args:
        dataset: A data set, or the config of one or of a wrapper.
        arguments: Those of ``ClassSubset`` beside ``dataset``.

    Returns:
        A config.
    """
    if isinstance(dataset, Mapping):
        if 'dataset' in dataset:
            inner = subset_of(dataset['dataset'], **arguments)
            return dict(dataset, dataset=inner)
        if 'datasets' in dataset:
            return dict(
                dataset,
                datasets=[subset_of(d, **arguments)
                          for d in dataset['datasets']])
    return dict(type='mmswap.ClassSubset', dataset=dataset, **arguments)


def filled(source: Any, old: Any) -> Any:
    """``source`` with what it does not say taken from ``old``.

    Args:
        source: The new images, a data set or what differs from ``old``.
        old: The old ones.

    Raises:
        ValueError: If there is no single data set for it to differ from.
    """
    if not isinstance(source, Mapping) or 'type' in source:
        return source
    if isinstance(old, Mapping) and 'dataset' in old:
        return dict(old, dataset=filled(source, old['dataset']))
    if not isinstance(old, Mapping) or 'datasets' in old:
        raise ValueError(
            f'{_KEY}.new must be a whole data set, with a type, where old is '
            f'made of several or built already, got {dict(source)}')
    return dict(old, **source)


def _arguments(subset: Mapping[str, Any], names: List[str]) -> Any:
    """Arguments of all subsets, and those of single sources or branches."""
    own = {key: value for key, value in subset.items() if key in names}
    shared = {key: value for key, value in subset.items() if key not in own}
    wrong = [key for key in shared
             if key in _OWN]
    if wrong or not all(isinstance(v, Mapping) for v in own.values()):
        raise ValueError(
            f'{_KEY}.subset must have further arguments of ClassSubset, or a '
            f'dict of them for one of {names}, got {dict(subset)}')
    return shared, own
