"""Stock configs of the three libraries, and batches for their models.

The models are full-size and have random weights; only the images are small.
"""
import importlib
from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Tuple, Union

import numpy as np
import torch
from mmengine.config import Config
from mmengine.structures import InstanceData, PixelData
from torch import nn

Targets = Union[str, List[str]]


class Entry(NamedTuple):
    """A stock config, the targets of its adapter and its number of groups."""

    config: str
    targets: Targets
    groups: int


# Groups by the architecture: 12 blocks in Swin-T, 18 in ConvNeXt-T, 6 + 6
# layers in a DETR, 6 + 9 in Mask2Former. 16 in ResNet-50, of which mmdet's
# configs freeze the first 3. In a tower each convolution is one.
ZOO = [
    Entry('mmdet::mask_rcnn/mask-rcnn_r50_fpn_1x_coco.py', ['conv', 'fc'],
          13 + 1),
    Entry('mmdet::swin/mask-rcnn_swin-t-p4-w7_fpn_1x_coco.py', 'ffn', 12),
    Entry('mmdet::faster_rcnn/faster-rcnn_r50_fpn_1x_coco.py', 'fc', 1),
    Entry('mmdet::cascade_rcnn/cascade-mask-rcnn_r50_fpn_1x_coco.py',
          ['conv', 'fc'], 13 + 3),
    Entry('mmdet::convnext/'
          'mask-rcnn_convnext-t-p4-w7_fpn_amp-ms-crop-3x_coco.py', 'ffn', 18),
    Entry('mmdet::retinanet/retinanet_r50_fpn_1x_coco.py', 'conv', 13),
    Entry('mmdet::pvt/retinanet_pvt-t_fpn_1x_coco.py', 'ffn', 8),
    Entry('mmdet::fcos/fcos_r50-caffe_fpn_gn-head_1x_coco.py',
          ['conv', 'tower'], 13 + 8),
    Entry('mmdet::atss/atss_r50_fpn_1x_coco.py', ['conv', 'tower'], 13 + 8),
    # VGG has no blocks: its layers are one group, that of their parent.
    Entry('mmdet::ssd/ssd300_coco.py', r'backbone\.features\.\d+', 1),
    # 1 + 3 + 3 + 1 in its backbone, 2 + 2 in its neck, 2 in each tower of
    # three levels, which RTMDet shares between them.
    Entry('mmdet::yolox/yolox_tiny_8xb8-300e_coco.py', ['conv', 'tower'],
          12 + 12),
    Entry('mmdet::rtmdet/rtmdet_tiny_8xb32-300e_coco.py', ['conv', 'tower'],
          8 + 4),
    Entry('mmdet::rtmdet/rtmdet-ins_tiny_8xb32-300e_coco.py',
          ['conv', 'tower'], 8 + 8),
    Entry('mmdet::detr/detr_r50_8xb2-150e_coco.py', 'ffn', 12),
    Entry('mmdet::conditional_detr/conditional-detr_r50_8xb2-50e_coco.py',
          ['ffn', 'attention'], 24),
    Entry('mmdet::deformable_detr/deformable-detr_r50_16xb2-50e_coco.py',
          'ffn', 12),
    Entry('mmdet::dino/dino-4scale_r50_8xb2-12e_coco.py', 'ffn', 12),
    Entry('mmdet::maskformer/maskformer_r50_ms-16xb1-75e_coco.py', 'ffn', 12),
    Entry('mmdet::mask2former/'
          'mask2former_swin-t-p4-w7-224_8xb2-lsj-50e_coco.py', 'ffn', 27),
    Entry('mmdet::mask2former/'
          'mask2former_swin-t-p4-w7-224_8xb2-lsj-50e_coco-panoptic.py', 'ffn',
          27),
    Entry('mmdet::panoptic_fpn/panoptic-fpn_r50_fpn_1x_coco.py', 'fc', 1),
    Entry('mmseg::segformer/segformer_mit-b0_8xb2-160k_ade20k-512x512.py',
          'ffn', 8),
    Entry('mmseg::segmenter/segmenter_vit-t_mask_8xb1-160k_ade20k-512x512.py',
          'ffn', 14),
    Entry('mmseg::swin/swin-tiny-patch4-window7-in1k-pre_upernet_8xb2-160k_'
          'ade20k-512x512.py', ['ffn', 'attention'], 24),
    Entry('mmseg::deeplabv3plus/'
          'deeplabv3plus_r50-d8_4xb4-160k_ade20k-512x512.py', 'conv', 16),
    Entry('mmseg::ocrnet/ocrnet_hr18s_4xb4-160k_ade20k-512x512.py', 'conv',
          2 + 4 + 3 * 6 + 2 * 8),
    Entry('mmseg::mask2former/mask2former_swin-t_8xb2-160k_ade20k-512x512.py',
          'ffn', 27),
    Entry('mmpretrain::vision_transformer/vit-base-p16_32xb128-mae_in1k.py',
          'ffn', 12),
    Entry('mmpretrain::deit/deit-tiny_4xb256_in1k.py', 'ffn', 12),
    Entry('mmpretrain::eva02/eva02-tiny-p14_in1k.py', 'ffn', 12),
    Entry('mmpretrain::swin_transformer/swin-tiny_16xb64_in1k.py',
          ['ffn', 'attention'], 24),
    Entry('mmpretrain::resnet/resnet50_8xb32_in1k.py', 'conv', 16),
    Entry('mmpretrain::convnext/convnext-tiny_32xb128_in1k.py', 'ffn', 18),
    Entry('mmpretrain::arcface/resnet50-arcface_8xb32_inshop.py', 'conv', 16),
]

# What cannot be grown, and what the error says.
REFUSED = {
    'mmdet::yolo/yolov3_d53_8xb8-ms-416-273e_coco.py':
    'bbox_head.convs_pred.0.weight goes from .* cannot be grown',
    'mmdet::htc/htc_r50_fpn_1x_coco.py':
    'roi_head.semantic_head.num_classes=183',
    'mmdet::point_rend/point-rend_r50-caffe_fpn_ms-1x_coco.py':
    'roi_head.point_head.fcs.0.conv.weight goes from .* cannot be grown',
    'mmseg::point_rend/pointrend_r50_4xb4-160k_ade20k-512x512.py':
    'decode_head.1.fcs.0.conv.weight goes from .* cannot be grown',
}


def scope_of(config: str) -> str:
    """The library of a config."""
    return config.partition('::')[0]


def read_model(config: str) -> Dict[str, Any]:
    """The model of a stock config, without pretrained weights to fetch.

    From the package's folder: ``mmseg::`` needs a distribution of that name,
    which the maintained forks do not have.
    """
    scope, _, path = config.partition('::')
    root = Path(importlib.import_module(scope).__file__).parent
    cfg = Config.fromfile(root / '.mim' / 'configs' / path)
    model = cfg.model
    if cfg.get('data_preprocessor') is not None:
        model.setdefault('data_preprocessor', cfg.data_preprocessor)
    # They pad small images to the size of training.
    model.data_preprocessor.pop('batch_augments', None)
    if 'yolox' in config:
        # Pixels of 0 to 255 would be too much for weights without training:
        # the exponential of its boxes overflows.
        model.data_preprocessor.update(mean=[114.] * 3, std=[1000.] * 3)
    if 'size' in model.data_preprocessor:
        model.data_preprocessor.size = (_size(config), _size(config))
    _make_light(model)
    return model


# RoIs are what costs on a CPU; small images have few places for queries.
_CAPS = dict(max_per_img=20, nms_pre=50, num=32, num_queries=50)


def _make_light(node: Any) -> None:
    """Take out pretrained weights and cap RoIs and queries, in place."""
    if isinstance(node, dict):
        for key, value in node.items():
            if key == 'pretrained' or (
                    key == 'init_cfg' and isinstance(value, dict)
                    and value.get('type') == 'Pretrained'):
                node[key] = None
            elif key in _CAPS and isinstance(value, int):
                node[key] = min(value, _CAPS[key])
            else:
                _make_light(value)
    elif isinstance(node, (list, tuple)):
        for value in node:
            _make_light(value)


def count_classes(model: Dict[str, Any]) -> Tuple[int, int]:
    """Number of classes of a stock model, and of those that are stuff."""
    found = []

    def visit(node: Any) -> None:
        if isinstance(node, dict):
            if 'num_things_classes' in node:
                stuff = node['num_stuff_classes']
                found.append((node['num_things_classes'] + stuff, stuff))
            elif 'num_classes' in node:
                found.append((node['num_classes'], 0))
            node = list(node.values())
        if isinstance(node, (list, tuple)):
            for value in node:
                visit(value)

    visit(model)
    return max(found)


def _size(config: str) -> int:
    """Side of the images: what SSD and classifiers cannot go below."""
    if 'ssd300' in config:
        return 300
    if 'eva02' in config:
        return 336
    return 224 if scope_of(config) == 'mmpretrain' else 128


def make_batch(config: str, seed: int, labels: List[int],
               stuff: List[int]) -> Dict[str, list]:
    """Two random images with objects of the given labels."""
    rng = np.random.RandomState(seed)
    scope = scope_of(config)
    size = _size(config)
    make = dict(mmdet=_detection, mmseg=_segmentation,
                mmpretrain=_classification)[scope]
    return dict(
        inputs=[
            torch.from_numpy(
                rng.randint(0, 256, (3, size, size)).astype(np.uint8))
            for _ in range(2)
        ],
        data_samples=[
            _strip(make(rng, size, labels, stuff), config) for _ in range(2)
        ])


def _strip(sample: Any, config: str) -> Any:
    """Take the masks from the samples of models that only find boxes."""
    has_masks = ('mask', '-ins', 'panoptic')
    if 'gt_instances' in sample and not any(
            word in config for word in has_masks):
        del sample.gt_instances.masks
        del sample.ignored_instances.masks
    return sample


def _meta(size: int) -> Dict[str, Any]:
    shape = (size, size)
    return dict(
        img_id=0, img_shape=shape, ori_shape=shape, pad_shape=shape,
        batch_input_shape=shape, scale_factor=(1., 1.))


def _map(rng: np.random.RandomState, size: int,
         labels: List[int]) -> PixelData:
    """Four quarters, one label each."""
    quarters = torch.from_numpy(rng.choice(labels, (1, 2, 2)))
    half = size // 2
    return PixelData(data=quarters.repeat_interleave(half, 1)
                     .repeat_interleave(half, 2))


def _detection(rng: np.random.RandomState, size: int, labels: List[int],
               stuff: List[int]) -> Any:
    from mmdet.structures import DetDataSample
    from mmdet.structures.mask import BitmapMasks
    corners = rng.randint(0, size // 3, (2, 2))
    boxes = np.concatenate(
        (corners, corners + rng.randint(size // 3, size // 2, (2, 2))), 1)
    masks = np.zeros((2, size, size), np.uint8)
    for mask, (left, top, right, bottom) in zip(masks, boxes):
        mask[top:bottom, left:right] = 1
    sample = DetDataSample(metainfo=_meta(size))
    sample.gt_instances = InstanceData(
        bboxes=torch.from_numpy(boxes).float(),
        labels=torch.from_numpy(rng.choice(labels, 2)),
        masks=BitmapMasks(masks, size, size))
    sample.ignored_instances = InstanceData(
        bboxes=torch.zeros(0, 4),
        labels=torch.zeros(0, dtype=torch.long),
        masks=BitmapMasks(np.zeros((0, size, size), np.uint8), size, size))
    if stuff:
        sample.gt_sem_seg = _map(rng, size, stuff)
        sample.gt_sem_seg.sem_seg = sample.gt_sem_seg.data
    return sample


def _segmentation(rng: np.random.RandomState, size: int, labels: List[int],
                  stuff: List[int]) -> Any:
    from mmseg.structures import SegDataSample
    return SegDataSample(
        metainfo=_meta(size), gt_sem_seg=_map(rng, size, labels))


def _classification(rng: np.random.RandomState, size: int,
                    labels: List[int], stuff: List[int]) -> Any:
    from mmpretrain.structures import DataSample
    return DataSample(
        metainfo=_meta(size)).set_gt_label(int(rng.choice(labels)))


@torch.no_grad()
def outputs(model: nn.Module, config: str,
            batch: Dict[str, list]) -> List[torch.Tensor]:
    """All that a model's heads put out in eval mode."""
    model.eval()
    data = model.data_preprocessor(batch, False)
    if scope_of(config) == 'mmseg':
        metas = [sample.metainfo for sample in data['data_samples']]
        raw = model.encode_decode(data['inputs'], metas)
    else:
        raw = model(data['inputs'], data['data_samples'], mode='tensor')
    found: List[torch.Tensor] = []

    def visit(node: Any) -> None:
        if isinstance(node, torch.Tensor):
            found.append(node)
        elif isinstance(node, (list, tuple)):
            for child in node:
                visit(child)
        elif hasattr(node, 'values'):
            for child in node.values():
                visit(child)

    visit(raw)
    return found
