"""A request that is taken back: its adapter comes out of the weights."""
from pathlib import Path
from typing import Dict, Mapping, Union

import torch
from mmengine.config import Config
from torch import Tensor

from mmswap.apis.checkpoint import write_checkpoint
from mmswap.apis.merge import load_model
from mmswap.models.adapters.history import PREFIX
from mmswap.models.checkpoints import INNER, stock_key

# A weight is rounded when an adapter is folded in and when it comes out; the
# largest error of each is half of this, relative to the terms.
_ROUNDINGS = 4


def undo_request(cfg: Config, checkpoint: Union[str, Path], name: str,
                 out: Path) -> None:
    """Write a checkpoint without the adapter of one request.

    What the other requests did stays, to rounding.

    Args:
        cfg: Config of a phase that comes after it, with an adapter of its
            own.
        checkpoint: What the last phase wrote.
        name: The adapter to take out.
        out: File to write, a checkpoint that phases load.

    Raises:
        KeyError: If the checkpoint has no such adapter.
        RuntimeError: If anything but this adapter has changed.
    """
    model = load_model(cfg, checkpoint)
    before = {key: value.clone() for key, value in model.state_dict().items()}
    model.undo(name)
    after = model.state_dict()
    check_undone(before, after, name)
    out.parent.mkdir(parents=True, exist_ok=True)
    write_checkpoint(dict(state_dict=after, meta={}), out)


def check_undone(before: Mapping[str, Tensor], after: Mapping[str, Tensor],
                 name: str) -> None:
    """Check that one adapter was taken out, and nothing else was changed.

    Args:
        before: State dict of a SwapModel.
        after: The same with the adapter taken out.
        name: The adapter.

    Raises:
        RuntimeError: If a tensor is not what it must be; the message names
            the first.
    """
    mark = f'{PREFIX}{name}.'
    wanted = {key: value for key, value in before.items()
              if not key.startswith(mark)}
    wrong = sorted(set(wanted) ^ set(after))
    deltas = _deltas(before, mark)
    for key in wanted if not wrong else ():
        layer = stock_key(key)
        if key.startswith(INNER) and layer in deltas:
            right = _is_difference(before[key], after[key], deltas.pop(layer))
        else:
            right = torch.equal(before[key], after[key])
        if not right:
            wrong.append(key)
    wrong += deltas if not wrong else ()
    if wrong:
        raise RuntimeError(
            f'undo of {name!r} must change the weights by its own adapter '
            f'and nothing else, but {wrong[0]} is not what it must be '
            f'({len(wrong)} tensors in all)')


def _deltas(state: Mapping[str, Tensor], mark: str) -> Dict[str, Tensor]:
    """What an adapter added to each weight, by the weight's stock key."""
    found = {}
    for key in state:
        if key.startswith(mark) and key.endswith('.lora_A'):
            down, up = state[key].double(), state[f'{key[:-1]}B'].double()
            layer = key[len(mark):-len('.lora_A')]
            found[f'{INNER}{layer}.weight'] = torch.einsum(
                'or,ri->oi', up.flatten(1), down.flatten(1))
    return found


def _is_difference(before: Tensor, after: Tensor, delta: Tensor) -> bool:
    """Whether ``after`` is ``before - delta``, to rounding."""
    first = before.double().cpu()
    delta = delta.view(before.shape)
    error = (first - delta - after.double().cpu()).abs()
    allowed = torch.finfo(before.dtype).eps * _ROUNDINGS * (
        first.abs() + delta.abs())
    return bool((error <= allowed).all())
