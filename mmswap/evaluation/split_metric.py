"""A metric that sees one split of the classes."""
import logging
from itertools import chain
from typing import Any, Dict, List, Optional, Sequence, Tuple

from mmengine.evaluator import BaseMetric
from mmengine.logging import print_log

from mmswap.evaluation.metric_checks import check_images, check_metric
from mmswap.tasks.base_samples import BaseSamples
from mmswap.tasks.lookup import samples_of

# Among the metrics, until evaluate() takes it out.
_WEIGHT = 'split_weight'


class SplitMetric(BaseMetric):
    """Feed another metric the classes of one split, and no other.

    The inner metric turns samples into results and results into numbers.
    Collecting the results of all ranks is done here, because it relies on
    every rank holding one result for each sample it was given: results are
    interleaved, then cut to the size of the data set, which drops the samples
    that a distributed sampler repeats. An inner metric may make any number of
    results of a sample, so this one keeps an entry for each sample, an empty
    one for images that are left out.

    A metric such as mmdet's ``CocoMetric`` reports nothing at all when there
    is not one prediction, which is what a forgotten split aims at. For that
    case each rank keeps, with its first image, the results of a prediction
    that is wrong: the metric is then 0, as it should be.

    Args:
        metric: The inner metric. Its name prefix follows that of the split.
        split: ``retain``, ``forget``, ``learn`` or the name of another set of
            classes, or ``all`` for every sample just as it is.
        images: ``all`` to feed every image, or ``split`` to leave out those
            that show no class of the split. Defaults to ``all``.

    Attributes:
        labels: The labels of the split, to be set before it is fed.
        weight: How much the split weighs in a mean over splits: the number
            of its classes, or of its images where the metric is a mean over
            images, that the last evaluation saw. 0 before it.

    Raises:
        TypeError: If ``metric`` is not a ``BaseMetric``, or collects the
            results of ranks in a way of its own.
        ValueError: If its settings make it count classes of other splits, or
            ``images`` is none of the above.
    """

    def __init__(self,
                 metric: BaseMetric,
                 split: str,
                 images: str = 'all') -> None:
        check_metric(metric, split)
        check_images(images)
        super().__init__(
            collect_device=metric.collect_device,
            prefix='/'.join(filter(None, (split, metric.prefix))),
            collect_dir=metric.collect_dir)
        self.metric = metric
        self.split = split
        self.images = images
        self.labels: Optional[Tuple[int, ...]] = None
        self.weight = 0
        self._kind: Optional[BaseSamples] = None

    @BaseMetric.dataset_meta.setter
    def dataset_meta(self, dataset_meta: Optional[dict]) -> None:
        """Set the meta information of the data set, for both metrics."""
        BaseMetric.dataset_meta.fset(self, dataset_meta)
        self.metric.dataset_meta = dataset_meta

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Keep one entry for each sample.

        Args:
            data_batch: Not used; it cannot be restricted to a split, so the
                inner metric gets None.
            data_samples: Ground truth and predictions of a batch of images.

        Raises:
            TypeError: If samples of this kind cannot be restricted.
            ValueError: If the labels of the split are not known, or a sample
                lacks its ground truth or has one that cannot be split.
        """
        del data_batch
        if self.split != 'all' and self.labels is None:
            raise ValueError(
                'val_evaluator.classes must be a dict(base=..., learn=..., '
                "forget=...) where the data set does not tell its splits "
                "('swap_classes' in its metainfo), got None")
        for sample in data_samples:
            self.results.append(self._entry(sample))

    def evaluate(self, size: int) -> Dict[str, float]:
        """Compute the inner metric's numbers, and :attr:`weight`.

        Args:
            size: Length of the data set, as in mmengine's ``BaseMetric``.

        Returns:
            The numbers by name, the same on all ranks. None if the data set
            shows no class of the split.
        """
        metrics = super().evaluate(size)
        self.weight = metrics.pop(f'{self.prefix}/{_WEIGHT}', 0)
        return metrics

    def compute_metrics(self, results: List[dict]) -> Dict[str, float]:
        """Let the inner metric compute its numbers.

        Args:
            results: The entries of all samples of the data set.

        Returns:
            The inner metric's numbers and the weight of the split; none if
            the data set shows no class of it.
        """
        entries = [entry for entry in results if entry]
        if not any(entry['shown'] for entry in entries):
            print_log(
                f'No image of the data set holds an object of the split '
                f'{self.split!r}; {type(self.metric).__name__} reports '
                'nothing for it.',
                logger='current',
                level=logging.WARNING)
            return {}
        kept = [entry['results'] for entry in entries]
        if not any(entry['predicted'] for entry in entries):
            for i, entry in enumerate(entries):
                if 'stand_in' in entry:
                    kept[i] = entry['stand_in']
                    break
        metrics = self.metric.compute_metrics(list(chain.from_iterable(kept)))
        if self._kind is None:
            return metrics
        shown = [entry['shown'] for entry in entries if entry['shown']]
        return {**metrics, _WEIGHT: self._kind.weight(shown)}

    def _entry(self, sample: dict) -> Dict[str, Any]:
        """The inner metric's results of a sample, and what is told of it."""
        if self.split == 'all':
            return dict(results=self._feed(sample), predicted=True, shown=True)
        self._kind = samples_of(sample, self.metric)
        labels = self.labels or ()
        part = self._kind.restrict(sample, labels)
        shown = set() if part is None else self._kind.shown(part)
        if part is None or (self.images == 'split' and not shown):
            # Not None, which mmengine leaves out when it collects results,
            # so that all later ones would be counted wrong.
            return {}
        entry = dict(
            results=self._feed(part),
            predicted=self._kind.has_predictions(part),
            shown=shown)
        # One for each rank: any other of its images needs none, be it that
        # this one predicts something or that it has the stand-in.
        if labels and not entry['predicted'] and not any(self.results):
            entry['stand_in'] = self._feed(self._kind.stand_in(part, labels))
        return entry

    def _feed(self, sample: dict) -> list:
        """Take the results that the inner metric makes of one sample."""
        self.metric.process(None, [sample])
        results = list(self.metric.results)
        self.metric.results.clear()
        return results
