"""Small models of the three libraries, and files made from them."""
import copy
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.hub import get_config
from mmengine.registry import MODELS, DefaultScope

DIGITS = Path(__file__).parents[2] / 'configs' / 'digits'
SIZE = 64


def _yolox():
    cfg = get_config('mmdet::yolox/yolox_nano_8xb8-300e_coco.py').model
    cfg.data_preprocessor.batch_augments = None
    cfg.bbox_head.num_classes = 5
    # Most of what random weights say.
    cfg.test_cfg = dict(score_thr=0., nms=dict(type='nms', iou_threshold=.65))
    return cfg


def _rtmdet_ins():
    cfg = get_config('mmdet::rtmdet/rtmdet-ins_tiny_8xb32-300e_coco.py').model
    cfg.backbone.init_cfg = None
    cfg.data_preprocessor.batch_augments = None
    cfg.bbox_head.num_classes = 5
    cfg.test_cfg.update(score_thr=0., max_per_img=5, nms_pre=20)
    return cfg


def _digits(name):
    cfg = Config.fromfile(DIGITS / f'{name}_base.py')
    cfg.model.setdefault('data_preprocessor', cfg.get('data_preprocessor'))
    return cfg.model


def _mask_rcnn():
    cfg = _digits('mask-rcnn_swin-nano_fpn')
    cfg.test_cfg.rcnn.score_thr = 0.
    return cfg


def _detr(name):
    """Two layers, and as many queries as a small image has places."""
    folder, file = {
        'detr': ('detr', 'detr_r50_8xb2-150e'),
        'conditional': ('conditional_detr', 'conditional-detr_r50_8xb2-50e'),
        'dab': ('dab_detr', 'dab-detr_r50_8xb2-50e'),
        'deformable': ('deformable_detr', 'deformable-detr_r50_16xb2-50e')
    }[name]
    cfg = get_config(f'mmdet::{folder}/{file}_coco.py').model
    cfg.backbone.init_cfg = None
    cfg.num_queries = 20
    cfg.bbox_head.num_classes = 5
    cfg.encoder.num_layers = cfg.decoder.num_layers = 2
    # Of a sigmoid every pair of query and class.
    cfg.test_cfg = dict(max_per_img=20 if name == 'detr' else 100)
    return cfg


MAKE = dict(
    dino=('mmdet', None),  # The one of ``read_config``.
    detr=('mmdet', lambda: _detr('detr')),
    conditional_detr=('mmdet', lambda: _detr('conditional')),
    dab_detr=('mmdet', lambda: _detr('dab')),
    deformable_detr=('mmdet', lambda: _detr('deformable')),
    mask_rcnn=('mmdet', _mask_rcnn),
    yolox=('mmdet', _yolox), rtmdet_ins=('mmdet', _rtmdet_ins),
    fcn=('mmseg', lambda: _digits('fcn_r18-nano')),
    vit=('mmpretrain', lambda: _digits('vit-nano')))


@pytest.fixture
def build(request):
    """(name) -> (model, its config, names); the library is the default."""
    for name in ('onnx', 'onnxruntime'):
        pytest.importorskip(name)
    scopes = []

    def make(name):
        scope, config = MAKE[name]
        library = pytest.importorskip(f'{scope}.utils')
        library.register_all_modules(init_default_scope=False)
        scopes.append(DefaultScope.overwrite_default_scope(scope))
        scopes[-1].__enter__()
        cfg = config() if config else request.getfixturevalue(
            'read_config')(name, 'base').model
        torch.manual_seed(3)
        model = MODELS.build(copy.deepcopy(cfg))
        if 'detr' in name or name == 'dino':
            model.init_weights()  # Some of their tensors are empty before.
        model.eval().requires_grad_(False)
        for param in model.parameters():
            param.add_(.05 * torch.randn_like(param))
        head, = (found for path, found in model.named_modules()
                 if path in ('decode_head', 'bbox_head', 'head',
                             'roi_head.bbox_head'))
        return model, cfg, [f'class {i}' for i in range(head.num_classes)]

    yield make
    for scope in reversed(scopes):
        scope.__exit__(None, None, None)


@pytest.fixture
def batch():
    """(scope, images, size) -> what a data loader gives."""
    return _batch


def _batch(scope, images=2, size=(SIZE, SIZE)):
    import importlib
    structures = importlib.import_module(f'{scope}.structures')
    kind = dict(mmdet='DetDataSample', mmseg='SegDataSample',
                mmpretrain='DataSample')[scope]
    generator = torch.Generator().manual_seed(5)
    meta = dict(img_id=0, img_shape=size, ori_shape=size, pad_shape=size,
                scale_factor=(1., 1.))
    return dict(
        inputs=[torch.randint(0, 256, (3, *size), dtype=torch.uint8,
                              generator=generator) for _ in range(images)],
        data_samples=[getattr(structures, kind)(metainfo=dict(meta))
                      for _ in range(images)])


@pytest.fixture
def export(build, tmp_path):
    """(name) -> (model, its config, names, the file made of it)."""
    from mmswap.export.graph import write_graphs

    def make(name, size=SIZE):
        model, cfg, names = build(name)
        image = model.data_preprocessor(
            _batch(MAKE[name][0], 1, (size, size)), False)['inputs']
        path = tmp_path / f'{name}.onnx'
        write_graphs(model, path, image, dict(classes=names))
        return model, cfg, names, path

    return make
