"""What is read off real detectors, and off maps that are known."""
import pytest
import torch

from mmswap.audit.features import _pool, object_features

DETECTORS = ['mask2former', 'dino', 'mask_rcnn']


def ramp(channels=2, height=16, width=24):
    """A map that holds the place of each cell, in pixels of a 4 x input."""
    x = (torch.arange(width) + .5) * 4
    y = (torch.arange(height) + .5) * 4
    grid = torch.stack((x.expand(height, -1), y[:, None].expand(-1, width)))
    return grid[None, :channels]


def test_a_box_is_read_where_it_is():
    """The mean of a ramp over a box is the box's centre."""
    boxes = torch.tensor([[10., 20., 30., 40.], [8., 8., 80., 16.]])
    got = _pool(ramp(), boxes, (64, 96))
    torch.testing.assert_close(got, torch.tensor([[20., 30.], [44., 12.]]))


def test_an_image_as_a_whole():
    output = torch.rand(1, 5, 3)
    torch.testing.assert_close(_pool(output, None, None), output.mean(1))
    torch.testing.assert_close(_pool(output[:, 0], None, None), output[:, 0])
    maps = torch.rand(1, 3, 4, 4)
    torch.testing.assert_close(_pool(maps, None, None), maps.mean((2, 3)))
    assert _pool(output, torch.rand(2, 4), (64, 64)) is None


@pytest.mark.parametrize('name', DETECTORS)
def test_each_object_has_a_row(name, build_base, make_batch):
    model = build_base(name)
    batches = [make_batch(1, seed=seed) for seed in range(3)]
    wanted = [b['data_samples'][0].gt_instances.labels for b in batches]
    features = object_features(model, batches, num_classes=8)
    assert 'stage 0' in features and 'classifier' in features
    for layer, rows in features.items():
        assert len(rows.features) == len(rows.labels) == len(rows.images)
        for image, labels in enumerate(wanted):
            found = rows.labels[rows.images == image].unique()
            assert set(found.tolist()) <= set(labels.tolist()), layer
            if layer != 'classifier' or name != 'mask_rcnn':
                assert set(found.tolist()) == set(labels.tolist()), layer
    assert features['stage 0'].labels.tolist() == torch.cat(wanted).tolist()
    assert features['classifier'].class_nll is not None
    assert features['stage 0'].class_nll is None
    again = object_features(model, batches, num_classes=8)
    assert torch.equal(again['classifier'].features,
                       features['classifier'].features)


def test_images_without_labels_are_refused(build_base, make_batch):
    batch = make_batch(1)
    batch['data_samples'][0].gt_instances = (
        batch['data_samples'][0].gt_instances[:0])
    with pytest.raises(ValueError, match='val_dataloader.dataset'):
        object_features(build_base('mask2former'), [batch], num_classes=8)
