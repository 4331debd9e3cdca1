"""How the labels of a data set are read and renumbered."""
from abc import ABCMeta, abstractmethod
from typing import Any, Collection, Dict, Mapping, Optional, Set

from mmengine.dataset import BaseDataset

from mmswap.class_table import ClassTable

DataInfo = Mapping[str, Any]

# What mmseg's `reduce_zero_label` and `label_map`, and mmdet's panoptic
# loader, write where there is nothing, and losses and metrics ignore.
IGNORE_INDEX = 255


class BaseLabels(metaclass=ABCMeta):
    """The labels of one data set.

    A data info, here and below, is what ``get_data_info`` of that data set
    returns for an image. It is never changed.

    Args:
        dataset: The data set, fully initialized.
        table: The class table.

    Attributes:
        refused: Keys of data infos that hold further labels, and what they
            are. They would stay in the data set's own numbering, with the
            classes not kept, and so train the wrong thing.
    """

    refused: Mapping[str, str] = {}

    def __init__(self, dataset: BaseDataset, table: ClassTable) -> None:
        del table
        self.dataset_type = type(dataset).__name__

    @staticmethod
    @abstractmethod
    def matches(data_info: DataInfo) -> bool:
        """Whether the labels of an image are of this kind."""

    @abstractmethod
    def labels_of(self,
                  data_info: DataInfo,
                  with_ignored: bool = False) -> Set[int]:
        """The labels that an image holds, as its data set numbers them.

        Args:
            data_info: The data info of an image.
            with_ignored: Whether objects that are to be ignored count too.
                They are no examples of their class, but they do show it.
                Defaults to False.
        """

    @abstractmethod
    def select(self, data_info: DataInfo, label_map: Mapping[int, int],
               keep: Collection[int], others: str) -> Dict[str, Any]:
        """Renumber the labels of an image and treat the classes not kept.

        Args:
            data_info: The data info of an image.
            label_map: The class table's label of each label of the data set.
                Classes outside the table are missing.
            keep: The class table's labels that are kept.
            others: ``ClassSubset``'s rule for the classes not kept.

        Returns:
            A new data info.
        """

    def goes_with_others(self, data_info: DataInfo, others: str) -> bool:
        """Whether an image is to go if it shows a class that is not kept.

        Args:
            data_info: The data info of an image.
            others: ``ClassSubset``'s rule for the classes not kept.
        """
        del data_info
        return others == 'drop'

    def kept(self, data_info: DataInfo, label_map: Mapping[int, int],
             keep: Collection[int], others: str) -> Optional[Set[int]]:
        """The kept labels of which an image holds an example.

        Args:
            data_info: The data info of an image.
            label_map: The class table's label of each label of the data set.
                Classes outside the table are missing.
            keep: The class table's labels that are kept.
            others: ``ClassSubset``'s rule for the classes not kept.

        Returns:
            Labels of the class table; None if the image is to go.
        """
        if self.goes_with_others(data_info, others):
            shown = self.labels_of(data_info, with_ignored=True)
            if any(label_map.get(label) not in keep for label in shown):
                return None
        return {
            label_map[label]
            for label in self.labels_of(data_info)
            if label_map.get(label) in keep
        }
