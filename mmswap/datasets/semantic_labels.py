"""Labels of semantic maps."""
from typing import Any, Collection, Dict, Mapping, Set

import numpy as np
from mmengine.dataset import BaseDataset

from mmswap.class_table import ClassTable

from .base_labels import BaseLabels, DataInfo
from .label_names import label_names
from .map_scan import scan_label_maps

# What mmseg's `reduce_zero_label` and `label_map` write, and its losses and
# metrics ignore by default.
IGNORE_INDEX = 255


class SemanticLabels(BaseLabels):
    """The labels of the map at ``data_info['seg_map_path']``.

    The maps stay as they are on disk. mmseg's ``LoadAnnotations`` replaces
    their values by those of ``data_info['label_map']``, after it has taken
    ``reduce_zero_label`` into account; :meth:`select` writes that map. It
    holds the values that the image's map has and no other, as each one costs
    the loader a pass over all pixels.

    Args:
        dataset: A data set of mmseg, fully initialized. Its maps are read to
            know what they show.
        table: The class table.

    Raises:
        ValueError: If the data set's ``ignore_index`` is not 255.
    """

    def __init__(self, dataset: BaseDataset, table: ClassTable) -> None:
        super().__init__(dataset, table)
        ignore_index = getattr(dataset, 'ignore_index', IGNORE_INDEX)
        if ignore_index != IGNORE_INDEX:
            raise ValueError(
                f'dataset.ignore_index must be {IGNORE_INDEX}, which is what '
                "mmseg's label maps write for pixels to ignore, got "
                f'{ignore_index!r}')
        self._num_labels = len(label_names(dataset).names)
        self._values = scan_label_maps(dataset)

    @staticmethod
    def matches(data_info: DataInfo) -> bool:
        """Whether there is a map with the keys that mmseg's loader reads."""
        return {'seg_map_path', 'reduce_zero_label', 'label_map'} <= set(
            data_info)

    def labels_of(self,
                  data_info: DataInfo,
                  with_ignored: bool = False) -> Set[int]:
        """See :meth:`BaseLabels.labels_of`; nothing is known of ignored ones.

        One pixel is enough to hold a class.
        """
        del with_ignored
        return {
            label
            for label in self._own_labels(data_info).values()
            if label < self._num_labels
        }

    def select(self, data_info: DataInfo, label_map: Mapping[int, int],
               keep: Collection[int], others: str) -> Dict[str, Any]:
        """See :meth:`BaseLabels.select`.

        A pixel has to have a label, so the pixels of classes not kept are to
        be ignored under every rule. So are values that stand for no class:
        they could be the label of a learned one.
        """
        del others
        new = {}
        for value, own_label in self._own_labels(data_info).items():
            label = label_map.get(own_label)
            new[value] = IGNORE_INDEX if label not in keep else label
        return {**data_info, 'label_map': new}

    def _own_labels(self, data_info: DataInfo) -> Dict[int, int]:
        """The data set's label of each value in the map of an image."""
        own = data_info['label_map'] or {}
        values = np.flatnonzero(self._values[data_info['sample_idx']])
        return {value: own.get(value, value) for value in values.tolist()}
