"""Labels of detection instances."""
from typing import Any, Collection, Dict, Mapping, Set

from .base_labels import BaseLabels, DataInfo


class InstanceLabels(BaseLabels):
    """The labels of ``data_info['instances']``.

    That is mmdet's list of dicts with ``bbox``, ``bbox_label`` and, where the
    data has them, ``ignore_flag`` and ``mask``. Instances with
    ``ignore_flag=1`` are crowds and difficult objects. Negative labels mark
    regions to ignore that belong to no class (CrowdHuman).
    """

    refused = dict(
        # Nothing tells which class a value of such a map stands for: those of
        # COCO-stuff count otherwise than the instances beside them.
        seg_map_path='semantic maps (data_prefix.seg)',
        text='class names as a prompt (return_classes=True)')

    @staticmethod
    def matches(data_info: DataInfo) -> bool:
        """Whether there is a list of instances and no list of segments."""
        return 'instances' in data_info and 'segments_info' not in data_info

    def labels_of(self,
                  data_info: DataInfo,
                  with_ignored: bool = False) -> Set[int]:
        """See :meth:`BaseLabels.labels_of`; negative ones are left out."""
        return {
            instance['bbox_label']
            for instance in data_info['instances']
            if instance['bbox_label'] >= 0 and (
                with_ignored or not instance.get('ignore_flag', 0))
        }

    def select(self, data_info: DataInfo, label_map: Mapping[int, int],
               keep: Collection[int], others: str) -> Dict[str, Any]:
        """See :meth:`BaseLabels.select`.

        ``ignore`` keeps the other instances with ``ignore_flag=1``, under
        their label in the class table or -1 where they have none. Any other
        rule leaves them out.
        """
        instances = []
        for instance in data_info['instances']:
            label = label_map.get(instance['bbox_label'], -1)
            if label in keep:
                instances.append({**instance, 'bbox_label': label})
            elif instance['bbox_label'] < 0:
                # A region to ignore of no class has no others rule.
                instances.append(dict(instance))
            elif others == 'ignore':
                instances.append({
                    **instance, 'bbox_label': label,
                    'ignore_flag': 1
                })
        return {**data_info, 'instances': instances}
