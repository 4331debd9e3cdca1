"""A classifier of two layers, on images of four classes, to be audited.

Its base knows a, b and c; it learns d and forgets b. No model here has been
trained: what is compared is what is read, written and put side by side.
"""
import copy

import cv2
import numpy as np
import torch

from mmswap.apis.config import load_config
from mmswap.apis.merge import build_model

STOCK = '''
default_scope = 'mmpretrain'
model = dict(
    type='ImageClassifier',
    data_preprocessor=dict(
        type='ClsDataPreprocessor', mean=[128] * 3, std=[64] * 3),
    backbone=dict(
        type='VisionTransformer', img_size=16, patch_size=8,
        arch=dict(embed_dims=16, num_layers=2, num_heads=2,
                  feedforward_channels=16),
        with_cls_token=False, out_type='avg_featmap'),
    head=dict(type='VisionTransformerClsHead', num_classes=3, in_channels=16,
              loss=dict(type='CrossEntropyLoss')))
names = ('a', 'b', 'c')
pipeline = [dict(type='LoadImageFromFile'), dict(type='PackInputs')]
train_dataloader = dict(
    batch_size=6, num_workers=0,
    sampler=dict(type='InfiniteSampler', shuffle=True),
    dataset=dict(
        type='CustomDataset', data_root='data', ann_file='train.txt',
        data_prefix='images', metainfo=dict(classes=names),
        pipeline=pipeline))
val_dataloader = dict(
    batch_size=6, num_workers=0,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='CustomDataset', data_root='data', ann_file='val.txt',
        data_prefix='images', metainfo=dict(classes=names), test_mode=True,
        pipeline=pipeline))
test_dataloader = val_dataloader
val_evaluator = test_evaluator = dict(type='Accuracy', topk=1)
val_cfg = test_cfg = dict()
train_cfg = dict(type='IterBasedTrainLoop', max_iters=3, val_interval=10)
optim_wrapper = dict(optimizer=dict(type='SGD', lr=0.1))
default_hooks = dict(
    checkpoint=dict(type='CheckpointHook', by_epoch=False, interval=10))
'''
FORGET = '''
_base_ = './stock.py'
custom_imports = dict(imports=['mmswap'], allow_failed_imports=False)
classes = dict(base=_base_.names, learn=['d'], forget=['b'])
model = dict(
    _delete_=True, type='mmswap.SwapModel', model=_base_.model,
    classes=classes, adapter=dict(rank=2),
    objective=dict(type='mmswap.ForgetObjective'))
train_dataloader = dict(
    sampler=dict(_delete_=True, type='mmswap.SwapSampler', retain=3,
                 target=3),
    dataset=dict(
        _delete_=True, type='mmswap.SwapDataset', phase='forget',
        classes=classes, old=_base_.train_dataloader.dataset,
        new=dict(ann_file='learn.txt')))
val_dataloader = test_dataloader = dict(dataset=dict(
    _delete_=True, type='mmswap.ClassSubset', classes=classes,
    dataset=_base_.val_dataloader.dataset))
val_evaluator = test_evaluator = dict(
    _delete_=True, type='mmswap.SwapEvaluator', metrics=_base_.val_evaluator)
'''


def write_images(root, name, labels, each=6):
    """Images that differ by class, a line each in an annotation file."""
    rng = np.random.RandomState(len(name))
    lines = []
    for label in labels:
        for i in range(each):
            image = rng.randint(0, 40, (16, 16, 3)).astype(np.uint8)
            image[:, 4 * label:4 * label + 4] += 200
            file_name = f'{name}_{label}_{i}.png'
            cv2.imwrite(str(root / 'images' / file_name), image)
            lines.append(f'{file_name} {label}')
    (root / f'{name}.txt').write_text('\n'.join(lines) + '\n')


def write_swap(folder):
    """A phase checkpoint with an adapter, its base and two other models.

    The current folder has to be ``folder``.
    """
    (folder / 'data' / 'images').mkdir(parents=True)
    for name, labels in (('train', range(3)), ('learn', [3]),
                         ('val', range(4))):
        write_images(folder / 'data', name, labels)
    (folder / 'stock.py').write_text(STOCK)
    (folder / 'forget.py').write_text(FORGET)
    torch.manual_seed(0)
    cfg = load_config('forget.py')
    base = stock_state(cfg)
    torch.save(dict(state_dict=base), 'base.pth')
    model = build_model(cfg, base)
    with torch.no_grad():
        for key, param in model.named_parameters():
            if '.lora_' in key:
                param.normal_(std=.3)
    torch.save(dict(state_dict=model.state_dict()), 'phase.pth')
    for seed in (1, 2):
        torch.manual_seed(seed)
        torch.save(dict(state_dict=stock_state(cfg)), f'{seed}.pth')


def stock_state(cfg):
    from mmengine.registry import MODELS, init_default_scope
    init_default_scope('mmpretrain')
    model = MODELS.build(copy.deepcopy(dict(cfg.model.model)))
    model.init_weights()
    return model.state_dict()
