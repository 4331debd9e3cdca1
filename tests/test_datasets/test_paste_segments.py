"""Segments are pasted whole, and only where they hide nothing."""
import cv2
import numpy as np
import pytest
from mmengine.registry import init_default_scope

from mmswap.registry import DATASETS, TRANSFORMS

OLD, NEW, GONE = 3, 7, 255


def _image(seg_map, grey):
    """Results with that map, every pixel of one grey."""
    seg_map = np.array(seg_map, np.uint8)
    return dict(
        img=np.full((*seg_map.shape, 3), grey, np.uint8), gt_seg_map=seg_map)


def _paste(own, other, **kwargs):
    """The map and the grey values after pasting."""
    transform = TRANSFORMS.build(
        dict(type='mmswap.PasteSegments', **{'prob': 1., **kwargs}))
    results = transform.transform(
        dict(_image(own, 10), mix_results=[_image(other, 20)]))
    assert results['img'].dtype == np.uint8
    assert (results['img'] == results['img'][..., :1]).all()
    return results['gt_seg_map'].tolist(), results['img'][..., 0].tolist()


def test_a_segment_comes_with_its_pixels():
    seg_map, grey = _paste([[0, 0, 0, 0, OLD]], [[NEW, NEW, 0, 0, 0]])
    assert seg_map == [[NEW, NEW, 0, 0, OLD]]
    assert grey == [[20, 20, 10, 10, 10]]


@pytest.mark.parametrize('other', [
    [NEW, NEW, NEW, NEW, NEW],  # over the old one
    [NEW, NEW, NEW, NEW, 0],  # beside it
    [0, 0, 0, 0, NEW],  # as if in its place
])
def test_what_would_hide_or_touch_stays_out_as_a_whole(other):
    own = [[0, 0, 0, 0, OLD]]
    assert _paste(own, [other]) == (own, [[10] * 5])


def test_segments_are_judged_one_by_one():
    seg_map, _ = _paste([[0, 0, 0, 0, 0, OLD]], [[NEW, 0, GONE, 0, NEW, NEW]])
    # What is to be ignored is not pasted.
    assert seg_map == [[NEW, 0, 0, 0, 0, OLD]]


def test_ignored_pixels_are_not_pasted_upon():
    own = [[GONE, 0, 0]]
    assert _paste(own, [[NEW, 0, 0]])[0] == own
    assert _paste(own, [[0, NEW, 0]])[0] == own
    assert _paste(own, [[0, 0, NEW]])[0] == [[GONE, 0, NEW]]


def test_all_labels_of_the_background_stay_behind():
    seg_map, _ = _paste([[0, 1, 0, 1]], [[1, NEW, NEW, 0]], background=[0, 1])
    assert seg_map == [[0, NEW, NEW, 1]]


def test_share_of_images():
    own, other = [[0, 0]], [[NEW, 0]]
    assert _paste(own, other, prob=0.)[0] == own
    changed = [_paste(own, other, prob=.7)[0] != own for _ in range(1000)]
    assert np.mean(changed) == pytest.approx(.7, abs=.06)


@pytest.mark.parametrize('kwargs, message', [
    (dict(background='sky'), 'background must be a label'),
    (dict(background=[0, 1.5]), r'or a sequence of labels .* got \[0, 1.5\]'),
    (dict(background=255), 'labels from 0 to 254, got 255'),
    (dict(prob=80), 'prob must be from 0 to 1, got 80'),
])
def test_wrong_settings(kwargs, message):
    with pytest.raises(ValueError, match=message):
        _paste([[0]], [[0]], **kwargs)


def test_sizes_must_agree():
    with pytest.raises(ValueError, match=r'of one size, got \(1, 2\)'):
        _paste([[0, 0]], [[0, 0, 0]])


def test_in_the_data_set_wrapper_of_mmseg(tmp_path):
    import mmseg.datasets  # noqa: F401
    for name, label, column in (('old', 1, 0), ('new', 2, 5)):
        seg_map = np.zeros((8, 8), np.uint8)
        seg_map[:2, column:column + 2] = label
        (tmp_path / name).mkdir()
        cv2.imwrite(str(tmp_path / name / 'a.png'), seg_map)
    init_default_scope('mmseg')

    def part(name):
        return dict(
            type='BaseSegDataset',
            data_root=str(tmp_path),
            img_suffix='.png',
            data_prefix=dict(img_path=name, seg_map_path=name),
            metainfo=dict(classes=('background', 'old', 'new')),
            pipeline=[dict(type='LoadImageFromFile'),
                      dict(type='LoadAnnotations')])

    mixed = DATASETS.build(
        dict(
            type='MultiImageMixDataset',
            dataset=dict(
                type='ConcatDataset', datasets=[part('old'), part('new')]),
            pipeline=[dict(type='mmswap.PasteSegments', prob=1.),
                      dict(type='PackSegInputs')]))
    np.random.seed(0)
    samples = [mixed[index % 2] for index in range(40)]
    maps = [sample['data_samples'].gt_sem_seg.data[0].numpy()
            for sample in samples]
    # Either image comes to show both classes, unless it is its own other.
    shown = [tuple(np.unique(seg_map)) for seg_map in maps]
    assert set(shown[::2]) == {(0, 1), (0, 1, 2)}
    assert set(shown[1::2]) == {(0, 2), (0, 1, 2)}
    for sample, seg_map in zip(samples, maps):
        np.testing.assert_array_equal(sample['inputs'][0].numpy(), seg_map)
