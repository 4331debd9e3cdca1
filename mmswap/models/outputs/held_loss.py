"""How far a model is from what the base model says."""
from typing import Any, Dict, List, Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from mmswap.class_table import ClassTable
from mmswap.models.outputs.head_outputs import HeadOutput
from mmswap.models.outputs.labelled_places import labelled_places


class HeldLoss:
    """Compares what two models say of the same places.

    The mean over all places of ``KL(base || now) + u``, in nats. The
    divergence is that over the classes to retain: of a softmax that of the
    distribution over these and the background, of sigmoids the sum over them.
    ``u`` is the negative log-likelihood of no learned class: the base model
    knows none, and a cat that it is sure of is not to become a raccoon.

    A place has the weight of the base model's certainty of a class to retain,
    and of what is not to be forgotten there. Where a label says that there is
    a learned class ``u`` does not count, and what the model finds of it takes
    from the weight.

    Args:
        table: The class table.
        forgets: Whether the phase forgets; else the classes that a later one
            will forget are held, too, so that they are not taken for what is
            learned.
    """

    def __init__(self, table: ClassTable, forgets: bool) -> None:
        self._num_classes = len(table)
        self._retain = list(table.labels('retain'))
        self._learn = list(table.labels('learn'))
        self._forget = list(table.labels('forget'))
        if not forgets:
            self._retain, self._forget = self._retain + self._forget, []

    def __call__(self, base: Sequence[HeadOutput], now: Sequence[HeadOutput],
                 batch: Dict[str, Any]) -> Tensor:
        """The loss of a batch, a scalar.

        Args:
            base: What the base model says of it.
            now: What the model says of it.
            batch: ``dict(inputs, data_samples)``.
        """
        total = weights = now[0].logits.new_zeros(())
        for old, new in zip(base, now):
            learned = labelled_places(
                batch['data_samples'], self._learn, new.logits,
                batch['inputs'].shape[-2:])
            error = self._divergence(old, new) + (
                1 - learned) * self._unknown_nll(new)
            weight = self._weight(old, new, learned)
            total = total + (weight * error).sum()
            weights = weights + weight.sum()
        return total / weights.clamp(min=1.)

    def _divergence(self, old: HeadOutput, new: HeadOutput) -> Tensor:
        kept = self._kept(old)
        if old.sigmoid:
            error = _bernoulli_kl(old.logits[..., kept], new.logits[..., kept])
        else:
            error = F.kl_div(
                new.logits[..., kept].float().log_softmax(-1),
                old.logits[..., kept].float().log_softmax(-1),
                reduction='none', log_target=True).sum(-1)
        return error + _bernoulli_kl(old.presence, new.presence)

    def _unknown_nll(self, new: HeadOutput) -> Tensor:
        logits = new.logits.float()
        if new.sigmoid:
            return F.softplus(logits[..., self._learn]).sum(-1)
        kept = self._kept(new)
        return (logits[..., [*kept, *self._learn]].logsumexp(-1) -
                logits[..., kept].logsumexp(-1))

    def _kept(self, output: HeadOutput) -> List[int]:
        """The outputs that are held, of a softmax with the background."""
        if output.sigmoid:
            return self._retain
        others = range(self._num_classes, output.logits.shape[-1])
        return [*self._retain, *others]

    @torch.no_grad()
    def _weight(self, old: HeadOutput, new: HeadOutput,
                learned: Tensor) -> Tensor:
        said = old.probabilities()
        weight = said[..., self._retain].amax(-1)
        if self._forget:
            weight = weight * (1 - said[..., self._forget].amax(-1))
        if self._learn:
            found = new.probabilities()[..., self._learn].amax(-1)
            weight = weight * (1 - found * learned)
        return weight


def _bernoulli_kl(old: Tensor, new: Tensor) -> Tensor:
    """Of sigmoids, summed over the last dimension."""
    old, new = old.float(), new.float()
    target = old.sigmoid()
    cross, own = (F.binary_cross_entropy_with_logits(
        logits, target, reduction='none') for logits in (new, old))
    return (cross - own).sum(-1)
