"""What an Observer sees in stock models, against plain loops.

Each loop takes the heads' own inputs and follows the library by hand to the
objects that the model predicts with.
"""
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import MODELS, DefaultScope
from mmengine.structures import InstanceData
from zoo import make_batch as make_stock_batch
from zoo import read_model

from mmswap.models.outputs.observer import Observer
from mmswap.models.outputs.observer_plan import ObserverPlan

CLASSES = 10


class Calls:
    """Inputs and output of each call of a module or function."""

    def __init__(self):
        self.all = []

    def hook(self, module):
        module.register_forward_hook(
            lambda _, args, kwargs, out: self.all.append((args, kwargs, out)),
            with_kwargs=True)
        return self

    def patch(self, monkeypatch, owner, name):
        function = getattr(owner, name)

        def call(*args, **kwargs):
            out = function(*args, **kwargs)
            self.all.append((args, kwargs, out))
            return out

        monkeypatch.setattr(owner, name, call)
        return self


def observe(model, batch, num_classes=CLASSES):
    data = model.data_preprocessor(batch, True)
    with Observer(ObserverPlan(model, num_classes)) as observer:
        losses = model(**data, mode='loss')
    seen = observer.take().only_objects()
    assert seen.features.requires_grad and seen.logits.requires_grad
    return seen, losses, data['data_samples']


def class_nll(logits, label, sigmoid=False):
    """Minus the log of the probability of a label."""
    if sigmoid:
        return -torch.log(torch.sigmoid(logits.double()[label]))
    exp = torch.exp(logits.double())
    return -torch.log(exp[label] / exp.sum())


def nothing(logits, sigmoid):
    """Minus the log of the probability of no class."""
    if sigmoid:
        return -torch.log(1 - torch.sigmoid(logits.double())).sum()
    return class_nll(logits, -1)


def assert_seen(seen, wanted, sigmoid=False):
    """``wanted``: (feature, logits, label) of each object, in any order.

    And the class_nll, where it does not follow from the logits: of regions,
    which are always of a class. And the no_object_nll, where neither does.
    """

    def ordered(rows):
        return sorted(rows, key=lambda row: (int(row[2]), float(row[0][0])))

    got = ordered(zip(*seen))
    wanted = ordered(wanted)
    assert len(got) == len(wanted) > 0
    for one, other in zip(got, wanted):
        torch.testing.assert_close(one[0], other[0])
        torch.testing.assert_close(one[1], other[1])
        assert int(one[2]) == int(other[2])
        said = other[3] if len(other) > 3 else class_nll(
            other[1], int(other[2]), sigmoid)
        torch.testing.assert_close(one[3], said.float())
        if len(other) == 4:
            assert one[4].isnan()
        else:
            said = other[4] if len(other) > 4 else nothing(other[1], sigmoid)
            torch.testing.assert_close(one[4], said.float())


def matched(head, scores, boxes, sample):
    """(query, label) of each object of an image, by the head's assigner."""
    from mmdet.structures.bbox import bbox_cxcywh_to_xyxy
    height, width = sample.metainfo['img_shape']
    scale = boxes.new_tensor([width, height, width, height])
    result = head.assigner.assign(
        InstanceData(
            scores=scores.detach(),
            bboxes=bbox_cxcywh_to_xyxy(boxes.detach()) * scale),
        sample.gt_instances, sample.metainfo)
    return [(query, sample.gt_instances.labels[index - 1])
            for query, index in enumerate(result.gt_inds.tolist()) if index]


def test_dino_last_layer_without_denoising(build_swap, make_batch,
                                           monkeypatch):
    model = build_swap('dino', 'forget').train().model
    head = Calls().hook(model.bbox_head)
    split = Calls().patch(monkeypatch, model.bbox_head, 'split_outputs')
    seen, losses, samples = observe(model, make_batch(2, 1))
    assert {'enc_loss_cls', 'dn_loss_cls', 'd0.loss_cls'} <= set(losses)
    [((hidden, _), _, (scores, boxes))] = head.all
    noise = split.all[0][0][-1]['num_denoising_queries']
    assert noise > 0
    wanted = []
    for image, sample in enumerate(samples):
        for query, label in matched(model.bbox_head, scores[-1][image, noise:],
                                    boxes[-1][image, noise:], sample):
            wanted.append((hidden[-1][image, noise + query],
                           scores[-1][image, noise + query], label))
    assert len(wanted) == 4
    assert_seen(seen, wanted, sigmoid=True)


@pytest.mark.slow
def test_detr_last_layer():
    config = 'mmdet::detr/detr_r50_8xb2-150e_coco.py'
    torch.manual_seed(0)
    model = MODELS.build(read_model(config)).train()
    head = Calls().hook(model.bbox_head)
    batch = make_stock_batch(config, 0, [0, 3, 79], [])
    seen, losses, samples = observe(model, batch, 80)
    assert 'd0.loss_cls' in losses
    [((hidden, ), _, (scores, boxes))] = head.all
    wanted = []
    for image, sample in enumerate(samples):
        for query, label in matched(model.bbox_head, scores[-1][image],
                                    boxes[-1][image], sample):
            wanted.append((hidden[-1][image, query], scores[-1][image, query],
                           label))
    assert len(wanted) == 4
    assert_seen(seen, wanted)


def mask2former_objects(targets, classifier, num_classes):
    """The objects by the head's own targets of its last layer."""
    (features, ), _, logits = classifier.all[-1]
    labels = targets.all[-1][2][0]
    return [(features[image, query], logits[image, query], label)
            for image, of_image in enumerate(labels)
            for query, label in enumerate(of_image) if label < num_classes]


def test_mask2former_last_layer(build_swap, make_batch, monkeypatch):
    head = build_swap('mask2former', 'forget').train()
    model, head = head.model, head.model.panoptic_head
    classifier = Calls().hook(head.cls_embed)
    targets = Calls().patch(monkeypatch, head, 'get_targets')
    seen, losses, _ = observe(model, make_batch(2, 1))
    assert 'd0.loss_cls' in losses
    assert len(classifier.all) == len(targets.all) > 2
    wanted = mask2former_objects(targets, classifier, CLASSES)
    assert len(wanted) == 4
    assert_seen(seen, wanted)


def test_mask_rcnn_positive_rois(build_swap, make_batch, monkeypatch):
    model = build_swap('mask_rcnn', 'forget').train().model
    head = model.roi_head.bbox_head
    classifier = Calls().hook(head.fc_cls)
    targets = Calls().patch(monkeypatch, head, 'get_targets')
    seen, _, _ = observe(model, make_batch(2, 1))
    [((features, ), _, logits)] = classifier.all
    labels = targets.all[0][2][0]
    wanted = [(features[i], logits[i], label)
              for i, label in enumerate(labels) if label < CLASSES]
    assert len(labels) > len(wanted)
    assert_seen(seen, wanted)


@pytest.fixture
def build_segmentor():
    """Name -> the digits' segmentor with ten classes and the background."""
    from mmseg.utils import register_all_modules
    register_all_modules(init_default_scope=False)
    configs = Path(__file__).parents[3] / 'configs' / 'digits'

    def build(name):
        cfg = Config.fromfile(configs / f'{name}_base.py').model
        torch.manual_seed(0)
        return MODELS.build(cfg).train()

    with DefaultScope.overwrite_default_scope('mmseg'):
        yield build


def semantic_batch(labels):
    batch = make_stock_batch('mmseg::', 0, labels, [])
    for sample in batch['data_samples']:
        sample.gt_sem_seg.data[:, :40, :50] = 255
    return batch


def test_fcn_means_over_masks(build_segmentor):
    model = build_segmentor('fcn_r18-nano')
    classifier = Calls().hook(model.decode_head.conv_seg)
    seen, _, samples = observe(model, semantic_batch([0, 4, 8]), 9)
    [((features, ), _, logits)] = classifier.all
    height, width = features.shape[2:]
    assert (height, width) == (32, 32)
    wanted = []
    for image, sample in enumerate(samples):
        labels = sample.gt_sem_seg.data[0]
        for label in range(9):
            pixels = [(y, x) for y in range(height) for x in range(width)
                      if labels[4 * y, 4 * x] == label]
            if pixels:
                wanted.append([
                    sum(maps[image, :, y, x] for y, x in pixels) / len(pixels)
                    for maps in (features, logits)
                ] + [
                    label,
                    sum(class_nll(logits[image, :, y, x], label)
                        for y, x in pixels) / len(pixels)
                ])
    assert len(wanted) > 3
    assert_seen(seen, wanted)


def test_mask2former_of_mmseg(build_segmentor, monkeypatch):
    model = build_segmentor('mask2former-seg_swin-nano')
    head = model.decode_head
    classifier = Calls().hook(head.cls_embed)
    targets = Calls().patch(monkeypatch, head, 'get_targets')
    seen, losses, _ = observe(model, semantic_batch([0, 4, 8]), 9)
    assert 'decode.d0.loss_cls' in losses
    wanted = mask2former_objects(targets, classifier, 9)
    assert_seen(seen, wanted)


@pytest.mark.slow
@pytest.mark.parametrize('config, width', [
    ('mmdet::cascade_rcnn/cascade-mask-rcnn_r50_fpn_1x_coco.py', 1024),
    ('mmdet::fcos/fcos_r50-caffe_fpn_gn-head_1x_coco.py', 256),
    ('mmdet::rtmdet/rtmdet_tiny_8xb32-300e_coco.py', 96),
])
def test_other_heads_of_mmdet(config, width):
    torch.manual_seed(0)
    model = MODELS.build(read_model(config)).train()
    batch = make_stock_batch(config, 0, [1, 4], [])
    seen, _, _ = observe(model, batch, 80)
    assert seen.features.shape[1] == width
    assert set(seen.labels.tolist()) <= {1, 4}
    assert len({len(each) for each in seen}) == 1 < len(seen.labels)


@pytest.mark.slow
def test_anchor_heads_are_refused():
    config = 'mmdet::retinanet/retinanet_r50_fpn_1x_coco.py'
    model = MODELS.build(read_model(config)).train()
    with pytest.raises(RuntimeError, match='computed further'):
        observe(model, make_stock_batch(config, 0, [1, 4], []), 80)


@pytest.mark.slow
def test_anchor_heads_without_features(monkeypatch):
    """Their logits are reshaped on the way to the loss."""
    config = 'mmdet::retinanet/retinanet_r50_fpn_1x_coco.py'
    torch.manual_seed(0)
    model = MODELS.build(read_model(config)).train()
    head = model.bbox_head
    convs = Calls().hook(head.retina_cls)
    targets = Calls().patch(monkeypatch, head, 'get_targets')
    batch = make_stock_batch(config, 0, [1, 4], [])
    data = model.data_preprocessor(batch, True)
    with Observer(ObserverPlan(model, 80), features=False) as observer:
        model(**data, mode='loss')
    seen = observer.take().only_objects()
    # In the order of the levels, images, places and anchors.
    [(_, _, (labels, *_))] = targets.all
    said = [out.permute(0, 2, 3, 1).reshape(-1, 80)
            for _, _, out in convs.all]
    labels = torch.cat([each.flatten() for each in labels])
    objects = labels < 80
    logits = torch.cat(said)[objects].double()
    assert seen.labels.tolist() == labels[objects].tolist()
    assert set(seen.labels.tolist()) == {1, 4}
    assert seen.features.shape == (len(logits), 0)
    chances = torch.sigmoid(logits)
    own = chances.gather(1, seen.labels[:, None])[:, 0]
    exact = dict(rtol=1e-6, atol=1e-5)
    torch.testing.assert_close(seen.class_nll.double(), -own.log(), **exact)
    torch.testing.assert_close(seen.no_object_nll.double(),
                               -(1 - chances).log().sum(1), **exact)
    assert seen.class_nll.requires_grad


@pytest.mark.slow
def test_yolox_positive_priors(monkeypatch):
    """Its targets are the IoU of a box in the column of its class.

    What it predicts with is the product of the class's probability and that
    of there being an object, so no object is neither of the two.
    """
    config = 'mmdet::yolox/yolox_tiny_8xb8-300e_coco.py'
    torch.manual_seed(0)
    model = MODELS.build(read_model(config)).train()
    head = model.bbox_head
    layers = [Calls().hook(layer) for layer in head.multi_level_conv_cls]
    objectness = [Calls().hook(layer) for layer in head.multi_level_conv_obj]
    targets = Calls().patch(monkeypatch, head, '_get_targets_single')
    batch = make_stock_batch(config, 0, [1, 4], [])
    seen, _, samples = observe(model, batch, 80)
    wanted = []
    for image, sample in enumerate(samples):
        columns, chances = [], []
        for layer, of_any in zip(layers, objectness):
            [((features, ), _, logits)] = layer.all
            columns += zip(features[image].flatten(1).T,
                           logits[image].flatten(1).T)
            chances += of_any.all[0][2][image].flatten().double().sigmoid()
        positive, one_hot = targets.all[image][2][:2]
        rows = positive.nonzero()[:, 0].tolist()
        for row, target in zip(rows, one_hot):
            if target.max() > 0:
                feature, logits = columns[row]
                scores = chances[row] * logits.double().sigmoid()
                wanted.append((
                    feature, logits, target.argmax(),
                    class_nll(logits, int(target.argmax()), sigmoid=True),
                    -(1 - scores).log().sum()))
        assert set(sample.gt_instances.labels.tolist()) <= {1, 4}
    assert_seen(seen, wanted, sigmoid=True)
    seen.only_objects().no_object_nll.sum().backward()
    assert head.multi_level_conv_obj[0].weight.grad.any()


def test_yolox_images_without_objects():
    """Its head then calls no loss of classes at all."""
    config = 'mmdet::yolox/yolox_tiny_8xb8-300e_coco.py'
    model = MODELS.build(read_model(config)).train()
    data = model.data_preprocessor(make_stock_batch(config, 0, [1], []), True)
    for sample in data['data_samples']:
        sample.gt_instances = sample.gt_instances[:0]
    plan = ObserverPlan(model, 80)
    with Observer(plan) as observer:
        model(**data, mode='loss')
    seen = observer.take()
    assert [len(field) for field in seen] == [0] * 5
    width = model.bbox_head.multi_level_conv_cls[0].in_channels
    assert seen.features.shape == (0, width)
    assert seen.logits.shape == (0, 80)
    with Observer(plan) as observer, pytest.raises(RuntimeError):
        model(**data, mode='loss')
        observer.classifier()
