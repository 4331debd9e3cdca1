"""The choice of a few images: some of each class, a share, a number."""
import logging
from typing import (
    Any,
    Collection,
    Dict,
    List,
    Mapping,
    Optional,
    Sequence,
    Set,
    Union,
)

import numpy as np
from mmengine.dataset import BaseDataset
from mmengine.logging import print_log

from mmswap.class_table import ClassTable
from mmswap.config.listing import listed
from mmswap.tasks.label_names import data_source


def check_choice(shots: Any, fraction: Any, num_images: Any) -> None:
    """Refuse what is no choice of images.

    Args:
        shots: Images per class; None for no such choice.
        fraction: Share of the images; None for no such choice.
        num_images: Number of images; None for no such choice.

    Raises:
        ValueError: If ``shots`` or ``num_images`` is no number of at least 1,
            ``fraction`` is not above 0 and up to 1, or two are given.
    """
    for name, value, what in (('shots', shots, 'images per class'),
                              ('num_images', num_images, 'images')):
        if value is not None and (type(value) is not int or value < 1):
            raise ValueError(f'{name} must be None or a number of {what} of '
                             f'at least 1, got {value!r}')
    if fraction is not None and (
            not isinstance(fraction, (int, float))
            or isinstance(fraction, bool) or not 0 < fraction <= 1):
        raise ValueError('fraction must be None or a share of the images '
                         f'above 0 and up to 1, got {fraction!r}')
    given = dict(shots=shots, fraction=fraction, num_images=num_images)
    given = {key: value for key, value in given.items() if value is not None}
    if len(given) > 1:
        raise ValueError('one of shots, fraction and num_images must be given '
                         f'at most, got {given}')


def choose(dataset: BaseDataset, table: ClassTable,
           held: Mapping[int, Collection[int]], labels: Sequence[int],
           shots: Optional[int], count: Union[int, float, None],
           seed: int) -> List[int]:
    """Choose the images that stay.

    Args:
        dataset: The data set of the images.
        table: The class table.
        held: The labels that each image holds, by image index.
        labels: The labels to choose images for.
        shots: Number of images per label; None for no such choice.
        count: See :func:`choose_images`; None for no such choice.
        seed: Seed of the choice.

    Returns:
        The image indices that are chosen, ascending.
    """
    if count:
        return choose_images(held, count, seed)
    if shots is None:
        return sorted(held)
    chosen = choose_shots(held, labels, shots, seed)
    log_shots(dataset, table, chosen, shots)
    return sorted(set().union(*chosen.values()))


def choose_images(held: Collection[int], count: Union[int, float],
                  seed: int) -> List[int]:
    """Choose some of the images, whatever they show.

    Args:
        held: The image indices.
        count: How many; a float is a share, up to 1.0, rounded, but at least
            one image.
        seed: Seed of the choice.

    Returns:
        The image indices that are chosen, ascending.
    """
    if isinstance(count, float):
        count = max(round(count * len(held)), 1)
    shuffled = np.random.default_rng(seed).permutation(sorted(held))
    return sorted(shuffled[:count].tolist())


def choose_shots(held: Mapping[int, Collection[int]], labels: Sequence[int],
                 shots: int, seed: int) -> Dict[int, List[int]]:
    """Choose images so that each class is seen in ``shots`` of them.

    The images are shuffled once. Each class in turn counts the images that
    are already chosen and hold it, and takes further ones in the shuffled
    order. An image with several classes counts for each of them, so that a
    class may end up in more images than asked for, as others bring it along.

    Args:
        held: The labels that each image holds, by image index.
        labels: The labels to choose images for.
        shots: Number of images per label, at least 1.
        seed: Seed of the shuffle.

    Returns:
        The image indices that count for each label, ``shots`` of them or, if
        fewer hold it, all that do.
    """
    shuffled = np.random.default_rng(seed).permutation(sorted(held)).tolist()
    chosen: Set[int] = set()
    result = {}
    for label in labels:
        images = [index for index in shuffled if label in held[index]]
        # The sort is stable: chosen ones first, each part as shuffled.
        images.sort(key=lambda index: index not in chosen)
        result[label] = images[:shots]
        chosen.update(result[label])
    return result


def log_shots(dataset: BaseDataset, table: ClassTable,
              chosen: Mapping[int, Sequence[int]], shots: int) -> None:
    """Log which images were chosen; a warning if a class has too few.

    Args:
        dataset: The data set of the images.
        table: The class table.
        chosen: The image indices chosen for each label.
        shots: Number of images per label that were asked for.
    """
    images = {
        table.names[label]:
        [_name(dataset.get_data_info(index), index) for index in found]
        for label, found in chosen.items() if found
    }
    print_log(
        f'ClassSubset chose {shots} images per class of {data_source(dataset)}'
        f': {images}', logger='current')
    short = [table.names[label] for label, found in chosen.items()
             if len(found) < shots]
    if short:
        print_log(
            f'ClassSubset.shots is {shots}, but {data_source(dataset)} has '
            f'fewer images of {listed(short, 8)}', logger='current',
            level=logging.WARNING)


def _name(data_info: Mapping[str, Any], index: int) -> Union[int, str]:
    """What an image is called in the log: its id, file or index."""
    return data_info.get('img_id', data_info.get('img_path', index))
