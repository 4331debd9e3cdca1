"""The length of a phase, counted by hand."""
import pytest

from mmswap.apis.init.schedule import (
    Length,
    images_of_step,
    images_to_learn,
    passes_to_learn,
)


@pytest.mark.parametrize('images, batch, by_epoch, total, steps', [
    (100, 2, True, 20, 1000),  # 50 steps an epoch
    (8, 2, True, 75, 300),  # 4 steps: at least 300
    (7, 2, True, 75, 300),  # the last batch goes on with the next pass
    (1200, 2, True, 6, 3600),  # 600 steps: at most 4000
    (50000, 2, True, 1, 25000),  # an epoch is an epoch
    (100, 2, False, 1000, 1000),
    (50000, 2, False, 4000, 4000),
    (1, 2, False, 300, 300),
])
def test_length(images, batch, by_epoch, total, steps):
    length = Length(images, batch, by_epoch)
    assert (length.total, length.steps) == (total, steps)


@pytest.mark.parametrize('size, holds, batch, passes', [
    (4, False, (2, 2), 20),
    (5, False, (2, 3), 20),
    (4, True, (3, 1), 10),
    (8, True, (6, 2), 10),
    (2, True, (1, 1), 20),
])
def test_a_step_of_what_is_held_has_more_to_retain(size, holds, batch, passes):
    assert images_of_step(size, holds) == batch
    assert passes_to_learn(*batch) == passes
    # As many steps as half and half.
    images = 400
    length = Length(images, batch[1], True, passes)
    assert length.steps == 20 * images // -(-size // 2) or passes == 20


def test_without_old_images_all_are_new_where_the_base_is_held():
    assert images_to_learn(4, True, True, False) == (0, 4)
    assert passes_to_learn(0, 4) == 10
    for holds, without_old in ((True, False), (False, True), (False, False)):
        assert images_to_learn(4, holds, without_old, False) == (
            images_of_step(4, holds))


def test_of_synthesized_images_there_are_few():
    for size, batch in ((4, (1, 3)), (8, (2, 6)), (2, (1, 1))):
        assert images_to_learn(size, True, False, True) == batch
    assert images_to_learn(4, False, False, True) == (2, 2)
    assert passes_to_learn(1, 3) == passes_to_learn(2, 6) == 10


def test_loop_schedule_and_checkpoint_agree():
    epochs = Length(100, 2, True)
    assert epochs.train_cfg() == dict(max_epochs=20, val_interval=20)
    assert epochs.scheduler() == dict(type='CosineAnnealingLR', T_max=20)
    assert epochs.checkpoint == 'epoch_20.pth'
    iters = Length(100, 2, False)
    assert iters.train_cfg() == dict(max_iters=1000, val_interval=1000)
    assert iters.scheduler()['by_epoch'] is False
    assert iters.scheduler()['T_max'] == 1000
    assert iters.checkpoint == 'iter_1000.pth'
