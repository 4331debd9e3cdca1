"""Folders of classes whose names are given in another order."""
import numpy as np
import pytest
from mmengine.registry import DATASETS, DefaultScope
from PIL import Image

TABLE = dict(base=('owl', 'cat'), forget=['cat'])


@pytest.fixture
def folder(tmp_path):
    for name, shade in (('cat', 10), ('owl', 200)):
        (tmp_path / name).mkdir()
        Image.fromarray(np.full((4, 4, 3), shade, np.uint8)).save(
            tmp_path / name / '0.png')
    return tmp_path


def subset(folder, **kwargs):
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        return DATASETS.build(dict(
            type='mmswap.ClassSubset', classes=TABLE, keep='forget',
            dataset=dict(type='mmpretrain.CustomDataset', pipeline=[],
                         data_prefix=str(folder), **kwargs)))


def test_names_in_the_order_of_labels_are_refused(folder):
    """mmpretrain would call an owl a cat."""
    with pytest.raises(ValueError, match=r"\['cat', 'owl'\], or be left out, "
                       r"got \['owl', 'cat'\]"):
        subset(folder, metainfo=dict(classes=('owl', 'cat')))


def test_others_are_told_by_name(folder):
    (folder / 'list.txt').write_text('owl/0.png 0\ncat/0.png 1\n')
    for kwargs in ({}, dict(metainfo=dict(classes=('cat', 'owl'))),
                   dict(metainfo=dict(classes=('owl', 'cat')),
                        ann_file=str(folder / 'list.txt'))):
        info = subset(folder, **kwargs).get_data_info(0)
        assert info['img_path'].endswith('cat/0.png')
        assert info['gt_label'] == 1
