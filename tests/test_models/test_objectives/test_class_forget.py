"""Forgetting the class alone, against closed forms and a stock model."""
import pytest
import torch
from torch import nn

from mmswap.class_table import ClassTable
from mmswap.models import ClassForgetObjective
from mmswap.models.outputs.branch import BranchOutputs
from mmswap.models.outputs.classifier_outputs import ClassifierOutputs

TOTALS = dict(retain=torch.tensor(3.), forget=torch.tensor(7.))


def forget(*class_nll, no_object_nll=None):
    """What was observed, and the leaf that takes the gradient."""
    leaf = torch.tensor(class_nll, requires_grad=True)
    if no_object_nll is None:
        no_object_nll = torch.full_like(leaf, float('nan'))
    rest = [torch.zeros(len(class_nll), 3)] * 2
    labels = torch.zeros(len(class_nll), dtype=torch.long)
    outputs = ClassifierOutputs(*rest, labels, leaf, no_object_nll)
    return dict(forget=BranchOutputs({}, outputs)), leaf


def test_each_object_has_the_bound_for_itself():
    totals = {k: torch.tensor(v, requires_grad=True)
              for k, v in dict(retain=3., forget=7.).items()}
    seen, class_nll = forget(1., 9., 5.)
    terms = ClassForgetObjective(6., .5, retain_weight=2.)(totals, seen)
    assert float(terms['retain_loss']) == 6.
    assert float(terms['forget_loss']) == pytest.approx(.5 * (5 + 0 + 1) / 3)
    assert float(terms['forget_class_nll']) == pytest.approx(5.)
    terms['forget_loss'].backward()
    assert class_nll.grad.tolist() == pytest.approx([-.5 / 3, 0., -.5 / 3])
    assert totals['forget'].grad is None
    assert not terms['forget_class_nll'].requires_grad


def test_a_batch_without_objects_forgets_nothing():
    seen, _ = forget()
    terms = ClassForgetObjective(no_object_weight=1.)(TOTALS, seen)
    assert {float(terms[key]) for key in terms if key != 'retain_loss'} == {0.}
    assert terms['forget_loss'].requires_grad


def test_what_is_forgotten_becomes_nothing():
    nothing = torch.tensor([2., 4.], requires_grad=True)
    seen, class_nll = forget(7., 5., no_object_nll=nothing)
    terms = ClassForgetObjective(6., .5, no_object_weight=3.)(TOTALS, seen)
    assert float(terms['no_object_loss']) == pytest.approx(9.)
    assert float(terms['forget_no_object_nll']) == pytest.approx(3.)
    assert float(terms['forget_loss']) == pytest.approx(.5 * (0 + 1) / 2)
    (terms['no_object_loss'] + terms['forget_loss']).backward()
    assert nothing.grad.tolist() == pytest.approx([1.5, 1.5])
    assert class_nll.grad.tolist() == pytest.approx([0., -.25])
    assert not terms['forget_no_object_nll'].requires_grad


def test_where_there_is_no_object_that_counts_by_default():
    seen, _ = forget(7., no_object_nll=torch.tensor([2.]))
    terms = ClassForgetObjective()(TOTALS, seen)
    assert float(terms['no_object_loss']) == pytest.approx(1.)
    assert 'no_object_loss' not in ClassForgetObjective(
        no_object_weight=0)(TOTALS, seen)


@pytest.mark.parametrize('losses, default', [
    (dict(loss_cls=False), (14., .25, .5)),
    (dict(loss_cls=True), (6., .1, .3)),
    (dict(loss_cls=True, loss_obj=True), (6., .1, 1.))])
@pytest.mark.parametrize('given', [
    {}, dict(bound=3.), dict(weight=.2), dict(no_object_weight=.7)])
def test_defaults_are_those_of_the_classifier(losses, default, given):
    model = nn.Module()
    for name, sigmoid in losses.items():
        loss = nn.Identity()
        loss.use_sigmoid = sigmoid
        model.add_module(name, loss)
    objective = ClassForgetObjective(**given)
    objective.attach(model, ClassTable(base=('a', ), learn=('b', )))
    keys = ('bound', 'weight', 'no_object_weight')
    bound, weight, no_object = [
        given.get(key, value) for key, value in zip(keys, default)]
    seen, _ = forget(2., no_object_nll=torch.tensor([3.]))
    terms = objective(TOTALS, seen)
    assert float(terms['forget_loss']) == pytest.approx(weight * (bound - 2))
    assert float(terms['no_object_loss']) == pytest.approx(3 * no_object)


def test_a_classifier_that_always_names_a_class():
    seen, _ = forget(7., 5.)
    assert 'no_object_loss' not in ClassForgetObjective()(TOTALS, seen)
    named = ClassForgetObjective(no_object_weight=0)(TOTALS, seen)
    assert 'no_object_loss' not in named
    with pytest.raises(ValueError, match='no_object_weight must be 0 .*got 2'):
        ClassForgetObjective(no_object_weight=2)(TOTALS, seen)


@pytest.mark.parametrize('kwargs, message', [
    (dict(bound='auto'), "bound must be a number of nats .*got 'auto'"),
    (dict(bound=0), "bound must be positive .*got 0"),
    (dict(weight=-1), 'weight must not be negative, got -1'),
    (dict(no_object_weight=-1),
     'no_object_weight must not be negative, got -1'),
])
def test_refuses(kwargs, message):
    with pytest.raises(ValueError, match=f'model.objective.{message}'):
        ClassForgetObjective(**kwargs)


def test_masks_and_no_object_are_left_alone(build_swap, make_batch):
    """Only queries of the last layer that match an object are pushed."""
    model = build_swap('mask2former', 'forget').train()
    model.objective = ClassForgetObjective(bound=50., retain_weight=0.)
    model.objective.attach(model.model, model.class_table)
    head = model.model.panoptic_head
    batch = make_batch(2, 1)
    data = model.data_preprocessor(
        dict(retain=batch, forget=batch), training=True)
    said, masks = [], []

    def listen(layer, kept):

        def keep(_, args, output):
            if output.requires_grad:
                output.retain_grad()
            kept.append(output)

        layer.register_forward_hook(keep)

    listen(head.cls_embed, said)
    listen(head.mask_embed, masks)
    model(**data, mode='loss')['forget_loss'].backward()
    assert len(said) == len(masks) > 2
    assert not any(each.grad is not None and each.grad.any()
                   for each in masks)
    *earlier, last = [each.grad for each in said[-len(said) // 2:]]
    assert all(each is None or not each.any() for each in earlier)
    # Of each object its query.
    assert int(last.any(-1).sum()) == 4
