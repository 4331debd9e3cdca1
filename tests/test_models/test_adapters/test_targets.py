"""Which layers each target finds, written out by hand on real blocks."""
import pytest
import torch
from mmcv.cnn.bricks.transformer import FFN
from mmdet.models.backbones.csp_darknet import CSPLayer
from mmdet.models.backbones.pvt import MixFFN
from mmdet.models.backbones.resnet import Bottleneck
from mmdet.models.backbones.swin import SwinBlock
from mmdet.models.roi_heads.bbox_heads import Shared2FCBBoxHead
from mmengine.hub import get_config
from torch import nn

import mmswap
from mmswap.models.adapters.targets import target_layers
from mmswap.models.swap_model import SwapModel


class Layer(nn.Module):
    """A transformer layer of torch's attention and mmcv's FFN."""

    def __init__(self):
        super().__init__()
        self.self_attn = nn.MultiheadAttention(8, 2)
        self.ffn = FFN(8, 16)


class Mixed(nn.Module):
    """One block of each kind."""

    def __init__(self):
        super().__init__()
        self.res = Bottleneck(16, 4)
        self.csp = CSPLayer(8, 8, num_blocks=1, use_cspnext_block=True)
        self.swin = SwinBlock(8, 2, 16, window_size=2)
        self.layer = Layer()
        self.mix = MixFFN(8, 16, use_conv=True)
        self.head = Shared2FCBBoxHead(
            in_channels=2, roi_feat_size=2, fc_out_channels=4, num_classes=3)
        self.regressor = FFN(8, 16)
        self.dilated = nn.Sequential(nn.Conv2d(8, 8, 3, dilation=2))


FFN_LAYERS = [
    'swin.ffn.layers.0.0', 'swin.ffn.layers.1', 'layer.ffn.layers.0.0',
    'layer.ffn.layers.1', 'mix.layers.0', 'mix.layers.4'
]
FC_LAYERS = ['head.shared_fcs.0', 'head.shared_fcs.1']
# The depthwise convolution of the CSPNeXt block is left out.
CONV_LAYERS = [
    'res.conv1', 'res.conv2', 'res.conv3', 'csp.blocks.0.conv1.conv',
    'csp.blocks.0.conv2.pointwise_conv.conv'
]
ATTENTION_LAYERS = ['swin.attn.w_msa.qkv', 'swin.attn.w_msa.proj']


@pytest.mark.parametrize('targets, wanted', [
    ('ffn', FFN_LAYERS),
    ('fc', FC_LAYERS),
    ('conv', CONV_LAYERS),
    ('attention', ATTENTION_LAYERS),
    (r'head\.fc_(cls|reg)', ['head.fc_cls', 'head.fc_reg']),
    (['fc', 'conv'], CONV_LAYERS + FC_LAYERS),
    (('fc', r'res\.conv1'), ['res.conv1'] + FC_LAYERS),
])
def test_target_layers(targets, wanted):
    assert target_layers(Mixed(), targets) == wanted


@pytest.mark.parametrize('targets', [
    # The projection below torch's attention, a dilated convolution, a part
    # of a path, one of two that matches.
    r'layer\.self_attn\.out_proj', r'dilated\.0', r'conv1', ['fc', 'nothing']
])
def test_what_cannot_have_lora_is_refused(targets):
    with pytest.raises(ValueError, match='adapter.targets must be some of'):
        target_layers(Mixed(), targets)


def test_what_the_stock_config_freezes_is_left_out():
    model = Mixed()
    for frozen in (model.csp, model.swin, model.head.shared_fcs[0]):
        frozen.requires_grad_(False)
    assert target_layers(model, ['ffn', 'conv', 'fc']) == [
        path for path in CONV_LAYERS + FFN_LAYERS + FC_LAYERS
        if not path.startswith(('csp', 'swin', 'head.shared_fcs.0'))]
    # Whoever names a layer means it.
    assert target_layers(model, r'csp\.blocks\.0\.conv1\.conv') == [
        'csp.blocks.0.conv1.conv']
    model.res.requires_grad_(False)
    with pytest.raises(ValueError, match='what the stock config freezes'):
        target_layers(model, 'conv')
    # A model that was frozen as a whole, to be given an adapter.
    model.requires_grad_(False)
    assert target_layers(model, 'conv') == CONV_LAYERS


@pytest.mark.parametrize('config, frozen', [
    ('mmdet::mask_rcnn/mask-rcnn_r50_fpn_1x_coco.py', 'backbone.layer1'),
    ('mmdet::swin/mask-rcnn_swin-t-p4-w7_fpn_1x_coco.py', 'backbone.stages.0')
])
def test_frozen_stages_of_a_stock_model(config, frozen):
    cfg = get_config(config).model
    cfg.backbone.update(frozen_stages=1, init_cfg=None)
    swap = SwapModel(
        model=cfg, objective=dict(type='mmswap.LearnObjective'),
        classes=dict(base=[str(i) for i in range(80)], learn=['new']),
        adapter=dict(targets='conv' if 'r50' in config else 'ffn'))
    assert swap.groups
    assert not [name for name in swap.groups if name.startswith(frozen)]
    assert [name for name in swap.groups
            if name.startswith(frozen[:-1] + str(int(frozen[-1]) + 1))]


@pytest.mark.parametrize('last, wanted', [
    (1, ['res', 'csp.blocks.0', 'swin.ffn', 'layer.ffn', 'mix']),
    (.5, ['swin.ffn', 'layer.ffn', 'mix']),
    (.4, ['layer.ffn', 'mix']),
    (.01, ['mix'])
])
def test_the_last_blocks(last, wanted):
    model = Mixed()
    groups = mmswap.apply_adapter(model, targets=['ffn', 'conv'], last=last)
    assert list(groups) == wanted


@pytest.mark.parametrize('config, tower', [
    ('mmdet::yolox/yolox_tiny_8xb8-300e_coco.py', 'multi_level_cls_convs'),
    ('mmdet::fcos/fcos_r50-caffe_fpn_gn-head_1x_coco.py', 'cls_convs')])
def test_of_towers_side_by_side_that_of_the_classes_is_last(config, tower):
    cfg = get_config(config).model
    cfg.backbone.init_cfg = None

    def groups(last):
        return SwapModel(
            model=cfg, objective=dict(type='mmswap.LearnObjective'),
            classes=dict(base=[str(i) for i in range(80)], learn=['new']),
            adapter=dict(targets='tower', last=last)).groups

    both, last = groups(1.), groups(.5)
    assert len(both) == 2 * len(last)
    assert all(f'bbox_head.{tower}.' in name for name in last)


@pytest.mark.parametrize('last', [0, -1, 1.5, True, float('nan')])
def test_a_share_of_the_blocks_that_is_none(last):
    with pytest.raises(ValueError, match='adapter.last must be a share'):
        mmswap.apply_adapter(Mixed(), last=last)


def test_groups_are_the_innermost_blocks():
    model = Mixed()
    mmswap.apply_adapter(
        model, targets=['ffn', 'fc', 'conv', 'attention', r'head\.fc_cls'])
    assert list(mmswap.group_norms(model)) == [
        'res', 'csp.blocks.0', 'swin.attn.w_msa', 'swin.ffn', 'layer.ffn',
        'mix', 'head', 'head.shared_fcs'
    ]


def test_a_second_adapter_finds_the_same_layers():
    model = Mixed()
    mmswap.apply_adapter(model, targets=['ffn', 'conv'], name='one')
    wanted = sorted(CONV_LAYERS + FFN_LAYERS)
    assert sorted(target_layers(model, ['ffn', 'conv'])) == wanted


def test_convolutions_are_saved_loaded_and_merged(randomise_adapter,
                                                  tmp_path):
    torch.manual_seed(0)
    block, image = Bottleneck(16, 4).eval(), torch.randn(2, 16, 6, 6)
    twin = Bottleneck(16, 4).eval()
    twin.load_state_dict(block.state_dict())
    mmswap.apply_adapter(block, rank=2, targets='conv')
    randomise_adapter(block, 1.)
    with torch.no_grad():
        wanted = block(image)
        assert not torch.allclose(wanted, twin(image), atol=1e-2)
        mmswap.save_adapter(block, tmp_path)
        mmswap.load_adapter(twin, tmp_path)
        assert torch.equal(twin(image), wanted)
        merged = mmswap.merge_adapter(twin)
        torch.testing.assert_close(
            merged(image), wanted, rtol=1e-4, atol=1e-5)
    stock = Bottleneck(16, 4)
    stock.load_state_dict(merged.state_dict())


@pytest.mark.parametrize('ffn_type, layers', [
    ('swiglu_fused', ['w12', 'w3']), ('origin', ['layers.0.0', 'layers.1'])])
def test_gated_ffns_are_ffns(ffn_type, layers):
    """As in DINOv2's largest ViT; EVA-02's are in the zoo."""
    backbones = pytest.importorskip('mmpretrain.models.backbones')
    arch = dict(embed_dims=16, num_layers=2, num_heads=2,
                feedforward_channels=24)
    model = backbones.VisionTransformer(
        arch, img_size=28, patch_size=14,
        layer_cfgs=dict(ffn_type=ffn_type))
    assert target_layers(model, 'ffn') == [
        f'layers.{i}.ffn.{layer}' for i in range(2) for layer in layers]
    groups = mmswap.apply_adapter(model, rank=2, targets='ffn')
    assert list(groups) == ['layers.0.ffn', 'layers.1.ffn']
