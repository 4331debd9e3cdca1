"""What a swap may be told beside its data."""
from typing import Dict, NamedTuple, Optional, Sequence, Tuple

from mmswap.apis.init.data import Source
from mmswap.apis.init.names import Names, shown

ORDERS: Dict[str, Tuple[str, ...]] = {
    'learn-forget': ('learn', 'forget'),
    'forget-learn': ('forget-first', 'learn'),
    'learn-forget-learn': ('learn', 'forget', 'learn'),
    'forget-learn-forget': ('forget-first', 'learn', 'forget'),
}


class Settings(NamedTuple):
    """What a swap may be told beside its data.

    Attributes:
        learn: The classes to learn; empty for all that ``new`` shows and the
            base does not know.
        order: One of ``ORDERS``.
        batch_size: Images of a step, half of them to retain; None for 4, or
            32 of a classifier.
        trust: Unpickle whatever the checkpoint holds.
    """

    learn: Names = ()
    order: str = 'learn-forget'
    batch_size: Optional[int] = None
    trust: bool = False


def check_request(new: Optional[Source], forget: Sequence[str],
                  settings: Settings) -> None:
    """Refuse what cannot be, whatever the data are.

    Args:
        new: Images of what is to be learned.
        forget: The classes to forget.
        settings: The rest.

    Raises:
        ValueError: If they do not go together.
    """
    if new is None and not forget:
        raise ValueError('--new or --forget must be given, or both: nothing '
                         'is to be learned or forgotten')
    if settings.learn and new is None:
        raise ValueError('--new must be given with --learn, the images to '
                         f'learn {shown(settings.learn)} from')
    if settings.order not in ORDERS:
        raise ValueError(f'--order must be one of {list(ORDERS)}, got '
                         f'{settings.order!r}')
    if settings.batch_size is not None and settings.batch_size < 2:
        raise ValueError('--batch-size must be at least 2, an image to '
                         f'retain and one of the target, got '
                         f'{settings.batch_size}')
