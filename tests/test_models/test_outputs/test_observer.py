"""What an Observer sees, against the heads' own inputs and outputs."""
import pytest
import torch
from mmengine.registry import MODELS
from torch import nn

from mmswap.models.outputs.observer import Observer
from mmswap.models.outputs.observer_plan import ObserverPlan
from mmswap.models.outputs.phase_buffers import PhaseBuffers


class Toy(nn.Module):
    """A classifier whose head stacks and slices what its layers say."""

    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Linear(3, 6), nn.Linear(3, 6)
        self.loss_cls = Loss()

    def forward(self, x):
        # (2, B, Q, 6): two decoder layers, the first query left out.
        said = torch.stack([self.first(x), self.second(2 * x)])[:, :, 1:]
        labels = torch.tensor([5, 2, 5, 0])  # 5 is no class
        for each in said:
            self.loss_cls(each.reshape(-1, 6), labels)
        return said


class Loss(nn.Module):

    def forward(self, logits, labels):
        return nn.functional.cross_entropy(logits, labels)


def test_rows_are_found_behind_stacking_and_slicing():
    torch.manual_seed(0)
    model, x = Toy(), torch.randn(2, 3, 3)
    with Observer(ObserverPlan(model, 5)) as observer:
        model(x)
    seen = observer.take().only_objects()
    queries = x[:, 1:].reshape(-1, 3)[[1, 3]]
    assert torch.equal(seen.features, torch.cat([queries, 2 * queries]))
    assert seen.labels.tolist() == [2, 0, 2, 0]
    assert torch.equal(seen.logits[:2], model.first(x)[:, 1:].reshape(
        -1, 6)[[1, 3]])
    # Nothing stays behind.
    model(x)
    assert len(observer.take().only_objects().labels) == 4


def test_half_precision_is_found_in_single():
    torch.manual_seed(0)
    model, x = Toy(), torch.randn(2, 3, 3)
    model.loss_cls.register_forward_pre_hook(
        lambda _, args: (args[0].float(), args[1]), prepend=True)
    with Observer(ObserverPlan(model, 5)) as observer, torch.autocast(
            'cpu', torch.bfloat16):
        model(x)
    seen = observer.take().only_objects()
    queries = x[:, 1:].reshape(-1, 3)[[1, 3]]
    assert torch.equal(seen.features[:2], queries)
    assert seen.logits.dtype == torch.float32


def test_auxiliary_losses_are_left_out():

    class Named(Toy):

        def forward(self, x):
            said = torch.stack([self.first(x), self.second(x)])
            labels = torch.tensor([4, 5, 1])
            values = [self.loss_cls(each[0], labels) for each in said]
            return {'d0.loss_cls': values[0], 'loss_cls': values[1]}

    torch.manual_seed(0)
    model, x = Named(), torch.randn(1, 3, 3)
    with Observer(ObserverPlan(model, 5)) as observer:
        model(x)
    seen = observer.take().only_objects()
    assert torch.equal(seen.logits, model.second(x)[0, [0, 2]])
    assert torch.equal(seen.features, x[0, [0, 2]])


def test_an_rpn_and_soft_labels_are_no_classifier():
    model = Toy()
    with Observer(ObserverPlan(model, 5)) as observer:
        model.loss_cls(model.first(torch.randn(4, 3))[:, :1],
                       torch.zeros(4, dtype=torch.long))
        model.loss_cls(model.first(torch.randn(4, 3)), torch.rand(4, 6))
    with pytest.raises(RuntimeError, match='soft ones of Mixup'):
        observer.take()


def test_a_model_without_a_classifier_is_told():
    model = nn.Sequential(nn.Linear(3, 4))
    with Observer(ObserverPlan(model, 5)) as observer:
        model(torch.randn(2, 3))
    with pytest.raises(RuntimeError, match='classifier with one output'):
        observer.take()


def test_logits_that_are_computed_further_are_told():
    model = Toy()
    with Observer(ObserverPlan(model, 5)) as observer:
        logits = model.first(torch.randn(4, 3)).softmax(-1)
        model.loss_cls(logits, torch.tensor([5, 2, 5, 0]))
    with pytest.raises(RuntimeError, match='computed further'):
        observer.take()


def test_a_classifier_of_mmpretrain():
    model = MODELS.build(
        dict(
            type='ImageClassifier',
            _scope_='mmpretrain',
            backbone=dict(
                type='VisionTransformer',
                arch='deit-tiny',
                img_size=32,
                patch_size=16),
            head=dict(
                type='VisionTransformerClsHead',
                num_classes=7,
                in_channels=192)))
    from mmpretrain.structures import DataSample
    model.init_weights()
    model.eval()
    images = torch.randn(2, 3, 32, 32)
    samples = [DataSample().set_gt_label(label) for label in (3, 6)]
    with Observer(ObserverPlan(model, 7)) as observer:
        model(images, samples, mode='loss')
    seen = observer.take().only_objects()
    feats = model.extract_feat(images)
    assert torch.equal(seen.features, feats[-1])
    assert torch.equal(seen.logits, model.head.layers.head(feats[-1]))
    assert seen.labels.tolist() == [3, 6]
    loss = model(images, samples, mode='loss')['loss']
    torch.testing.assert_close(seen.class_nll.mean(), loss)
    assert seen.no_object_nll.isnan().all()


@pytest.mark.parametrize('score', [[0., .7, 0., .3], [0., 1., 0., 0.]])
def test_mixed_labels_of_a_sigmoid_classifier_are_refused(score):
    from mmpretrain.structures import DataSample
    model = MODELS.build(
        dict(
            type='ImageClassifier',
            _scope_='mmpretrain',
            backbone=dict(type='LeNet5'),
            neck=dict(type='GlobalAveragePooling'),
            head=dict(
                type='LinearClsHead',
                num_classes=4,
                in_channels=120,
                loss=dict(type='CrossEntropyLoss', use_sigmoid=True))))
    # An image that Mixup has, by chance, not mixed is refused too: the run
    # stops in its first step, not in a later one.
    sample = DataSample().set_gt_score(torch.tensor(score))
    with Observer(ObserverPlan(model, 4)) as observer:
        model(torch.randn(1, 1, 32, 32), [sample], mode='loss')
    with pytest.raises(RuntimeError, match='soft ones of Mixup'):
        observer.take()


def test_a_margin_of_the_loss_is_seen_through():
    """ArcFace's loss takes other logits than its classifier says."""
    from mmpretrain.models.heads import ArcFaceClsHead
    from mmpretrain.structures import DataSample
    torch.manual_seed(0)
    head = ArcFaceClsHead(num_classes=7, in_channels=5, scale=64., margins=.5)
    features = torch.randn(3, 5)
    samples = [DataSample().set_gt_label(label) for label in (3, 6, 3)]
    model = nn.ModuleDict(dict(head=head))
    model.forward = lambda feats: head.loss((feats, ), samples)
    with Observer(ObserverPlan(model, 7)) as observer:
        loss = model(features)['loss']
    seen = observer.take().only_objects()
    torch.testing.assert_close(seen.class_nll.mean(), loss)
    assert torch.equal(seen.features, features)
    assert seen.labels.tolist() == [3, 6, 3]
    torch.testing.assert_close(
        seen.logits, nn.functional.linear(
            nn.functional.normalize(features),
            nn.functional.normalize(head.norm_product.weight)))


def test_kept_tensors_travel_in_a_state_dict():
    outer = nn.ModuleDict(dict(kept=PhaseBuffers(), other=nn.Linear(1, 1)))
    outer['kept'].keep({'a.b': torch.arange(3.), 'c': torch.tensor(2)})
    fresh = nn.ModuleDict(dict(kept=PhaseBuffers(), other=nn.Linear(1, 1)))
    fresh.load_state_dict(outer.state_dict())
    assert list(fresh['kept'].tensors) == ['a.b', 'c']
    assert torch.equal(fresh['kept'].tensors['a.b'], torch.arange(3.))
    assert fresh['kept'].double().tensors['a.b'].dtype == torch.float64
