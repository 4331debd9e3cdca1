"""The losses of one training step, branch by branch."""
from typing import Any, Dict, Mapping, Optional, Tuple

from mmengine.model import BaseModel
from torch import Tensor

from mmswap.models.objectives.base import Objective
from mmswap.models.outputs.observer import ClassifierOutputs, Observer


def step_losses(model: BaseModel, objective: Objective,
                branches: Mapping[str, Dict[str, Any]],
                num_classes: int) -> Dict[str, Tensor]:
    """Run the wrapped model on each branch and combine the totals.

    Args:
        model: The wrapped model.
        objective: What the phase optimises.
        branches: ``dict(inputs, data_samples)`` of each branch.
        num_classes: K + N.

    Returns:
        The objective's terms, and each branch's total under a key without
        ``loss`` in it: logged, not summed once more.

    Raises:
        ValueError: If a branch of the objective is absent, or the objective
            is for classifiers of images and the model is none.
    """
    absent = [name for name in objective.branches if name not in branches]
    if absent:
        raise ValueError(
            f'train_dataloader.dataset.branches must have {absent}, which '
            f'{type(objective).__name__} needs; got {sorted(branches)}')
    totals, observed, teacher_outputs, losses = {}, {}, {}, {}
    for name in objective.branches:
        batch = branches[name]
        # First, as its weights are those before anything else happens.
        if objective.teacher is not None:
            teacher_outputs[name] = objective.teacher.observe(model, batch,
                                                     num_classes)
        totals[name], observed[name] = _branch(model, objective, batch,
                                               num_classes)
        losses[f'{name}_total'] = totals[name].detach()
    seen: Dict[str, Any] = {}
    if objective.observes:
        seen['observed'] = observed
    if objective.teacher is not None:
        seen['teacher_outputs'] = teacher_outputs
    losses.update(objective(totals, **seen))
    return losses


def _branch(model: BaseModel, objective: Objective, batch: Dict[str, Any],
            num_classes: int) -> Tuple[Tensor, Optional[ClassifierOutputs]]:
    """The wrapped model's loss of a batch, and what was observed."""
    if not objective.observes:
        return model.parse_losses(model(**batch, mode='loss'))[0], None
    with Observer(model, num_classes) as observer:
        losses = model(**batch, mode='loss')
    seen = observer.take()
    rows, images = len(seen.labels), len(batch['data_samples'])
    if objective.per_image and rows != images:
        raise ValueError(
            'model.model must be a classifier of images with '
            f'{type(objective).__name__}, one label an image; got {rows} '
            f'labels of {images} images')
    return model.parse_losses(losses)[0], seen
