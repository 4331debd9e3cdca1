"""A swap so small that its numbers can be worked out by hand.

The model has one weight for each split and moves them halfway to the target
with each step (a quadratic loss and a learning rate of 0.5); the metric of a
split is its weight. Configs import this module by name.
"""
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence

import torch
from mmengine.evaluator import Evaluator
from mmengine.model import BaseModel
from mmengine.registry import DATASETS, EVALUATOR, MODELS
from mmengine.structures import BaseDataElement
from torch import nn
from torch.utils.data import Dataset

SPLITS = ('retain', 'forget', 'learn')
BASE = (.8, .7, .1)

CONFIG = '''
custom_imports = dict(imports=['toy_swap'])
model = dict(
    type='ToySwapModel',
    target={target},
    classes=dict(base=('a', 'b'), learn=('c', ), forget=('b', )))
train_dataloader = dict(
    batch_size=2,
    num_workers=0,
    sampler=dict(type='InfiniteSampler', shuffle=False),
    dataset=dict(type='ToyDataset'))
val_dataloader = dict(
    batch_size=4,
    num_workers=0,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(type='ToyDataset'))
train_cfg = dict(
    type='IterBasedTrainLoop', max_iters=4, val_interval={val_interval})
val_cfg = dict()
test_cfg = dict()
test_dataloader = val_dataloader
val_evaluator = dict(type='ToyEvaluator', metrics=dict(retain=dict()))
test_evaluator = val_evaluator
optim_wrapper = dict(optimizer=dict(type='SGD', lr=0.5))
default_hooks = dict(
    checkpoint=dict(type='CheckpointHook', by_epoch=False, interval=2))
load_from = {load_from!r}
randomness = dict(seed=0)
'''


class Log:
    """What happened, for tests that run a swap in their own process."""

    def __init__(self) -> None:
        self.clear()

    def clear(self, fail_at: Optional[int] = None) -> None:
        """Start anew.

        Args:
            fail_at: Step, counted over all runs from now on, that fails.
        """
        self.steps = 0
        self.fail_at = fail_at
        self.before: List[Any] = []


LOG = Log()


def write_config(path: Path,
                 target: Sequence[float],
                 load_from: Any,
                 val_interval: int = 4) -> Path:
    """Write the config of a phase that moves the weights to ``target``."""
    path.write_text(
        CONFIG.format(
            target=list(target),
            load_from=str(load_from),
            val_interval=val_interval))
    return path


def write_base(path: Path, weights: Sequence[float] = BASE) -> Path:
    """Write a base checkpoint."""
    torch.save(dict(state_dict=dict(weights=torch.tensor(weights))), path)
    return path


@MODELS.register_module(force=True)
class ToySwapModel(BaseModel):
    """Weights of shape (3,), one a split."""

    def __init__(self, target: Sequence[float], classes: Dict[str,
                                                              Any]) -> None:
        super().__init__()
        self.classes = classes
        self.weights = nn.Parameter(torch.zeros(3))
        self.register_buffer('target', torch.tensor(target), persistent=False)

    def forward(self,
                inputs: List[torch.Tensor],
                data_samples: Any = None,
                mode: str = 'tensor') -> Any:
        """Half the squared distance to the target plus the input."""
        if mode == 'predict':
            return [BaseDataElement(metainfo=dict(weights=self.weights))
                    ] * len(inputs)
        LOG.steps += 1
        if LOG.steps == LOG.fail_at:
            raise KeyboardInterrupt
        away = self.weights - self.target - torch.stack(inputs)
        return dict(loss=away.square().sum(1).mean() / 2)


@DATASETS.register_module(force=True)
class ToyDataset(Dataset):
    """Eight inputs, two by two of opposite sign."""

    metainfo = dict(classes=('a', 'b', 'c'))

    def __len__(self) -> int:
        return 8

    def __getitem__(self, index: int) -> Dict[str, torch.Tensor]:
        size = (index // 2 + 1) / 100
        return dict(inputs=torch.full((3, ), size if index % 2 else -size))


@EVALUATOR.register_module(force=True)
class ToyEvaluator(Evaluator):
    """Names its metrics as SwapEvaluator does."""

    def __init__(self, metrics: Dict[str, Any], before: Any = None) -> None:
        super().__init__([])
        self.by_split = metrics
        LOG.before.append(before)

    def process(self, data_samples: Any, data_batch: Any = None) -> None:
        """Keep the weights."""
        self.weights = data_samples[0].weights.tolist()

    def evaluate(self, size: int) -> Dict[str, float]:
        """The weights by split."""
        metrics = {}
        for split, weight in zip(SPLITS, self.weights):
            metrics[f'{split}/coco/bbox_mAP'] = weight
            metrics[f'swap/{split}'] = weight
        return metrics
