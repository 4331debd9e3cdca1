"""A sample that comes out the same whoever loads it, and whenever."""
import contextlib
import random
from typing import Iterator, Sequence, Tuple

import numpy as np
import torch


class SeededIndex(int):
    """An index that knows which draw of its sampler it is.

    Random transforms that are seeded with it do not depend on how many
    workers load the samples, nor on whether a run was interrupted between
    two of them.

    Args:
        index: The index.
        seed: What to seed with, such as the sampler's seed and the number of
            the draw.
    """

    seed: Tuple[int, ...]

    def __new__(cls, index: int, seed: Sequence[int]) -> 'SeededIndex':
        draw = super().__new__(cls, index)
        draw.seed = tuple(seed)
        return draw

    # What a worker process makes it anew from.
    def __getnewargs__(  # type: ignore[override]
            self) -> Tuple[int, Tuple[int, ...]]:
        return int(self), self.seed


def mix_seed(parts: Sequence[int]) -> int:
    """One seed below 2**32 of several numbers."""
    return int(np.random.SeedSequence(parts).generate_state(1)[0])


@contextlib.contextmanager
def seeded(parts: Sequence[int]) -> Iterator[None]:
    """Seed Python, numpy and torch on the CPU, and put them back after."""
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
