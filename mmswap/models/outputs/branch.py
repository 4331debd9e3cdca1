"""What one branch's pass through the model gives an objective."""
from typing import Any, Dict, Mapping, NamedTuple, Optional

from torch import Tensor

from mmswap.models.outputs.classifier_outputs import ClassifierOutputs


class BranchOutputs(NamedTuple):
    """Of one branch in one step.

    Attributes:
        terms: The model's own loss terms by name, scalars with gradient.
        classifier: The classified objects, where the objective observes.
        rise: How far the loss would rise if no object were given its label,
            where the objective asks for it and the model has a
            classification loss that can be watched.
    """

    terms: Dict[str, Tensor]
    classifier: Optional[ClassifierOutputs] = None
    rise: Optional[Tensor] = None


def loss_terms(losses: Mapping[str, Any]) -> Dict[str, Tensor]:
    """The terms that mmengine's ``parse_losses`` sums up, by name.

    Args:
        losses: What a model returns in ``'loss'`` mode.
    """
    terms = {}
    for key, value in losses.items():
        if 'loss' in key:
            values = value if isinstance(value, (list, tuple)) else [value]
            terms[key] = sum(each.mean() for each in values)
    return terms


def named_terms(terms: Mapping[str, Tensor], name: str) -> Dict[str, Tensor]:
    """The terms of one name, over all layers and heads.

    Args:
        terms: Loss terms by name.
        name: How the last part of a name begins, as ``'loss_cls'`` for
            ``'loss_cls'``, ``'d0.loss_cls'``, ``'decode.loss_cls_ce'`` and,
            ``dn_``, ``enc_`` and ``aux_`` left out, ``'d0.dn_loss_cls'``.
    """
    found = {}
    for key, value in terms.items():
        last = key.rpartition('.')[2]
        for kind in ('dn_', 'enc_', 'aux_'):
            last = last[len(kind):] if last.startswith(kind) else last
        if last.startswith(name):
            found[key] = value
    return found
