"""How images are synthesized."""
from typing import NamedTuple, Optional

# Key in the ``info`` of a json whose images are synthesized.
SYNTHESIZED = 'synthesized'
# Sizes are multiples of the coarsest stride of the usual detectors.
STRIDE = 32
# Below, the largest objects have no room.
_LEAST_SIZE = 2 * STRIDE


class SynthesisSettings(NamedTuple):
    """How many images are synthesized, and how.

    The defaults of ``number`` and ``steps`` are measured
    (docs/photographs.md).

    Attributes:
        number: How many images.
        size: Height and width of each, in pixels, a multiple of 32; None for
            the shorter side of what the model is shown, rounded up.
        steps: Of the optimizer at half the size; a quarter as many follow at
            the whole size.
        batch_size: How many images are optimized together, and share the
            statistics that they are held to.
        seed: Of all that is drawn at random.
        sheet_images: How many images the contact sheet shows; 0 for none.
    """

    number: int = 160
    size: Optional[int] = None
    steps: int = 120
    batch_size: int = 8
    seed: int = 0
    sheet_images: int = 24

    def check(self) -> None:
        """Refuse what is out of range.

        Raises:
            ValueError: If a number is.
        """
        for name, least in (('number', 1), ('steps', 4), ('batch_size', 1),
                            ('sheet_images', 0)):
            value = getattr(self, name)
            if value < least:
                raise ValueError(f'--{name.replace("_", "-")} must be at '
                                 f'least {least}, got {value}')
        if self.size is not None and (self.size < _LEAST_SIZE
                                      or self.size % STRIDE):
            raise ValueError(f'--size must be a multiple of {STRIDE} and at '
                             f'least {_LEAST_SIZE}, got {self.size}')
