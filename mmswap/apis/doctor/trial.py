"""A few steps of a phase on its own images, of which nothing is kept."""
import sys
import time
from contextlib import contextmanager
from typing import Any, Dict, Iterator, List, NamedTuple, Optional

import psutil
import torch
from mmengine.config import ConfigDict
from mmengine.device import get_device
from mmengine.logging import MessageHub
from mmengine.optim import OptimWrapper, build_optim_wrapper
from torch import nn

from mmswap.apis.doctor.examined import Examined
from mmswap.apis.plan import Phase
from mmswap.datasets.seeding import seed_all
from mmswap.engine.batch_checks import check_batches
from mmswap.engine.group_sparse import has_gradient

try:
    import resource
except ImportError:  # Windows has none.
    resource = None  # type: ignore[assignment]

# One more than a head needs that begins at zero and passes nothing on until
# it has moved. The first also warms caches up; the last is timed.
STEPS = 2


class Trial(NamedTuple):
    """What some steps gave.

    Attributes:
        losses: What the first step logged, by name: the total of each branch
            and the terms of the objective.
        dead: Groups that no gradient reached.
        seconds: Of one step, with the images that it reads.
        memory: Peak bytes: of the GPU's, or resident of the process.
        device: Where.
    """

    losses: Dict[str, float]
    dead: List[str]
    seconds: float
    memory: int
    device: str


def try_steps(swap: Examined, phase: Phase, model: Any) -> Trial:
    """Train some steps, with all that a run has.

    Args:
        swap: The swap.
        phase: The phase.
        model: Its SwapModel, with weights.

    Raises:
        ValueError: If a part of the config is refused.
        RuntimeError: If a step fails.
    """
    loader = swap.loader(phase)
    check_batches(loader)
    device = get_device()
    model = model.to(device)
    model.start_phase()
    model.train()
    wrapper = build_optim_wrapper(model, _for_device(phase, device))
    batches = iter(loader)
    losses: Dict[str, float] = {}
    reached: Optional[torch.Tensor] = None
    seed_all((0, 0, 0))
    seconds = 0.
    # Augmentations of batches ask it how far the run is, as a Runner says it.
    hub = MessageHub.get_instance(f'doctor {time.time_ns()}')
    hub.update_info_dict(dict(epoch=0, max_epochs=1, max_iters=STEPS))
    with _whole_depth(model):
        for number in range(STEPS):
            started = time.monotonic()
            hub.update_info('iter', number)
            model.objective.set_updates(number)
            logged = _backward(model, wrapper, next(batches))
            losses = losses or logged
            if model.groups:
                now = has_gradient(model.groups.values())
                reached = now if reached is None else reached | now
            wrapper.step()
            wrapper.zero_grad()
            if device == 'cuda':
                torch.cuda.synchronize()
            seconds = time.monotonic() - started
    dead = [] if reached is None else [
        name for name, fine in zip(model.groups, reached.tolist())
        if not fine]
    return Trial(losses, dead, seconds, _peak(device), device)


def _backward(model: Any, wrapper: OptimWrapper,
              batch: Any) -> Dict[str, float]:
    """Forward and backward of a batch; what is logged of it."""
    with wrapper.optim_context(model):
        data = model.data_preprocessor(batch, True)
        losses = model(**data, mode='loss')
    total, logged = model.parse_losses(losses)
    wrapper.backward(wrapper.scale_loss(total))
    return {key: float(value) for key, value in logged.items()}


def _for_device(phase: Phase, device: str) -> ConfigDict:
    """The optim wrapper; without mixed precision where there is no GPU."""
    cfg = ConfigDict(phase.cfg.optim_wrapper)
    if device == 'cpu' and 'Amp' in str(cfg.get('type', '')):
        cfg = ConfigDict({key: value for key, value in cfg.items() if key not
                          in ('loss_scale', 'dtype', 'use_fp16')})
        cfg.type = 'OptimWrapper'
    return cfg


@contextmanager
def _whole_depth(model: nn.Module) -> Iterator[None]:
    """Without stochastic depth, which leaves blocks without a gradient."""
    drops = [module for module in model.modules()
             if 'DropPath' in type(module).__name__ and module.training]
    for module in drops:
        module.eval()
    try:
        yield
    finally:
        for module in drops:
            module.train()


def _peak(device: str) -> int:
    """The most memory that was held so far, in bytes."""
    if device == 'cuda':
        return torch.cuda.max_memory_allocated()
    if resource is None:
        return psutil.Process().memory_info().rss
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # macOS counts bytes, Linux kilobytes.
    return peak if sys.platform == 'darwin' else peak * 1024
