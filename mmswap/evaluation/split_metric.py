"""A metric that sees one split of the classes."""
import logging
from itertools import chain
from typing import Any, Dict, List, Optional, Sequence, Tuple

from mmengine.evaluator import BaseMetric
from mmengine.logging import print_log

from mmswap.evaluation.metric_checks import check_metric
from mmswap.tasks.lookup import samples_of


class SplitMetric(BaseMetric):
    """Feed another metric the images of one split, and only its classes.

    The inner metric turns samples into results and results into numbers.
    Collecting the results of all ranks is done here, because it relies on
    every rank holding one result for each sample it was given: results are
    interleaved, then cut to the size of the data set, which drops the samples
    that a distributed sampler repeats. An inner metric that is fed only some
    of the samples breaks that, so this one keeps an entry for each sample, an
    empty one for images of other splits.

    A metric such as mmdet's ``CocoMetric`` reports nothing at all when there
    is not one prediction, which is what a forgotten split aims at. For that
    case each rank keeps, with its first image of the split, the results of a
    prediction that is wrong: the metric is then 0, as it should be.

    Args:
        metric: The inner metric. Its name prefix follows that of the split.
        split: ``retain``, ``forget``, ``learn``, or ``all`` for every sample
            just as it is.

    Raises:
        TypeError: If ``metric`` is not a ``BaseMetric``, or collects the
            results of ranks in a way of its own.
        ValueError: If its settings make it count classes of other splits.
    """

    def __init__(self, metric: BaseMetric, split: str) -> None:
        check_metric(metric, split)
        super().__init__(
            collect_device=metric.collect_device,
            prefix='/'.join(filter(None, (split, metric.prefix))),
            collect_dir=metric.collect_dir)
        self.metric = metric
        self.split = split
        self.labels: Optional[Tuple[int, ...]] = None

    @BaseMetric.dataset_meta.setter
    def dataset_meta(self, dataset_meta: Optional[dict]) -> None:
        """Set the meta information of the data set, for both metrics."""
        BaseMetric.dataset_meta.fset(self, dataset_meta)
        self.metric.dataset_meta = dataset_meta

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Keep one entry for each sample.

        Args:
            data_batch: Not used; it cannot be cut to the images of a split,
                so the inner metric gets None.
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

    def compute_metrics(self, results: List[dict]) -> Dict[str, float]:
        """Let the inner metric compute its numbers.

        Args:
            results: The entries of all samples of the data set.

        Returns:
            The inner metric's numbers, none if the split has no image.
        """
        entries = [entry for entry in results if entry]
        if not entries:
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
        return self.metric.compute_metrics(list(chain.from_iterable(kept)))

    def _entry(self, sample: dict) -> Dict[str, Any]:
        """The inner metric's results of a sample, and what is told of it."""
        if self.split == 'all':
            return dict(results=self._feed(sample), predicted=True)
        samples = samples_of(sample, self.metric)
        labels = self.labels or ()
        part = samples.restrict(sample, labels)
        if part is None:
            # Not None, which mmengine leaves out when it collects results,
            # so that all later ones would be counted wrong.
            return {}
        entry = dict(
            results=self._feed(part), predicted=samples.has_predictions(part))
        # One for each rank: any other of its images needs none, be it that
        # this one predicts something or that it has the stand-in.
        if not entry['predicted'] and not any(self.results):
            entry['stand_in'] = self._feed(samples.stand_in(part, labels))
        return entry

    def _feed(self, sample: dict) -> list:
        """Take the results that the inner metric makes of one sample."""
        self.metric.process(None, [sample])
        results = list(self.metric.results)
        self.metric.results.clear()
        return results
