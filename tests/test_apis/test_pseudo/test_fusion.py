"""Scores of panoptic segments, against loops written here."""
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from mmdet.evaluation.functional import INSTANCE_OFFSET
from mmdet.models import HeuristicFusionHead, MaskFormerFusionHead
from mmengine.config import ConfigDict
from mmengine.structures import InstanceData
from torch import nn

from mmswap.apis.pseudo.fusion import FusedScores, QueryScores, add_scores

CLASSES = dict(num_things_classes=2, num_stuff_classes=2)
SIZE = 8, 8


def with_head(head, **test_cfg):
    model = nn.Module()
    model.panoptic_fusion_head = head
    model.test_cfg = ConfigDict(test_cfg)
    return model


def test_queries():
    """A thing to the left, stuff to the right; the third query is empty."""
    torch.manual_seed(0)
    logits = torch.tensor([[4., 0, 0, 0, 0], [0, 0, 0, 5, 0],
                           [0, 0, 0, 0, 6]])
    masks = torch.rand(3, 4, 6)
    masks[0, :, 2:] -= 9
    masks[1, :, :2] -= 9
    head = MaskFormerFusionHead(**CLASSES, test_cfg=ConfigDict(
        panoptic_on=True, object_mask_thr=.5, iou_thr=.3))
    # The last two columns are padding.
    sample = SimpleNamespace(
        metainfo=dict(img_shape=(4, 4), ori_shape=SIZE))
    given = logits[None], masks[None], [sample]
    wanted = head.predict(*given, rescale=True)[0]['pan_results'].sem_seg
    model = with_head(head)
    assert add_scores(model) == 2
    assert isinstance(model.panoptic_fusion_head, QueryScores)
    segments = model.panoptic_fusion_head.predict(
        *given, rescale=True)[0]['pan_results']
    assert torch.equal(segments.sem_seg, wanted)
    labels = wanted[0] % INSTANCE_OFFSET
    assert set(labels.unique().tolist()) == {0, 3}
    near = nn.functional.interpolate(
        masks[None, :, :, :4], SIZE, mode='bilinear')[0].sigmoid()
    likely = logits.softmax(1)
    for label, query in ((0, 0), (3, 1)):
        here = labels == label
        assert torch.allclose(segments.scores[0][here],
                              likely[query, label] * near[query][here])


@pytest.fixture
def fused():
    """Two things on stuff, and an instance that is left out."""
    masks = torch.zeros(3, *SIZE, dtype=torch.bool)
    masks[0, :4, :4] = masks[1, :3, :4] = masks[2, 4:, 4:] = True
    instances = InstanceData(
        bboxes=torch.zeros(3, 4), labels=torch.tensor([1, 1, 0]),
        scores=torch.tensor([.9, .4, .6]), masks=masks)
    torch.manual_seed(0)
    stuff = torch.randn(3, *SIZE)
    head = HeuristicFusionHead(**CLASSES, test_cfg=ConfigDict(
        mask_overlap=.5, stuff_area_limit=1))
    return head, instances, stuff


def test_instances_and_stuff(fused):
    head, instances, stuff = fused
    wanted = head.predict([instances], [stuff])[0].sem_seg
    model = with_head(head)
    assert add_scores(model) == 2
    assert isinstance(model.panoptic_fusion_head, FusedScores)
    segments = model.panoptic_fusion_head.predict([instances], [stuff])[0]
    assert torch.equal(segments.sem_seg, wanted)
    scores = segments.scores[0]
    assert (scores[:4, :4] == .9).all() and (scores[4:, 4:] == .6).all()
    labels = wanted[0] % INSTANCE_OFFSET
    shares = stuff.softmax(0)
    for row, column in np.ndindex(4, 4):
        label = int(labels[row, column + 4])
        # Label 4 is neither: void.
        value = shares[label - 2, row, column + 4] if label < 4 else 0.
        assert scores[row, column + 4] == pytest.approx(float(value))


def test_models_without_segments():
    assert add_scores(nn.Linear(1, 1)) is None
    head = MaskFormerFusionHead(**CLASSES)
    model = with_head(head, panoptic_on=False)
    assert add_scores(model) is None
    assert model.panoptic_fusion_head is head
    with pytest.raises(ValueError, match='panoptic_fusion_head.*Linear'):
        add_scores(with_head(nn.Linear(1, 1)))
