"""YOLOX and RTMDet as they ship: Mosaic, MixUp, their switch, the average.

The stock configs of mmdet, with pictures of 64 pixels and two epochs. Old
images show cats and dogs, new ones show owls.
"""
import cv2
import numpy as np
import pytest
import torch
from coco_files import write_coco
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.hub import get_config
from mmengine.registry import MODELS

from mmswap.apis import build_runner, merge_checkpoint
from mmswap.engine.averaging import averaged_model_of
from mmswap.models.checkpoints import INNER
from mmswap.models.data_preprocessor import part_batch

pytestmark = pytest.mark.slow

OLD, NEW = ('cat', 'dog'), ('owl', )
STOCK = dict(
    yolox='mmdet::yolox/yolox_s_8xb8-300e_coco.py',
    rtmdet='mmdet::rtmdet/rtmdet_tiny_8xb32-300e_coco.py',
    rtmdet_ins='mmdet::rtmdet/rtmdet-ins_tiny_8xb32-300e_coco.py')
SIDE = 64


@pytest.fixture(autouse=True)
def _mmdet(det_scope, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return det_scope


def write_pictures(folder, names, count=6):
    folder.mkdir()
    outline = [[1, 2, 11, 2, 11, 10, 1, 10]]  # That of write_coco's boxes.
    write_coco(folder / 'ann.json', [[
        dict(name=name, segmentation=outline) for name in names]] * count)
    rng = np.random.RandomState(0)
    for number in range(count):
        cv2.imwrite(str(folder / f'{number}.png'),
                    rng.randint(0, 256, (24, 32, 3)).astype(np.uint8))


def shrink(node):
    """Sizes of pictures, all of 640 or more, in place."""
    items = node.items() if isinstance(node, dict) else enumerate(node)
    for key, value in list(items):
        if isinstance(value, (dict, list)):
            shrink(value)
        elif isinstance(value, tuple):
            node[key] = tuple(
                SIDE * v // 640 if isinstance(v, int) and abs(v) >= 320 else v
                for v in value)


def data_of(cfg, folder, names):
    """The stock data set on other files."""
    dataset = cfg.train_dataloader.dataset
    owner = dataset.get('dataset', dataset)
    owner.update(
        data_root=f'{folder}/', ann_file='ann.json',
        data_prefix=dict(img=''), metainfo=dict(classes=names),
        filter_cfg=dict(filter_empty_gt=True, min_size=8))
    return dataset


def swap_config(name, tmp_path):
    """A learn phase on a stock config, as the README has it."""
    for folder, names in (('old', OLD), ('new', NEW)):
        write_pictures(tmp_path / folder, names)
    cfg = get_config(STOCK[name])
    shrink(cfg._cfg_dict)
    model = cfg.model
    model.bbox_head.num_classes = 2
    if 'init_cfg' in model.backbone:
        model.backbone.init_cfg = None
    model.data_preprocessor.batch_augments = None
    # Without training, what YOLOX makes of plain pixels overflows.
    model.data_preprocessor.update(mean=[114.] * 3, std=[1000.] * 3)
    torch.manual_seed(0)
    torch.save(dict(state_dict=MODELS.build(model).state_dict()), 'base.pth')
    classes = dict(base=OLD, learn=NEW)
    for hook in cfg.custom_hooks:
        if hook.type == 'YOLOXModeSwitchHook':
            hook.num_last_epochs = 0  # Of two epochs the last.
        if hook.type == 'PipelineSwitchHook':
            hook.switch_epoch = 1
    cfg.model = dict(
        type='mmswap.SwapModel', model=model, classes=classes,
        adapter=dict(rank=2, targets='conv'),
        objective=dict(type='mmswap.LearnObjective'))
    cfg.train_dataloader = dict(
        num_workers=0, sampler=dict(
            type='mmswap.SwapSampler', retain=2, target=2), batch_size=4,
        dataset=dict(
            type='mmswap.SwapDataset', phase='learn', classes=classes,
            old=data_of(cfg, 'old', OLD),
            new=dict(data_root='new/', metainfo=dict(classes=NEW))))
    cfg.optim_wrapper = dict(
        type='OptimWrapper', constructor='mmswap.SwapOptimWrapperConstructor',
        optimizer=dict(type='SGD', lr=1e-3), clip_grad=dict(max_norm=1.))
    cfg.train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=2)
    for key in ('val', 'test'):
        for part in ('dataloader', 'cfg', 'evaluator'):
            cfg[f'{key}_{part}'] = None
    cfg.param_scheduler = None
    cfg.work_dir, cfg.load_from = 'work', 'base.pth'
    cfg.randomness = dict(seed=0)
    cfg.default_hooks.checkpoint.interval = 1
    return cfg


class Seen(Hook):
    """What each epoch shows: labels of each branch, and its transforms."""

    def __init__(self):
        self.log = []

    def after_train_iter(self, runner, batch_idx, data_batch, outputs):
        dataset = runner.train_dataloader.dataset
        labels = {
            branch: {label for sample in batch['data_samples']
                     for label in sample.gt_instances.labels.tolist()}
            for branch, batch in part_batch(data_batch).items()
        }
        first = dataset.branches['learn'][0]
        skipped = getattr(first, '_skip_type_keys', None) or ()
        steps = getattr(first.pipeline, 'transforms', first.pipeline)
        names = {type(step).__name__ for step in steps} - set(skipped)
        self.log.append((runner.epoch, labels, names))


@pytest.mark.parametrize('name', STOCK)
def test_a_stock_config_learns_with_all_its_hooks(name, tmp_path):
    cfg = swap_config(name, tmp_path)
    cfg.dump('phase.py')
    runner = build_runner(Config.fromfile('phase.py'))
    seen = Seen()
    runner.register_hook(seen)
    runner.train()
    # Mosaics are of images of one branch, in both epochs.
    assert {epoch for epoch, _, _ in seen.log} == {0, 1}
    for branch, allowed in (('retain', {0, 1}), ('learn', {2})):
        shown = set().union(*(labels[branch] for _, labels, _ in seen.log))
        assert shown and shown <= allowed
    mixing = {'Mosaic', 'MixUp', 'CachedMosaic', 'CachedMixUp'}
    found = {epoch: names & mixing for epoch, _, names in seen.log}
    assert len(found[0]) == 2 and not found[1]
    assert getattr(runner.model.model.bbox_head, 'use_l1', True)
    # What is handed out is the average, and the stock model takes it.
    averaged = averaged_model_of(runner).model.state_dict()
    saved = torch.load('work/epoch_2.pth', weights_only=False)['state_dict']
    trained = [key for key in averaged if '.lora_' in key]
    assert trained and all(torch.equal(saved[INNER + key], averaged[key])
                           for key in trained)
    assert any(not torch.equal(averaged[key], runner.model.model.state_dict()[
        key]) for key in trained)
    checkpoint, config = merge_checkpoint('phase.py', 'work/epoch_2.pth',
                                          'merged.pth')
    stock = MODELS.build(Config.fromfile(config).model)
    stock.load_state_dict(torch.load(checkpoint, weights_only=True)[
        'state_dict'])
