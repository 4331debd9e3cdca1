"""How long a phase trains."""
from typing import Dict, NamedTuple, Tuple

# Passes of the images that a phase is about. Swaps of nano models took 300
# steps, those of COCO models some thousands.
PASSES = 20
LEAST, MOST = 300, 4000


def images_of_step(batch_size: int, kind: str,
                   holds: bool) -> Tuple[int, int]:
    """How many images to retain, and of the target, are in a step.

    Half and half, but where a model that is held forgets: then three in four
    are to retain, a third of them with what is forgotten and without its
    label. On photographs (docs/photographs.md) that leaves fewer of these
    with another name, and retains more.

    Args:
        batch_size: Images of a step.
        kind: ``'learn'`` or ``'forget'``.
        holds: Whether what the base model says is held.
    """
    target = batch_size - batch_size // 2
    if holds and kind == 'forget':
        target = max(batch_size // 4, 1)
    return batch_size - target, target


class Length(NamedTuple):
    """How long a phase trains.

    Attributes:
        images: How many images there are of what it learns or forgets.
        batch: How many of them are in a step.
        by_epoch: Whether the training loop counts epochs.
    """

    images: int
    batch: int
    by_epoch: bool

    @property
    def epoch(self) -> int:
        """Steps of a pass of the images, an epoch."""
        return max(-(-self.images // self.batch), 1)

    @property
    def total(self) -> int:
        """Epochs, or iterations where the loop counts those."""
        steps = min(max(PASSES * self.epoch, LEAST), MOST)
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
        passes = -(-self.steps // self.epoch)
        unit = 'epochs' if self.by_epoch else 'passes'
        return (f'{self.images} images, {self.batch} a step: {passes} {unit} '
                f'of {self.epoch} steps (by default {PASSES} {unit}, within '
                f'{LEAST} to {MOST:,} steps).')
