"""Small models of the three libraries, and files made from them."""
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


MAKE = dict(
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
        cfg = config()
        torch.manual_seed(3)
        model = MODELS.build(cfg).eval().requires_grad_(False)
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
