"""A model small enough to train in a blink, as a user might have one.

A module of its own, so that spawned processes can import it.
"""
import torch
from mmcv.cnn.bricks.transformer import FFN, MultiheadAttention
from mmengine.model import BaseModel
from mmengine.registry import MODELS
from torch import nn
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint

DIM = 8
CLASSES = dict(base=('a', 'b', 'c'), learn=('d', 'e'), forget=('b', ))
TOY = dict(type='ToyDetector', num_classes=3)


class ToyLayer(nn.Module):
    """A transformer layer; ``cp`` checkpoints it, re-entrant or not."""

    def __init__(self, cp: str) -> None:
        super().__init__()
        # mmcv writes the dropout of other models into its own default.
        self.attn = MultiheadAttention(
            DIM, 2, dropout_layer=dict(type='Dropout', drop_prob=0.))
        self.norm = nn.LayerNorm(DIM)
        self.ffn = FFN(DIM, 16)
        self.cp = cp
        self.with_cp = cp != 'none'  # As in mmdet's backbones.

    def _layer(self, x):
        return self.ffn(self.norm(self.attn(x)))

    def forward(self, x):
        if self.cp == 'none' or not torch.is_grad_enabled():
            return self._layer(x)
        return checkpoint(
            self._layer, x, use_reentrant=self.cp == 'reentrant')


@MODELS.register_module()
class ToyDetector(BaseModel):
    """Stem with batch norm, two transformer layers, a softmax head."""

    def __init__(self, num_classes: int, cp: str = 'none') -> None:
        super().__init__()
        self.stem = nn.Linear(4, DIM)
        self.bn = nn.BatchNorm1d(DIM)
        self.layers = nn.ModuleList([ToyLayer(cp) for _ in range(2)])
        self.fc_cls = nn.Linear(DIM, num_classes + 1)

    def forward(self, inputs, data_samples=None, mode='tensor'):
        """Inputs (length, batch, 4), labels (batch,)."""
        x = self.bn(self.stem(inputs).flatten(0, 1)).view(
            *inputs.shape[:2], DIM)
        for layer in self.layers:
            x = layer(x)
        logits = self.fc_cls(x.mean(0))
        if mode == 'loss':
            return dict(loss_cls=F.cross_entropy(logits, data_samples))
        return logits


def make_swap_cfg(classes=CLASSES, **changes):
    return dict(
        type='mmswap.SwapModel',
        model=dict(TOY, **changes),
        classes=classes,
        adapter=dict(rank=2, alpha=2),
        objective=dict(type='mmswap.LearnObjective'))


def make_step(size=4, seed=0):
    """The branches of one step: retain and learn, ``size`` samples each."""
    generator = torch.Generator().manual_seed(seed)

    def batch(low, high):
        return dict(
            inputs=torch.randn(3, size, 4, generator=generator),
            data_samples=torch.randint(low, high, (size, ),
                                       generator=generator))

    return dict(retain=batch(0, 3), learn=batch(3, 5))


def step_loss(model, step):
    return model.parse_losses(model(**step, mode='loss'))[0]
