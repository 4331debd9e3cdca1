"""What mmswap has to know of a task, in one class for each task.

A plugin supports another task by registering a :class:`Task` in
``mmswap.registry.TASKS``. Those registered last are asked first.
"""
from typing import Any, Collection, Dict, Mapping, Optional, Tuple, Type

from mmengine.config import ConfigDict
from mmengine.dataset import BaseDataset
from mmengine.evaluator import BaseMetric

from mmswap.class_table import ClassTable
from mmswap.tasks.base_labels import BaseLabels
from mmswap.tasks.base_samples import BaseSamples


class Task:
    """One task of one library; all that is special about it.

    Attributes:
        scope: The ``default_scope`` of the library's configs.
        labels: The kind that reads and renumbers the labels of its data sets.
        samples: The kind that restricts its data samples to a split.
        primary_metrics: Names, by their last parts, of the metrics that may
            stand for the accuracy of a split. The first that is found does.
        dump_metric: The metric with which the library's own ``test.py``
            writes predictions to a file.
        paint_switch: The argument that turns its visualization hook on.
        labels_by_name: Whether a plain data set goes by the names of classes
            in its annotation files, and so does without some of them. Where
            labels on disk are numbers it does not.
    """

    scope: str
    labels: Type[BaseLabels]
    samples: BaseSamples
    primary_metrics: Tuple[str, ...]
    dump_metric: str = 'DumpResults'
    paint_switch: str = 'draw'
    labels_by_name: bool = False

    def check_metric(self, metric: BaseMetric, key: str,
                     split: str) -> None:
        """Refuse settings with which a metric would count other splits.

        Args:
            metric: A metric, perhaps of another task, which is left alone.
            key: What it is called in the config.
            split: The split that it is to score, or ``all``.

        Raises:
            ValueError: If the metric is this task's and has such a setting.
        """

    def shown_classes(self, dataset: BaseDataset, table: ClassTable,
                      keep: Collection[str],
                      others: str) -> Optional[Tuple[str, ...]]:
        """The class names that a data set has to be given to show some.

        Args:
            dataset: A data set of the library, perhaps not initialized yet.
            table: The class table.
            keep: The names that it is to show, as far as it has them.
            others: ``ClassSubset``'s rule for its other classes.

        Returns:
            Its ``metainfo['classes']``; None if these are as they have to be.
        """
        del dataset, table, keep, others
        return None

    def ground_truth(self, data_info: Mapping[str, Any]) -> Dict[str, Any]:
        """What of a data info the metrics need beside the predictions.

        Args:
            data_info: What ``get_data_info`` gives for an image.

        Returns:
            What a data sample has to have as meta information for a metric
            without ``ann_file``, where no transform of a test pipeline loads
            it.
        """
        del data_info
        return {}

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
