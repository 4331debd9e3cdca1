"""The evaluator that tells what was retained, forgotten and learned."""
from typing import Any, Dict, List, Mapping, Optional, Sequence, Union

from mmengine.evaluator import BaseMetric, Evaluator

from mmswap.class_table import ALL_SPLITS, ClassTable
from mmswap.config.split_metrics import is_by_split, metrics_by_split
from mmswap.evaluation.build_metrics import (
    Metrics,
    Subsets,
    build_metrics,
    build_name_metric,
    labels_of_splits,
)
from mmswap.evaluation.known_scores import Scores, check_forget, read_scores
from mmswap.evaluation.metric_checks import (
    check_classes,
    check_distinct,
    check_labelled,
    table_of_data,
)
from mmswap.evaluation.name_metric import Sample
from mmswap.evaluation.scores import find_primaries, swap_scores
from mmswap.evaluation.split_metric import SplitMetric
from mmswap.registry import EVALUATOR


@EVALUATOR.register_module()
class SwapEvaluator(Evaluator):
    """Score each split of the classes with metrics of its own.

    The metrics of a split are fed the ground truth and the predictions of its
    classes only, of all images. See the kind of samples
    (``DetectionSamples``, ``PanopticSamples``, ``SemanticSamples``,
    ``ImageSamples``) for what that means to a task. The mean of a metric over
    the splits, weighted by their numbers of classes (of images for top-1), is
    what the metric gives for the whole. The means are not taken
    from one evaluation, as stock metrics round their figures by class.

    Those under ``all`` are fed everything, so they give the same numbers as
    in mmengine's ``Evaluator``. The results are called

    - ``<split>/<name>``, such as ``retain/coco/bbox_mAP``;
    - ``<split>/named``, ``renamed`` and ``unseen``, shares of the objects of
      a split, and what else :class:`NameMetric` tells of them;
    - ``swap/<split>``, the primary metric of each split;
    - ``swap/retain_and_missing``, that of both together, where there are
      missing classes;
    - ``swap/h_mean``, GS-LoRA's harmonic mean of what is retained and the
      drop of ``swap/forget``, as the paper has it: missing classes are among
      the retained ones and the drop is from the pre-trained model;
    - ``swap/h_mean_request``, the same with the drop from the model as it was
      when the request began, of several requests;
    - ``swap/score``, the harmonic mean of what is retained, the drop and
      ``swap/learn``, of those that there are. The drop is that of
      ``swap/h_mean`` or else that of ``swap/h_mean_request``.

    A split that the data set does not show is left out, with a warning, and
    so are scores of a drop from what is not known.

    Args:
        metrics: The stock ``val_evaluator`` as it is, one metric's config or
            a list of them: it scores each split that has a class, and
            ``all`` but for ``images='split'``. Its ``ann_file`` is not read,
            as the ground truth comes with the samples of a ``ClassSubset``,
            and in place of mmdet's ``CocoPanopticMetric`` there is
            ``mmswap.PanopticMetric``. For special cases a dict of metrics by
            split: ``retain``, ``forget``, ``learn``, ``all`` or some of these,
            and, where requests follow one another, ``forgotten_before`` and
            ``missing``. Each is a metric or its config, or a list of those,
            without ``ann_file``.
        classes: ``dict(base=..., learn=..., forget=...)``, the class table.
            Defaults to None, then it is the ``swap_classes`` of the data
            set's metainfo, which ``mmswap.ClassSubset`` writes.
        images: ``all`` to score each split on all images, so that a false
            alarm counts wherever it is, or ``split`` for its own images only:
            where data sets are put together of which each is labelled with
            its own classes, and for figures of releases before 0.2. Defaults
            to ``all``.
        before: Primary metrics of the model as this swap, or this request,
            began: a dict of them by split, or the path of a json file with
            the keys ``swap/forget`` or ``forget`` and the like, such as
            mmengine's test loop leaves. Defaults to None; ``SwapLogHook``
            measures it then and says so by :meth:`set_before`.
        pretrained: The same of the pre-trained model, scored by the splits of
            this class table. Defaults to None, then it is ``before`` unless
            the table says that earlier requests changed the model.
        primary: Name of the primary metric, such as ``bbox_mAP_50`` or
            ``coco/bbox_mAP``. Defaults to None, the first of segm_mAP,
            bbox_mAP, PQ, mIoU and accuracy/top1 that a split has.
        subsets: Further sets of classes to score, class names by a name of
            the set, with the metrics of ``forget``. Their results are called
            as those of a split. Defaults to None.
        found: When an object counts as found: ``dict(min_iou=0.5,
            min_score=0.3, background=None)``, or some of these arguments of
            ``NameMetric``. Defaults to None, these values.

    Attributes:
        class_table: The class table; None until the data set tells it.
        names: What objects are called; None without a metric of a split.

    Raises:
        TypeError: If an argument has a wrong type, or a metric cannot be
            used by split.
        ValueError: If ``metrics`` has another key, an ``ann_file`` or
            settings that make it count other classes, or the class table or
            another argument is wrong.

    Examples:
        >>> val_evaluator = dict(
        ...     _delete_=True,
        ...     type='mmswap.SwapEvaluator',
        ...     metrics=_base_.val_evaluator)
    """

    def __init__(self,
                 metrics: Union[Mapping[str, Metrics], Metrics],
                 classes: Union[Mapping[str, Any], ClassTable, None] = None,
                 images: str = 'all',
                 before: Optional[Scores] = None,
                 pretrained: Optional[Scores] = None,
                 primary: Optional[str] = None,
                 subsets: Optional[Subsets] = None,
                 found: Optional[Mapping[str, Any]] = None) -> None:
        by_split = metrics_by_split(metrics, images=images)
        super().__init__(build_metrics(by_split, images, subsets))
        # Apart from the metrics that a split is scored by.
        self.names = build_name_metric(self.metrics, found or {})
        self._all_splits = not is_by_split(metrics)
        self.images = images
        self.primary = primary
        self.subsets = {n: tuple(s) for n, s in (subsets or {}).items()}
        self._told = {
            key: read_scores(scores, f'val_evaluator.{key}')
            for key, scores in (('before', before), ('pretrained', pretrained))
            if scores is not None
        }
        self.before = self._told.get('before')
        self.pretrained = self._told.get('pretrained')
        self.class_table: Optional[ClassTable] = None
        self._own_table = classes is not None
        if classes is not None:
            self._use_table(ClassTable.from_cfg(classes))

    @Evaluator.dataset_meta.setter
    def dataset_meta(self, dataset_meta: Optional[dict]) -> None:
        """Set the meta information of the data set, and find the splits.

        Raises:
            ValueError: If the class table is not known, or the data set has
                other classes than it or is not labelled with all of them.
        """
        Evaluator.dataset_meta.fset(self, dataset_meta)
        meta = dataset_meta or {}
        table = self.class_table
        if table is None or not self._own_table:
            table = table_of_data(meta)
            self._use_table(table)
        check_classes(meta, table)
        if any(split != 'all' for split in self._by_split()):
            check_labelled(meta, self.images)

    def set_before(self, before: Mapping[str, float]) -> None:
        """Tell what the model scored as this swap, or request, began.

        Args:
            before: Primary metrics by split, as the argument of that name
                takes them; empty if none was measured.

        Raises:
            TypeError: If a value is no number.
            ValueError: If it has other keys only.
        """
        self.before = read_scores(before, 'before') if before else None

    def process(self,
                data_samples: Sequence[Sample],
                data_batch: Any = None) -> None:
        """Feed all metrics.

        Args:
            data_samples: Ground truth and predictions of a batch of images.
            data_batch: What the data loader gave, for stock metrics.
        """
        super().process(data_samples, data_batch)
        if self.names is not None:
            self.names.process(data_batch, data_samples)

    def evaluate(self, size: int) -> Dict[str, float]:
        """Compute the metrics of all splits and the scores of the swap.

        Args:
            size: Length of the data set, as in mmengine's ``Evaluator``.

        Returns:
            All results by name, in the units of the metrics.

        Raises:
            ValueError: If two metrics of a split have the same name, or
                ``primary`` is not one of a split's metrics.
        """
        results = super().evaluate(size)
        accuracy = find_primaries(results, (*ALL_SPLITS, *self.subsets),
                                  self.primary)
        summary = {f'swap/{split}': acc for split, acc in accuracy.items()}
        called = {} if self.names is None else self.names.evaluate(size)
        check_distinct(results, called)
        return {**results, **called, **summary, **self._scores(accuracy)}

    def _by_split(self) -> Dict[str, SplitMetric]:
        """One metric of each split and subset.

        Others can have been added: ``tools/test.py --out`` of mmdet does.
        """
        return {
            metric.split: metric
            for metric in self.metrics if isinstance(metric, SplitMetric)
        }

    def _use_table(self, table: ClassTable) -> None:
        """Tell each metric the labels of its split."""
        self.class_table = table
        if self._all_splits:
            self.metrics: List[BaseMetric] = [
                m for m in self.metrics if not isinstance(m, SplitMetric) or
                m.split in ('all', *self.subsets) or table.labels(m.split)
            ]
        labels = labels_of_splits(table, self.subsets)
        for metric in self.metrics:
            if isinstance(metric, SplitMetric):
                metric.labels = labels[metric.split]
        if self.names is not None:
            self.names.use_table(table, labels, tuple(self._by_split()))
        if table.forget and 'forget' in self._by_split():
            for key, scores in self._told.items():
                check_forget(scores, f'val_evaluator.{key}')

    def _scores(self, accuracy: Mapping[str, float]) -> Dict[str, float]:
        """The scores of the swap, as far as its start is known."""
        table = self.class_table
        pretrained, before = self.pretrained, self.before
        if pretrained is None and table and not (table.learned_before
                                                 or table.forgotten_before):
            pretrained, before = before, None
        weights = {s: metric.weight for s, metric in self._by_split().items()}
        return {
            f'swap/{name}': score
            for name, score in swap_scores(accuracy, pretrained, before,
                                           weights).items()
        }
