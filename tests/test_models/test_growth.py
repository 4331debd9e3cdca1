"""Growth leaves the base classes as they were, head by head.

The layout of each grown tensor is written out by hand here; mmswap finds it
by comparing two models.
"""
import pytest
import torch

from mmswap.models.growth import ClassRows, find_class_rows, grow_config

K, N = 8, 2
SOFTMAX = (K, 1, 1)  # classes, rows a class, rows behind the classes
SIGMOID = (K, 1, 0)
LAYOUT = dict(
    mask_rcnn={
        'roi_head.bbox_head.fc_cls': SOFTMAX,
        'roi_head.bbox_head.fc_reg': (K, 4, 0),
        'roi_head.mask_head.conv_logits': SIGMOID,
    },
    mask2former={'panoptic_head.cls_embed': SOFTMAX},
    dino={
        **{f'bbox_head.cls_branches.{i}': SIGMOID
           for i in range(4)}, 'dn_query_generator.label_embedding': SIGMOID
    })


def old_columns(layout, size):
    """Where the base model's rows stand among ``size`` grown ones."""
    classes, width, rest = layout
    keep = list(range(classes * width))
    return keep + list(range(size - rest, size))


def test_only_the_class_tensors_grow(build_swap, base_state, detector):
    model = build_swap(detector)
    state = base_state(detector)
    own = {
        key.replace('.base_layer.', '.'): value
        for key, value in model.model.state_dict().items()
        if '.lora_' not in key
    }
    assert list(own) == list(state)
    grown = {key for key in own if own[key].shape != state[key].shape}
    wanted = {
        key
        for key in state if key.rpartition('.')[0] in LAYOUT[detector]
    }
    assert grown == wanted == set(model.class_rows)
    for key in state:
        layout = LAYOUT[detector].get(key.rpartition('.')[0])
        rows = old_columns(layout, len(own[key])) if layout else ...
        assert torch.equal(own[key][rows], state[key]), key
        if layout:
            assert len(own[key]) == len(state[key]) + N * layout[1]


@pytest.mark.parametrize('samples', [1, 7, 64])
def test_old_logits_are_the_same_bits(build_swap, build_base, detector,
                                      samples):
    """Each grown layer by itself, on the same features."""
    base, grown = build_base(detector), build_swap(detector).eval().model
    generator = torch.Generator().manual_seed(samples)
    for path, layout in LAYOUT[detector].items():
        old, new = base.get_submodule(path), grown.get_submodule(path)
        if isinstance(old, torch.nn.Embedding):
            labels = torch.arange(K)
            assert torch.equal(old(labels), new(labels))
            continue
        shape = (samples, old.weight.shape[1], *old.weight.shape[2:])
        features = torch.randn(shape, generator=generator)
        with torch.no_grad():
            wanted, got = old(features), new(features)
        columns = old_columns(layout, got.shape[1])
        assert torch.equal(got[:, columns], wanted), path


def test_new_rows_start_as_the_mean_of_the_base_classes(
        build_swap, base_state, detector):
    model, state = build_swap(detector), base_state(detector)
    for key, (param, _) in model.class_params().items():
        classes, width, rest = LAYOUT[detector][key.rpartition('.')[0]]
        old = state[key][:classes * width]
        mean = torch.stack([old[i * width:(i + 1) * width]
                            for i in range(classes)]).mean(0)
        new = param[classes * width:len(param) - rest]
        assert len(new) == N * width
        for i in range(N):
            torch.testing.assert_close(
                new[i * width:(i + 1) * width], mean, atol=1e-7, rtol=1e-6)


def test_class_weight_grows_with_the_classes(build_swap):
    head = build_swap('mask2former', load=False).model.panoptic_head
    assert list(head.loss_cls.class_weight) == [1.] * (K + N) + [.1]
    assert head.num_classes == K + N


def test_grow_config_reports_and_leaves_the_input_alone():
    cfg = dict(type='X', head=[dict(num_classes=3, class_weight=[1., 2., 3.])])
    grown, report = grow_config(cfg, 3, 2)
    assert grown['head'][0] == dict(
        num_classes=5, class_weight=[1., 2., 3., 3., 3.])
    assert cfg['head'][0] == dict(num_classes=3, class_weight=[1., 2., 3.])
    assert report[0] == 'head.0.num_classes: 3 -> 5'


def test_grow_config_leaves_a_class_agnostic_rpn_alone():
    cfg = dict(rpn_head=dict(num_classes=1), head=dict(num_classes=3))
    grown, _ = grow_config(cfg, 3, 1)
    assert grown == dict(rpn_head=dict(num_classes=1),
                         head=dict(num_classes=4))


@pytest.mark.parametrize('cfg, message', [
    (dict(type='X', head=dict(num_classes=4)),
     r'classes.base must .* names 3, .* head.num_classes=4'),
    (dict(type='X', a=dict(num_classes=3, num_stuff_classes=5)),
     r'num_stuff_classes=5 \(stuff classes cannot be swapped yet\)'),
    (dict(type='X'), r"model must be a config with a class count.*'X'"),
])
def test_grow_config_refuses(cfg, message):
    with pytest.raises(ValueError, match=message):
        grow_config(cfg, 3, 1)


@pytest.mark.parametrize('width, rest', [(1, 0), (1, 1), (4, 0), (4, 1)])
def test_shrink_undoes_grow(width, rest):
    rows = ClassRows(width, 3, 2, rest)
    old = torch.randn(3 * width + rest, 5)
    grown = rows.grow(old)
    assert grown.shape == (5 * width + rest, 5)
    assert torch.equal(rows.shrink(grown), old)
    assert torch.equal(grown[:3 * width], old[:3 * width])
    assert torch.equal(grown[len(grown) - rest:], old[len(old) - rest:])


@pytest.mark.parametrize('key, before, after', [
    ('head.retina_cls', (27, 4), (45, 4)),  # 9 anchors with 3 classes
    ('head.fc', (3, 4), (5, 6)),
    ('head.fc_cls', (8, 4), (10, 4)),  # five rows that no class owns
])
def test_unknown_growth_is_refused(key, before, after):
    old, new = {key: torch.zeros(before)}, {key: torch.zeros(after)}
    with pytest.raises(ValueError, match=f'{key} goes .* cannot be grown'):
        find_class_rows(old, new, 3, 2)


def test_tensors_that_come_or_go_are_refused():
    old = {'a': torch.zeros(3)}
    with pytest.raises(ValueError, match=r"model must keep .*\['b'\] differ"):
        find_class_rows(old, dict(old, b=torch.zeros(1)), 3, 2)
