"""Branches joined in the trunk have the losses and gradients of each."""
import pytest
import torch
from mmcv.cnn.bricks import DropPath
from test_early_backward import AT_ONCE, gradients
from torch import nn

from mmswap.models.joint_trunk import (
    can_join,
    joint_features,
    with_features,
)
from mmswap.models.step_losses import StepPlan, step_losses

JOINT = StepPlan(joint_trunk=True)


def batches(swap, make_batch):
    return swap.data_preprocessor(
        dict(retain=make_batch(2, 1), learn=make_batch(1, 2, (3, 5))), True)


def count_calls(module):
    calls = []
    module.register_forward_hook(lambda *_: calls.append(1))
    return calls


def test_losses_and_gradients_are_those_of_each_branch(
        build_swap, detector, make_batch, randomise_adapter):
    swap = randomise_adapter(build_swap(detector))
    losses, wanted = gradients(swap, make_batch, AT_ONCE)
    calls = count_calls(swap.model.backbone)
    joint, found = gradients(swap, make_batch, JOINT)
    assert len(calls) == 1
    torch.testing.assert_close(joint, losses)
    assert found.keys() == wanted.keys()
    for key, grad in wanted.items():
        scale = grad.abs().max().item()
        torch.testing.assert_close(
            found[key], grad, rtol=1e-3, atol=1e-4 * scale, msg=key)


@pytest.mark.parametrize('change', ['size', 'drop path', 'batch norm'])
def test_what_would_change_the_features_is_not_joined(
        build_swap, make_batch, change):
    swap = build_swap('mask_rcnn', load=False).train()
    data = batches(swap, make_batch)
    assert can_join(swap.model, data)
    if change == 'size':
        data['learn']['inputs'] = data['learn']['inputs'][..., :-32]
    elif change == 'drop path':
        swap.model.backbone.stages[0].blocks[1].ffn.dropout_layer = DropPath(
            .1)
    else:
        swap.model.neck.norm = nn.BatchNorm2d(4)
    assert not can_join(swap.model, data)
    swap.model.eval()
    assert can_join(swap.model, data) == (change != 'size')


def test_a_trunk_of_another_kind_is_not_joined(build_swap, make_batch):
    swap = build_swap('mask_rcnn', load=False)
    data = batches(swap, make_batch)

    class Own(type(swap.model)):

        def extract_feat(self, inputs):
            return super().extract_feat(inputs - inputs.mean())

    swap.model.__class__ = Own
    assert not can_join(swap.model, data)


def test_different_sizes_take_the_plain_path(build_swap, make_batch):
    swap = build_swap('mask_rcnn', load=False)
    data = batches(swap, make_batch)
    data['learn'] = swap.data_preprocessor.inner(
        make_batch(1, 2), True)
    data['learn']['inputs'] = nn.functional.pad(
        data['learn']['inputs'], (0, 32))
    calls = count_calls(swap.model.backbone)
    step_losses(swap.model.train(), swap.objective, data, JOINT)
    assert len(calls) == 2


class Trunk(nn.Module):

    def extract_feat(self, inputs):
        return dict(low=[inputs, inputs[:, :1]], high=(2 * inputs, ))


def test_features_are_split_and_given_once_for_these_images():
    model = Trunk()
    data = {name: dict(inputs=torch.randn(count, 3, 4, 4))
            for name, count in (('retain', 2), ('learn', 1))}
    found = joint_features(model, data)
    for name, batch in data.items():
        wanted = model.extract_feat(batch['inputs'])
        assert isinstance(found[name]['high'], tuple)
        torch.testing.assert_close(found[name], wanted, rtol=0, atol=0)
    retain = data['retain']['inputs']
    with with_features(model, retain, 'kept'):
        assert model.extract_feat(retain) == 'kept'
        assert model.extract_feat(retain.clone()) != 'kept'
    assert model.extract_feat(retain) != 'kept'
