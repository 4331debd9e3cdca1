"""What of the data is checked before a swap is planned."""
from typing import List, Optional, Tuple

from mmswap.apis.init.data import DataKind
from mmswap.apis.init.names import Names, check_known, shown
from mmswap.apis.init.settings import Settings
from mmswap.apis.init.source import Source


def set_up_kind(kind: DataKind, settings: Settings) -> None:
    """Tell the data sets what of them a swap is made from.

    Args:
        kind: The data sets of the stock config.
        settings: What the swap was told.

    Raises:
        ValueError: If it is to do without old images and cannot.
    """
    if settings.without_old and not kind.labels_several:
        raise ValueError(
            '--without-old must be left out where an image has one label, got '
            f'default_scope {kind.stock.scope!r} in {kind.stock.given}; other '
            'images, which mmswap pseudo-label sorts, can be the old ones '
            '(--old)')
    kind.without_old = settings.without_old
    kind.needs_stock = not settings.without_old and settings.old is None


def take_as_old(kind: DataKind, old: Source, base: Names) -> None:
    """Have other old images than those of the stock config.

    Args:
        kind: The data sets of the stock config.
        old: Where they are.
        base: Names of the base model's classes.

    Raises:
        FileNotFoundError: If they are not there.
        ValueError: If none is labelled with one of these classes.
    """
    counts = kind.labelled(old, base)
    if not any(counts.get(name) for name in base):
        raise ValueError(
            '--old must be labelled with classes of the base model, got '
            f'{shown(list(counts))} in {old.path}; mmswap pseudo-label labels '
            'images')
    kind.take_as_old(old)


def check_plain(kind: DataKind) -> None:
    """Refuse wrappers, which take no class names.

    Args:
        kind: The data sets of the stock config.

    Raises:
        ValueError: If the one to train on is a wrapper.
    """
    if kind.is_wrapped():
        raise ValueError('train_dataloader.dataset must be no wrapper of data '
                         'sets for classes of one name to be told apart, got '
                         f'{kind.stock.cfg.train_dataloader.dataset.type}')


def names_to_learn(kind: DataKind, new: Optional[Source], base: Names,
                   chosen: Names) -> Tuple[Names, List[str]]:
    """The classes to learn, and what to say of them.

    Args:
        kind: The data sets of the stock config.
        new: Images of what is to be learned.
        base: Names of the base model's classes.
        chosen: Those that ``--learn`` names; empty for all that are new.

    Raises:
        FileNotFoundError: If the images are not there.
        ValueError: If a class is not new, or no image shows it.
    """
    if new is None:
        return (), []
    known = [name for name in chosen if name in base]
    if known:
        raise ValueError(f'--learn must be new to the base model, which has '
                         f'{shown(known)} already')
    counts = kind.labelled(new, (*base, *chosen))
    fresh = [name for name in counts if name not in base]
    if not fresh:
        raise ValueError(
            f'--new must show classes that the base model does not have, got '
            f'{shown(list(counts))} in {new.path}, all of which it has'
            + ('; --learn names those in maps'
               if kind.stock.scope == 'mmseg' else ''))
    check_known('--learn', chosen, fresh, 'the new classes of --new')
    wanted = chosen or tuple(name for name in fresh if counts[name])
    empty = [name for name in (chosen or fresh) if not counts[name]]
    if empty and (chosen or not wanted):
        raise ValueError(f'--new must have images of {shown(empty)}, got none '
                         f'in {new.path}')
    notes = [f'{shown(empty)}: left out, {new.path} lists it without an '
             'image'] if empty else []
    return wanted, notes
