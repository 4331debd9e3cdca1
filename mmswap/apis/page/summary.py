"""A swap in a few sentences and figures."""
from typing import Any, Dict, List, Sequence

from mmswap.apis.gates import ratio
from mmswap.apis.page.called import new_names
from mmswap.apis.page.facts import (
    MomentFacts,
    SwapFacts,
    adapter_bytes,
    classes_of,
)
from mmswap.class_table import SPLITS
from mmswap.evaluation.score_tables import shown_metrics


def summary(facts: SwapFacts) -> Dict[str, Any]:
    """The figures that a reader looks for first.

    Args:
        facts: The swap.

    Returns:
        ``metric``, the primary one; ``seconds`` of all phases, None where one
        is not known; ``counts``, the number of classes learned, forgotten and
        kept; and for each of ``forget``, ``learn`` and ``retain`` a dict of
        ``before``, ``after``, ``named_before``, ``named``, ``renamed``,
        ``unseen`` and ``called``, each None (or empty) where it was not
        measured. What is not there is not in it.
    """
    first, last = facts.moments[0], facts.moments[-1]
    names = shown_metrics([m.metrics for m in facts.moments])
    seconds = [m.cost.get('seconds') for m in facts.moments[1:]]
    learned, forgotten, kept = classes_of(facts.table)
    return dict(
        metric=names[0] if names else 'metric',
        seconds=None if None in seconds else sum(seconds),
        counts=dict(learn=len(learned), forget=len(forgotten),
                    retain=len(kept)),
        splits={
            split: _split(first, last, split) for split in SPLITS
            if f'swap/{split}' in last.metrics
        })


def _split(first: MomentFacts, last: MomentFacts,
           split: str) -> Dict[str, Any]:
    before, after = first.metrics, last.metrics
    return dict(
        before=before.get(f'swap/{split}'),
        after=after.get(f'swap/{split}'),
        share=ratio(after.get(f'swap/{split}'), before.get(f'swap/{split}')),
        named_before=before.get(f'{split}/named'),
        named=after.get(f'{split}/named'),
        renamed=after.get(f'{split}/renamed'),
        unseen=after.get(f'{split}/unseen'),
        called=new_names(last, split))


def cost_rows(moments: Sequence[MomentFacts]) -> List[Dict[str, Any]]:
    """What each phase cost.

    Args:
        moments: The base and the phases.

    Returns:
        Dicts of ``name``, ``seconds``, ``steps``, ``trained``, ``weights``,
        ``device`` and ``adapter``, the size of its files in bytes; each None
        where it is not known.
    """
    keys = ('seconds', 'steps', 'trained', 'weights', 'device')
    return [
        dict({key: moment.cost.get(key) for key in keys}, name=moment.name,
             adapter=adapter_bytes(moment)) for moment in moments[1:]
    ]
