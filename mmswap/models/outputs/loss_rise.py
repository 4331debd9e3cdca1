"""How far a model's loss would rise if it gave no object its label."""
from typing import Any, Dict, List, Optional, Tuple

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from mmswap.models.outputs.observer_plan import ObserverPlan, is_sigmoid

# The probability at which a label counts as not given: a tenth of chance for
# a softmax over C outputs, below the usual score thresholds for a sigmoid.
SIGMOID_FLOOR = 0.01
SOFTMAX_FLOOR = 0.1


class LossRise:
    """Measures the rise during one forward pass, as a context manager.

    Each classification loss is computed a second time, with its own weights
    and normaliser, on logits of which those of the objects' labels are
    lowered; see :func:`lower_labels`. Everything else is as it is.

    Args:
        plan: Of the model.

    Attributes:
        rise: The sum over all losses, a scalar; None where no classification
            loss was seen.
    """

    def __init__(self, plan: ObserverPlan) -> None:
        self.rise: Optional[Tensor] = None
        self._plan = plan
        self._handles: List[RemovableHandle] = []

    def __enter__(self) -> 'LossRise':
        self._handles = [
            loss.register_forward_hook(self._judge, with_kwargs=True)
            for loss in self._plan.all_losses
        ]
        return self

    def __exit__(self, *error: Any) -> None:
        for handle in self._handles:
            handle.remove()
        self._handles = []

    @torch.no_grad()
    def _judge(self, loss: nn.Module, args: Tuple[Any, ...],
               kwargs: Dict[str, Any], value: Any) -> None:
        """Hook of a loss."""
        pair = self._plan.labelled(loss, args)
        if pair is None or not isinstance(value, Tensor):
            return
        lowered = lower_labels(pair.logits.detach(), pair.labels,
                               is_sigmoid(loss), self._plan.num_classes)
        # Not loss(...), which would call the hooks.
        other = loss.forward(lowered, *args[1:], **kwargs)
        rise = (other.mean() - value.mean()).float()
        self.rise = rise if self.rise is None else self.rise + rise


def lower_labels(logits: Tensor, labels: Tensor, sigmoid: bool,
                 num_classes: int) -> Tensor:
    """Logits that give no object its label.

    The probability of a label is at most ``SOFTMAX_FLOOR / C``, or
    ``SIGMOID_FLOOR`` where each class has one of its own.

    Args:
        logits: Shape (M, C), or (B, C, H, W).
        labels: Integers of shape (M,), or (B, H, W).
        sigmoid: Whether each class has a probability of its own.
        num_classes: K + N. Other labels are no objects; nothing changes.

    Returns:
        A copy, in the shape of the logits.
    """
    index = labels.clamp(0, num_classes - 1).unsqueeze(1)
    own = logits.gather(1, index)
    if sigmoid:
        low = torch.full_like(own, SIGMOID_FLOOR).logit()
    else:
        p = torch.full_like(own, SOFTMAX_FLOOR / logits.shape[1])
        others = logits.scatter(1, index, float('-inf'))
        low = others.logsumexp(1, keepdim=True) + p.logit()
    objects = ((labels >= 0) & (labels < num_classes)).unsqueeze(1)
    return logits.scatter(
        1, index, torch.where(objects, torch.minimum(own, low), own))
