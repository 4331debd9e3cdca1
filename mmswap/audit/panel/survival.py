"""Whether a forgetting outlives what is done to weights before use."""
from typing import Dict, Mapping

import torch
from torch import Tensor

from mmswap.audit.audit_test import AuditTest, Figure
from mmswap.audit.data import AuditData
from mmswap.audit.measured import Measured, share_of
from mmswap.audit.subject import Subject
from mmswap.registry import AUDITS

_SAYS = ('Shows whether the class is named again after {}; a class that is '
         'hidden is not named either, so that this does not tell hidden from '
         'forgotten.')
_TITLE = 'share of forgotten objects that are named, {}'


@AUDITS.register_module(name='survival')
class SurvivalTest(AuditTest):
    """Scores a merged model as it is, and with its weights rounded.

    An object is named where a box or mask overlaps it by half, with a score
    of 0.3 or more, as in a SwapEvaluator's ``forget/named``. What fine-tuning
    on retained classes brings back is the test ``relearning``'s.
    """

    figures = {
        f'survival/{name}': Figure(
            _TITLE.format(title), _SAYS.format(after), ('base', ))
        for name, title, after in (
            ('merged', 'with the adapter folded in', 'merging'),
            ('fp16', 'with 16-bit weights', 'storing weights in half '
             'precision'),
            ('int8', 'with weights rounded to 8 bits', 'rounding weights to '
             '8 bits'),
            ('int4', 'with weights rounded to 4 bits', 'rounding weights to '
             '4 bits'))
    }

    def run(self, subject: Subject, data: AuditData) -> Dict[str, Measured]:
        """See :meth:`AuditTest.run`."""
        states = dict(
            merged=subject.state,
            fp16={key: _halved(value) for key, value in subject.state.items()},
            int8=round_weights(subject.state, 8),
            int4=round_weights(subject.state, 4))
        found = {}
        for name, state in states.items():
            scores = data.score(subject.build(state))
            found[f'survival/{name}'] = share_of(
                scores.named, scores.objects, data.settings.seed)
        return found


def _halved(value: Tensor) -> Tensor:
    return value.half().to(value.dtype) if value.is_floating_point() else value


def round_weights(state: Mapping[str, Tensor],
                  bits: int) -> Dict[str, Tensor]:
    """Round the weights of a model to integers of a few bits.

    Symmetric and for each output channel, as most integer backends store
    weights: the largest of a channel becomes ``2 ** (bits - 1) - 1``.
    Tensors of one dimension (biases, norms) keep their precision, as they do
    there.

    Args:
        state: A state dict.
        bits: Of the integers, 2 or more.

    Returns:
        The weights that the integers stand for.
    """
    most = 2**(bits - 1) - 1
    rounded = {}
    for key, value in state.items():
        if value.dim() < 2 or not value.is_floating_point():
            rounded[key] = value
            continue
        rows = value.flatten(1)
        step = rows.abs().max(1, keepdim=True)[0].clamp(min=1e-12) / most
        rounded[key] = (torch.round(rows / step) * step).reshape(value.shape)
    return rounded
