"""A stock config whose data set is a wrapper: YOLOX's Mosaic."""
from pathlib import Path

import pytest
import torch
from init_bases import DIGITS
from mmdet.registry import DATASETS
from mmengine.config import Config
from mmengine.registry import MODELS, DefaultScope

from mmswap.apis import diagnose, run_swap
from mmswap.apis.init import Settings, Source, init_swap
from mmswap.apis.init.model import find_facts
from mmswap.apis.init.stock import read_stock

ANNOTATIONS = Path('data/digits/annotations')
# Mosaics of 64 pixels instead of 640, for the run.
SITE = f"""
_base_ = 'mmdet::yolox/yolox_nano_8xb8-300e_coco.py'
data = dict(
    data_root='data/digits/', ann_file='annotations/base.json',
    data_prefix=dict(img='images/base/'), metainfo=dict(classes={DIGITS}))
model = dict(bbox_head=dict(num_classes=8))
train_dataloader = dict(dataset=dict(dataset=data, pipeline=[
    dict(type='Mosaic', img_scale=(64, 64), pad_val=114.),
    dict(type='RandomAffine', border=(-32, -32)),
    dict(type='FilterAnnotations', min_gt_bbox_wh=(1, 1), keep_empty=False),
    dict(type='PackDetInputs')]))
val_dataloader = dict(dataset=dict(data, ann_file='annotations/val.json',
    data_prefix=dict(img='images/val/')))
test_dataloader = val_dataloader
val_evaluator = dict(ann_file='data/digits/annotations/val.json')
test_evaluator = val_evaluator
"""


@pytest.fixture
def paths(digits):
    """The configs of a swap that forgets first, by the ends of their names."""
    Path('site.py').write_text(SITE)
    cfg = Config.fromfile('site.py')
    with DefaultScope.overwrite_default_scope('mmdet'):
        state = MODELS.build(cfg.model).state_dict()
    torch.save(dict(state_dict=state, meta={}), 'base.pth')
    written = init_swap(
        'site.py', 'base.pth', Source('--new', ANNOTATIONS / 'learn.json'),
        ('three', 'five'), Source('--val', ANNOTATIONS / 'val.json'),
        settings=Settings(order='forget-learn'))
    return {path.stem.rpartition('_')[2]: str(path) for path in written}


def test_mosaics_are_of_the_images_of_a_branch(paths):
    for phase, target in (('forget-first', {'three', 'five'}),
                          ('learn', {'eight', 'nine'})):
        cfg = Config.fromfile(paths[phase])
        with DefaultScope.overwrite_default_scope('mmdet'):
            data = DATASETS.build(cfg.train_dataloader.dataset)
        kept = set(DIGITS) - {'three', 'five'}
        allowed = dict(zip(data.branches, (kept, target)))
        for branch, names in allowed.items():
            # And of what is forgotten, shown without its label.
            background = (phase, branch) == ('forget-first', 'retain')
            assert [type(part).__name__ for part in data.branches[branch]
                    ] == (1 + background) * ['MultiImageMixDataset']
            seen = [
                data.metainfo['classes'][label]
                for index in data.branch_range(branch) for label in
                data[index]['data_samples'].gt_instances.labels.tolist()]
            assert seen and set(seen) <= names


@pytest.mark.slow
def test_the_doctor_finds_nothing_wrong(paths):
    diagnosis = diagnose([paths['forget-first'], paths['learn']])
    assert not diagnosis.of('error')
    tried = [each.phase for each in diagnosis.findings
             if each.key == 'train_cfg' and each.phase]
    assert tried == ['site_forget-first', 'site_learn']


@pytest.mark.slow
def test_it_runs(paths):
    report = run_swap(
        [paths['forget-first'], paths['learn']], 'w',
        cfg_options={'train_cfg.max_epochs': 1, 'train_cfg.val_interval': 1,
                     'train_dataloader.num_workers': 0,
                     'train_dataloader.persistent_workers': False})
    assert list(report['checkpoints']) == ['site_forget-first', 'site_learn']
    log, = Path('w/site_forget-first').glob('*/*.log')
    assert 'forget_total' in log.read_text()


def test_what_a_dense_head_says_is_held(paths):
    for phase in ('forget-first', 'learn'):
        cfg = Config.fromfile(paths[phase])
        assert cfg.model.objective.hold_weight == 1
        # More of what is held than of what is learned or forgotten.
        sampler = cfg.train_dataloader.sampler
        assert (sampler.retain, sampler.target) == (3, 1)


@pytest.mark.parametrize('name, dense', [
    ('atss/atss_r50_fpn_1x_coco.py', True),
    ('retinanet/retinanet_r50_fpn_1x_coco.py', False),  # Nine anchors each.
    ('deformable_detr/deformable-detr_r50_16xb2-50e_coco.py', False),
    ('faster_rcnn/faster-rcnn_r50_fpn_1x_coco.py', False),
])
def test_heads_that_are_dense(name, dense):
    assert find_facts(read_stock(f'mmdet::{name}'), 80).is_dense is dense


@pytest.mark.parametrize('name, targets', [
    ('dino/dino-4scale_r50_8xb2-12e_coco.py', ['ffn']),
    ('mask_rcnn/mask-rcnn_r50_fpn_1x_coco.py', ['conv', 'fc']),
    ('swin/mask-rcnn_swin-t-p4-w7_fpn_1x_coco.py', ['ffn', 'fc']),
    ('yolox/yolox_nano_8xb8-300e_coco.py', ['conv', 'tower']),
    ('rtmdet/rtmdet_tiny_8xb32-300e_coco.py', ['conv', 'tower']),
])
def test_lora_goes_in_front_of_the_predictions_too(name, targets):
    """With the backbone alone a class is forgotten at the cost of others."""
    assert find_facts(read_stock(f'mmdet::{name}'), 80).targets == targets
