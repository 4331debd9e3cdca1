"""What a linear probe finds in frozen features."""
from typing import Any, Dict, Sequence

import torch
from torch import Tensor

from mmswap.audit.audit_test import AuditTest, Figure
from mmswap.audit.data import AuditData
from mmswap.audit.features import CLASSIFIER, ObjectRows
from mmswap.audit.linear import held_out_guesses
from mmswap.audit.measured import Measured, share_of
from mmswap.audit.subject import Subject
from mmswap.registry import AUDITS


@AUDITS.register_module(name='probe')
class ProbeTest(AuditTest):
    """Fits a linear classifier of all classes on what the layers give."""

    figures = {
        'probe/classifier': Figure(
            'share of forgotten objects that a linear probe on the '
            "classifier's inputs names",
            'Shows whether the features that are classified still tell the '
            'class from others; features tell classes apart that were never '
            'learned, too, so that only more than in a retrained model is a '
            'trace.'),
        'probe/backbone': Figure(
            'the same on what the backbone gives, at its best layer',
            'Shows whether an earlier layer tells the class apart; it says '
            'nothing of what a probe that is not linear would find.'),
    }

    def run(self, subject: Subject, data: AuditData) -> Dict[str, Measured]:
        """See :meth:`AuditTest.run`."""
        by_layer = {
            name: probe(rows, data.labels, data.settings.seed)
            for name, rows in data.features(subject.build()).items()
        }
        found = {'probe/classifier': by_layer.pop(CLASSIFIER)}
        if by_layer:
            best = max(by_layer, key=lambda name: by_layer[name].value)
            layers: Dict[str, Any] = {
                name: round(one.value, 4) for name, one in by_layer.items()}
            found['probe/backbone'] = by_layer[best]._replace(
                details=dict(by_layer[best].details, layers=layers))
        return found


def probe(rows: ObjectRows, labels: Sequence[int], seed: int) -> Measured:
    """The share of some classes' objects that a linear probe names.

    Args:
        rows: The objects of all classes.
        labels: The classes that count.
        seed: Seed of the interval.
    """
    guesses = held_out_guesses(rows.features, rows.labels, rows.images)
    return share_by_image(guesses == rows.labels, rows, labels, seed)


def share_by_image(right: Tensor, rows: ObjectRows, labels: Sequence[int],
                   seed: int) -> Measured:
    """The share of some classes' objects that are named rightly.

    Args:
        right: How far each object is, 0 to 1, shape (M,).
        rows: The objects.
        labels: The classes that count.
        seed: Seed of the interval.
    """
    counts = torch.isin(rows.labels, torch.tensor(list(labels)))
    size = int(rows.images.max()) + 1
    objects = torch.bincount(rows.images[counts], minlength=size)
    hits = torch.bincount(
        rows.images[counts], right[counts].double(), minlength=size)
    return share_of(hits.tolist(), objects.tolist(), seed)
