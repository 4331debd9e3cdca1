import torch
from mmengine.dataset import pseudo_collate
from mmengine.registry import FUNCTIONS as ROOT_FUNCTIONS

from mmswap.datasets import swap_collate


def test_configs_of_0_1_find_mmengine_s_own():
    assert ROOT_FUNCTIONS.get('mmswap.swap_collate') is swap_collate
    items = [dict(inputs=torch.tensor(i), branch='retain') for i in range(2)]
    assert swap_collate(items) == pseudo_collate(items)
