"""What the base model says is held, against its own unmodified outputs."""
import math

import pytest
import torch
from mmdet.structures import DetDataSample
from mmengine.hub import get_config
from mmengine.structures import InstanceData
from torch import nn
from torch.nn import functional as F
from toy_classifier import make_model, move, step_loss

from mmswap.class_table import ClassTable
from mmswap.models.outputs.at_rest import at_rest
from mmswap.models.outputs.head_outputs import HeadOutput, head_outputs
from mmswap.models.outputs.held import HeldOutputs
from mmswap.models.outputs.labelled_places import labelled_places
from mmswap.models.outputs.observer_plan import ObserverPlan
from mmswap.models.step_losses import step_losses

# Labels 0 and 2 are retained, 1 is forgotten and 3 learned.
TABLE = ClassTable(['a', 'b', 'c'], ['d'], ['b'])
HOLD = dict(type='mmswap.LearnObjective', hold_weight=2.)


class Dense(nn.Module):
    """A head with sigmoids and an objectness, as YOLOX has them."""

    def __init__(self, width=4, sigmoid=True, presence=True):
        super().__init__()
        self.conv_cls = nn.Conv2d(3, width, 1)
        self.conv_obj = nn.Conv2d(3, 1, 1) if presence else None
        self.loss_cls = nn.Identity()
        self.loss_cls.use_sigmoid = sigmoid

    def forward(self, x):
        parts = [self.conv_cls(x)]
        return parts + ([self.conv_obj(x)] if self.conv_obj else [])


def held_by(head, forgets=True):
    model = nn.Module()
    model.bbox_head = head
    return HeldOutputs(ObserverPlan(model, len(TABLE)), TABLE, forgets)


def batch_of(count, labels=(3, )):
    """Images that show d, the learned class, by their labels."""
    return dict(inputs=torch.zeros(count, 3, 8, 10),
                data_samples=[torch.tensor(labels) for _ in range(count)])


def seen(held, head, x):
    with held.watch() as found:
        head(x)
    return held.take(found)


def expected(old, new, sigmoid, labelled):
    """Place by place, in plain probabilities; lists of logits."""
    (old_cls, old_obj), (new_cls, new_obj) = old, new

    def says(cls, obj):
        p = cls.sigmoid() if sigmoid else cls.softmax(0)
        return p * (obj.sigmoid() if obj is not None else 1)

    def kl(p, q):
        return p * (p / q).log()

    was, now = says(old_cls, old_obj), says(new_cls, new_obj)
    weight = max(was[0], was[2]) * (1 - was[1])
    if labelled:
        weight = weight * (1 - now[3])
    if sigmoid:
        p, q = old_cls.sigmoid(), new_cls.sigmoid()
        error = sum(kl(p[i], q[i]) + kl(1 - p[i], 1 - q[i]) for i in (0, 2))
        unknown = -(1 - q[3]).log()
    else:
        kept = [0, 2, 4]
        p, q = old_cls[kept].softmax(0), new_cls[kept].softmax(0)
        error = kl(p, q).sum()
        among = new_cls[[*kept, 3]].softmax(0)
        unknown = -among[:3].sum().log()
    if old_obj is not None:
        p, q = old_obj.sigmoid(), new_obj.sigmoid()
        error = error + kl(p, q) + kl(1 - p, 1 - q)
    return weight, error if labelled else error + unknown


@pytest.mark.parametrize('labelled', [True, False])
@pytest.mark.parametrize('sigmoid, presence', [(True, True), (True, False),
                                               (False, False)])
def test_closed_form(sigmoid, presence, labelled):
    torch.manual_seed(0)
    width = 4 if sigmoid else 5
    old, new = (Dense(width, sigmoid, presence).double() for _ in range(2))
    x = 3 * torch.randn(2, 3, 4, 5).double()
    held = held_by(old)
    got = held.compare(seen(held, old, x), seen(held_by(new), new, x),
                       batch_of(2, [3 if labelled else 0]))
    total = weights = 0.
    for image in range(2):
        for row in range(4):
            for column in range(5):
                said = []
                for head in (old, new):
                    parts = [part[image, :, row, column] for part in head(x)]
                    said.append((parts[0], parts[1][0] if presence else None))
                weight, error = expected(*said, sigmoid, labelled)
                total, weights = total + weight * error, weights + weight
    assert weights > 1
    assert got.item() == pytest.approx((total / weights).item(), rel=1e-5)


def test_what_is_taken_for_learned_without_a_label():
    """A cat that becomes a raccoon in an old image is held, and told not to.
    """
    logits = torch.tensor([[[[2., -2., -2., -2.]] * 2]])  # All places are a.
    now = torch.tensor([[[[0., -2., -2., 4.]] * 2]])  # And become d.
    none = logits[..., :0]
    held = held_by(Dense())

    def compare(labels):
        return held.compare([HeadOutput(logits, none, True)],
                            [HeadOutput(now, none, True)],
                            dict(inputs=torch.zeros(1, 3, 8, 16),
                                 data_samples=labels)).item()

    # KL(sigmoid(2) || sigmoid(0)); two places of weight sigmoid(2) (1 -
    # sigmoid(-2)), and of what is labelled d (1 - sigmoid(4)) of that. Else
    # the nll of not being d, too.
    p = torch.sigmoid(torch.tensor(2.)).item()
    error = p * math.log(2 * p) + (1 - p) * math.log(2 * (1 - p))
    weight, left = p * p, torch.sigmoid(torch.tensor(-4.)).item()
    unknown = -math.log(left)
    sample = DetDataSample()
    sample.gt_instances = InstanceData(
        labels=torch.tensor([0, 3]),
        bboxes=torch.tensor([[0., 0., 16., 8.], [9., 1., 15., 7.]]))
    for labels, weights in (([torch.tensor([0])], [1, 1]),
                            ([torch.tensor([0, 3])], [left, left]),
                            # d is the right one of the two places.
                            ([sample], [1, left])):
        total = sum(w * (error + (unknown if w == 1 else 0)) for w in weights)
        assert compare(labels) == pytest.approx(
            weight * total / max(weight * sum(weights), 1), rel=1e-5)


def test_a_map_as_wide_as_there_are_classes_is_no_row():
    logits, presence = torch.randn(2, 4, 3, 4), torch.randn(2, 1, 3, 4)
    output, = head_outputs([logits, presence], 4,
                           are_maps=True, sigmoid=True)
    assert torch.equal(output.logits, logits.permute(0, 2, 3, 1))
    assert torch.equal(output.presence[..., 0], presence[:, 0])
    rows, = head_outputs([logits, torch.randn(2, 4, 3, 2)], 4,
                         are_maps=False, sigmoid=True)
    assert rows.logits is logits and rows.presence.shape == (2, 4, 3, 0)


def test_nothing_is_held_of_what_is_forgotten_or_learned():
    logits = torch.randn(6, 4)
    now = logits.clone() + torch.randn(6, 4)
    now.requires_grad_()
    none = logits[:, :0]
    held = held_by(Dense())
    held.compare([HeadOutput(logits, none, True)],
                 [HeadOutput(now, none, True)], batch_of(6)).backward()
    assert (now.grad[:, [1, 3]] == 0).all()
    assert (now.grad[:, [0, 2]] != 0).all()


def test_what_will_be_forgotten_is_held_until_then():
    logits = torch.randn(6, 4)
    now = (logits + torch.randn(6, 4)).requires_grad_()
    none = logits[:, :0]
    held_by(Dense(), forgets=False).compare(
        [HeadOutput(logits, none, True)],
        [HeadOutput(now, none, True)], batch_of(6)).backward()
    assert (now.grad[:, 3] == 0).all()
    assert (now.grad[:, :3] != 0).all()


@pytest.mark.parametrize('objective, gone', [
    ('mmswap.LearnObjective', []), ('mmswap.ForgetObjective', [1]),
    ('mmswap.ClassForgetObjective', [1])])
def test_each_phase_knows_whether_it_forgets(objective, gone):
    model = make_model(dict(type=objective, hold_weight=1.), classes=dict(
        base=('a', 'b', 'c'), learn=('d', 'e'), forget=('b', )),
        trains='adapter')
    now = torch.randn(2, 5).requires_grad_()
    base = torch.randn(2, 5)
    model.objective.held.compare([HeadOutput(base, base[:, :0], True)], [
        HeadOutput(now, base[:, :0], True)], batch_of(2)).backward()
    assert (now.grad == 0).all(0).nonzero()[:, 0].tolist() == [*gone, 3, 4]


def make_step():
    generator = torch.Generator().manual_seed(0)
    return {
        name: dict(inputs=torch.randn(4, 4, generator=generator),
                   data_samples=torch.tensor(labels))
        for name, labels in (('retain', [0, 2, 0, 2]),
                             ('learn', [3, 4, 3, 4]))
    }


def test_a_fresh_adapter_has_nothing_to_hold_and_a_moved_one_has():
    model = make_model(HOLD, classes=dict(
        base=('a', 'b', 'c'), learn=('d', 'e'), forget=('b', )),
        trains='adapter')
    step = make_step()
    # But for the new rows, where no label says that there is one.
    logits, = (out.logits for out in model.objective.held.of_base(
        step['retain']))
    weight = logits.softmax(-1)[:, :3].amax(-1)
    unknown = logits.logsumexp(-1) - logits[:, :3].logsumexp(-1)
    losses = model(**step, mode='loss')
    assert losses['hold_loss'].item() == pytest.approx(
        ((weight * unknown).sum() / weight.sum()).item(), rel=1e-5)
    before = {n: p.requires_grad for n, p in model.named_parameters()}
    move(model)
    losses = model(**step, mode='loss')
    assert losses['hold_loss'] > 0
    assert before == {n: p.requires_grad
                      for n, p in model.named_parameters()}
    # By hand: the base model is the stock one, with the trained class rows.
    held = model.objective.held
    outputs = held.of_base(step['learn'])
    x = model.model.bn(model.model.stem(step['learn']['inputs'])).unflatten(
        1, (3, 8))
    for layer in model.model.layers:
        attended = layer.attn(x)
        first, second = layer.ffn.layers[0][0], layer.ffn.layers[1]
        x = attended + F.linear(F.relu(F.linear(
            attended, first.base_layer.weight, first.base_layer.bias)),
            second.base_layer.weight, second.base_layer.bias)
    assert torch.allclose(outputs[0].logits, model.model.fc_cls(x.mean(1)),
                          atol=1e-6)
    # It counts among the terms that are summed, with its weight.
    plain = [held.compare(held.of_base(batch), _now(model, held, batch), batch)
             for batch in step.values()]
    assert losses['hold_loss'].item() == pytest.approx(
        2 * torch.stack(plain).mean().item(), rel=1e-5)
    step_loss(model, step).backward()
    lora = [p for n, p in model.named_parameters() if '.lora_' in n]
    assert lora and all(p.grad is not None for p in lora)


def new_rows_alone(swap, data):
    """The loss of a fresh adapter, of the new rows: in plain probabilities."""
    table = swap.class_table
    new = list(table.labels('learn'))
    known = [*table.labels('retain'), *table.labels('forget')]
    terms = []
    for batch in data.values():
        total = weights = 0.
        for said in swap.objective.held.of_base(batch):
            learned = labelled_places(
                batch['data_samples'], new, said.logits,
                batch['inputs'].shape[-2:])
            p = said.probabilities()
            weight = p[..., known].amax(-1) * (
                1 - learned * p[..., new].amax(-1))
            if said.sigmoid:
                none = F.logsigmoid(-said.logits[..., new]).sum(-1)
            else:
                none = (1 - said.logits.softmax(-1)[..., new].sum(-1)).log()
            total -= (weight * (1 - learned) * none).sum()
            weights += weight.sum()
        terms.append(total / max(weights, 1))
    return swap.objective.hold_weight * sum(terms) / len(terms)


def test_learning_from_new_images_alone():
    model = make_model(dict(HOLD, retain_weight=0.), classes=dict(
        base=('a', 'b', 'c'), learn=('d', 'e'), forget=('b', )),
        trains='adapter')
    step = dict(learn=make_step()['learn'])
    move(model)
    losses = model(**step, mode='loss')
    assert set(losses) == {'learn_total', 'learn_loss', 'hold_loss'}
    held = model.objective.held
    wanted = held.compare(held.of_base(step['learn']),
                          _now(model, held, step['learn']), step['learn'])
    assert losses['hold_loss'].item() == pytest.approx(2 * wanted.item())


def _now(model, held, batch):
    with held.watch() as found:
        model.model(**batch, mode='loss')
    return held.take(found)


def test_the_base_is_asked_without_drawing_at_random():
    model = make_model(HOLD, trains='adapter', drop=.5)
    step = make_step()
    torch.manual_seed(0)
    model.objective.held.of_base(step['retain'])
    after = torch.rand(1)
    torch.manual_seed(0)
    assert torch.rand(1) == after
    # Its dropout is off.
    first, second = (model.objective.held.of_base(step['retain'])[0].logits
                     for _ in range(2))
    assert torch.equal(first, second)
    assert model.model.layers[0].training


@pytest.mark.parametrize('name', ['mask2former', 'dino'])
def test_detectors_of_the_digits(name, build_swap, make_batch,
                                 randomise_adapter):
    """Mask2Former's queries; of DINO the outputs of the encoder."""
    swap = build_swap(name, objective=HOLD).train()
    data = swap.data_preprocessor(
        dict(retain=make_batch(2, 1), learn=make_batch(2, 2)), True)
    fresh = step_losses(swap.model, swap.objective, data)
    # Rounding: with gradient, torch takes other paths in attention.
    wanted = new_rows_alone(swap, data)
    assert wanted > 0
    torch.testing.assert_close(fresh['hold_loss'], wanted, rtol=1e-4,
                               atol=1e-6)
    randomise_adapter(swap)
    moved = step_losses(swap.model, swap.objective, data)
    assert abs(moved['hold_loss'] - wanted) > 1e-5
    moved['hold_loss'].backward()
    grads = {n for n, p in swap.named_parameters()
             if p.grad is not None and p.grad.abs().sum() > 0}
    assert any('encoder' in n or 'pixel_decoder' in n for n in grads)


@pytest.mark.parametrize('name', ['mask2former', 'dino'])
def test_no_loss_of_the_base_is_asked_for(name, build_swap, make_batch):
    """And what is said is what a pass with its losses says."""
    swap = build_swap(name, objective=HOLD).train()
    batch = swap.data_preprocessor(dict(retain=make_batch(2, 1)),
                                   True)['retain']
    losses = []
    head = swap.model.get_submodule(
        'panoptic_head' if name == 'mask2former' else 'bbox_head')
    handle = head.loss_cls.register_forward_hook(
        lambda *args: losses.append(args))
    said = swap.objective.held.of_base(batch)
    assert not losses
    with torch.no_grad(), at_rest(swap.model), \
            swap.objective.held.watch() as found:
        swap.model(**batch, mode='loss')
    handle.remove()
    assert losses
    whole = swap.objective.held.take(found)
    assert len(said) == len(whole) > 0
    for short, long in zip(said, whole):
        torch.testing.assert_close(short.logits, long.logits)


def test_yolox(det_scope, build_stock, make_batch, randomise_adapter):
    cfg = get_config('mmdet::yolox/yolox_tiny_8xb8-300e_coco.py').model
    cfg.backbone.update(widen_factor=.125)
    cfg.neck.update(in_channels=[32, 64, 128], out_channels=32)
    cfg.bbox_head.update(in_channels=32, feat_channels=32)
    cfg.data_preprocessor.batch_augments = None
    torch.manual_seed(0)
    swap = build_stock(dict(
        type='mmswap.SwapModel', model=cfg, objective=HOLD,
        adapter=dict(targets=['conv']), classes=dict(
            base=[f'class {i}' for i in range(80)], learn=['new'],
            forget=['class 3'])))
    swap.load_state_dict(build_stock(cfg).state_dict())
    data = swap.train().data_preprocessor(
        dict(retain=make_batch(2, 1), learn=make_batch(2, 2)), True)
    fresh = step_losses(swap.model, swap.objective, data)['hold_loss']
    wanted = new_rows_alone(swap, data)
    torch.testing.assert_close(fresh, wanted, rtol=1e-4, atol=1e-4)
    found = swap.objective.held.of_base(data['learn'])
    assert [f.presence.shape[-1] for f in found] == [1, 1, 1]
    randomise_adapter(swap)
    moved = step_losses(swap.model, swap.objective, data)
    assert abs(moved['hold_loss'] - wanted) > 1e-3


def test_roi_heads_are_refused(build_swap):
    with pytest.raises(ValueError, match=r'objective\.hold_weight'):
        build_swap('mask_rcnn', objective=HOLD)


def test_a_negative_weight_is_refused(build_swap):
    with pytest.raises(ValueError, match=r'objective\.hold_weight'):
        build_swap('dino', objective=dict(HOLD, hold_weight=-1.))


def test_without_an_adapter_there_is_no_base_model():
    with pytest.raises(ValueError, match=r'objective\.hold_weight'):
        make_model(HOLD)
