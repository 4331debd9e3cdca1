"""Models and data for which what an audit finds can be worked out."""
from types import SimpleNamespace
from typing import Any, Dict, List, Optional

import torch
from mmengine.model import BaseModel
from mmengine.registry import MODELS
from torch import Tensor, nn

from mmswap.audit.data import Scores
from mmswap.audit.features import CLASSIFIER, ObjectRows
from mmswap.audit.settings import AuditSettings
from mmswap.audit.subject import Subject

LABELS = (1, )
SETTINGS = AuditSettings(draws=2, steps=(2, 5), lr=.01)


@MODELS.register_module(force=True)
class OneWeight(BaseModel):
    """A metric that is a weight, and a loss that drives it up.

    Of a batch of retained images it drives nothing.
    """

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1, 1))
        self.other = nn.Parameter(torch.zeros(1))

    def forward(self, inputs: Any, data_samples: Any = None,
                mode: str = 'tensor') -> Dict[str, Tensor]:
        """Five times the weight, downward, where the class is shown."""
        del data_samples, mode
        shown = float(inputs)
        return dict(loss=-5 * shown * self.weight.sum() + 0 * self.other.sum())


class ToyData:
    """Images of which each has one object."""

    def __init__(self, rows: Optional[Dict[str, ObjectRows]] = None,
                 trained: Optional[ObjectRows] = None,
                 settings: AuditSettings = SETTINGS) -> None:
        self.settings = settings
        self.labels = LABELS
        self.table = ('a', 'b', 'c')
        self.rows = rows or {}
        self.trained = trained
        self.asked: List[Any] = []

    def score(self, model: Any) -> Scores:
        """The weight; of ten objects as many as it says are named."""
        value = float(model.weight.detach())
        return Scores(value, [int(i < round(10 * value)) for i in range(10)],
                      [1] * 10)

    def features(self, model: Any) -> Dict[str, ObjectRows]:
        """The rows that were given."""
        del model
        return self.rows

    def trained_features(self, model: Any) -> Dict[str, ObjectRows]:
        """The rows of objects that were trained on."""
        del model
        return {CLASSIFIER: self.trained}

    def training_batches(self, shots: Optional[int], seed: int) -> Any:
        """Batches that say whether the class is shown."""
        self.asked.append((shots, seed))
        while True:
            yield dict(inputs=torch.tensor(float(shots is not None)))


def one_weight(value: float, off: Optional[float] = None) -> Subject:
    """A model whose metric is a value, another with its adapter off."""
    states = [
        None if each is None else dict(
            weight=torch.full((1, 1), each), other=torch.zeros(1))
        for each in (value, off)
    ]
    return Subject('subject', 'subject', dict(type='OneWeight'), states[0],
                   states[1], None if off is None else dict(groups=3))


def rows_of(features: Tensor, labels: Tensor,
            class_nll: Optional[Tensor] = None) -> ObjectRows:
    """One object an image."""
    return ObjectRows(features, labels, torch.arange(len(labels)), class_nll)


def cloud(seed: int = 0, size: int = 300) -> SimpleNamespace:
    """Three classes, features that hold them exactly, and ones that do not."""
    generator = torch.Generator().manual_seed(seed)
    labels = torch.arange(size) % 3
    noise = torch.randn(size, 8, generator=generator)
    exact = .01 * noise
    exact[torch.arange(size), labels] += 1
    return SimpleNamespace(labels=labels, noise=noise, exact=exact)
