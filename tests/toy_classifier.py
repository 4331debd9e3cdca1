"""A classifier small enough to train in a blink, one row an image.

Beside both test folders that use it, and importable by spawned processes. It
has what makes comparing with a teacher hard: batch norm and dropout.
"""
import torch
from mmcv.cnn.bricks.transformer import FFN, MultiheadAttention
from mmengine.model import BaseModel
from mmengine.registry import MODELS
from torch import nn
from torch.nn import functional as F

DIM, TOKENS = 8, 3
CLASSES = dict(base=('a', 'b', 'c'), learn=('d', 'e'), forget=('b', ))
ONLY_BASE = dict(base=('a', 'b', 'c', 'd', 'e'), forget=('b', 'd'))
TOY = dict(type='ToyClassifier', num_classes=3)


class ToyLoss(nn.Module):

    def forward(self, logits, labels):
        return F.cross_entropy(logits, labels)


class ToyTokenLayer(nn.Module):
    """A transformer layer on (B, L, D)."""

    def __init__(self, drop: float) -> None:
        super().__init__()
        # mmcv writes the dropout of other models into its own default.
        self.attn = MultiheadAttention(
            DIM,
            2,
            batch_first=True,
            dropout_layer=dict(type='Dropout', drop_prob=0.))
        self.ffn = FFN(DIM, 16, ffn_drop=drop)

    def forward(self, x):
        return self.ffn(self.attn(x))


@MODELS.register_module(force=True)
class ToyClassifier(BaseModel):
    """Stem with batch norm, two transformer layers, a linear head."""

    def __init__(self,
                 num_classes: int,
                 drop: float = 0.,
                 norm: bool = True,
                 frozen_stem: bool = False) -> None:
        super().__init__()
        self.stem = nn.Linear(4, TOKENS * DIM)
        self.bn = nn.BatchNorm1d(TOKENS * DIM) if norm else nn.Identity()
        self.layers = nn.ModuleList([ToyTokenLayer(drop) for _ in range(2)])
        self.fc_cls = nn.Linear(DIM, num_classes)
        self.loss_cls = ToyLoss()
        if frozen_stem:
            self.stem.requires_grad_(False)

    def forward(self, inputs, data_samples=None, mode='tensor'):
        """Inputs (B, 4), labels (B,); a data loader gives lists of them."""
        if isinstance(inputs, list):
            inputs = torch.stack(inputs)
        x = self.bn(self.stem(inputs)).unflatten(1, (TOKENS, DIM))
        for layer in self.layers:
            x = layer(x)
        logits = self.fc_cls(x.mean(1))
        if mode == 'loss':
            labels = torch.as_tensor(data_samples, device=logits.device)
            return dict(loss_cls=self.loss_cls(logits, labels))
        return logits


def make_cfg(objective, classes=ONLY_BASE, trains='all', **changes):
    """Config of a SwapModel around the toy."""
    model = dict(TOY, num_classes=len(classes['base']), **changes)
    cfg = dict(
        type='mmswap.SwapModel',
        model=model,
        classes=classes,
        objective=objective,
        trains=trains)
    return dict(cfg, adapter=dict(rank=2)) if trains == 'adapter' else cfg


def make_model(objective, **kwargs):
    """A SwapModel with base weights loaded, in training mode."""
    cfg = make_cfg(objective, **kwargs)
    torch.manual_seed(1)
    base = MODELS.build(dict(cfg['model']))
    with torch.no_grad():
        for param in base.parameters():
            param.add_(.3 * torch.randn_like(param))
        if hasattr(base.bn, 'running_mean'):
            base.bn.running_mean.normal_()
    model = MODELS.build(cfg)
    model.load_state_dict(base.state_dict())
    return model.train()


def make_step(size=4, seed=0, branches=('retain', 'forget')):
    """One batch a branch: labels a, c and e are retained, b and d not."""
    generator = torch.Generator().manual_seed(seed)
    labels = dict(
        retain=torch.tensor([0, 2, 4]), forget=torch.tensor([1, 3]))
    step = {}
    for name in branches:
        chosen = torch.randint(
            len(labels[name]), (size, ), generator=generator)
        step[name] = dict(
            inputs=torch.randn(size, 4, generator=generator),
            data_samples=labels[name][chosen])
    return step


def move(model, scale=.1, seed=3):
    """Move all that trains, as some steps would."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for param in model.parameters():
            if param.requires_grad:
                param.add_(scale * torch.randn(
                    param.shape, generator=generator))


def step_loss(model, step):
    return model.parse_losses(model(**step, mode='loss'))[0]
