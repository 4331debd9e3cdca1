"""Places of labels, by hand."""
import torch
from mmdet.structures import DetDataSample
from mmdet.structures.bbox import HorizontalBoxes
from mmengine.structures import InstanceData, PixelData
from mmpretrain.structures import DataSample
from mmseg.structures import SegDataSample

from mmswap.models.outputs.labelled_places import labelled_places

SIZE = (8, 16)


def boxes(labels, corners, kind=torch.tensor):
    sample = DetDataSample()
    corners = kind(corners) if kind is torch.tensor else kind(
        torch.tensor(corners))
    sample.gt_instances = InstanceData(
        labels=torch.tensor(labels), bboxes=corners)
    return sample


def test_positions_of_maps_within_boxes():
    """Middles at 1, 3, 5, 7 down and 2, 6, 10, 14 across."""
    one = boxes([5, 6], [[3., 0., 11., 4.], [0., 0., 16., 8.]])
    two = boxes([7, 7], [[0., 6., 3., 8.], [13., 0., 16., 2.]],
                HorizontalBoxes)
    none = boxes([4], [[0., 0., 16., 8.]])
    empty = DetDataSample()
    empty.gt_instances = InstanceData(
        labels=torch.zeros(0, dtype=torch.long), bboxes=torch.zeros(0, 4))
    found = labelled_places([one, two, none, empty], [5, 7],
                            torch.zeros(4, 4, 4, 9), SIZE)
    wanted = torch.zeros(4, 4, 4)
    wanted[0, :2, 1:3] = 1
    wanted[1, 3, 0] = wanted[1, 0, 3] = 1
    assert torch.equal(found, wanted)


def test_queries_are_those_of_their_images():
    samples = [boxes([5], [[0., 0., 1., 1.]]), boxes([4], [[0., 0., 1., 1.]])]
    found = labelled_places(samples, [5], torch.zeros(2, 30, 9), SIZE)
    assert torch.equal(found, torch.tensor([[1.], [0.]]).expand(2, 30))


def test_semantic_maps():
    sample = SegDataSample()
    truth = torch.zeros(1, 8, 16, dtype=torch.long)
    truth[0, :4, 8:] = 3
    truth[0, 4:] = 255
    sample.gt_sem_seg = PixelData(data=truth)
    found = labelled_places([sample], [3], torch.zeros(1, 2, 4, 5), SIZE)
    assert found.tolist() == [[[0., 0., 1., 1.], [0., 0., 0., 0.]]]
    for labels, wanted in (([3, 4], 1.), ([4], 0.)):
        found = labelled_places([sample], labels, torch.zeros(1, 10, 5), SIZE)
        assert torch.equal(found, torch.full((1, 10), wanted))


def test_images():
    samples = [DataSample().set_gt_label(label) for label in (1, 2)]
    assert labelled_places(samples, [2], torch.zeros(2, 5),
                           SIZE).tolist() == [0., 1.]
    assert labelled_places(torch.tensor([1, 2]), [2], torch.zeros(2, 5),
                           SIZE).tolist() == [0., 1.]
