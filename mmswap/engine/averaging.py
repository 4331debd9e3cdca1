"""The moving average that mmengine's EMAHook keeps of a SwapModel."""
from typing import Iterator, Optional

from mmengine.hooks import EMAHook
from mmengine.model import BaseAveragedModel
from mmengine.runner import Runner

from mmswap.engine.unwrap import swap_model_of
from mmswap.models import SwapModel


def averaged_model_of(runner: Runner) -> Optional[SwapModel]:
    """The averaged SwapModel of a Runner, None without an EMAHook."""
    for averaged in _averages(runner):
        return averaged.module
    return None


def average_what_trains(runner: Runner) -> None:
    """Leave what is frozen out of a moving average, in place.

    The average of equal numbers is not the same number: mmdet's
    ``ExpMomentumEMA`` rounds twice a step, and the base model's weights would
    wander off. Without LoRA all is as the stock model has it.

    Args:
        runner: Its EMAHook has its model already, after ``before_run``.
    """
    model = swap_model_of(runner)
    if not isinstance(model, SwapModel) or model.adapter_name is None:
        return
    trained = {key for key, p in model.named_parameters() if p.requires_grad}
    for averaged in _averages(runner):
        averaged.avg_parameters = {
            key: value
            for key, value in averaged.avg_parameters.items()
            if key in trained
        }


def _averages(runner: Runner) -> Iterator[BaseAveragedModel]:
    for hook in runner.hooks:
        if isinstance(hook, EMAHook):
            yield hook.ema_model
