"""What objects are called, class by class, from ``names.json``."""
import math
from typing import Any, Dict, List, Mapping, Optional, Sequence

from mmswap.apis.page.facts import MomentFacts, split_of
from mmswap.class_table import ALL_SPLITS, ClassTable
from mmswap.evaluation.name_counts import PARTS

_ORDER = ('forget', 'learn', 'retain')
_ROWS = 30  # of the matrix; all are in names.json


def share_bars(moments: Sequence[MomentFacts]) -> List[Dict[str, Any]]:
    """Named, renamed and unseen of each split at each moment.

    Args:
        moments: The moments, in order.

    Returns:
        Dicts of ``split`` and ``bars``, each of these with the ``title`` of
        the moment, its ``shares`` and ``new``, the most frequent new names.
    """
    found = []
    for split in (*_ORDER, *ALL_SPLITS[len(_ORDER):]):
        bars = []
        for moment in moments:
            shares = {part: moment.metrics.get(f'{split}/{part}')
                      for part in PARTS}
            if None in shares.values():
                continue
            bars.append(dict(title=moment.title, shares=shares,
                             new=new_names(moment, split)))
        if bars:
            found.append(dict(split=split, bars=bars))
    return found


def new_names(moment: MomentFacts, split: str) -> List[Dict[str, Any]]:
    """What the renamed objects of a split are called, the commonest first.

    Args:
        moment: The moment.
        split: The split.

    Returns:
        Dicts of ``name`` and ``share``, of all objects of the split.
    """
    mark = f'{split}/renamed_to/'
    found = [dict(name=key[len(mark):], share=value)
             for key, value in moment.metrics.items()
             if key.startswith(mark)]
    return sorted(found, key=lambda item: -float(item['share']))


def class_rows(moments: Sequence[MomentFacts],
               table: ClassTable) -> List[Dict[str, Any]]:
    """Every class at every moment.

    Args:
        moments: The moments, in order.
        table: The class table of the last one.

    Returns:
        Dicts of ``name``, ``split``, ``objects``, their number, ``scores``,
        a figure for each moment or None (AP where the metric gives it by
        class, IoU of semantic maps), ``named``, the share of objects that are
        found under their name at each moment, ``renamed``, ``unseen`` and
        ``called``, what the renamed ones are called, at the last. The
        forgotten ones stand first, then the learned.
    """
    rows = []
    for name in table.names:
        shares = [shares_of(moment.names, name) for moment in moments]
        last = shares[-1]
        rows.append(dict(
            name=name,
            split=split_of(table, name),
            objects=last['objects'] if last else None,
            scores=[class_score(moment, name) for moment in moments],
            named=[each and each['named'] for each in shares],
            renamed=last and last['renamed'],
            unseen=last and last['unseen'],
            called=last['called'] if last else []))
    return sorted(rows, key=lambda row: _ORDER.index(str(row['split'])))


def shares_of(names: Mapping[str, Any],
              name: str) -> Optional[Dict[str, Any]]:
    """What became of the objects of one class.

    Args:
        names: What ``names.json`` says.
        name: Name of the class.

    Returns:
        ``objects``, their number; the shares ``named``, ``renamed`` and
        ``unseen``; ``called``, the new names with their shares. None if
        there is no object.
    """
    called = dict(names.get('called', {}).get(name, {}))
    unseen = names.get('unseen', {}).get(name, 0)
    objects = sum(called.values()) + unseen
    if not objects:
        return None
    named = called.pop(name, 0)
    others = sorted(called.items(), key=lambda item: -item[1])
    return dict(
        objects=objects,
        named=named / objects,
        renamed=sum(called.values()) / objects,
        unseen=unseen / objects,
        called=[dict(name=n, share=count / objects) for n, count in others])


def class_score(moment: MomentFacts, name: str) -> Optional[float]:
    """The figure of one class, where one is known.

    Args:
        moment: The moment.
        name: Name of the class.

    Returns:
        The AP that mmdet's ``CocoMetric`` gives of each class; the
        IoU of semantic maps, in percent, from the pixels counted; else None.
    """
    for key, value in moment.metrics.items():
        # Of the other splits it is not a number.
        if key.endswith(f'/{name}_precision') and not math.isnan(value):
            return value
    if not any(key.endswith('/mIoU') for key in moment.metrics):
        return None
    called = moment.names.get('called', {})
    right = called.get(name, {}).get(name, 0)
    true = sum(called.get(name, {}).values()) + moment.names.get(
        'unseen', {}).get(name, 0)
    found = sum(each.get(name, 0) for each in called.values())
    union = true + found - right
    return 100 * right / union if true and union else None


def name_matrix(moment: MomentFacts,
                table: ClassTable) -> Optional[Dict[str, Any]]:
    """How many objects of each class have which name.

    Args:
        moment: The moment.
        table: The class table of the last moment.

    Returns:
        ``columns``, names found, and ``rows``, true names with ``cells``
        of ``count`` and ``share`` and the number ``unseen``; forgotten
        classes first, then learned ones. ``left_out`` of the rows, those of
        retained classes that always have their own name or none. None where
        nothing was counted.
    """
    names = moment.names
    if not names.get('called') and not names.get('unseen'):
        return None
    rows = [n for n in table.names if shares_of(names, n)]
    rows.sort(key=lambda n: _ORDER.index(split_of(table, n)))
    shown = rows
    if len(rows) > _ROWS:
        shown = [n for n in rows if split_of(table, n) != 'retain'
                 or set(names['called'].get(n, {})) - {n}][:_ROWS]
    found = {n for row in shown for n in names['called'].get(row, {})}
    columns = [n for n in shown if n in found]
    columns += [n for n in table.names if n in found and n not in columns]
    return dict(
        columns=[dict(name=n, split=split_of(table, n)) for n in columns],
        rows=[_matrix_row(names, n, columns, table) for n in shown],
        left_out=len(rows) - len(shown))


def _matrix_row(names: Mapping[str, Any], name: str, columns: Sequence[str],
                table: ClassTable) -> Dict[str, Any]:
    called = names['called'].get(name, {})
    unseen = names['unseen'].get(name, 0)
    total = sum(called.values()) + unseen
    return dict(
        name=name,
        split=split_of(table, name),
        cells=[dict(count=called.get(n, 0), share=called.get(n, 0) / total,
                    own=n == name) for n in columns],
        unseen=unseen,
        unseen_share=unseen / total)
