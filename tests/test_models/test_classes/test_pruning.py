"""A model without some of its classes says of the others what it said."""
import re
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.hub import get_config
from mmengine.registry import MODELS, DefaultScope
from torch import nn

from mmswap.class_table import ClassTable
from mmswap.models.classes.growth import shrink_config
from mmswap.models.classes.pruning import prune_classes

DIGITS = Path(__file__).parents[3] / 'configs' / 'digits'
GONE = [1, 4]  # Labels, of 8 or more.


def prune(model, cfg, names, stuff=(), build=MODELS.build):
    """A twin of a model without the classes of GONE, and where others were."""
    table = ClassTable(names, stuff=stuff)
    state = {key: value.clone() for key, value in model.state_dict().items()}
    pruned_cfg, kept = prune_classes(
        state, cfg, table, [names[label] for label in GONE])
    labels = [i for i in range(len(names)) if i not in GONE]
    assert kept.names == tuple(names[label] for label in labels)
    pruned = build(pruned_cfg)
    pruned.load_state_dict(state)
    return pruned.eval().requires_grad_(False), torch.tensor(labels)


@torch.no_grad()
def hide(model):
    """Let a model never name the classes: what pruning must not be seen in."""
    layers = re.compile(r'(cls_embed|cls_branches\.\d|fc_cls)\.bias$')
    biases = [param for path, param in model.named_parameters()
              if layers.search(path)]
    assert biases
    for bias in biases:
        bias[GONE] = -60.


def test_a_detector_finds_all_others(detector, build_base, read_config,
                                     build_stock, predict):
    """Boxes and masks of a class of their own (Mask R-CNN) too."""
    model = build_base(detector)
    cfg = read_config(detector, 'base')
    hide(model)
    pruned, labels = prune(model, cfg.model, cfg.base_classes,
                           build=build_stock)
    wanted, got = predict(model), predict(pruned)
    assert sum(p.numel() for p in pruned.parameters()) < sum(
        p.numel() for p in model.parameters())
    for image in (0, 1):
        ours, theirs = ({key.split()[-1]: value for key, value in found.items()
                         if key.startswith(f'image {image}')}
                        for found in (got, wanted))
        assert len(theirs['labels'].unique()) > 1
        # Mask2Former fills up with what scores nothing.
        shown = theirs['scores'] > 1e-20
        count = int(shown.sum())
        mine = ours['scores'].argsort(descending=True, stable=True)[:count]
        his = theirs['scores'].argsort(descending=True, stable=True)[:count]
        assert torch.equal(labels[ours['labels'][mine]], theirs['labels'][his])
        torch.testing.assert_close(ours['scores'][mine], theirs['scores'][his])
        torch.testing.assert_close(ours['bboxes'][mine], theirs['bboxes'][his])


def raw(model, image):
    """The outputs of a model's heads, in a list."""
    found = model(image, mode='tensor')
    return [found] if isinstance(found, torch.Tensor) else [
        value for level in found for value in level]


@pytest.mark.parametrize('scope, make', [
    ('mmdet', lambda: get_config(
        'mmdet::yolox/yolox_nano_8xb8-300e_coco.py').model),
    ('mmseg', lambda: Config.fromfile(DIGITS / 'fcn_r18-nano_base.py').model),
    ('mmpretrain', lambda: Config.fromfile(
        DIGITS / 'vit-nano_base.py').model)])
def test_the_rows_that_stay_keep_every_bit(scope, make):
    module = pytest.importorskip(f'{scope}.utils')
    module.register_all_modules(init_default_scope=False)
    with DefaultScope.overwrite_default_scope(scope):
        cfg = make()
        torch.manual_seed(0)
        model = MODELS.build(cfg).eval().requires_grad_(False)
        head = model.decode_head if scope == 'mmseg' else getattr(
            model, 'bbox_head', None) or model.head
        names = [f'class {i}' for i in range(head.num_classes)]
        pruned, labels = prune(model, cfg, names)
        image = torch.randn(1, 3, 64, 64)
        wanted, got = raw(model, image), raw(pruned, image)
        assert len(got) == len(wanted)
        sizes = [value.shape[1] for value in got]
        assert len(names) - len(GONE) in sizes and len(names) not in sizes
        for ours, theirs in zip(got, wanted):
            if ours.shape != theirs.shape:
                theirs = theirs[:, labels]
            # A narrower product may be added up in another order.
            torch.testing.assert_close(ours, theirs, rtol=1e-6, atol=1e-6)
        states = pruned.state_dict(), model.state_dict()
        for key, value in states[0].items():
            theirs = states[1][key]
            if value.shape != theirs.shape:
                theirs = theirs[labels]
            assert torch.equal(value, theirs), key


class Head(nn.Module):
    """Class tensors of every kind, two rows a class at each of two anchors."""

    def __init__(self, num_classes, num_things_classes, class_weight,
                 num_stuff_classes):
        super().__init__()
        shapes = dict(
            things=(3, num_things_classes), every=(num_classes + 1, ),
            anchors=(2 * num_classes, ), fc_reg=(2 * num_classes, 1),
            other=(4, ))
        for key, shape in shapes.items():
            self.register_buffer(key, torch.zeros(shape))
        self.register_buffer('class_weight', torch.tensor(class_weight))


@pytest.fixture
def head_type():
    MODELS.register_module(module=Head, name='PrunedHead', force=True)
    yield 'mmengine.PrunedHead'
    MODELS.module_dict.pop('PrunedHead')


def test_things_stuff_anchors_and_class_boxes(head_type):
    """Thing 1 and stuff 4 of (0, 1, 2 | 3, 4) go."""
    model = dict(
        type=head_type, num_classes=5, num_things_classes=3,
        num_stuff_classes=2, class_weight=[1., 2., 3., 4., 5., .1])
    state = dict(
        things=torch.tensor([[0, 1, 2]] * 3),
        every=torch.tensor([0, 1, 2, 3, 4, -1]),
        anchors=torch.tensor([0, 1, 2, 3, 4, 10, 11, 12, 13, 14]),
        fc_reg=torch.arange(10)[:, None],
        other=torch.arange(4),
        class_weight=torch.tensor(model['class_weight']))
    table = ClassTable(['a', 'b', 'c', 'd', 'e'], stuff=['d', 'e'])
    cfg, kept = prune_classes(state, model, table, ['b', 'e'])
    assert cfg == dict(
        type=head_type, num_classes=3, num_things_classes=2,
        num_stuff_classes=1, class_weight=[1., 3., 4., .1])
    assert model['num_classes'] == 5
    assert kept.names == ('a', 'c', 'd') and kept.stuff == ('d', )
    weight = state.pop('class_weight')
    torch.testing.assert_close(weight, torch.tensor([1., 3., 4., .1]))
    assert {key: value.tolist() for key, value in state.items()} == dict(
        things=[[0, 2]] * 3,
        every=[0, 2, 3, -1],
        anchors=[0, 2, 3, 10, 12, 13],
        fc_reg=[[0], [1], [4], [5], [6], [7]],
        other=[0, 1, 2, 3])


def test_a_config_of_other_classes_is_refused():
    table = ClassTable(['a', 'b', 'c'])
    with pytest.raises(ValueError, match='head.num_classes=5'):
        shrink_config(dict(head=dict(num_classes=5)), table, ['a'])
