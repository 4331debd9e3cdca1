"""A sample that comes out the same whoever loads it, and whenever."""
import contextlib
import random
from typing import Iterator, Sequence, Tuple

import numpy as np
import torch


class SeededIndex(int):
    """An index that carries the seed of its sample's random transforms.

    Transforms seeded with it do not depend on how many workers load the
    samples, nor on whether a run was interrupted between two of them.

    Args:
        index: The index.
        seed: What to seed with, such as the sampler's seed and how many
            indices came before.
    """

    seed: Tuple[int, ...]

    def __new__(cls, index: int, seed: Sequence[int]) -> 'SeededIndex':
        seeded_index = super().__new__(cls, index)
        seeded_index.seed = tuple(seed)
        return seeded_index

    # What pickle rebuilds it from in a worker process.
    def __getnewargs__(  # type: ignore[override]
            self) -> Tuple[int, Tuple[int, ...]]:
        return int(self), self.seed


def mix_seed(parts: Sequence[int]) -> int:
    """One seed below 2**32 of several numbers."""
    return int(np.random.SeedSequence(parts).generate_state(1)[0])


def seed_all(parts: Sequence[int]) -> None:
    """Seed Python, numpy, and torch on all devices."""
    seed = mix_seed(parts)
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)


@contextlib.contextmanager
def seeded(parts: Sequence[int]) -> Iterator[None]:
    """Seed Python, numpy and torch on the CPU, and restore them after."""
    states = random.getstate(), np.random.get_state(), torch.get_rng_state()
    seed = mix_seed(parts)
    random.seed(seed)
    np.random.seed(seed)
    torch.default_generator.manual_seed(seed)
    try:
        yield
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])
        torch.set_rng_state(states[2])
