"""Labels of whole images."""
from typing import Any, Collection, Dict, List, Mapping, Set

import numpy as np

from .base_labels import BaseLabels, DataInfo

_DIFFICULT = 'gt_label_difficult'


class ImageLabels(BaseLabels):
    """The labels at ``data_info['gt_label']``, one or a list of them.

    An image with a single label cannot do without it, so every rule for the
    classes not kept drops images of those. From a list of labels ``strip``
    leaves out the others, which turns them into negatives. Difficult labels
    (mmpretrain's VOC) count as ignored ones.
    """

    refused = dict(gt_score='label scores (gt_score)')

    @staticmethod
    def matches(data_info: DataInfo) -> bool:
        """Whether there is a label of the image, of one task."""
        return not isinstance(data_info.get('gt_label', {}), Mapping)

    def labels_of(self,
                  data_info: DataInfo,
                  with_ignored: bool = False) -> Set[int]:
        """See :meth:`BaseLabels.labels_of`."""
        labels = _as_list(data_info['gt_label'])
        if with_ignored:
            labels += _as_list(data_info.get(_DIFFICULT, []))
        return set(labels)

    def goes_with_others(self, data_info: DataInfo, others: str) -> bool:
        """See :meth:`BaseLabels.goes_with_others`.

        Raises:
            ValueError: If labels of a list are to be ignored.
        """
        if np.ndim(data_info['gt_label']) == 0:
            return True
        if others == 'ignore':
            raise ValueError(
                "others must be 'strip' or 'drop' for images with a list of "
                f'labels ({self.dataset_type}), as a list cannot say that a '
                f'class is to be ignored, got {others!r}')
        return others == 'drop'

    def select(self, data_info: DataInfo, label_map: Mapping[int, int],
               keep: Collection[int], others: str) -> Dict[str, Any]:
        """See :meth:`BaseLabels.select`."""
        del others
        result = dict(data_info)
        for key in ('gt_label', _DIFFICULT):
            if key not in data_info:
                continue
            new = [
                label_map[label] for label in _as_list(data_info[key])
                if label_map.get(label) in keep
            ]
            result[key] = new if np.ndim(data_info[key]) else new[0]
        return result


def _as_list(labels: Any) -> List[int]:
    """One or several labels, of whichever integer type, as a list."""
    return np.atleast_1d(labels).astype(int).tolist()
