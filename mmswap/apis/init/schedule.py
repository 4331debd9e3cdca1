"""How long a phase trains."""
from typing import Dict, NamedTuple, Tuple

# Passes of the images that a phase is about. Swaps of nano models took 300
# steps, those of COCO models some thousands.
PASSES = 20
LEAST, MOST = 300, 4000


def images_of_step(batch_size: int, holds: bool) -> Tuple[int, int]:
    """How many images to retain, and of the target, are in a step.

    Half and half, but where what the base model says is held: then three in
    four are to retain. On photographs (docs/photographs.md) what looks like
    the new objects is kept apart from them so, and of what is forgotten, in a
    third of these images without its label, less gets another name.

    Args:
        batch_size: Images of a step.
        holds: Whether what the base model says is held.
    """
    target = batch_size - batch_size // 2
    if holds:
        target = max(batch_size // 4, 1)
    return batch_size - target, target


def images_to_learn(batch_size: int, holds: bool, without_old: bool,
                    synthesized: bool) -> Tuple[int, int]:
    """The same of a learn phase.

    Where there are no old images and what the base model says is held, all
    are new: on photographs (docs/photographs.md) that keeps 0.92 of the
    base's AP, and 0.83 where three in four are new ones that show old
    classes (one seed). Where the old images are synthesized, three in four
    are new: with one in four 0.94 is kept, so 0.96.

    Args:
        batch_size: Images of a step.
        holds: Whether what the base model says is held.
        without_old: Whether there are no old images.
        synthesized: Whether the old images are synthesized.
    """
    if holds and without_old:
        return 0, batch_size
    if holds and synthesized:
        return images_of_step(batch_size, holds)[::-1]
    return images_of_step(batch_size, holds)


def passes_to_learn(retain: int, target: int) -> int:
    """Passes of the new images: as many steps as half and half would take.

    Half as many passes where all images are new, or most, as measured.

    Args:
        retain: Images to retain of a step.
        target: New images of a step.
    """
    if 2 * retain < target:
        return PASSES // 2
    return min(PASSES * 2 * target // (retain + target), PASSES)


class Length(NamedTuple):
    """How long a phase trains.

    Attributes:
        images: How many images there are of what it learns or forgets.
        batch: How many of them are in a step.
        by_epoch: Whether the training loop counts epochs.
        passes: How often each image is seen, within ``LEAST`` to ``MOST``
            steps.
    """

    images: int
    batch: int
    by_epoch: bool
    passes: int = PASSES

    @property
    def epoch(self) -> int:
        """Steps of a pass of the images, an epoch."""
        return max(-(-self.images // self.batch), 1)

    @property
    def total(self) -> int:
        """Epochs, or iterations where the loop counts those."""
        steps = min(max(self.passes * self.epoch, LEAST), MOST)
        if not self.by_epoch:
            return steps
        epochs = -(-steps // self.epoch)
        return epochs if epochs * self.epoch <= MOST else max(
            MOST // self.epoch, 1)

    @property
    def steps(self) -> int:
        """Steps in all."""
        return self.total * self.epoch if self.by_epoch else self.total

    @property
    def checkpoint(self) -> str:
        """Name of the checkpoint that it ends with."""
        return f'{"epoch" if self.by_epoch else "iter"}_{self.total}.pth'

    def train_cfg(self) -> Dict[str, int]:
        """What a config changes in the stock loop; scored at the end."""
        key = 'max_epochs' if self.by_epoch else 'max_iters'
        return {key: self.total, 'val_interval': self.total}

    def scheduler(self) -> Dict[str, object]:
        """A schedule that begins at once and ends with the phase."""
        cosine: Dict[str, object] = dict(
            type='CosineAnnealingLR', T_max=self.total)
        if not self.by_epoch:
            cosine['by_epoch'] = False
        return cosine

    def why(self) -> str:
        """A sentence that says how it was chosen."""
        times = -(-self.steps // self.epoch)
        unit = 'epochs' if self.by_epoch else 'passes'
        return (f'{self.images} images, {self.batch} a step: {times} {unit} '
                f'of {self.epoch} steps (by default {self.passes} {unit}, '
                f'within {LEAST} to {MOST:,} steps).')
