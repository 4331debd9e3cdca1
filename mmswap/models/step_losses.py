"""The losses of one training step, branch by branch."""
from contextlib import ExitStack
from typing import Any, Dict, Mapping, Optional, Tuple

import torch
from mmengine.model import BaseModel
from torch import Tensor

from mmswap.models.early_backward import (
    can_go_back_early,
    is_recomputed,
    take_gradients,
)
from mmswap.models.joint_trunk import (
    can_join,
    joint_features,
    with_features,
)
from mmswap.models.objectives.base import Objective
from mmswap.models.outputs.branch import BranchOutputs, loss_terms
from mmswap.models.outputs.loss_rise import LossRise
from mmswap.models.outputs.observer import Observer
from mmswap.models.outputs.row_matching import is_auxiliary


class StepPlan:
    """How the branches of a step go through the model.

    Losses and gradients are the same either way, up to rounding.

    Args:
        early_backward: Compute the gradients of each branch but the last
            right after its pass, so that what autograd keeps of it is freed
            before the next one's
            (:mod:`~mmswap.models.early_backward`). It is done where the
            objective needs no more of that branch than its total; not in
            float16, and not with re-entrant activation checkpointing, which
            is looked for in the first step. Defaults to True.
        joint_trunk: Run backbone and neck once for the images of all
            branches (:mod:`~mmswap.models.joint_trunk`), where all have one
            size and no layer there draws at random. Their graph is then one,
            and no gradient is computed early. Defaults to False.

    Raises:
        ValueError: If one of them is no bool.
    """

    def __init__(self, early_backward: bool = True,
                 joint_trunk: bool = False) -> None:
        for key, value in (('early_backward', early_backward),
                           ('joint_trunk', joint_trunk)):
            if not isinstance(value, bool):
                raise ValueError(f'model.step.{key} must be True or False, '
                                 f'got {value!r}')
        self.early_backward = early_backward
        self.joint_trunk = joint_trunk
        self._recomputes: Optional[bool] = None

    @classmethod
    def from_cfg(cls, cfg: Mapping[str, Any]) -> 'StepPlan':
        """Build the config key ``model.step``.

        Args:
            cfg: Arguments by name.

        Raises:
            ValueError: If there is no such argument, or as above.
        """
        known = ('early_backward', 'joint_trunk')
        unknown = sorted(set(cfg) - set(known))
        if unknown:
            raise ValueError(f'model.step must have the keys {known} only, '
                             f'got {unknown}')
        return cls(**cfg)

    def early_branches(self, model: BaseModel,
                       objective: Objective) -> Tuple[str, ...]:
        """The branches whose gradients are computed before the next pass.

        Args:
            model: The wrapped model.
            objective: What the phase optimises.
        """
        if not (self.early_backward and can_go_back_early(model)):
            return ()
        return tuple(name for name in objective.branches[:-1]
                     if objective.total_weight(name))

    def can_go_back(self, loss: Tensor) -> bool:
        """Whether the gradients of a branch can be computed by themselves.

        Args:
            loss: Its loss; of that of the first step the graph is looked at.
        """
        if self._recomputes is None:
            self._recomputes = is_recomputed(loss)
        return not self._recomputes


def step_losses(model: BaseModel,
                objective: Objective,
                branches: Mapping[str, Dict[str, Any]],
                plan: Optional[StepPlan] = None) -> Dict[str, Tensor]:
    """Run the wrapped model on each branch and combine the totals.

    Args:
        model: The wrapped model, to which the objective is attached.
        objective: What the phase optimises.
        branches: ``dict(inputs, data_samples)`` of each branch.
        plan: How they go through the model; by default one by one, and all
            gradients at the end.

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
    plan = plan or StepPlan(early_backward=False)
    batches = {name: branches[name] for name in objective.branches}
    joins = plan.joint_trunk and can_join(model, batches)
    features = joint_features(model, batches) if joins else {}
    early = () if joins else plan.early_branches(model, objective)
    totals, outputs = {}, {}
    changes = []
    for name, batch in batches.items():
        objective.before_branch(name, model, batch)
        with ExitStack() as stack:
            held = objective.held
            if held is not None:
                base = held.of_base(batch)
                stack.enter_context(held.start.reuse())
                seen = stack.enter_context(held.watch())
            if joins:
                stack.enter_context(
                    with_features(model, batch['inputs'], features[name]))
            totals[name], outputs[name] = _branch(model, objective, name,
                                                  batch)
        change = None if held is None else held.compare(
            base, held.take(seen), batch)
        if name in early:
            totals[name], change = _go_back(
                model, objective, plan, name, totals[name], change)
        if change is not None:
            changes.append(change)
    losses = {f'{name}_total': total.detach()
              for name, total in totals.items()}
    losses.update(objective(totals, outputs))
    if changes:
        losses['hold_loss'] = objective.hold_weight * torch.stack(
            changes).mean()
    return losses


def _go_back(model: BaseModel, objective: Objective, plan: StepPlan, name: str,
             total: Tensor, change: Optional[Tensor]
             ) -> Tuple[Tensor, Optional[Tensor]]:
    """Total and change of a branch, the gradients of both computed."""
    loss = total
    if change is not None:
        weight = objective.total_weight(name)
        assert weight  # As the branch is early.
        # The objective multiplies the total by its weight.
        loss = total + objective.hold_weight / (
            weight * len(objective.branches)) * change
    if not plan.can_go_back(loss):
        return total, change
    return (take_gradients(loss, model, total.detach()),
            None if change is None else change.detach())


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
