"""Growth leaves the base classes as they were, head by head.

The layout of each grown tensor is written out by hand here; mmswap finds it
by comparing two models.
"""
import pytest
import torch
from mmengine.model import BaseModel

from mmswap.class_table import ClassTable
from mmswap.models.classes.growth import build_grown, grow_config
from mmswap.models.classes.rows import ClassRows, find_class_rows

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


def table(base, learn, stuff=()):
    return ClassTable(
        base=list('abcdefgh'[:base]), learn=list('xyz'[:learn]), stuff=stuff)


def test_grow_config_reports_and_leaves_the_input_alone():
    cfg = dict(type='X', head=[dict(num_classes=3, class_weight=[1., 2., 3.])])
    grown, report = grow_config(cfg, table(3, 2))
    assert grown['head'][0] == dict(
        num_classes=5, class_weight=[1., 2., 3., 3., 3.])
    assert cfg['head'][0] == dict(num_classes=3, class_weight=[1., 2., 3.])
    assert report[0] == 'head.0.num_classes: 3 -> 5'


def test_grow_config_leaves_a_class_agnostic_rpn_alone():
    cfg = dict(rpn_head=dict(num_classes=1), head=dict(num_classes=3))
    grown, _ = grow_config(cfg, table(3, 1))
    assert grown == dict(rpn_head=dict(num_classes=1),
                         head=dict(num_classes=4))


def test_grow_config_counts_things_and_stuff():
    cfg = dict(
        bbox_head=dict(num_classes=2),
        head=dict(num_things_classes=2, num_stuff_classes=1,
                  class_weight=[1., 2., 3., .1]),
        fusion=dict(num_things_classes=2, num_stuff_classes=1))
    grown, _ = grow_config(cfg, table(3, 2, stuff=('c', 'y')))
    assert grown == dict(
        bbox_head=dict(num_classes=3),
        head=dict(num_things_classes=3, num_stuff_classes=2,
                  class_weight=[1., 2., 3., 3., 3., .1]),
        fusion=dict(num_things_classes=3, num_stuff_classes=2))


@pytest.mark.parametrize('cfg, message', [
    (dict(type='X', head=dict(num_classes=4)),
     r'classes.base must .* name 3 and 0, .* head.num_classes=4'),
    (dict(type='X', a=dict(num_classes=3, num_stuff_classes=5)),
     'classes.stuff its stuff .* a.num_stuff_classes=5'),
    (dict(type='X', a=dict(num_classes=3, class_weight=[1., 1.])),
     'a.class_weight of length 2'),
    (dict(type='X'), r"model must be a config with a class count.*'X'"),
])
def test_grow_config_refuses(cfg, message):
    with pytest.raises(ValueError, match=message):
        grow_config(cfg, table(3, 1))


@pytest.mark.parametrize('rest', [0, 1])
@pytest.mark.parametrize('width, blocks, dim', [
    (1, 1, 0), (4, 1, 0), (1, 3, 0), (1, 1, 1)])
def test_shrink_undoes_grow(width, blocks, dim, rest):
    is_new = (False, False, True, False, True)
    rows = ClassRows(is_new, width, rest, blocks, dim)
    old = torch.randn(blocks, 3 * width + rest, 5)
    grown = rows.grow(old.flatten(0, 1).movedim(0, dim))
    assert grown.shape[dim] == rows.new_size == blocks * (5 * width + rest)
    found = rows.shrink(grown).movedim(dim, 0)
    assert torch.equal(found, old.flatten(0, 1))
    # Block by block, class by class, written out.
    parts = []
    for block in old:
        classes = [block[i * width:(i + 1) * width] for i in range(3)]
        mean = torch.stack(classes).mean(0)
        parts += [classes[0], classes[1], mean, classes[2], mean]
        parts.append(block[3 * width:])
    torch.testing.assert_close(grown.movedim(dim, 0), torch.cat(parts))
    chosen = rows.select(grown)
    assert chosen.shape == (blocks * 2 * width, 5)
    rows.assign(grown, torch.zeros_like(chosen))
    assert not rows.select(grown).any()
    assert torch.equal(rows.shrink(grown).movedim(dim, 0), old.flatten(0, 1))
    assert (rows.mask_for(grown) == (grown == 0)).all()


IS_NEW = (False, ) * 3 + (True, ) * 2


@pytest.mark.parametrize('key, before, after, wanted', [
    ('head.retina_cls', (27, 4), (45, 4), ClassRows(IS_NEW, 1, 0, 9)),
    ('head.cls_convs.0', (16, 4), (24, 4), ClassRows(IS_NEW, 1, 1, 4)),
    ('head.fc_reg', (12, 4), (20, 4), ClassRows(IS_NEW, 4)),
    ('head.norm_product.weight', (9, 4), (15, 4), ClassRows(IS_NEW, 3)),
    ('head.cls_emb', (1, 3, 4), (1, 5, 4), ClassRows(IS_NEW, dim=1)),
])
def test_layout_by_shape(key, before, after, wanted):
    old, new = {key: torch.zeros(before)}, {key: torch.zeros(after)}
    assert find_class_rows(old, new, [IS_NEW, IS_NEW]) == {key: wanted}


def test_things_alone_are_found_beside_all_classes():
    every = (False, False, True, False)  # thing, thing, new thing, stuff
    things = every[:3]
    old = dict(box=torch.zeros(3, 4), head=torch.zeros(4, 4))
    new = dict(box=torch.zeros(4, 4), head=torch.zeros(5, 4))
    found = find_class_rows(old, new, [every, things])
    assert found['head'] == ClassRows(every, rest=1)
    # Three rows are three classes, or two things and one of no class: the
    # counts of a panoptic head come first.
    assert found['box'] == ClassRows(every)


@pytest.mark.parametrize('key, before, after', [
    ('head.fc', (3, 4), (5, 6)),
    ('head.fc_cls', (8, 4), (10, 4)),  # five rows that no class owns
    ('head.fc_cls', (3, 4), (4, 4)),  # one class more, not two
])
def test_unknown_growth_is_refused(key, before, after):
    old, new = {key: torch.zeros(before)}, {key: torch.zeros(after)}
    with pytest.raises(ValueError, match=f'{key} goes .* cannot be grown'):
        find_class_rows(old, new, [IS_NEW])


def test_tensors_that_come_or_go_are_refused():
    old = {'a': torch.zeros(3)}
    with pytest.raises(ValueError, match=r"model must keep .*\['b'\] differ"):
        find_class_rows(old, dict(old, b=torch.zeros(1)), [IS_NEW])


def test_a_model_without_class_rows_is_refused():
    class Prompted(BaseModel):

        def __init__(self, num_classes):
            super().__init__()

        def forward(self, *args, **kwargs):
            raise NotImplementedError

    with pytest.raises(ValueError, match='a row for each class, but none of'):
        build_grown(dict(type=Prompted, num_classes=3), table(3, 1))


def test_classes_that_were_learned_before_are_there(read_config, base_state,
                                                    build_swap):
    """Of three learned classes only the last one's rows are new."""
    classes = dict(read_config('mask_rcnn', 'learn').model.classes)
    first = build_swap(
        'mask_rcnn', classes=dict(classes, learn=('eight', 'nine')),
        adapter=dict(name='one'))
    with torch.no_grad():
        for param, rows in first.class_params().values():
            rows.assign(param, torch.randn_like(rows.select(param)))
    second = build_swap(
        'mask_rcnn', load=False, adapter=dict(name='two'),
        classes=dict(
            classes, learned_before=('eight', 'nine'), learn=('ten', )))
    state = first.state_dict()
    second.load_state_dict(state)
    key = 'roi_head.bbox_head.fc_cls.weight'
    param, rows = second.class_params()[key]
    assert (rows.num_base, rows.num_new, len(param)) == (K + 2, 1, K + 4)
    assert torch.equal(param[:K + 2], state[f'model.{key}'][:K + 2])
    assert torch.equal(param[-1], state[f'model.{key}'][-1])
    assert rows.new_mask.nonzero().tolist() == [[K + 2]]


def test_a_checkpoint_of_other_requests_is_refused(read_config, build_swap):
    classes = dict(read_config('mask_rcnn', 'learn').model.classes)
    first = build_swap('mask_rcnn', adapter=dict(name='one'))
    other = build_swap(
        'mask_rcnn', load=False, adapter=dict(name='two'),
        classes=dict(
            classes, learned_before=('ten', 'nine'), learn=('six-b', )))
    with pytest.raises(RuntimeError, match="phase in load_from.*got .*'ten'"):
        other.load_state_dict(first.state_dict())


def test_the_model_to_compare_with_is_not_drawn(read_config, build_stock,
                                                detector):
    """Nothing is but the weights of the grown one."""
    model = read_config(detector, 'base').model
    table = ClassTable.from_cfg(read_config(detector, 'learn').model.classes)
    grown, _ = grow_config(model, table)
    torch.manual_seed(3)
    build_stock(grown)
    wanted = torch.get_rng_state()
    torch.manual_seed(3)
    assert build_grown(model, table)[2]
    assert torch.equal(torch.get_rng_state(), wanted)
