"""The SwapModel of a Runner, whatever is wrapped around it."""
from typing import Any

from mmengine.model import is_model_wrapper
from mmengine.runner import Runner

# Why a model is not to be parted among the processes.
NEEDS_WHOLE = ('group sparsity and class rows need whole parameters in each '
               'process')


def swap_model_of(runner: Runner) -> Any:
    """The Runner's model without the wrapper of distributed training."""
    model = runner.model
    return model.module if is_model_wrapper(model) else model


def check_not_sharded(model: Any) -> None:
    """Refuse a model of which each process has a part of every parameter.

    The norm of a group, which rows are new and whether a gradient is there
    would be those of the part.

    Args:
        model: A model, perhaps in a wrapper of distributed training.

    Raises:
        ValueError: If it is one of FSDP.
    """
    # By name: not every build of torch has it, and it takes time to import.
    if any(kind.__name__ == 'FullyShardedDataParallel'
           for kind in type(model).__mro__):
        raise ValueError(
            "model_wrapper_cfg.type must be 'MMDistributedDataParallel' with "
            "a mmswap.SwapModel, or strategy.type 'DDPStrategy', got "
            f'{type(model).__name__!r}: {NEEDS_WHOLE}')
