"""The choice of a few images: some of each class, or a share of all."""
import logging
from typing import Any, Collection, Dict, List, Mapping, Sequence, Set, Union

import numpy as np
from mmengine.dataset import BaseDataset
from mmengine.logging import print_log

from mmswap.class_table import ClassTable
from mmswap.tasks.label_names import data_source


def check_choice(shots: Any, fraction: Any) -> None:
    """Refuse what is no choice of images.

    Args:
        shots: Images per class; None for no such choice.
        fraction: Share of the images; None for no such choice.

    Raises:
        ValueError: If ``shots`` is no number of at least 1, ``fraction`` is
            not above 0 and up to 1, or both are given.
    """
    if shots is not None and (type(shots) is not int or shots < 1):
        raise ValueError('shots must be None or a number of images per '
                         f'class of at least 1, got {shots!r}')
    if fraction is None:
        return
    if (not isinstance(fraction, (int, float)) or isinstance(fraction, bool)
            or not 0 < fraction <= 1):
        raise ValueError('fraction must be None or a share of the images '
                         f'above 0 and up to 1, got {fraction!r}')
    if shots is not None:
        raise ValueError('fraction must be None where shots are given, got '
                         f'fraction={fraction!r} and shots={shots!r}')


def choose_fraction(held: Collection[int], fraction: float,
                    seed: int) -> List[int]:
    """Choose a share of the images, rounded, and at least one.

    Args:
        held: The image indices.
        fraction: Share of them, above 0 and up to 1.
        seed: Seed of the choice.

    Returns:
        The image indices that are chosen, ascending.
    """
    count = max(round(fraction * len(held)), 1)
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
        for label, found in chosen.items()
    }
    short = [name for name, found in images.items() if len(found) < shots]
    print_log(
        f'ClassSubset chose {shots} images per class of {data_source(dataset)}'
        f': {images}' +
        (f'; there are no more of {short}' if short else ''),
        logger='current',
        level=logging.WARNING if short else logging.INFO)


def _name(data_info: Mapping[str, Any], index: int) -> Union[int, str]:
    """What an image is called in the log: its id, file or index."""
    return data_info.get('img_id', data_info.get('img_path', index))
