"""How fast a class comes back."""
import itertools
from typing import Any, Dict, List, Optional, Sequence

import torch
from mmengine.optim import OptimWrapper

from mmswap.audit.audit_test import AuditTest, Figure
from mmswap.audit.data import AuditData
from mmswap.audit.measured import Measured, mean_of
from mmswap.audit.subject import Subject, level_bias
from mmswap.registry import AUDITS


@AUDITS.register_module(name='relearning')
class RelearningTest(AuditTest):
    """Trains all weights, and scores the forgotten classes on the way.

    Once with a few images of the forgotten classes beside retained ones, and
    once with retained images alone. The same images in the same order for
    every model. Before, the forgotten classes get the mean bias of the
    others: an attacker does not wait for small steps to raise one that was
    lowered.
    """

    figures = {
        'relearning/shots': Figure(
            'metric of the forgotten classes, mean over the steps, relearned '
            'from a few images of them',
            'Shows how much sooner a few images bring the class back than in '
            'a model that never had it; not that more images, or another '
            'recipe, would not.'),
        'relearning/retained': Figure(
            'metric of the forgotten classes, mean over the steps, while '
            'retained images alone are trained on',
            'Shows whether ordinary fine-tuning, with no image of the class, '
            'brings it back; a class that stays away in these steps could '
            'come back in more.'),
    }

    def run(self, subject: Subject, data: AuditData) -> Dict[str, Measured]:
        """See :meth:`AuditTest.run`."""
        settings = data.settings
        found = {}
        for name, shots in (('shots', settings.shots), ('retained', None)):
            curves = [
                relearn(subject, data, shots, settings.seed + draw)
                for draw in range(settings.draws)
            ]
            steps = [0, *settings.steps]
            found[f'relearning/{name}'] = mean_of(
                [area(steps, curve) for curve in curves],
                'draws of images and their order', steps=steps,
                curves=curves)
        return found


def relearn(subject: Subject, data: AuditData, shots: Optional[int],
            seed: int) -> List[float]:
    """Train a model and score it on the way.

    Args:
        subject: The model.
        data: Gives batches and scores.
        shots: Images of each forgotten class; None for retained ones alone.
        seed: Seed of the images, their order, and what is random in training.

    Returns:
        The metric of the forgotten classes before the first step, and after
        each of the settings' steps.
    """
    settings = data.settings
    torch.manual_seed(seed)
    model = subject.build().requires_grad_(True)
    level_bias(model, data.labels, len(data.table))
    wrapper = OptimWrapper(
        torch.optim.AdamW(model.parameters(), lr=settings.lr),
        clip_grad=dict(max_norm=1.))
    batches = data.training_batches(shots, seed)
    curve, done = [data.score(model).metric], 0
    for step in settings.steps:
        model.train()
        for batch in itertools.islice(batches, step - done):
            model.train_step(batch, wrapper)
        done = step
        curve.append(data.score(model).metric)
    return curve


def area(steps: Sequence[float], values: Sequence[Any]) -> float:
    """The mean height of a curve: the area under it over its width.

    Args:
        steps: Where it was measured, ascending.
        values: How high it is there.
    """
    parts = [
        (after - before) * (left + right) / 2
        for before, after, left, right in zip(
            steps, steps[1:], values, values[1:])
    ]
    return float(sum(parts) / (steps[-1] - steps[0]))
