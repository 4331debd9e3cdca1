"""Stops a run in which an adapter group never gets a gradient."""
import logging
from typing import Dict, Iterator, List, Optional, Sequence

from mmengine.logging import print_log
from torch import Tensor, nn

from mmswap.engine.group_sparse import has_gradient
from mmswap.models.adapters.groups import in_class_tower, stacked_norms
from mmswap.models.adapters.lora import is_lora_key

# Stochastic depth of rate p drops a block for all n samples of an update, and
# leaves it without a gradient, with probability p**n. With n = 1, the least,
# 30 updates in a row have less than one chance in a million up to p = 0.63;
# stock configs go up to 0.5. A head that starts at zero passes no gradient on
# in the first update, and later ones while AMP skips steps: some 16 at most,
# as the loss scale starts at 2**16 and is halved by each.
UPDATES = 30

# What the libraries call the switch of activation checkpointing.
_CHECKPOINTING = ('with_cp', 'num_cp', 'use_checkpoint', 'grad_checkpointing',
                  'gradient_checkpointing')


class GradientCheck:
    """Tells, after enough updates, which groups no gradient ever reached.

    To be called before each update, with the gradients of the task losses.
    It reads nothing back from the GPU before the update that decides, and
    does nothing after it. A group that is zero throughout (A = B = 0) has no
    gradient by construction and is left out. A gradient that is infinite or
    NaN, as AMP's skipped steps have it, has reached its group. In what leads
    to the classes of a dense head one that is there and zero is no error, as
    YOLOX's class loss is of the places of objects alone: no object shown so
    far may have the size that a level is for.

    Args:
        model: The wrapped model.
        groups: Group name, a path in the model or below a module of it, to
            its LoRA matrices.
    """

    def __init__(self, model: nn.Module,
                 groups: Dict[str, List[nn.Parameter]]) -> None:
        self._model = model
        self._groups = groups
        self._updates = 0
        self._reached: Optional[Tensor] = None

    def __call__(self) -> None:
        """Note which groups have a gradient; decide when it is time.

        Raises:
            RuntimeError: If a group has not had one in any update, but for
                those that may be zero.
        """
        if self._updates == UPDATES:
            return
        self._updates += 1
        now = has_gradient(self._groups.values())
        self._reached = now if self._reached is None else self._reached | now
        if self._updates < UPDATES:
            return
        alive = self._reached | stacked_norms(self._groups.values()).eq(0)
        dead = [
            name for name, fine in zip(self._groups, alive.tolist())
            if not fine
        ]
        if not dead:
            return
        told = (f'{len(dead)} of {len(self._groups)} adapter groups got no '
                f'gradient from the task losses in {UPDATES} updates')
        if not all(map(self._may_be_zero, dead)):
            raise RuntimeError(f'{told} and cannot learn: {_listed(dead)}. '
                               f'{likely_cause(self._model, dead)}')
        print_log(
            f'{told}: {_listed(dead)}. No object may have been shown of the '
            'size that their levels of the head are for; they learn from '
            'those', logger='current', level=logging.WARNING)

    def _may_be_zero(self, name: str) -> bool:
        """Whether a group's gradient can be zero for what was shown."""
        return in_class_tower(name) and any(
            p.grad is not None for p in self._groups[name])


def likely_cause(model: nn.Module, dead: Sequence[str]) -> str:
    """A sentence on what keeps the gradient from these groups.

    Args:
        model: The wrapped model.
        dead: Names of groups, paths in it.
    """
    modules = dict(model.named_modules())
    checkpointed = {
        path or 'the model': None
        for name in dead for path in _paths_above(name)
        if path in modules and _is_checkpointed(modules[path])
    }
    if checkpointed:
        return ('The likely cause is re-entrant activation checkpointing over '
                f'a frozen stem, in {_listed(list(checkpointed))}: set '
                'with_cp=False there, or checkpoint with use_reentrant=False')
    zero = [
        name.rpartition('.')[0] for name, param in model.named_parameters()
        if name.endswith(('weight', 'gamma')) and not is_lora_key(name)
        and not bool(param.detach().any())
    ]
    if zero:
        return ('The likely cause is a layer that is zero and stays so, which '
                f'passes no gradient on: {_listed(zero)}. Such a head has to '
                "be trained (model.new_rows='train') or loaded (load_from)")
    return ('The likely causes are a stage that runs without gradients '
            '(torch.no_grad or detach, as some models do with '
            'frozen_stages), or a block that the losses do not use: leave it '
            'out of adapter.targets')


def _is_checkpointed(module: nn.Module) -> bool:
    """Whether one of the known switches is on; a number counts layers."""
    switches = (getattr(module, name, False) for name in _CHECKPOINTING)
    return any(
        isinstance(value, (bool, int)) and value > 0 for value in switches)


def _paths_above(name: str) -> Iterator[str]:
    """The path of a group and of all that it is in, the model last."""
    while name:
        yield name
        name = name.rpartition('.')[0]
    yield ''


def _listed(names: Sequence[str]) -> str:
    """The first five."""
    return ', '.join(names[:5]) + (' ...' if len(names) > 5 else '')
