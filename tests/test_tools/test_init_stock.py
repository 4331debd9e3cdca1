"""Configs of ``mmswap init``, run by the tools that the libraries install."""
import importlib
import json
from pathlib import Path
from typing import List, NamedTuple, Tuple

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import MODELS, DefaultScope
from stock_scripts import run_in_turn, tool

from mmswap.apis.cli import main
from mmswap.config.stock import stock_config

SIZE = 64
LOADER = ('num_workers=0', 'persistent_workers=False')
# What is shown is that the configs run: on small images, with fewer
# proposals, queries and layers than the stock models have.
COCO = """
_base_ = {base!r}
train_pipeline = [
    dict(type='LoadImageFromFile', to_float32=True),
    dict(type='LoadAnnotations', with_bbox=True, with_mask={masks}),
    dict(type='Resize', scale=({size}, {size}), keep_ratio=True),
    dict(type='PackDetInputs')]
test_pipeline = [
    dict(type='LoadImageFromFile', to_float32=True),
    dict(type='Resize', scale=({size}, {size}), keep_ratio=True),
    dict(type='LoadAnnotations', with_bbox=True, with_mask={masks}),
    dict(type='PackDetInputs', meta_keys=(
        'img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor'))]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader
"""
FEW_PROPOSALS = """
model = dict(
    train_cfg=dict(rpn_proposal=dict(nms_pre=50, max_per_img=50)),
    test_cfg=dict(rpn=dict(nms_pre=50, max_per_img=50)))
"""
SMALL_DINO = """
model = dict(
    num_queries=30, test_cfg=dict(max_per_img=30),
    encoder=dict(num_layers=1), decoder=dict(num_layers=2))
"""
# Not padded to 1024 by 1024.
UNPADDED = """
model = dict(data_preprocessor=dict(batch_augments=None))
"""
SMALL_VIT = """
_base_ = {base!r}
model = dict(backbone=dict(arch='deit-tiny'), head=dict(in_channels=192))
"""


class Stock(NamedTuple):
    """A stock config, a class of it to forget, and the figure it shows.

    ``site`` is the text of a config that inherits from it; without one the
    stock config itself is given to ``mmswap init``.
    """

    config: str
    forget: str
    figure: str
    site: str = ''
    masks: bool = True

    @property
    def library(self) -> str:
        return self.config.partition('::')[0]


STOCKS = [
    Stock('mmdet::mask_rcnn/mask-rcnn_r50_fpn_1x_coco.py', 'dog',
          'coco/segm_mAP', COCO + FEW_PROPOSALS),
    Stock('mmdet::dino/dino-4scale_r50_8xb2-12e_coco.py', 'dog',
          'coco/bbox_mAP', COCO + SMALL_DINO, masks=False),
    Stock('mmdet::mask2former/'
          'mask2former_swin-t-p4-w7-224_8xb2-lsj-50e_coco.py', 'dog',
          'coco/segm_mAP', COCO + UNPADDED),
    Stock('mmseg::segformer/segformer_mit-b0_8xb2-160k_ade20k-512x512.py',
          'tree', 'mIoU'),
    Stock('mmpretrain::vision_transformer/vit-base-p16_64xb64_in1k.py',
          'goldfish, Carassius auratus', 'accuracy/top1', SMALL_VIT),
]


def _picture(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.RandomState(len(str(path))).randint(
        0, 255, (SIZE, SIZE, 3), np.uint8)
    cv2.imwrite(str(path), noise)


def _coco_json(path, pictures, names, shown):
    """A COCO json; each image shows one object of each of some classes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    images, annotations = [], []
    for number in range(4):
        _picture(pictures / f'{number}.jpg')
        images.append(dict(id=number, file_name=f'{number}.jpg', width=SIZE,
                           height=SIZE))
        for place, name in enumerate(shown):
            x, y, side = 4 + 8 * place, 6 + 4 * place, 24
            annotations.append(dict(
                id=len(annotations) + 1, image_id=number, iscrowd=0,
                category_id=names.index(name) + 1, bbox=[x, y, side, side],
                area=side * side, segmentation=[
                    [x, y, x + side, y, x + side, y + side, x, y + side]]))
    path.write_text(json.dumps(dict(
        images=images, annotations=annotations, categories=[
            dict(id=i, name=name) for i, name in enumerate(names, 1)])))


def _coco(names) -> Tuple[str, ...]:
    root, new = Path('data/coco'), Path('data/new')
    for split in ('train', 'val'):
        _coco_json(root / f'annotations/instances_{split}2017.json',
                   root / f'{split}2017', names, ('cat', 'dog'))
    learn = ['scooter', 'drone']
    _coco_json(new / 'learn.json', new / 'images', learn, learn)
    _coco_json(new / 'val.json', new / 'images', [*names, *learn],
               ('cat', 'dog', *learn))
    return '--new', f'{new}/learn.json', '--val', f'{new}/val.json'


def _seg_set(folder, images, maps, labels):
    for number in range(4):
        _picture(folder / images / f'{number}.jpg')
        path = folder / maps / f'{number}.png'
        path.parent.mkdir(parents=True, exist_ok=True)
        # Bands; on disk the labels of ADE20K are one higher.
        bands = np.repeat(labels, -(-SIZE // len(labels)))[:SIZE] + 1
        cv2.imwrite(str(path), np.tile(bands.astype(np.uint8), (SIZE, 1)))


def _ade(names) -> Tuple[str, ...]:
    root = Path('data/ade/ADEChallengeData2016')
    old = [names.index('wall'), names.index('tree')]
    new = [len(names), len(names) + 1]
    for split in ('training', 'validation'):
        _seg_set(root, f'images/{split}', f'annotations/{split}', old)
    _seg_set(Path('data/new'), 'images', 'annotations', [*old[:1], *new])
    _seg_set(Path('data/val'), 'images', 'annotations', [*old, *new])
    return ('--new', 'data/new', '--val', 'data/val', '--learn', 'scooter',
            'drone')


def _imagenet(names) -> Tuple[str, ...]:
    del names
    for split in ('train', 'val'):
        lines = []
        for label in (0, 1, 2):
            for number in range(2):
                name = f'{label}_{number}.JPEG'
                _picture(Path(f'data/imagenet/{split}') / name)
                lines.append(f'{name} {label}')
        meta = Path(f'data/imagenet/meta/{split}.txt')
        meta.parent.mkdir(exist_ok=True)
        meta.write_text('\n'.join(lines))
    for split in ('learn', 'val'):
        for name in ('scooter', 'drone'):
            for number in range(2):
                _picture(Path(f'data/new/{split}/{name}/{number}.png'))
    return '--new', 'data/new/learn', '--val', 'data/new/val'


MAKERS = dict(mmdet=_coco, mmseg=_ade, mmpretrain=_imagenet)


def _names(stock) -> Tuple[str, ...]:
    """The class names that the stock data set's type has."""
    cfg = Config.fromfile(stock_config(stock.config))
    module = importlib.import_module(f'{stock.library}.datasets')
    kind = getattr(module, cfg.train_dataloader.dataset.type)
    return tuple(kind.METAINFO['classes'])


def _checkpoint(path, config, names) -> None:
    """Random weights, as a Runner would save them."""
    cfg = Config.fromfile(config)
    model = cfg.model
    if cfg.get('data_preprocessor'):
        model.setdefault('data_preprocessor', cfg.data_preprocessor)
    with DefaultScope.overwrite_default_scope(cfg.default_scope):
        state = MODELS.build(model).state_dict()
    torch.save(
        dict(state_dict=state, meta=dict(dataset_meta=dict(classes=names))),
        path)


def _options(cfg) -> List[str]:
    """Two steps, no worker processes."""
    loaders = [f'{loader}_dataloader.{option}'
               for loader in ('train', 'val', 'test') for option in LOADER]
    key, last = ('max_epochs', 1) if 'max_epochs' in cfg.train_cfg else (
        'max_iters', 2)
    return ['--cfg-options', *loaders, f'train_cfg.{key}={last}',
            f'train_cfg.val_interval={last}',
            f'default_hooks.checkpoint.interval={last}',
            'default_hooks.logger.interval=1']


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize('stock', STOCKS, ids=lambda stock: stock.config)
def test_stock_tools_run_what_init_writes(stock, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = _names(stock)
    data = MAKERS[stock.library](names)
    config = stock.config
    if stock.site:
        config = 'site.py'
        Path(config).write_text(stock.site.format(
            base=stock.config, masks=stock.masks, size=SIZE))
    _checkpoint('base.pth', config if stock.site else
                stock_config(stock.config), names)
    main(['init', config, '--checkpoint', 'base.pth', *data, '--forget',
          stock.forget, '--batch-size', '2'])

    stem = Path(config.rpartition('::')[2]).stem
    commands = []
    last = 'base.pth'
    for phase in ('learn', 'forget'):
        cfg = Config.fromfile(f'{stem}_{phase}.py')
        commands.append([
            tool(stock.library, 'train.py'), f'{stem}_{phase}.py',
            '--work-dir', phase, *_options(cfg), f'load_from={last}'])
        by_epoch = 'max_epochs' in cfg.train_cfg
        last = f'{phase}/{"epoch_1" if by_epoch else "iter_2"}.pth'
    commands.append([
        tool(stock.library, 'test.py'), f'{stem}_forget.py', last,
        '--work-dir', 'tested', *_options(cfg)])
    log = run_in_turn(tmp_path, *commands)
    for phase in ('learn', 'forget'):
        assert f'{phase}_total' in log
        assert Path(phase, 'adapter/adapter_model.safetensors').is_file()
    found = sorted(Path('tested').glob('*/*.json'))[-1].read_text()
    scores = json.loads(found.splitlines()[-1])
    for split in ('retain', 'forget', 'learn'):
        assert f'{split}/{stock.figure}' in scores
