"""A swap of a toy detector, with files in which faults can be planted.

Configs import this module by name. All of it is right until a test changes
it: five old images, five new ones and six to validate on, each with one
object of a class of its own turn.
"""
import json
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional

import cv2
import numpy as np
import torch
from mmcv.cnn.bricks.transformer import FFN, MultiheadAttention
from mmengine.model import BaseModel
from mmengine.registry import MODELS
from torch import nn
from torch.nn import functional as F

DIM = 8
NAMES = ('cat', 'dog', 'cow', 'owl', 'fox')
SHOWN = dict(old=NAMES[:3], new=NAMES[3:], val=NAMES)
PER_CLASS = 4

LEARN = """
custom_imports = dict(imports=['doctor_swap', 'mmswap'],
                      allow_failed_imports=False)
default_scope = 'mmdet'
classes = dict(base=('cat', 'dog', 'cow'), learn=('owl', 'fox'),
               forget=('dog', ))
pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadAnnotations', with_bbox=True),
    dict(type='PackDetInputs')]
old = dict(
    type='CocoDataset', data_root={root!r}, ann_file='old.json',
    data_prefix=dict(img='images/'), metainfo=dict(classes=classes['base']),
    pipeline=pipeline, serialize_data=False)
model = dict(
    type='mmswap.SwapModel', model=dict(type='ToyBoxes', num_classes=3),
    classes=classes, adapter=dict(rank=2, alpha=2),
    objective=dict(type='mmswap.LearnObjective'))
train_dataloader = dict(
    batch_size=4, num_workers=0,
    sampler=dict(type='mmswap.SwapSampler', retain=2, target=2),
    dataset=dict(
        type='mmswap.SwapDataset', phase='learn', classes=classes, old=old,
        new=dict(ann_file='new.json')))
val_dataloader = dict(
    batch_size=2, num_workers=0,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='mmswap.ClassSubset', classes=classes,
        dataset=dict(old, ann_file='val.json', test_mode=True)))
val_evaluator = dict(
    type='mmswap.SwapEvaluator', metrics=dict(type='CocoMetric'))
val_cfg = dict()
train_cfg = dict(type='IterBasedTrainLoop', max_iters=20, val_interval=20)
optim_wrapper = dict(
    constructor='mmswap.SwapOptimWrapperConstructor',
    optimizer=dict(type='AdamW', lr=1e-3))
param_scheduler = [
    dict(type='CosineAnnealingLR', by_epoch=False, T_max=20)]
default_hooks = dict(
    checkpoint=dict(type='CheckpointHook', by_epoch=False, interval=20))
load_from = {base!r}
"""
FORGET = """
_base_ = './toy_learn.py'
model = dict(objective=dict(
    _delete_=True, type='mmswap.ForgetObjective', bound=50.))
train_dataloader = dict(dataset=dict(phase='forget'))
load_from = 'work_dirs/toy_learn/iter_20.pth'
"""


class Swap:
    """The files of a swap.

    Args:
        folder: Where they are written.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.base = folder / 'base.pth'
        self.learn = folder / 'toy_learn.py'
        self.forget = folder / 'toy_forget.py'
        (folder / 'images').mkdir()
        for name, shown in SHOWN.items():
            write_set(folder, name, [n for n in shown
                                     for _ in range(PER_CLASS)])
        self.write_base(3)
        self.learn.write_text(LEARN.format(
            root=str(folder), base=str(self.base)))
        self.forget.write_text(FORGET)

    @property
    def configs(self) -> List[str]:
        """The configs of both phases."""
        return [str(self.learn), str(self.forget)]

    def add(self, phase: str, line: str) -> None:
        """Write a line at the end of the config of a phase."""
        path = getattr(self, phase)
        path.write_text(f'{path.read_text()}{line}\n')

    def edit(self, name: str, change: Callable[[Dict[str, Any]], Any]) -> None:
        """Change what is in an annotation file."""
        path = self.folder / f'{name}.json'
        content = json.loads(path.read_text())
        change(content)
        path.write_text(json.dumps(content))

    def image(self, name: str, number: int) -> Path:
        """The path of an image."""
        return self.folder / 'images' / f'{name}{number}.jpg'

    def write_base(self, num_classes: int,
                   meta: Optional[Dict[str, Any]] = None,
                   **values: torch.Tensor) -> None:
        """Write a base checkpoint, with some tensors as given."""
        torch.manual_seed(0)
        state = ToyBoxes(num_classes).state_dict()
        state.update(values)
        torch.save(dict(state_dict=state, meta=meta or {}), self.base)


def write_set(folder: Path, name: str, objects: List[str]) -> None:
    """Write a COCO json and its images of 32 x 24 pixels."""
    rng = np.random.RandomState(len(name) + len(objects))
    for number in range(len(objects)):
        pixels = rng.randint(0, 256, (24, 32, 3)).astype(np.uint8)
        cv2.imwrite(str(folder / 'images' / f'{name}{number}.jpg'), pixels)
    (folder / f'{name}.json').write_text(json.dumps(dict(
        images=[dict(id=i, file_name=f'{name}{i}.jpg', width=32, height=24)
                for i in range(len(objects))],
        annotations=[
            dict(id=i + 1, image_id=i, category_id=NAMES.index(each) + 10,
                 bbox=[2, 3, 20, 15], area=300, iscrowd=0)
            for i, each in enumerate(objects)],
        categories=[dict(id=i + 10, name=each) for i, each in enumerate(NAMES)
                    if each in SHOWN[name]])))


class ToyLayer(nn.Module):
    """A transformer layer; ``cut`` lets no gradient through to it.

    ``drop`` is the rate of stochastic depth.
    """

    def __init__(self, cut: bool = False, drop: float = 0.) -> None:
        super().__init__()
        self.attn = MultiheadAttention(
            DIM, 2, dropout_layer=dict(type='Dropout', drop_prob=0.))
        self.ffn = FFN(
            DIM, 16, dropout_layer=dict(type='DropPath', drop_prob=drop))
        self.cut = cut

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(1, batch, DIM) to the same."""
        x = self.ffn(self.attn(x))
        return x.detach() if self.cut else x


@MODELS.register_module(force=True)
class ToyBoxes(BaseModel):
    """Names the first object of an image by the image's mean colour."""

    def __init__(self, num_classes: int, cut: bool = False,
                 drop: float = 0., data_preprocessor: Any = None) -> None:
        super().__init__(data_preprocessor)
        self.stem = nn.Linear(3, DIM)
        self.layers = nn.ModuleList([ToyLayer(cut, drop), ToyLayer()])
        self.fc_cls = nn.Linear(DIM, num_classes + 1)

    def forward(self, inputs: List[torch.Tensor],
                data_samples: Any = None, mode: str = 'tensor') -> Any:
        """The losses of a batch, or the logits."""
        x = torch.stack([image.float().mean((1, 2)) for image in inputs])
        x = self.stem(x / 255)[None]
        for layer in self.layers:
            x = layer(x)
        logits = self.fc_cls(x[0])
        if mode != 'loss':
            return logits
        labels = torch.stack([
            sample.gt_instances.labels[0] for sample in data_samples])
        return dict(loss_cls=F.cross_entropy(logits, labels))
