"""Stock models with random weights, and images with random objects."""
from typing import Any, Dict, Iterator, NamedTuple, Optional, Sequence

import numpy as np
import torch
from mmengine.config import Config, ConfigDict
from mmengine.structures import InstanceData

from mmswap.config.stock import stock_config

OBJECTS = 5  # An image.
LEARN, FORGET = 2, 2  # Classes.


class Entry(NamedTuple):
    """A stock config and its classes."""

    config: str
    classes: int = 80


# LoRA goes where a config has it by default.
MODELS = {
    'mask-rcnn_r50':
    Entry('mmdet::mask_rcnn/mask-rcnn_r50_fpn_1x_coco.py'),
    'mask-rcnn_swin-t':
    Entry('mmdet::swin/mask-rcnn_swin-t-p4-w7_fpn_1x_coco.py'),
    'dino_r50':
    Entry('mmdet::dino/dino-4scale_r50_8xb2-12e_coco.py'),
    'dino_swin-l':
    Entry('mmdet::dino/dino-5scale_swin-l_8xb2-12e_coco.py'),
    'mask2former_swin-t':
    Entry(
        'mmdet::mask2former/mask2former_swin-t-p4-w7-224_8xb2-lsj-50e_coco.py'),
    'yolox-s':
    Entry('mmdet::yolox/yolox_s_8xb8-300e_coco.py'),
    'vit-b':
    Entry('mmpretrain::vision_transformer/vit-base-p16_32xb128-mae_in1k.py',
          1000),
}


def phase_config(name: str, phase: str, size: int,
                 classes: Optional[int] = None) -> Config:
    """The parts of a phase's config that a step needs.

    Args:
        name: Key of :data:`MODELS`.
        phase: ``'learn'`` or ``'forget'``.
        size: Side of the images, in pixels.
        classes: Of the base model; None for those of the stock config.
    """
    entry = MODELS[name]
    stock = Config.fromfile(stock_config(entry.config))
    model = stock.model
    if 'data_preprocessor' in stock:
        model.setdefault('data_preprocessor', stock.data_preprocessor)
    # They pad small images to the size of training.
    model.data_preprocessor.pop('batch_augments', None)
    _without_downloads(model)
    if classes is not None:
        _with_classes(model, entry.classes, classes)
        entry = entry._replace(classes=classes)
    if stock.default_scope == 'mmpretrain':
        model.backbone.img_size = size
        model.train_cfg = None  # Mixup's labels are no class.
    base = [f'class {i}' for i in range(entry.classes)]
    objective = dict(learn='LearnObjective', forget='ForgetObjective')[phase]
    return Config(dict(
        default_scope=stock.default_scope,
        model=dict(
            type='mmswap.SwapModel',
            model=model,
            objective=dict(type=f'mmswap.{objective}'),
            classes=dict(
                base=base, learn=[f'new {i}' for i in range(LEARN)],
                forget=base[-FORGET:])),
        optim_wrapper=dict(
            type='OptimWrapper',
            optimizer=dict(type='AdamW', lr=1e-5, weight_decay=.05),
            constructor='mmswap.SwapOptimWrapperConstructor')))


def _dicts(node: Any) -> Iterator[Dict[str, Any]]:
    """All dicts of a config, from the outside in; they may be changed."""
    if isinstance(node, dict):
        yield node
        node = list(node.values())
    for value in node if isinstance(node, (list, tuple)) else []:
        yield from _dicts(value)


def _without_downloads(model: Dict[str, Any]) -> None:
    """Take pretrained weights out of a model's config, in place."""
    for node in _dicts(model):
        init = node.get('init_cfg')
        if isinstance(init, dict) and init.get('type') == 'Pretrained':
            node['init_cfg'] = None


def _with_classes(model: Dict[str, Any], before: int, classes: int) -> None:
    """Change the number of classes in a model's config, in place."""
    for node in _dicts(model):
        for key in ('num_classes', 'num_things_classes'):
            if node.get(key) == before:
                node[key] = classes


def batches(cfg: ConfigDict, size: int,
            images: int) -> Iterator[Dict[str, list]]:
    """Collated batches of both branches, without end.

    Args:
        cfg: What :func:`phase_config` gave.
        size: Side of the images, in pixels.
        images: Images of each branch in a batch.
    """
    classes = cfg.model.classes
    base = len(classes.base)
    learns = 'Learn' in cfg.model.objective.type
    labels = dict(
        retain=range(base - FORGET),
        learn=range(base, base + LEARN),
        forget=range(base - FORGET, base))
    branches = ('retain', 'learn' if learns else 'forget')
    make = _image if cfg.default_scope == 'mmpretrain' else _scene
    masks = 'mask' in str(cfg.model.model)
    rng = np.random.RandomState(0)
    while True:
        branch = [name for name in branches for _ in range(images)]
        yield dict(
            inputs=[torch.from_numpy(rng.randint(
                0, 256, (3, size, size)).astype(np.uint8)) for _ in branch],
            data_samples=[make(rng, size, labels[name], masks)
                          for name in branch],
            branch=branch)


def _meta(size: int) -> Dict[str, Any]:
    shape = (size, size)
    return dict(
        img_id=0, img_shape=shape, ori_shape=shape, pad_shape=shape,
        batch_input_shape=shape, scale_factor=(1., 1.))


def _image(rng: np.random.RandomState, size: int, labels: Sequence[int],
           masks: bool) -> Any:
    from mmpretrain.structures import DataSample
    del masks
    return DataSample(
        metainfo=_meta(size)).set_gt_label(int(rng.choice(labels)))


def _scene(rng: np.random.RandomState, size: int, labels: Sequence[int],
           masks: bool) -> Any:
    from mmdet.structures import DetDataSample
    from mmdet.structures.mask import BitmapMasks
    corners = rng.randint(0, size // 2, (OBJECTS, 2))
    sides = rng.randint(size // 8, size // 2, (OBJECTS, 2))
    boxes = np.concatenate((corners, corners + sides), 1)
    sample = DetDataSample(metainfo=_meta(size))
    sample.gt_instances = InstanceData(
        bboxes=torch.from_numpy(boxes).float(),
        labels=torch.from_numpy(rng.choice(labels, OBJECTS)).long())
    sample.ignored_instances = InstanceData(
        bboxes=torch.zeros(0, 4), labels=torch.zeros(0, dtype=torch.long))
    if masks:
        drawn = np.zeros((OBJECTS, size, size), np.uint8)
        for mask, (left, top, right, bottom) in zip(drawn, boxes):
            mask[top:bottom, left:right] = 1
        sample.gt_instances.masks = BitmapMasks(drawn, size, size)
        sample.ignored_instances.masks = BitmapMasks(drawn[:0], size, size)
    return sample
