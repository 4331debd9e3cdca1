"""What a classifier gets and gives for the objects of a batch."""
from typing import NamedTuple

from torch import Tensor


class ClassifierOutputs(NamedTuple):
    """The rows that a model classifies in a batch, M of them.

    Some rows are no objects, as the queries without a match. Their label is
    -1, and whatever stands in their other fields must not count.

    Attributes:
        features: The classifier's inputs, shape (M, D), with gradient; of
            shape (M, 0) where the objective needs none.
        logits: Its outputs, shape (M, C): one a class, and behind them, in a
            softmax head with background, the background row's. With gradient.
        labels: Class table labels, int64 of shape (M,).
        class_nll: Negative log-likelihood of the label, in nats, float32 of
            shape (M,); by the logits that the loss gets, with ArcFace's
            margin and scale in them. With gradient.
        no_object_nll: Negative log-likelihood of no class, the same way; NaN
            where the classifier always names one.
    """

    features: Tensor
    logits: Tensor
    labels: Tensor
    class_nll: Tensor
    no_object_nll: Tensor

    @property
    def objects(self) -> Tensor:
        """Which rows are objects, bool of shape (M,)."""
        return self.labels >= 0

    def only_objects(self) -> 'ClassifierOutputs':
        """The rows that are objects. Waits for the GPU."""
        objects = self.objects
        return ClassifierOutputs(*(field[objects] for field in self))
