"""An observed step does not wait for the GPU, and which rows it takes.

On a CPU a wait shows as an operation whose result or whose shape depends on
values: counted here by a dispatch mode, in a step that is observed and one
that is not.
"""
from contextlib import nullcontext

import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils._python_dispatch import TorchDispatchMode

from mmswap.models import (
    ClassForgetObjective,
    ForgetObjective,
    PrototypeObjective,
)
from mmswap.models.outputs.observer import Observer
from mmswap.models.outputs.observer_plan import ObserverPlan
from mmswap.models.step_losses import step_losses

WAITS = ('_local_scalar_dense', 'nonzero', 'equal', 'is_nonzero', 'unique',
         'masked_select', 'bincount', 'repeat_interleave')


class CountWaits(TorchDispatchMode):
    """Counts the operations that would wait for a GPU."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        name = func.overloadpacket.__name__
        masks = name in ('index', 'index_put', 'index_put_') and any(
            each is not None and each.dtype == torch.bool
            for each in args[1])
        if masks or name.lstrip('_') in WAITS or name in WAITS:
            self.seen.append(name)
        # Not func: torch 2.1 names the overload for tensors where Python's
        # `mask | 1` has a number.
        return func.overloadpacket(*args, **(kwargs or {}))


def waits(model, objective, data):
    torch.manual_seed(0)
    with CountWaits() as counter:
        step_losses(model, objective, data)
    return counter.seen


@pytest.mark.parametrize('objective', [
    lambda: ClassForgetObjective(no_object_weight=.1),
    lambda: PrototypeObjective(retain_prototype_weight=.1)])
def test_an_observed_step_of_a_detector_waits_no_more_than_a_plain_one(
        build_swap, detector, make_batch, objective):
    swap = build_swap(detector, 'forget').train()
    data = swap.data_preprocessor(
        dict(retain=make_batch(1, 1), forget=make_batch(1, 2)), True)
    plain = ForgetObjective(bound=10.)
    plain.attach(swap.model, swap.class_table)
    watched = objective()
    watched.attach(swap.model, swap.class_table)
    if isinstance(watched, PrototypeObjective):
        layers = next(iter(watched.plan.layers.values()))
        width = layers[0].weight.shape[1]
        watched.set_prototypes(dict(
            features=torch.zeros(10, width), logits=torch.zeros(10, 10),
            counts=torch.ones(10, dtype=torch.long)))
    first = waits(swap.model, watched, data)  # Checks what it finds.
    waits(swap.model, plain, data)  # Compares its bound.
    wanted = waits(swap.model, plain, data)
    assert len(first) >= len(wanted)
    assert waits(swap.model, watched, data) == wanted


class Head(nn.Module):
    """Logits of ``gather`` of its layers' outputs reach its loss."""

    def __init__(self, gather, layers=1, width=3):
        super().__init__()
        self.layers = nn.ModuleList(
            nn.Linear(width, 6) for _ in range(layers))
        self.loss_cls = Loss()
        self.gather = gather

    def forward(self, inputs, labels):
        outputs = [layer(x) for layer, x in zip(self.layers, inputs)]
        return self.loss_cls(self.gather(outputs), labels)


class Loss(nn.Module):

    def forward(self, logits, labels):
        return F.cross_entropy(logits, labels)


@pytest.mark.parametrize('autocast', [False, True])
def test_a_plain_classifier_never_waits(autocast):
    model, x = Head(lambda outputs: outputs[0]), torch.randn(4, 3)
    context = torch.autocast(
        'cpu', torch.bfloat16) if autocast else nullcontext()
    observer = Observer(ObserverPlan(model, 6))
    with CountWaits() as counter, context, observer:
        model([x], torch.tensor([1, 0, 5, 2]))
        observer_outputs = observer.take()
    assert not counter.seen
    assert torch.equal(observer_outputs.features, x)


def equal_rows(shapes, seed=0):
    """Inputs whose first value is lost on the classifier: rows are equal."""
    generator = torch.Generator().manual_seed(seed)
    inputs = [torch.zeros(*shape, 3) for shape in shapes]
    for each in inputs:
        each[..., 0] = torch.randn(each.shape[:-1], generator=generator)
        each[..., 1] = torch.randint(
            2, each.shape[:-1], generator=generator).float()
    return inputs


GATHERINGS = dict(
    sliced=([(2, 5)], lambda y: y[0][:, 1:].reshape(-1, 6),
            lambda x: x[0][:, 1:].reshape(-1, 3)),
    stacked=([(2, 4), (2, 4)], lambda y: torch.stack(y)[-1].reshape(-1, 6),
             lambda x: x[-1].reshape(-1, 3)),
    by_level=([(2, 6), (2, 3)],
              lambda y: torch.cat([each.flatten(0, 1) for each in y]),
              lambda x: torch.cat([each.flatten(0, 1) for each in x])),
    by_image=([(2, 6), (2, 3)], lambda y: torch.cat(y, 1).flatten(0, 1),
              lambda x: torch.cat(x, 1).flatten(0, 1)),
    as_they_are=([(7, )], lambda y: y[0], lambda x: x[0]))


@pytest.mark.parametrize('case', ['stacked', 'by_level', 'by_image',
                                  'as_they_are'])
def test_equal_logits_keep_the_features_of_their_own_place(case):
    shapes, gather, wanted = GATHERINGS[case]
    model = Head(gather, len(shapes))
    with torch.no_grad():
        for layer in model.layers:  # Alike, and blind to the first value.
            layer.weight.copy_(model.layers[0].weight)
            layer.bias.copy_(model.layers[0].bias)
            layer.weight[:, 0] = 0
    inputs = equal_rows(shapes)
    features = wanted(inputs)
    labels = torch.arange(len(features)) % 6
    plan = ObserverPlan(model, 6)
    for _ in range(2):  # The second step goes by what the first has found.
        with Observer(plan) as observer:
            model(inputs, labels)
        seen = observer.take()
        assert torch.equal(seen.features, features)
        assert seen.labels.tolist() == labels.tolist()


def test_a_slice_keeps_the_order_of_equal_rows():
    """The k-th of the equal rows is found at the k-th of the places."""
    shapes, gather, wanted = GATHERINGS['sliced']
    model = Head(gather)
    with torch.no_grad():
        model.layers[0].weight[:, 0] = 0
    inputs = equal_rows(shapes)
    inputs[0][:, 0, 1] = 7.  # What is cut off is like none of the rest.
    features = wanted(inputs)
    with Observer(ObserverPlan(model, 6)) as observer:
        model(inputs, torch.zeros(len(features), dtype=torch.long))
    assert torch.equal(observer.take().features, features)


def test_rows_that_are_no_objects_are_marked():
    model, x = Head(lambda outputs: outputs[0]), torch.randn(4, 3)
    with Observer(ObserverPlan(model, 5)) as observer:
        model([x], torch.tensor([1, 5, 0, 5]))
    seen = observer.take()
    assert seen.labels.tolist() == [1, -1, 0, -1]
    assert seen.only_objects().labels.tolist() == [1, 0]
    assert torch.equal(seen.only_objects().features, x[[0, 2]])
