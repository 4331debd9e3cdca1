"""Growth, no-op and groups of detectors from mmdet's own stock configs.

Faster R-CNN, DETR and Deformable DETR with their 80 COCO classes, made
small by fewer layers and channels.
"""
import pytest
import torch
from mmengine.hub import get_config

K, N = 80, 2
CLASSES = dict(
    base=[f'class {i}' for i in range(K)],
    learn=['new a', 'new b'],
    forget=['class 3'])
SWIN = dict(
    _delete_=True,
    type='SwinTransformer',
    embed_dims=16,
    depths=[1, 1, 1, 1],
    num_heads=[1, 2, 2, 4],
    window_size=4,
    drop_path_rate=0.)
RESNET = dict(depth=18, base_channels=8, init_cfg=None)


def faster_rcnn():
    cfg = get_config('mmdet::faster_rcnn/faster-rcnn_r50_fpn_1x_coco.py')
    cfg.merge_from_dict(dict(model=dict(
        backbone=dict(SWIN),
        neck=dict(in_channels=[16, 32, 64, 128], out_channels=16),
        rpn_head=dict(in_channels=16, feat_channels=16),
        roi_head=dict(
            bbox_roi_extractor=dict(out_channels=16),
            bbox_head=dict(in_channels=16, fc_out_channels=32)))))
    return cfg.model


def detr():
    cfg = get_config('mmdet::detr/detr_r50_8xb2-150e_coco.py')
    cfg.merge_from_dict(dict(model=dict(
        num_queries=10,
        test_cfg=dict(max_per_img=10),
        backbone=dict(RESNET, norm_eval=False),
        neck=dict(in_channels=[64]),
        encoder=dict(num_layers=1),
        decoder=dict(num_layers=2))))
    return cfg.model


def deformable_detr():
    cfg = get_config(
        'mmdet::deformable_detr/deformable-detr_r50_16xb2-50e_coco.py')
    cfg.merge_from_dict(dict(model=dict(
        num_queries=10,
        backbone=RESNET,
        neck=dict(in_channels=[16, 32, 64]),
        encoder=dict(num_layers=1),
        decoder=dict(num_layers=2))))
    return cfg.model


# Groups: one a Swin block; one an encoder and one a decoder layer, and none
# for the plain regressor `reg_ffn` of DETR's head.
STOCK = dict(
    faster_rcnn=(faster_rcnn, 4 + 1, {
        'roi_head.bbox_head.fc_cls': (1, 1),
        'roi_head.bbox_head.fc_reg': (4, 0)
    }),
    detr=(detr, 3, {'bbox_head.fc_cls': (1, 1)}),
    deformable_detr=(deformable_detr, 3, {
        'bbox_head.cls_branches.0': (1, 0),
        'bbox_head.cls_branches.1': (1, 0)
    }))


@pytest.fixture(params=list(STOCK))
def stock(request, build_stock):
    """The stock model with random weights, its config, groups and layout."""
    make_cfg, num_groups, layout = STOCK[request.param]
    cfg = make_cfg()
    torch.manual_seed(0)
    model = build_stock(cfg)
    model.init_weights()  # Deformable DETR makes `level_embed` unwritten.
    with torch.no_grad():
        for param in model.parameters():
            param.add_(.02 * torch.randn_like(param))
    return model.eval().requires_grad_(False), cfg, num_groups, layout


@pytest.fixture
def build_twin(build_stock):
    """(stock model, its config, classes) -> SwapModel on its weights."""

    def build(model, cfg, classes):
        swap = build_stock(
            dict(
                type='mmswap.SwapModel',
                model=cfg,
                classes=classes,
                adapter=dict(rank=4, alpha=4),
                objective=dict(type='mmswap.LearnObjective')))
        swap.init_weights()
        swap.load_state_dict(model.state_dict())
        return swap

    return build


def test_growth_and_groups(stock, build_twin):
    model, cfg, num_groups, layout = stock
    swap = build_twin(model, cfg, CLASSES)
    assert len(swap.groups) == num_groups
    assert not any('reg_ffn' in name for name in swap.groups)
    assert all(len(group) == 4 for group in swap.groups.values())
    tensors = {key.rpartition('.')[0] for key in swap.class_rows}
    assert tensors == set(layout)
    for path, (width, rest) in layout.items():
        old = model.get_submodule(path)
        new = swap.model.get_submodule(path)
        features = torch.randn(33, old.in_features)
        with torch.no_grad():
            wanted, got = old(features), new(features)
        assert got.shape[1] == wanted.shape[1] + N * width
        assert torch.equal(got[:, :K * width], wanted[:, :K * width])
        if rest:
            assert torch.equal(got[:, -rest:], wanted[:, -rest:])
    for key, value in swap.base_state_dict().items():
        assert torch.equal(value, model.state_dict()[key]), key


def test_fresh_adapter_is_a_no_op(stock, build_twin, predict,
                                  assert_same_bits):
    model, cfg, *_ = stock
    swap = build_twin(model, cfg, dict(CLASSES, learn=()))
    assert_same_bits(predict(swap), predict(model))


def test_batch_norm_of_a_swapped_detr_stands_still(build_stock, build_twin,
                                                   make_batch):
    cfg = detr()
    model = build_stock(cfg)
    swap = build_twin(model, cfg, CLASSES).train()
    norms = [(key, value.clone()) for key, value in swap.state_dict().items()
             if 'running_' in key or 'num_batches' in key]
    data = dict(retain=make_batch(2, 1), learn=make_batch(2, 2))
    data = swap.data_preprocessor(data, True)
    losses = swap(**data, mode='loss')
    assert len(norms) > 10 and losses['retain_total'] > 0
    for key, value in norms:
        assert torch.equal(swap.state_dict()[key], value), key
    # The stock model, in its own training mode, moves them.
    data = model.data_preprocessor(make_batch(2, 1), True)
    model.train()(**data, mode='loss')
    moved = model.state_dict()['backbone.layer3.0.bn1.running_mean']
    assert not torch.equal(moved, torch.zeros_like(moved))


def test_no_transformer_layer_is_refused(build_stock):
    cfg = get_config('mmdet::faster_rcnn/faster-rcnn_r50_fpn_1x_coco.py')
    with pytest.raises(
            ValueError, match=r"'ffn' matches none .*\['conv', 'fc'\] would"):
        build_stock(
            dict(
                type='mmswap.SwapModel',
                model=dict(cfg.model, backbone=dict(
                    cfg.model.backbone, depth=18, init_cfg=None),
                    neck=dict(cfg.model.neck, in_channels=[64, 128, 256,
                                                           512])),
                classes=CLASSES, adapter=dict(targets='ffn'),
                objective=dict(type='mmswap.LearnObjective')))
