"""The SwapModel of a Runner, whatever is wrapped around it."""
from typing import Any

from mmengine.model import is_model_wrapper
from mmengine.runner import Runner


def swap_model_of(runner: Runner) -> Any:
    """The Runner's model without the wrapper of distributed training."""
    model = runner.model
    return model.module if is_model_wrapper(model) else model
