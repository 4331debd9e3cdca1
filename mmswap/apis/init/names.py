"""The class names of a base model, in the order of its labels."""
from typing import Any, Mapping, Optional, Sequence, Tuple

from mmengine.config import Config

from mmswap.apis.init.layout import Code
from mmswap.config.listing import did_you_mean, listed
from mmswap.config.types import walk

Names = Tuple[str, ...]


def checkpoint_names(checkpoint: Mapping[str, Any]) -> Optional[Names]:
    """The class names that a checkpoint carries.

    Args:
        checkpoint: What is in the file.

    Returns:
        The names; None if it has none, as what was converted.
    """
    meta = checkpoint.get('meta') or {}
    meta = meta.get('dataset_meta') or meta
    found = meta.get('classes', meta.get('CLASSES'))
    if isinstance(found, (list, tuple)) and found:
        return tuple(found)
    return None


def base_names(of_checkpoint: Optional[Names], of_data: Optional[Names],
               checkpoint: str) -> Names:
    """The names of the base model's classes.

    Args:
        of_checkpoint: Those that its checkpoint carries.
        of_data: Those of the data that its config trains on, in the order of
            the labels.
        checkpoint: Path of the checkpoint, for messages.

    Raises:
        ValueError: If neither is known, or they are not the same names.
    """
    if of_checkpoint is None and of_data is None:
        raise ValueError(
            'train_dataloader.dataset.metainfo.classes must name the classes '
            'of the base model, as neither its data set nor --checkpoint '
            f'({checkpoint}) does')
    if of_checkpoint is None or of_data is None:
        return (of_data or of_checkpoint or ())
    if set(of_checkpoint) != set(of_data):
        lone = [name for name in (*of_data, *of_checkpoint)
                if (name in of_data) != (name in of_checkpoint)]
        raise ValueError(
            '--checkpoint must be of a model with the classes of STOCK_CONFIG,'
            f' {len(of_data)} of them, got {checkpoint} with '
            f'{len(of_checkpoint)}; only one of both has {shown(lone)}')
    # The data numbers the labels that a model is trained with.
    return of_data


def unique_names(names: Names) -> Names:
    """Tell classes of one name apart, as ImageNet's two cranes, by label.

    Args:
        names: The names, by label.
    """
    return tuple(
        f'{name} ({label})' if names.count(name) > 1 else name
        for label, name in enumerate(names))


def find_reference(cfg: Config, names: Names) -> Optional[Code]:
    """Find where a config has the names, to refer to them.

    Args:
        cfg: The config.
        names: The names, in order.

    Returns:
        How a config that inherits calls the shortest such place; None if
        there is none.
    """
    places = [
        path for path, part in walk(cfg.to_dict())
        if isinstance(part, (list, tuple)) and tuple(part) == names
    ]
    # The items of lists have numbers in their paths.
    places = [path for path in places
              if all(step.isidentifier() for step in path.split('.'))]
    if not places:
        return None
    return Code('_base_.' + min(places, key=lambda p: (p.count('.'), p)))


def check_known(option: str, given: Sequence[str], known: Sequence[str],
                what: str) -> None:
    """Refuse names that are not known.

    Args:
        option: The option that they were given with.
        given: The names.
        known: What they must be among.
        what: What those are.

    Raises:
        ValueError: If one is not known; with names that are alike.
    """
    unknown = [name for name in given if name not in known]
    if not unknown:
        return
    advice = did_you_mean(unknown, known)
    raise ValueError(
        f'{option} must be some of {what}, {shown(known)}, got {unknown}'
        + (f'; {advice}' if advice else ''))


def shown(names: Sequence[str], most: int = 12) -> str:
    """Names for a message.

    Args:
        names: The names.
        most: How many are written out.
    """
    return listed(names, most)
