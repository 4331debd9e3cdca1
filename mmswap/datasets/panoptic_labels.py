"""Labels of panoptic segments."""
from typing import Any, Collection, Dict, Mapping, Set

from mmengine.dataset import BaseDataset

from mmswap.class_table import ClassTable

from .base_labels import DataInfo
from .instance_labels import InstanceLabels
from .label_names import read_category_list

# Of a segment: what mmdet's loader leaves where there is none.
VOID = 255


class PanopticLabels(InstanceLabels):
    """The labels of ``data_info['segments_info']`` and of its instances.

    That is mmdet's ``CocoPanopticDataset``: each segment has its ``category``
    and ``is_thing``, and the things have an instance each, in the same order.
    A crowd is a segment of a thing's class with ``is_thing=False``. mmdet's
    ``LoadPanopticAnnotations`` makes a mask of each ``is_thing`` segment, and
    writes the category of every segment into the semantic map.

    Args:
        dataset: The data set, fully initialized.
        table: The class table.

    Raises:
        ValueError: If ``classes.stuff`` is not what the data set calls stuff.
    """

    refused = dict(text='class names as a prompt (return_classes=True)')

    def __init__(self, dataset: BaseDataset, table: ClassTable) -> None:
        super().__init__(dataset, table)
        categories = {
            category['id']: category
            for category in read_category_list(
                dataset.ann_file, getattr(dataset, 'backend_args', None))
        }
        ordered = [categories[cat_id] for cat_id in dataset.cat_ids]
        self._things = {i for i, c in enumerate(ordered) if c['isthing']}
        shown = [c for c in ordered if c['name'] in table.names]
        wrong = [
            c['name'] for c in shown
            if bool(c['isthing']) == (c['name'] in table.stuff)
        ]
        if wrong:
            raise ValueError(
                f'classes.stuff must name the stuff classes, as things come '
                f'before stuff, got {list(table.stuff)}, but {wrong} are '
                f'otherwise in {dataset.ann_file!r}')

    @staticmethod
    def matches(data_info: DataInfo) -> bool:
        """Whether there is a list of segments."""
        return 'segments_info' in data_info

    def labels_of(self,
                  data_info: DataInfo,
                  with_ignored: bool = False) -> Set[int]:
        """See :meth:`BaseLabels.labels_of`; crowds are to be ignored."""
        return {
            segment['category']
            for segment in data_info['segments_info']
            if with_ignored or segment['is_thing']
            or segment['category'] not in self._things
        }

    def select(self, data_info: DataInfo, label_map: Mapping[int, int],
               keep: Collection[int], others: str) -> Dict[str, Any]:
        """See :meth:`BaseLabels.select`.

        The pixels of segments of other classes become void. ``ignore`` keeps
        these segments as void ones, so that metrics can tell them, and the
        instances of things as ignored ones, each with its mask.
        """
        segments = []
        for segment in data_info['segments_info']:
            label = label_map.get(segment['category'])
            if label in keep:
                segments.append({**segment, 'category': label})
            elif others == 'ignore':
                segments.append({**segment, 'category': VOID})
        return {
            **super().select(data_info, label_map, keep, others),
            'segments_info': segments
        }
