"""A class brought back by the mean feature of a few images."""
from typing import Dict, Sequence

import torch

from mmswap.audit.audit_test import AuditTest, Figure
from mmswap.audit.data import AuditData
from mmswap.audit.features import CLASSIFIER, ObjectRows
from mmswap.audit.linear import nearest_means
from mmswap.audit.measured import Measured
from mmswap.audit.panel.probe import share_by_image
from mmswap.audit.subject import Subject
from mmswap.registry import AUDITS

# Cheap, so more than of what is trained.
_DRAWS = 20


@AUDITS.register_module(name='prototype')
class PrototypeTest(AuditTest):
    """Makes class rows of the mean features of a few objects a class."""

    figures = {
        'prototype': Figure(
            'share of forgotten objects that are nearest to the mean feature '
            'of a few of their class',
            'Shows whether an attacker without training brings the class '
            'back with the mean feature of a few objects as its row; not '
            'whether the detector still finds such objects by itself.'),
    }

    def run(self, subject: Subject, data: AuditData) -> Dict[str, Measured]:
        """See :meth:`AuditTest.run`."""
        settings = data.settings
        rows = data.features(subject.build())[CLASSIFIER]
        return dict(prototype=prototype(
            rows, data.labels, settings.shots, settings.seed))


def prototype(rows: ObjectRows, labels: Sequence[int], shots: int,
              seed: int) -> Measured:
    """The share of some classes' objects that prototypes name.

    Args:
        rows: The objects of all classes.
        labels: The classes that count.
        shots: Objects a class that prototypes are the means of, drawn 20
            times; half of them where there are fewer than twice as many.
        seed: Seed of the draws and of the interval.
    """
    generator = torch.Generator().manual_seed(seed)
    right = torch.zeros(len(rows.labels), dtype=torch.float64)
    asked = torch.zeros_like(right)
    for _ in range(_DRAWS):
        chosen = torch.zeros(len(rows.labels), dtype=torch.bool)
        for label in torch.unique(rows.labels):
            own = (rows.labels == label).nonzero().flatten()
            order = own[torch.randperm(len(own), generator=generator)]
            chosen[order[:max(1, min(shots, len(own) // 2))]] = True
        guesses, others = nearest_means(rows.features, rows.labels, chosen)
        right[others] += (guesses == rows.labels[others]).double()
        asked[others] += 1
    share = share_by_image(right / asked.clamp(min=1), rows, labels, seed)
    return share._replace(details=dict(share.details, draws=_DRAWS))
