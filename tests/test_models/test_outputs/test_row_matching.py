"""Rows and maps of classified objects, against loops."""
import pytest
import torch
from torch.nn import functional as F

from mmswap.models.outputs.row_matching import (
    are_enlarged,
    find_rows,
    is_auxiliary,
    last_heads,
    pool_by_class,
)


@pytest.mark.parametrize('key, auxiliary', [
    ('loss', False),
    ('loss_cls', False),
    ('decode.loss_ce', False),
    ('decode_1.loss_ce', False),
    ('decode.loss_cls', False),
    ('d0.loss_cls', True),
    ('decode.d12.loss_cls', True),
    ('dn_loss_cls', True),
    ('d3.dn_loss_cls', True),
    ('enc_loss_cls', True),
    ('aux.loss_ce', True),
    ('aux_1.loss_ce', True),
])
def test_names_of_auxiliary_losses(key, auxiliary):
    assert is_auxiliary(key) == auxiliary


def test_of_a_cascade_the_last_head_counts():
    heads = ['rpn_head', 'roi.bbox_head.0', 'roi.bbox_head.10',
             'roi.bbox_head.9', '']
    assert last_heads(heads) == ['rpn_head', 'roi.bbox_head.10', '']


def test_rows_are_found_by_all_their_values():
    table = torch.randn(40, 6, generator=torch.Generator().manual_seed(0))
    table[::2, 0] = table[0, 0]  # One value in common is not enough.
    table[7] = float('nan')
    wanted = [38, 7, 0, 21]
    rows = torch.cat([table[wanted], torch.ones(1, 6)])
    assert find_rows(rows, table).tolist() == [*wanted, -1]
    assert find_rows(rows[:0], table).tolist() == []
    assert find_rows(rows, table[:0]).tolist() == 5 * [-1]
    # Half precision is found in what it was made from.
    half = table.half()
    assert find_rows(half[wanted].float(), half).tolist() == wanted


@pytest.mark.parametrize('align_corners', [True, False])
@pytest.mark.parametrize('size', [(5, 7), (40, 56), (39, 64)])
def test_enlarged_maps_are_known(align_corners, size):
    maps, other = torch.randn(2, 2, 3, 5, 7)
    logits = F.interpolate(
        maps, size, mode='bilinear', align_corners=align_corners)
    assert are_enlarged(logits, maps.movedim(1, -1))
    assert not are_enlarged(logits, other.movedim(1, -1))
    assert not are_enlarged(logits, maps[:, :2].movedim(1, -1))


def test_pooling_is_the_mean_over_a_class_in_an_image():
    generator = torch.Generator().manual_seed(0)
    maps = torch.randn(2, 4, 6, 3, generator=generator, requires_grad=True)
    labels = torch.randint(0, 4, (2, 8, 12), generator=generator)
    labels[0, :4] = 255
    labels[1][labels[1] == 2] = 0
    (pooled, halved), found = pool_by_class((maps, maps / 2), labels, 3)

    wanted, classes = [], []
    for image in range(2):
        for label in range(3):  # Label 3 is no class of the table.
            rows = [
                maps[image, y, x] for y in range(4) for x in range(6)
                if labels[image, 2 * y, 2 * x] == label
            ]
            if rows:
                wanted.append(sum(rows) / len(rows))
                classes.append(label)
    assert found.tolist() == [0, 1, 2, 0, 1, -1]
    assert classes == [0, 1, 2, 0, 1]
    pooled, halved = pooled[:-1], halved[:-1]
    torch.testing.assert_close(pooled, torch.stack(wanted))
    torch.testing.assert_close(halved, pooled / 2)
    pooled.sum().backward()
    assert maps.grad.any()


def test_pooling_without_any_class():
    (pooled, ), found = pool_by_class(
        [torch.randn(1, 4, 4, 3)], torch.full((1, 4, 4), 255), 3)
    assert found.tolist() == [-1] * 3 and pooled.isfinite().all()
