"""A classifier whose head can be watched, and two branches of vectors.

A module of its own, so that spawned processes can import it.
"""
import logging
from types import SimpleNamespace

import torch
from mmengine import dist
from mmengine.dataset import pseudo_collate
from mmengine.model import BaseModel
from mmengine.registry import MODELS
from swap_toy import DIM, ToyLayer
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, Dataset

from mmswap.datasets import SwapDataset, SwapSampler

CLASSES = dict(base=('a', 'b', 'c', 'd'), forget=('b', 'd'))
RETAIN, FORGET = (0, 2, 2, 0, 2), (1, 3, 1)
TOY = dict(type='PrototypeToy', num_classes=4)


class ToyLoss(nn.Module):
    """Averages over ranks, as the losses of mmdet do."""

    def forward(self, logits, labels):
        count = torch.tensor(float(len(labels)))
        dist.all_reduce(count, op='mean')
        return F.cross_entropy(logits, labels, reduction='sum') / count


class ToyHead(nn.Module):

    def __init__(self, num_classes):
        super().__init__()
        self.fc = nn.Linear(DIM, num_classes)
        self.loss_module = ToyLoss()


@MODELS.register_module()
class PrototypeToy(BaseModel):
    """A transformer layer, dropout, a linear head."""

    def __init__(self, num_classes):
        super().__init__()
        self.layers = nn.ModuleList([ToyLayer('none')])
        self.drop = nn.Dropout(.5)
        self.head = ToyHead(num_classes)

    def features(self, inputs):
        x = torch.stack(inputs)[None]
        return self.drop(self.layers[0](x))[0]

    def forward(self, inputs, data_samples=None, mode='tensor'):
        """Inputs: vectors (DIM,); data samples: labels ()."""
        logits = self.head.fc(self.features(inputs))
        if mode == 'loss':
            return dict(
                loss=self.head.loss_module(logits, torch.stack(data_samples)))
        return logits


class Vectors(Dataset):
    """A vector for each label, with noise anew at each look if wanted."""

    metainfo = dict(classes=CLASSES['base'])

    def __init__(self, labels, seed, noise=0.):
        generator = torch.Generator().manual_seed(seed)
        self.labels = labels
        self.vectors = torch.randn(len(labels), DIM, generator=generator)
        self.noise = noise

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, index):
        vector = self.vectors[index]
        return dict(
            inputs=vector + self.noise * torch.randn_like(vector),
            data_samples=torch.tensor(self.labels[index]))


def make_model(**objective):
    """A SwapModel with loaded base weights."""
    torch.manual_seed(1)
    base = MODELS.build(dict(TOY))
    objective.setdefault('type', 'mmswap.PrototypeObjective')
    model = MODELS.build(
        dict(
            type='mmswap.SwapModel',
            model=dict(TOY),
            classes=CLASSES,
            adapter=dict(rank=2, alpha=2),
            objective=objective))
    model.load_state_dict(base.state_dict())
    return model.train()


def make_dataset(retain=RETAIN, forget=FORGET, noise=0.):
    return SwapDataset(
        dict(
            retain=Vectors(retain, 1, noise),
            forget=Vectors(forget, 2, noise)))


def make_runner(model, dataset, start=0):
    """All that PrototypeHook asks a Runner for."""
    if dataset is None:
        return SimpleNamespace(model=model, iter=start)
    return SimpleNamespace(
        model=model,
        iter=start,
        train_dataloader=DataLoader(
            dataset,
            batch_size=4,
            sampler=SwapSampler(dataset, retain=2, target=2)
            if isinstance(dataset, SwapDataset) else None,
            collate_fn=pseudo_collate),
        logger=logging.getLogger('prototypes'))
