"""A model in another order of classes names what it named before."""
import pytest
import torch
from torch import nn

from mmswap.class_table import ClassTable
from mmswap.models.classes.order import reorder_classes

LABELS = [3, 0, 7, 1, 2, 4, 6, 5]


def test_predictions_follow_the_order(detector, build_base, read_config,
                                      predict):
    model = build_base(detector)
    wanted = predict(model)
    cfg = read_config(detector, 'base')
    table = ClassTable(cfg.base_classes)
    state = {key: value.clone() for key, value in model.state_dict().items()}
    reorder_classes(state, cfg.model, table,
                    [cfg.base_classes[label] for label in LABELS])
    model.load_state_dict(state)
    got = predict(model)
    for image in (0, 1):
        labels, scores = (
            f'image {image} {key}' for key in ('labels', 'scores'))
        # Mask2Former's best predictions come in no order.
        ours, theirs = (found[scores].argsort(descending=True, stable=True)
                        for found in (got, wanted))
        named = torch.tensor(LABELS)[got[labels][ours]]
        assert len(named.unique()) > 1
        assert torch.equal(named, wanted[labels][theirs])
        torch.testing.assert_close(got[scores][ours], wanted[scores][theirs])


class Head(nn.Module):
    """Class tensors of every kind, two rows a class at each of two anchors."""

    def __init__(self, num_classes, num_things_classes):
        super().__init__()
        shapes = dict(
            things=(3, num_things_classes), every=(num_classes + 1, ),
            anchors=(2 * num_classes, ), fc_reg=(2 * num_classes, 1),
            other=(4, ))
        for key, shape in shapes.items():
            self.register_buffer(key, torch.zeros(shape))


@pytest.fixture
def head_type():
    from mmengine.registry import MODELS
    MODELS.register_module(module=Head, name='OrderHead', force=True)
    yield 'mmengine.OrderHead'
    MODELS.module_dict.pop('OrderHead')


def test_things_stuff_anchors_and_class_boxes(head_type):
    model = dict(type=head_type, num_classes=4, num_things_classes=3)
    state = dict(
        things=torch.tensor([[0, 1, 2]] * 3),
        every=torch.tensor([0, 1, 2, 3, -1]),
        anchors=torch.tensor([0, 1, 2, 3, 10, 11, 12, 13]),
        fc_reg=torch.tensor([[0], [10], [1], [11], [2], [12], [3], [13]]),
        other=torch.arange(4))
    table = ClassTable(['a', 'b', 'c', 's'], stuff=['s'])
    reorder_classes(state, model, table, ['c', 'a', 'b', 's'])
    assert {key: value.tolist() for key, value in state.items()} == dict(
        things=[[2, 0, 1]] * 3,
        every=[2, 0, 1, 3, -1],
        anchors=[2, 0, 1, 3, 12, 10, 11, 13],
        fc_reg=[[2], [12], [0], [10], [1], [11], [3], [13]],
        other=[0, 1, 2, 3])


def test_another_set_of_names_is_refused():
    with pytest.raises(ValueError, match=r"order must be .*got \['a'\]"):
        reorder_classes({}, {}, ClassTable(['a', 'b']), ['a'])
