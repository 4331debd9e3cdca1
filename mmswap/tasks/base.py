"""What mmswap has to know of a task, and nobody else.

To support another task, register a :class:`Task`; what mmswap does with data
sets and metrics stays as it is. Those registered last are asked first.
"""
from abc import ABCMeta, abstractmethod
from typing import (
    Any,
    Collection,
    Dict,
    Mapping,
    Optional,
    Sequence,
    Set,
    Tuple,
    Type,
)

from mmengine.config import ConfigDict
from mmengine.dataset import BaseDataset
from mmengine.evaluator import BaseMetric

from mmswap.class_table import ClassTable

DataInfo = Mapping[str, Any]
Sample = Mapping[str, Any]

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


class BaseSamples(metaclass=ABCMeta):
    """How the data samples of one task are restricted to a split.

    A data sample is the dict that metrics are fed: ``to_dict()`` of the task
    library's data element, with the ground truth and the predictions of one
    image. It is shared by all metrics, so a kind never changes it in place.
    """

    @abstractmethod
    def matches(self, sample: Sample, metric: BaseMetric) -> bool:
        """Whether this is what the metric reads of the sample."""

    @abstractmethod
    def restrict(self, sample: Sample,
                 labels: Sequence[int]) -> Optional[Dict[str, Any]]:
        """Leave only the ground truth and the predictions of some classes.

        Args:
            sample: The data sample of an image.
            labels: The labels to keep.

        Returns:
            A new sample, or None if the image holds nothing of the classes
            that a prediction could be right about.
        """

    def has_predictions(self, part: Sample) -> bool:
        """Whether a restricted sample has what metrics count.

        Args:
            part: What :meth:`restrict` returned.

        Returns:
            True, unless a kind says otherwise: a label or a map of labels is
            there for each image, be they right or wrong.
        """
        del part
        return True

    def stand_in(self, part: Sample, labels: Sequence[int]) -> Dict[str, Any]:
        """Give a restricted sample without predictions one that is wrong.

        Args:
            part: What :meth:`restrict` returned.
            labels: The labels of the split.

        Returns:
            A new sample with one prediction that matches no object; the same
            one for kinds that always have predictions.
        """
        del labels
        return dict(part)


def without_results(sample: Sample) -> Dict[str, Any]:
    """A sample without ground truth and predictions, to be added again.

    What a kind does not know how to restrict is left out by this, so that no
    metric can score it over all classes unnoticed.

    Args:
        sample: The data sample of an image.
    """
    return {
        key: value
        for key, value in sample.items()
        if not key.startswith(('gt_', 'pred_')) and 'seg_logits' not in key
    }


class Task:
    """One task of one library.

    Attributes:
        scope: The ``default_scope`` of the library's configs.
        labels: Reads and renumbers the labels of its data sets.
        samples: Restricts its data samples to a split.
        primary_metrics: The last parts of the names of the metrics that may
            stand for the accuracy of a split, the first one found wins.
        dump_metric: The metric with which the library's own ``test.py``
            writes predictions to a file.
        paint_switch: What turns its visualization hook on.
    """

    scope: str
    labels: Type[BaseLabels]
    samples: BaseSamples
    primary_metrics: Tuple[str, ...]
    dump_metric: str = 'DumpResults'
    paint_switch: str = 'draw'

    def check_metric(self, metric: BaseMetric, key: str,
                     split: str) -> None:
        """Refuse settings with which a metric would count other splits.

        Args:
            metric: A metric of whichever task.
            key: What it is called in the config.
            split: The split that it is to score, or ``all``.

        Raises:
            ValueError: If the metric is this task's and has such a setting.
        """

    def dataloader_defaults(self, loader: ConfigDict) -> Dict[str, Any]:
        """What the library's own tools add to the config of a data loader.

        Args:
            loader: The config, not changed.
        """
        del loader
        return {}

    def paint_to(self, cfg: ConfigDict, folder: str) -> None:
        """Let the visualization hook write painted images to a folder.

        Args:
            cfg: The whole config, changed in place.
            folder: Where they go.
        """
        cfg.default_hooks.visualization.test_out_dir = folder
