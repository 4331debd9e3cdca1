"""What a swap is scored on."""
from typing import List, Optional

from mmswap.apis.init.data import DataKind
from mmswap.apis.init.facts import Val
from mmswap.apis.init.layout import Code, Node
from mmswap.apis.init.names import Names, shown
from mmswap.apis.init.source import Source


def choose_val(kind: DataKind, source: Optional[Source], base: Names,
               learn: Names, plan: bool = False) -> Val:
    """Choose the data that every phase is scored on.

    Args:
        kind: The data sets of the stock config.
        source: What ``--val`` says; None without.
        base: Names of the base model's classes.
        learn: Names to learn.
        plan: Whether it is for a plan of requests.

    Raises:
        FileNotFoundError: If data are not there.
        ValueError: If ``--val`` is not labelled with what is learned, or, for
            a plan, not with old and new classes.
    """
    val = _choose(kind, source, base, learn)
    if plan and val.images != 'all':
        raise ValueError(
            '--val must be data labelled with old and new classes where '
            '--forget is given several times and --new too: a later request '
            f'scores {shown(learn)} together with the old classes that it '
            'retains, and would take each on unlabelled images for a mistake')
    return val


def _choose(kind: DataKind, source: Optional[Source], base: Names,
            learn: Names) -> Val:
    names = (*base, *learn)
    old_set = kind.stock_set('val_dataloader')
    if source is None:
        old = kind.old_val_names(base)
        if all(name in old for name in learn):
            return Val(_subset('all', old_set), 'all',
                       'All classes are scored, on the stock validation '
                       'data.')
        return Val(
            _subset(['retain', 'forget'], old_set), 'split',
            f'Nothing here is labelled with {shown(learn)}: how well that is '
            'learned is not scored. `mmswap init --val` takes data that are.')
    labelled = {
        name
        for name, count in kind.labelled(source, names).items() if count
    }
    lost = [name for name in learn if name not in labelled]
    if lost:
        raise ValueError(
            f'--val must have images of the classes to learn, got none of '
            f'{shown(lost)} in {source.path}')
    new = kind.val_set(source)
    if labelled.intersection(base) or not learn:
        return Val(_subset('all', new), 'all',
                   'All classes are scored, on data labelled with all of '
                   'them.')
    kind.old_val_names(base)
    sets: List[Node] = [
        _subset(['retain', 'forget'], old_set, delete=False),
        _subset('learn', new, delete=False)
    ]
    return Val(
        dict(_delete_=True, type='mmengine.ConcatDataset', datasets=sets),
        'split',
        'Old images are not labelled with new classes, nor new ones with old '
        'classes: each split is scored on its own images.')


def _subset(keep: Node, dataset: Node, delete: bool = True) -> Node:
    """The config of a ClassSubset."""
    first = dict(_delete_=True) if delete else {}
    return dict(
        **first, type='mmswap.ClassSubset', classes=Code('classes'),
        **({} if keep == 'all' else dict(keep=keep)), dataset=dataset)
