"""Whether it can be told that an object was trained on."""
from typing import Dict, Sequence

import numpy as np
import torch
from torch import Tensor

from mmswap.audit.audit_test import AuditTest, Figure
from mmswap.audit.data import AuditData
from mmswap.audit.features import CLASSIFIER, ObjectRows
from mmswap.audit.measured import Measured
from mmswap.audit.subject import Subject
from mmswap.registry import AUDITS

_RATES = (0.01, 0.05)
_RESAMPLED = 1000


@AUDITS.register_module(name='membership')
class MembershipTest(AuditTest):
    """Tells objects that were trained on from others, by their loss."""

    figures = {
        'membership': Figure(
            'share of trained objects recognised by a low loss, where 5% of '
            'others are taken for one',
            'For requests about samples, not concepts: shows whether single '
            'objects of the training set stand out; a stronger attack, with '
            'models of its own to compare with, could recognise more.',
            ('base', )),
    }
    by_default = False

    def run(self, subject: Subject, data: AuditData) -> Dict[str, Measured]:
        """See :meth:`AuditTest.run`."""
        model = subject.build()
        trained = data.trained_features(model)[CLASSIFIER]
        others = data.features(model)[CLASSIFIER]
        return dict(membership=membership(
            _confidence(trained, data.labels),
            _confidence(others, data.labels), data.settings.seed))


def _confidence(rows: ObjectRows, labels: Sequence[int]) -> Tensor:
    """The log-likelihood of the objects of some classes."""
    counts = torch.isin(rows.labels, torch.tensor(list(labels)))
    if rows.class_nll is None:
        raise ValueError('class_nll must be known for the test membership')
    return -rows.class_nll[counts]


def membership(trained: Tensor, others: Tensor, seed: int) -> Measured:
    """How many trained objects a threshold on a score recognises.

    Args:
        trained: Scores of objects that were trained on, the higher the
            surer.
        others: Scores of objects that were not.
        seed: Seed of the bootstrap over objects.

    Returns:
        The true-positive rate where the false-positive rate is at most 5%;
        in the details also at 1%, and the area under the curve.

    Raises:
        ValueError: If there are no objects of one kind.
    """
    inside, outside = trained.double().numpy(), others.double().numpy()
    if not len(inside) or not len(outside):
        raise ValueError('the test membership needs objects that were trained '
                         f'on and others, got {len(inside)} and '
                         f'{len(outside)}')
    random = np.random.RandomState(seed)
    drawn = [
        _rate(random.choice(inside, len(inside)),
              random.choice(outside, len(outside)), _RATES[-1])
        for _ in range(_RESAMPLED)
    ]
    low, high = np.percentile(drawn, [2.5, 97.5])
    larger = (inside[:, None] > outside).mean()
    equal = (inside[:, None] == outside).mean()
    return Measured(
        _rate(inside, outside, _RATES[-1]), float(low), float(high),
        f'95%, {len(inside)} and {len(outside)} objects drawn anew',
        dict(rates={f'{rate:g}': _rate(inside, outside, rate)
                    for rate in _RATES},
             auc=float(larger + equal / 2)))


def _rate(inside: np.ndarray, outside: np.ndarray, most: float) -> float:
    """Share of ``inside`` above a threshold that few of ``outside`` reach."""
    threshold = np.sort(outside)[::-1][int(most * len(outside))]
    return float((inside > threshold).mean())
