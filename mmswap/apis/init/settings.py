"""What a swap may be told beside what is learned and forgotten."""
from collections import Counter
from typing import Any, Dict, NamedTuple, Optional, Sequence, Tuple

from mmswap.apis.init.names import Names, shown
from mmswap.apis.init.source import Source

ORDERS: Dict[str, Tuple[str, ...]] = {
    'learn-forget': ('learn', 'forget'),
    'forget-learn': ('forget-first', 'learn'),
    'learn-forget-learn': ('learn', 'forget', 'learn'),
    'forget-learn-forget': ('forget-first', 'learn', 'forget'),
}
# Those of a plan of requests.
PLAN_ORDERS: Dict[str, Tuple[str, ...]] = {
    'learn-forget': ('request-learn', 'request-forget'),
    'forget-learn': ('request-forget', 'request-learn'),
}


# What differs in model.adapter. What each costs is in docs/performance.md.
PRESETS: Dict[str, Dict[str, Any]] = {
    'fast': dict(last=0.5),
    'small': dict(last=0.25),
}


class Settings(NamedTuple):
    """What a swap may be told beside what is learned and forgotten.

    Attributes:
        learn: The classes to learn; empty for all that ``new`` shows and the
            base does not know.
        order: One of ``ORDERS``; with several requests to forget, one of
            ``PLAN_ORDERS``.
        batch_size: Images of a step, half of them to retain, or more; see
            ``images_of_step``. None for 4, or 32 of a classifier.
        trust: Unpickle whatever the checkpoint holds.
        without_old: Whether to do without old images though there are some.
        old: Images that take the place of those that the stock config trains
            on; None for those.
        preset: One of ``PRESETS``; None for LoRA in all blocks.
    """

    learn: Names = ()
    order: str = 'learn-forget'
    batch_size: Optional[int] = None
    trust: bool = False
    without_old: bool = False
    old: Optional[Source] = None
    preset: Optional[str] = None

    @property
    def adapter(self) -> Dict[str, Any]:
        """The arguments of the adapter, as in a config."""
        return dict(PRESETS[self.preset]) if self.preset else {}


def forget_requests(forget: Sequence[Sequence[str]]) -> Tuple[Names, ...]:
    """The classes to forget of each request.

    Args:
        forget: Names, which are one request, or a list of names for each.

    Returns:
        The names of each request that has any.
    """
    names = [name for name in forget if isinstance(name, str)]
    if names:
        return (tuple(names), )
    return tuple(tuple(request) for request in forget if request)


def check_request(new: Optional[Source], requests: Sequence[Names],
                  settings: Settings) -> None:
    """Refuse what cannot be, whatever the data are.

    Args:
        new: Images of what is to be learned.
        requests: The classes to forget of each request.
        settings: The rest.

    Raises:
        ValueError: If they do not go together.
    """
    if new is None and not requests:
        raise ValueError('--new or --forget must be given, or both: nothing '
                         'is to be learned or forgotten')
    if settings.learn and new is None:
        raise ValueError('--new must be given with --learn, the images to '
                         f'learn {shown(settings.learn)} from')
    if settings.without_old and new is None:
        raise ValueError('--new must be given with --without-old, the images '
                         'to take all from')
    if settings.without_old and settings.old is not None:
        raise ValueError('--without-old must be left out with --old, the old '
                         f'images, got {settings.old.path}')
    if settings.order not in ORDERS:
        raise ValueError(f'--order must be one of {list(ORDERS)}, got '
                         f'{settings.order!r}')
    if settings.preset not in (None, *PRESETS):
        raise ValueError(f'--preset must be one of {list(PRESETS)}, got '
                         f'{settings.preset!r}')
    if len(requests) > 1 and settings.order not in PLAN_ORDERS:
        raise ValueError(
            f'--order must be one of {list(PLAN_ORDERS)} where --forget is '
            f'given several times, got {settings.order!r}; any order can be '
            'written into the plan of requests afterwards')
    counts = Counter(name for request in requests for name in request)
    twice = [name for name, count in counts.items() if count > 1]
    if twice:
        raise ValueError('--forget must name each class once over all '
                         f'requests, got {shown(twice)} more than once')
    if settings.batch_size is not None and settings.batch_size < 2:
        raise ValueError('--batch-size must be at least 2, an image to '
                         f'retain and one of the target, got '
                         f'{settings.batch_size}')
