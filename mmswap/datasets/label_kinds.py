"""Which kind of labels a data set holds, and so who reads and changes them.

To support another kind, write a :class:`BaseLabels` for it and add it to
``LABEL_KINDS``; ``ClassSubset`` stays as it is.
"""
from typing import Tuple, Type

from mmengine.dataset import BaseDataset

from mmswap.class_table import ClassTable

from .base_labels import BaseLabels
from .image_labels import ImageLabels
from .instance_labels import InstanceLabels
from .label_names import data_source
from .panoptic_labels import PanopticLabels
from .semantic_labels import SemanticLabels

LABEL_KINDS: Tuple[Type[BaseLabels], ...] = (InstanceLabels, PanopticLabels,
                                             SemanticLabels, ImageLabels)


def read_labels(dataset: BaseDataset, table: ClassTable) -> BaseLabels:
    """Find out what labels a data set holds, from its first image.

    Args:
        dataset: The data set, fully initialized.
        table: The class table.

    Raises:
        TypeError: If it has labels of a kind that is not supported, alone or
            beside others.
        ValueError: If it has no image, or labels that the kind refuses.
    """
    if not len(dataset):
        raise ValueError('ClassSubset.dataset must hold an image, got none in '
                         f'{data_source(dataset)}')
    data_info = dataset.get_data_info(0)
    for kind in LABEL_KINDS:
        if not kind.matches(data_info):
            continue
        for key, what in kind.refused.items():
            if data_info.get(key) is not None:
                raise TypeError(
                    'ClassSubset.dataset must hold labels of one kind, got '
                    f'{what} beside those that {kind.__name__} reads in '
                    f'{data_source(dataset)}')
        return kind(dataset, table)
    raise TypeError(
        'ClassSubset.dataset must hold detection instances (the key '
        "'instances' in its data info), panoptic segments of mmdet "
        "('segments_info'), semantic maps of mmseg "
        "('seg_map_path') or labels of images ('gt_label'), got the keys "
        f'{sorted(data_info)}')
