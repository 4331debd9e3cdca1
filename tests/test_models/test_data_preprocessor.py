"""Batches that are parted by the branch of each sample."""
import pytest
import torch
from mmengine.dataset import default_collate, pseudo_collate
from mmengine.model import BaseDataPreprocessor
from mmengine.structures import BaseDataElement

from mmswap.models.data_preprocessor import SwapDataPreprocessor, part_batch

BRANCHES = ('retain', 'learn', 'retain', 'learn', 'learn')


def sample(number, branch):
    element = BaseDataElement(metainfo=dict(number=number))
    return dict(inputs=torch.full((1, 2, 2), float(number)),
                data_samples=element, branch=branch)


@pytest.mark.parametrize('collate', [pseudo_collate, default_collate])
def test_any_collate_function_will_do(collate):
    """mmdet's and mmseg's, which makes lists, and mmpretrain's, a tensor."""
    batch = collate([sample(i, name) for i, name in enumerate(BRANCHES)])
    parts = SwapDataPreprocessor(BaseDataPreprocessor())(batch, True)
    assert list(parts) == ['retain', 'learn']
    for name, part in parts.items():
        wanted = [i for i, b in enumerate(BRANCHES) if b == name]
        assert set(part) == {'inputs', 'data_samples'}
        assert [float(image.mean()) for image in part['inputs']] == wanted
        assert [s.number for s in part['data_samples']] == wanted


def test_nested_inputs():
    parts = part_batch(dict(
        inputs=dict(img=torch.arange(3), points=[4, 5, 6]),
        branch=['a', 'b', 'a']))
    assert parts['a']['inputs']['img'].tolist() == [0, 2]
    assert parts['a']['inputs']['points'] == [4, 6]


def test_other_batches_go_through():
    inner = SwapDataPreprocessor(BaseDataPreprocessor())
    batch = dict(inputs=torch.zeros(1), data_samples=[1])
    assert inner(batch) == batch
    by_branch = dict(retain=batch, learn=batch)
    assert inner(by_branch, True) == by_branch
