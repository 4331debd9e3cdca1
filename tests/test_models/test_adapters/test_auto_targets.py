"""Where LoRA goes if nobody says, in stock models."""
import pytest
from mmengine.hub import get_config
from torch import nn

import mmswap
from mmswap.models.adapters.auto_targets import auto_targets
from mmswap.models.swap_model import SwapModel

CONFIGS = [
    ('dino/dino-4scale_r50_8xb2-12e_coco.py', ['ffn']),
    ('mask_rcnn/mask-rcnn_r50_fpn_1x_coco.py', ['conv', 'fc']),
    ('swin/mask-rcnn_swin-t-p4-w7_fpn_1x_coco.py', ['ffn', 'fc']),
    ('yolox/yolox_tiny_8xb8-300e_coco.py', ['conv', 'tower']),
    ('rtmdet/rtmdet_tiny_8xb32-300e_coco.py', ['conv', 'tower']),
]


@pytest.mark.parametrize('name, targets', CONFIGS)
def test_stock_detectors(name, targets, det_scope):
    """As where they are named."""
    cfg = get_config(f'mmdet::{name}').model
    cfg.backbone.init_cfg = None

    def groups(**adapter):
        return list(SwapModel(
            model=cfg, objective=dict(type='mmswap.LearnObjective'),
            classes=dict(base=[str(i) for i in range(80)], learn=['new']),
            adapter=adapter or None).groups)

    assert groups() == groups(targets=targets) == groups(last=1.)
    assert groups() == groups(targets='auto')


class Attending(nn.Module):

    def __init__(self):
        super().__init__()
        self.attention = WindowAttention()


class WindowAttention(nn.Module):

    def __init__(self):
        super().__init__()
        self.qkv = nn.Linear(4, 12)


def test_attention_where_there_is_nothing_else():
    assert auto_targets(Attending()) == ['attention']
    groups = mmswap.apply_adapter(Attending(), rank=2, targets='auto')
    assert list(groups) == ['attention']


def test_no_layer_that_goes_by_a_name():
    assert auto_targets(nn.Linear(2, 2)) == []
    with pytest.raises(ValueError, match='adapter.targets must be some of'):
        mmswap.apply_adapter(nn.Linear(2, 2), targets='auto')
