import pytest
import torch
from mmengine.registry import FUNCTIONS as ROOT_FUNCTIONS

from mmswap.datasets import swap_collate


def items(names, sizes=None):
    return [
        dict(
            branch=name,
            sample=dict(inputs=torch.tensor(i), data_samples=f'{name}{i}'),
            branch_sizes=sizes) for i, name in enumerate(names)
    ]


@pytest.mark.parametrize('sizes', [None, dict(retain=2, learn=1)])
def test_parts_the_branches(sizes):
    batch = swap_collate(items(['retain', 'retain', 'learn'], sizes))
    assert batch == dict(
        retain=dict(
            inputs=[torch.tensor(0), torch.tensor(1)],
            data_samples=['retain0', 'retain1']),
        learn=dict(inputs=[torch.tensor(2)], data_samples=['learn2']))
    assert list(batch) == ['retain', 'learn']


@pytest.mark.parametrize('names, found', [
    (['retain', 'retain'], "2 samples: {'retain': 2}"),
    (['retain'] * 4 + ['learn'] * 2,
     "6 samples: {'retain': 4, 'learn': 2}"),
    (['retain', 'learn', 'learn'], "3 samples: {'retain': 1, 'learn': 2}"),
])
def test_other_sizes_than_expected(names, found):
    with pytest.raises(
            ValueError,
            match=r"train_dataloader.batch_size must be 3 \(= sampler.branch_"
            rf"sizes {{'retain': 2, 'learn': 1}}\), got {found}"):
        swap_collate(items(names, dict(retain=2, learn=1)))


@pytest.mark.parametrize('item', [dict(inputs=1), torch.zeros(2)])
def test_samples_of_another_dataset(item):
    with pytest.raises(TypeError, match='must be a mmswap.SwapDataset'):
        swap_collate([item])


def test_found_by_the_name_of_a_config():
    assert ROOT_FUNCTIONS.get('mmswap.swap_collate') is swap_collate
