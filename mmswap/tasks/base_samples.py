"""How data samples are restricted to a split of the classes."""
from abc import ABCMeta, abstractmethod
from typing import Any, Dict, List, Mapping, Optional, Sequence, Set

from mmengine.evaluator import BaseMetric

from mmswap.tasks.naming import FoundRule, Naming

Sample = Mapping[str, Any]


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
            A new sample; its ground truth may be empty. None if nothing that
            is predicted for the image, right or wrong, is about these
            classes: the label of an image is about its own class alone.
        """

    @abstractmethod
    def shown(self, part: Sample) -> Set[int]:
        """The labels of which an image shows an example.

        Args:
            part: What :meth:`restrict` returned.

        Returns:
            Those that a prediction could be right about: without objects
            that are to be ignored.
        """

    def weight(self, shown: Sequence[Set[int]]) -> int:
        """How much a split weighs in a mean over several splits.

        Args:
            shown: What :meth:`shown` returned for each image of the split.

        Returns:
            The number of classes that are shown, as mAP, mIoU and PQ are
            means over classes, unless a kind says otherwise.
        """
        return len(set().union(*shown))

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

    def namings(self, sample: Sample, metric: BaseMetric,
                rule: FoundRule) -> Optional[List[Naming]]:
        """What each object of an image is called.

        Args:
            sample: The data sample of an image, with all classes.
            metric: The metric that scores such samples.
            rule: When an object counts as found.

        Returns:
            One for each object that is not to be ignored (for each pair of a
            true and a predicted label that pixels have, for the image); None
            unless a kind says otherwise: it cannot tell.
        """
        del sample, metric, rule
        return None


def without_results(sample: Sample) -> Dict[str, Any]:
    """Copy a sample without its ground truth and predictions.

    A kind adds those that it restricts. Whatever else the sample holds is
    left out, so that no metric scores it over all classes unnoticed.

    Args:
        sample: The data sample of an image.
    """
    return {
        key: value
        for key, value in sample.items()
        if not key.startswith(('gt_', 'pred_')) and 'seg_logits' not in key
    }
