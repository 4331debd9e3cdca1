"""The losses of one training step, branch by branch."""
from contextlib import ExitStack
from typing import Any, Dict, Mapping, Tuple

import torch
from mmengine.model import BaseModel
from torch import Tensor

from mmswap.models.objectives.base import Objective
from mmswap.models.outputs.branch import BranchOutputs, loss_terms
from mmswap.models.outputs.loss_rise import LossRise
from mmswap.models.outputs.observer import Observer
from mmswap.models.outputs.row_matching import is_auxiliary


def step_losses(model: BaseModel, objective: Objective,
                branches: Mapping[str, Dict[str, Any]]) -> Dict[str, Tensor]:
    """Run the wrapped model on each branch and combine the totals.

    Args:
        model: The wrapped model, to which the objective is attached.
        objective: What the phase optimises.
        branches: ``dict(inputs, data_samples)`` of each branch.

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
            f'train_dataloader must give images of {absent}, which '
            f'{type(objective).__name__} needs; got those of '
            f'{sorted(branches)}')
    totals, outputs = {}, {}
    changes = []
    for name in objective.branches:
        batch = branches[name]
        objective.before_branch(name, model, batch)
        with ExitStack() as stack:
            held = objective.held
            if held is not None:
                base = held.of_base(batch)
                seen = stack.enter_context(held.watch())
            totals[name], outputs[name] = _branch(model, objective, name,
                                                  batch)
        if held is not None:
            changes.append(held.compare(base, held.take(seen)))
    losses = {f'{name}_total': total.detach()
              for name, total in totals.items()}
    losses.update(objective(totals, outputs))
    if changes:
        losses['hold_loss'] = objective.hold_weight * torch.stack(
            changes).mean()
    return losses


def _branch(model: BaseModel, objective: Objective, name: str,
            batch: Dict[str, Any]) -> Tuple[Tensor, BranchOutputs]:
    """The wrapped model's loss of a batch, and the objective's share."""
    observer = Observer(objective.plan, objective.needs_features)
    rise = LossRise(objective.plan)
    with ExitStack() as stack:
        if objective.observes:
            stack.enter_context(observer)
        if objective.wants_rise(name):
            stack.enter_context(rise)
        losses = model(**batch, mode='loss')
    if not objective.aux_losses:
        losses = {key: value for key, value in losses.items()
                  if not is_auxiliary(key)}
    outputs = BranchOutputs(loss_terms(losses), rise=rise.rise)
    if objective.observes:
        seen = observer.take()
        rows, images = len(seen.labels), len(batch['data_samples'])
        if objective.per_image and rows != images:
            raise ValueError(
                'model.model must be a classifier of images with '
                f'{type(objective).__name__}, one label an image; got {rows} '
                f'labels of {images} images')
        outputs = outputs._replace(classifier=seen)
    return model.parse_losses(losses)[0], outputs
