"""Whether what a swap begins with is a base model, and all numbers."""
from typing import Any, Iterator

from torch import Tensor

from mmswap.apis.doctor.examined import Examined, table_of
from mmswap.apis.doctor.finding import Finding, error, note, refusal
from mmswap.config.listing import listed
from mmswap.engine.class_checks import (
    check_base_rows,
    check_checkpoint_classes,
)
from mmswap.models.checkpoints import checkpoint_kind
from mmswap.models.finite import not_finite

_SHOWN = 5


def check_checkpoint(swap: Examined) -> Iterator[Finding]:
    """The file that the first phase begins with.

    Args:
        swap: The swap.
    """
    if swap.phases[0] not in swap.to_run:
        return
    try:
        read = swap.checkpoint
    except FileNotFoundError:
        return  # Said where the configs are read.
    except Exception as raised:  # Whatever reading a damaged file raises.
        yield refusal('load_from', raised)._replace(key='load_from')
        return
    if not read:
        return
    state, meta = read['state_dict'], read.get('meta') or {}
    kind = checkpoint_kind(state, meta)
    numbers = sum(each.numel() for each in state.values()
                  if isinstance(each, Tensor))
    yield note('load_from', f'a {kind} checkpoint of {len(state)} tensors, '
               f'{numbers:,} numbers', kind=kind, tensors=len(state),
               numbers=numbers)
    odd = not_finite(state)
    if odd:
        yield error('load_from', 'must have finite weights, got NaN or '
                    f'infinity in {len(odd)} tensors: '
                    f'{listed(odd, _SHOWN)}')
    try:
        check_checkpoint_classes(meta, table_of(swap.phases[0]))
    except ValueError as raised:
        yield refusal('classes.base', raised)


def check_grown(swap: Examined, model: Any) -> Iterator[Finding]:
    """A base model has K classes; one with K+N was trained on others.

    Args:
        swap: The swap.
        model: The SwapModel of its first phase.
    """
    try:
        check_base_rows(model, swap.checkpoint.get('state_dict', {}),
                        swap.checkpoint.get('meta') or {})
    except ValueError as raised:
        yield refusal('load_from', raised)
