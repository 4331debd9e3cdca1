"""How much an audit measures."""
from typing import NamedTuple, Tuple


class AuditSettings(NamedTuple):
    """What all tests of an audit have in common.

    The defaults are small enough for a CPU. The learning rate is that at
    which transformers are usually fine-tuned.

    Attributes:
        images: Held-out images to measure on, half of them with an object of
            a forgotten class.
        shots: Images of each forgotten class that an attacker has.
        draws: How often these are drawn.
        steps: Training steps after which relearning is measured.
        lr: AdamW's learning rate to relearn with, for all weights.
        batch: Images a step to relearn with.
        seed: Seed of every choice.
    """

    images: int = 200
    shots: int = 4
    draws: int = 3
    steps: Tuple[int, ...] = (10, 30, 100)
    lr: float = 1e-4
    batch: int = 16
    seed: int = 0


QUICK = AuditSettings(images=60, draws=2, steps=(10, 30))


def check_settings(settings: AuditSettings) -> None:
    """Refuse settings that nothing can be measured with.

    Args:
        settings: The settings.

    Raises:
        ValueError: If one of them is out of range.
    """
    for key, least in (('images', 2), ('shots', 1), ('draws', 2),
                       ('batch', 2)):
        value = getattr(settings, key)
        if value < least:
            raise ValueError(f'{key} must be at least {least}, got {value}')
    steps = settings.steps
    if not steps or min(steps) < 1 or list(steps) != sorted(set(steps)):
        raise ValueError('steps must be ascending numbers of training steps '
                         f'of at least 1, got {list(steps)}')
    if not settings.lr > 0:
        raise ValueError(f'lr must be above 0, got {settings.lr}')
