"""Which classes of which images the branches of a phase are made of."""
from typing import Dict, List, NamedTuple, Sequence, Union

from mmswap.class_table import ClassTable


class Part(NamedTuple):
    """A part of a branch.

    Attributes:
        source: The images that it is made of, ``'old'`` or ``'new'``.
        keep: As of ``ClassSubset``, as are the others.
        allow_empty: Whether there may be no such image.
        showing: What an image must show; None for one of those to keep.
    """

    source: str
    keep: Union[str, Sequence[str]]
    allow_empty: bool = False
    showing: Union[str, Sequence[str], None] = None


def branch_parts(phase: str, target: str, table: ClassTable,
                 forgotten: str) -> Dict[str, List[Part]]:
    """What each branch is made of, with old images and new ones.

    Args:
        phase: As of ``SwapDataset``.
        target: ``'learn'`` or ``'forget'``, the branch beside ``retain``.
        table: The class table.
        forgotten: As of ``SwapDataset``.
    """
    # Earlier requests' classes, of which there may be no image any more.
    seen_before = bool(table.learned_before)
    retained = ['retain', 'forget'] if forgotten == 'labelled' else 'retain'
    wanted = {'retain': [Part('old', retained, seen_before)], target: []}
    if target == 'forget':
        wanted[target].append(Part('old', target, seen_before))
    else:
        wanted[target].append(Part('new', target))
    if phase == 'forget' and table.learn:
        wanted['retain'].append(Part('new', 'learn'))
    if seen_before:
        wanted['retain'].append(Part('new', retained, True))
        if target == 'forget':
            wanted[target].append(Part('new', target, True))
    if forgotten == 'labelled':
        # Seen often enough to be told from what is learned.
        wanted['retain'] += [
            Part(part.source, retained, True, 'forget')
            for part in wanted['retain']
        ]
    if forgotten == 'background':
        wanted['retain'] += [
            Part(part.source, 'retain', part.allow_empty, target)
            for part in wanted[target]
        ]
    return wanted


def of_new_alone(
        wanted: Dict[str, List[Part]]) -> Dict[str, List[Part]]:
    """The same branches, where new images are all that there are.

    Args:
        wanted: What :func:`branch_parts` gives.
    """
    return {
        branch: list(dict.fromkeys(
            part._replace(source='new', keep=tuple(_as_list(part.keep)))
            for part in parts))
        for branch, parts in wanted.items()
    }


def with_all_labels(wanted: Dict[str, List[Part]], target: str,
                    table: ClassTable) -> Dict[str, List[Part]]:
    """The same images; new ones with the labels of retained classes, too.

    Args:
        wanted: What :func:`branch_parts` gives.
        target: The branch beside ``retain``.
        table: The class table.
    """

    def complete(branch: str, part: Part) -> Part:
        if part.source != 'new' or branch == 'forget':
            return part
        kept = set(_as_list(part.keep))
        if target == 'learn':
            # With forgotten='labelled', also what will be forgotten.
            kept.update(*(_as_list(p.keep) for p in wanted['retain']))
        kept |= {split for split in ('retain', 'learn')
                 if table.labels(split)}
        return part._replace(
            keep=sorted(kept), showing=part.showing or part.keep)

    return {branch: [complete(branch, part) for part in parts]
            for branch, parts in wanted.items()}


def _as_list(keep: Union[str, Sequence[str]]) -> List[str]:
    return [keep] if isinstance(keep, str) else list(keep)
