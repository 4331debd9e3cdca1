import pickle
from collections import Counter
from itertools import count, islice
from unittest.mock import patch

import pytest
import torch
from coco_files import CLASSES, NAMES, PIPELINE
from mmengine.runner import Runner

from mmswap.datasets import SwapDataset, SwapSampler
from mmswap.engine.batch_checks import check_batches
from mmswap.models.data_preprocessor import part_batch

SIZES = dict(retain=2, learn=1)


class Numbers:
    """``length`` samples."""

    def __init__(self, length):
        self.length = length
        self.metainfo = dict(classes=('a', ))

    def __len__(self):
        return self.length

    def __getitem__(self, idx):
        return dict(inputs=torch.tensor([float(idx)]))


@pytest.fixture
def dataset():
    # retain has the indices 0-4, learn 5-7.
    return SwapDataset(dict(retain=Numbers(5), learn=Numbers(3)))


def build(dataset, rank=0, world=1, sizes=SIZES, **kwargs):
    with patch(
            'mmswap.datasets.swap_sampler.get_dist_info',
            return_value=(rank, world)):
        return SwapSampler(dataset, sizes, **kwargs)


def draws(sampler, number):
    """The first indices, epoch after epoch as mmengine's loops do."""
    flat = []
    for epoch in count():
        sampler.set_epoch(epoch)
        flat += sampler
        if len(flat) >= number:
            return flat[:number]


def batches(sampler, steps):
    size = sum(sampler.branch_sizes.values())
    flat = draws(sampler, steps * size)
    return [flat[i * size:(i + 1) * size] for i in range(steps)]


def test_order_without_shuffle(dataset):
    sampler = build(dataset, shuffle=False)
    assert batches(sampler, 4) == [[0, 1, 5], [2, 3, 6], [4, 0, 7], [1, 2, 5]]


def test_ranks_part_the_stream_without_shuffle(dataset):
    first, second = (build(dataset, r, 2, shuffle=False) for r in (0, 1))
    assert batches(first, 3) == [[0, 2, 5], [4, 1, 7], [3, 0, 6]]
    assert batches(second, 3) == [[1, 3, 6], [0, 2, 5], [4, 1, 7]]


def test_order_with_shuffle(dataset):

    def stream(seed, start, length):
        generator = torch.Generator()
        generator.manual_seed(seed)
        return [
            start + i for _ in range(4)
            for i in torch.randperm(length, generator=generator).tolist()
        ]

    retain, learn = stream(7, 0, 5), stream(8, 5, 3)
    assert batches(build(dataset, seed=7), 6) == [
        [retain[2 * t], retain[2 * t + 1], learn[t]] for t in range(6)
    ]
    for rank in (0, 1):
        assert batches(build(dataset, rank, 2, seed=7), 3) == [[
            retain[4 * t + rank], retain[4 * t + 2 + rank], learn[2 * t + rank]
        ] for t in range(3)]


@pytest.mark.parametrize('world', [2, 3])
def test_all_ranks_together_are_one_large_process(dataset, world):
    sizes = {name: world * size for name, size in SIZES.items()}
    alone = batches(build(dataset, sizes=sizes, seed=3), 7)
    ranks = [batches(build(dataset, r, world, seed=3), 7)
             for r in range(world)]
    for step in range(7):
        together = [i for rank in ranks for i in rank[step]]
        assert sorted(together) == sorted(alone[step])


def test_every_pass_goes_through_a_whole_branch(dataset):
    flat = [i for b in batches(build(dataset, seed=0), 15) for i in b]
    assert Counter(flat) == {**dict.fromkeys(range(5), 6),
                             **dict.fromkeys(range(5, 8), 5)}
    passes = [[b[2] for b in batches(build(dataset, seed=0), 15)][i:i + 3]
              for i in range(0, 15, 3)]
    assert all(sorted(p) == [5, 6, 7] for p in passes)
    assert len({tuple(p) for p in passes}) > 1


def test_branches_of_one_length_do_not_go_in_step():
    twins = SwapDataset(dict(retain=Numbers(20), learn=Numbers(20)))
    found = batches(build(twins, sizes=dict(retain=1, learn=1), seed=0), 20)
    assert any(learn != retain + 20 for retain, learn in found)


def test_seed_decides_and_iterating_again_begins_again(dataset):
    sampler = build(dataset, seed=1)
    first = batches(sampler, 5)
    assert batches(sampler, 5) == first
    assert batches(build(dataset, seed=1), 5) == first
    assert batches(build(dataset, seed=2), 5) != first


def test_without_seed_all_ranks_share_one(dataset):
    with patch(
            'mmswap.datasets.swap_sampler.sync_random_seed', return_value=11):
        sampler = build(dataset)
    assert batches(sampler, 5) == batches(build(dataset, seed=11), 5)


def test_sizes_follow_the_order_of_the_branches(dataset):
    turned = dict(reversed(list(SIZES.items())))
    sampler = build(dataset, sizes=turned, shuffle=False)
    assert batches(sampler, 1) == [[0, 1, 5]]
    assert list(sampler.branch_sizes) == ['retain', 'learn']


def test_skip_goes_on_where_a_run_ended(dataset):
    expected = batches(build(dataset, 1, 2, seed=4), 9)[6:]
    sampler = build(dataset, 1, 2, seed=4)
    sampler.skip(6 * 3)
    assert batches(sampler, 3) == expected
    with pytest.raises(ValueError, match='num_samples must be at least 0'):
        sampler.skip(-1)


@pytest.mark.parametrize('rank, world', [(0, 1), (1, 2)])
def test_an_epoch_goes_on_where_the_last_one_ended(rank, world):
    dataset = SwapDataset(dict(retain=Numbers(50), learn=Numbers(6)))
    sampler = build(dataset, rank, world, seed=4)
    epochs = []
    for epoch in range(6):
        sampler.set_epoch(epoch)
        epochs.append(list(sampler))
        assert len(epochs[-1]) == len(sampler) == 18 // world
        assert list(sampler) == epochs[-1]
    one_stream = build(dataset, rank, world, seed=4)
    one_stream.endless = True
    wanted = list(islice(one_stream, sum(map(len, epochs))))
    found = [draw for epoch in epochs for draw in epoch]
    assert [(d, d.seed) for d in found] == [(d, d.seed) for d in wanted]


@pytest.mark.parametrize('world', [1, 2])
def test_an_epoch_is_a_pass_of_the_target_branch(world):
    dataset = SwapDataset(dict(retain=Numbers(9), forget=Numbers(8)))
    sizes = dict(retain=1, forget=2)
    samplers = [build(dataset, r, world, sizes, seed=2) for r in range(world)]
    retained = Counter()
    for epoch in range(9):
        for sampler in samplers:
            sampler.set_epoch(epoch)
        seen = Counter(i for sampler in samplers for i in sampler)
        assert {i: n for i, n in seen.items() if i >= 9} == dict.fromkeys(
            range(9, 17), 1)
        retained.update({i: n for i, n in seen.items() if i < 9})
    # Four samples an epoch: nine epochs are four passes, to the sample.
    assert retained == dict.fromkeys(range(9), 4)


def test_the_last_batch_is_filled_up_from_the_next_pass(dataset):
    sampler = build(dataset, sizes=dict(retain=1, learn=2), shuffle=False)
    assert batches(sampler, 4) == [[0, 5, 6], [1, 7, 5], [2, 6, 7], [3, 5, 6]]
    sampler.set_epoch(1)
    assert list(sampler) == [2, 6, 7, 3, 5, 6]


def test_epochs_are_counted_from_what_was_skipped(dataset):
    """As mmengine's iteration loop does where it resumes a run."""
    wanted = draws(build(dataset, seed=3), 90)
    for skipped in (0, 3, 9, 12, 20):  # Nine samples are an epoch.
        sampler = build(dataset, seed=3)
        sampler.set_epoch(0)
        sampler.skip(skipped)
        first = list(sampler)
        assert len(first) == 9 - skipped % 9
        sampler.set_epoch(1)
        assert first + list(sampler) == wanted[skipped:][:len(first) + 9]


def test_endless_is_noticed_on_the_way(dataset):
    sampler = build(dataset, seed=3)
    begun = iter(sampler)
    first = [next(begun)]
    sampler.endless = True
    assert first + list(islice(begun, 49)) == draws(build(dataset, seed=3), 50)


@pytest.mark.parametrize('world, sizes, length', [
    (1, dict(retain=2, learn=1), 3 * 3),
    (1, dict(retain=1, learn=2), 2 * 3),
    (2, dict(retain=2, learn=1), 2 * 3),
    (8, dict(retain=1, learn=1), 1 * 2),
])
def test_length_is_a_pass_of_the_target(dataset, world, sizes, length):
    sampler = build(dataset, world=world, sizes=sizes)
    assert len(sampler) == len(list(sampler)) == length


def test_which_branch_an_epoch_is_a_pass_of(dataset):
    retain = build(dataset, epoch_of='retain')
    assert retain.epoch_of == 'retain' and len(retain) == 3 * 3
    with pytest.raises(ValueError, match="sampler.epoch_of must .*'forget'"):
        build(dataset, epoch_of='forget')
    alone = SwapDataset(dict(retain=Numbers(5)))
    assert build(alone, sizes=dict(retain=1)).epoch_of == 'retain'
    three = SwapDataset(
        dict(retain=Numbers(9), learn=Numbers(6), forget=Numbers(4)))
    assert build(three, sizes=dict(retain=1, learn=1, forget=1)
                 ).epoch_of == 'learn'
    assert build(three, sizes=dict(retain=1, learn=3, forget=1)
                 ).epoch_of == 'forget'


def test_right_batch_size_is_taken_and_a_wrong_one_refused(dataset):
    build(dataset, batch_size=3)
    with pytest.raises(
            ValueError, match='sampler.batch_size must be 3, .* got 4'):
        build(dataset, batch_size=4)


@pytest.mark.parametrize('sizes, message', [
    (dict(retain=2), 'branch_sizes must have a size for each'),
    (dict(retain=2, learn=1, forget=1), 'branch_sizes must have a size'),
    (dict(retain=2, forget=1), 'branch_sizes must have a size for each'),
    (dict(retain=0, learn=1), 'branch_sizes.retain must be a number .* 0'),
    (dict(retain=2, learn=1.5), 'branch_sizes.learn must be .* got 1.5'),
    (dict(retain=2, learn=True), 'branch_sizes.learn must be .* got True'),
])
def test_bad_sizes(dataset, sizes, message):
    with pytest.raises(
            ValueError, match=f'train_dataloader.sampler.{message}'):
        build(dataset, sizes=sizes)


def test_nothing_to_retain(dataset):
    learned = dataset.branch_range('learn')
    sampler = SwapSampler(dataset, retain=0, target=2, seed=0)
    assert sampler.branch_sizes == dict(learn=2)
    assert len(sampler) == len(list(sampler)) == -(-len(learned) // 2) * 2
    assert set(sampler) == set(learned)
    with pytest.raises(ValueError, match='sampler.target must be .* 1, got 0'):
        SwapSampler(dataset, retain=0, target=0)
    with pytest.raises(ValueError, match='sampler.retain must .* 0, got -1'):
        SwapSampler(dataset, retain=-1, target=2)


def test_sizes_must_be_a_dict(dataset):
    with pytest.raises(TypeError, match='branch_sizes must be a dict'):
        build(dataset, sizes=[2, 1])


def test_other_dataset_is_refused():
    with pytest.raises(TypeError, match='must be a mmswap.SwapDataset'):
        build(Numbers(4))


def loader_cfg(coco, **kwargs):
    """A train_dataloader as in a user's config."""
    cfg = coco([['cat'], ['owl'], ['cow', 'owl'], ['fox'], ['dog']],
               pictures=True,
               pipeline=PIPELINE)

    def subset(keep):
        return dict(
            type='mmswap.ClassSubset', dataset=cfg, classes=CLASSES, keep=keep)

    return {
        **dict(
            batch_size=3,
            num_workers=0,
            sampler=dict(type='mmswap.SwapSampler', branch_sizes=SIZES),
            dataset=dict(
                type='mmswap.SwapDataset',
                branches=dict(
                    retain=subset('retain'), learn=subset('learn')))),
        **kwargs
    }


@pytest.mark.parametrize('workers', [0, 2])
def test_dataloader_built_from_a_config(coco, workers):
    cfg = loader_cfg(coco, num_workers=workers)
    loader = Runner.build_dataloader(cfg, seed=0)
    assert loader.dataset.metainfo['classes'] == NAMES
    for batch in map(part_batch, islice(loader, 4)):
        assert {name: len(b['inputs']) for name, b in batch.items()} == SIZES
        labels = {
            name: {
                label
                for sample in b['data_samples']
                for label in sample.gt_instances.labels.tolist()
            }
            for name, b in batch.items()
        }
        assert labels['retain'] <= {0, 2}
        assert labels['learn'] <= {3, 4}


def test_what_spawned_workers_need_pickles(coco):
    loader = Runner.build_dataloader(loader_cfg(coco), seed=0)
    dataset, collate = pickle.loads(
        pickle.dumps((loader.dataset, loader.collate_fn)))
    batch = part_batch(
        collate([dataset[i] for i in next(iter(loader.batch_sampler))]))
    assert {name: len(b['inputs']) for name, b in batch.items()} == SIZES


@pytest.mark.parametrize('batch_size', [2, 4, 6])
def test_wrong_batch_size_of_the_dataloader(coco, batch_size):
    loader = Runner.build_dataloader(
        loader_cfg(coco, batch_size=batch_size), seed=0)
    with pytest.raises(
            ValueError, match='train_dataloader.batch_size must be 3'):
        check_batches(loader)


def test_batches_by_another_rule(coco):
    cfg = loader_cfg(
        coco, batch_sampler=dict(type='mmdet.AspectRatioBatchSampler'))
    with pytest.raises(
            ValueError, match='batch_sampler must be None .*AspectRatio'):
        check_batches(Runner.build_dataloader(cfg, seed=0))
    check_batches(Runner.build_dataloader(loader_cfg(coco), seed=0))


class Toy(torch.nn.Module):
    """A model that notes the images that it is trained on."""

    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.ones(()))
        self.seen = []

    def train_step(self, data, optim_wrapper):
        self.seen.append({
            name: [float(image) for image in batch['inputs']]
            for name, batch in part_batch(data).items()
        })
        optim_wrapper.update_params(self.weight * 1.)
        return dict(loss=self.weight.detach())


def train(dataset, folder, train_cfg, **loader):
    """What the model saw in a run without any hook of mmswap."""
    model = Toy()
    runner = Runner(
        model,
        str(folder),
        train_dataloader=dict(
            batch_size=3,
            num_workers=0,
            sampler=dict(type='mmswap.SwapSampler', branch_sizes=SIZES),
            dataset=dataset,
            **loader),
        train_cfg=train_cfg,
        optim_wrapper=dict(optimizer=dict(type='SGD', lr=0.1)),
        param_scheduler=dict(
            type='LinearLR', by_epoch=True, convert_to_iter_based=True, end=1),
        log_processor=dict(by_epoch=train_cfg['by_epoch']),
        randomness=dict(seed=7),
        experiment_name=f'swap_sampler {folder}',
        log_level='ERROR')
    runner.train()
    return model.seen, runner


def seen_by_hand(dataset, steps):
    spans = {name: dataset.branch_range(name)[0] for name in SIZES}
    return [
        dict(retain=[float(i - spans['retain']) for i in step[:2]],
             learn=[float(i - spans['learn']) for i in step[2:]])
        for step in batches(build(dataset, seed=7), steps)
    ]


def test_trains_with_mmengine_s_default_hooks(dataset, tmp_path):
    """They ask for the length of the dataloader at every iteration."""
    seen, _ = train(dataset, tmp_path, dict(by_epoch=False, max_iters=3))
    assert seen == seen_by_hand(dataset, 3)


def test_epochs_end_in_the_stock_loop(dataset, tmp_path):
    """Three steps to a pass of the three images to learn."""
    seen, runner = train(dataset, tmp_path, dict(by_epoch=True, max_epochs=4))
    assert seen == seen_by_hand(dataset, 12)
    assert runner.max_iters == runner.iter == 12
    for at in range(0, 12, 3):
        assert sorted(i for step in seen[at:at + 3]
                      for i in step['learn']) == [0., 1., 2.]
    assert (tmp_path / 'epoch_4.pth').is_file()


def test_iteration_loops_restart_it(dataset, tmp_path, monkeypatch):
    """Where no hook of ours tells it not to end."""
    monkeypatch.setattr('time.sleep', lambda seconds: None)
    seen, _ = train(dataset, tmp_path, dict(by_epoch=False, max_iters=7))
    assert seen == seen_by_hand(dataset, 7)


def test_every_draw_of_every_rank_has_a_seed_of_its_own(dataset):
    ranks = [draws(build(dataset, r, 2, seed=5), 12) for r in (0, 1)]
    seeds = [draw.seed for draws in ranks for draw in draws]
    assert sorted(seeds) == [(5, number) for number in range(24)]


def test_a_draw_keeps_its_seed_after_a_skip(dataset):
    sampler, later = build(dataset, seed=1), build(dataset, seed=1)
    later.skip(6)
    whole, rest = draws(sampler, 12), draws(later, 6)
    assert [(d, d.seed) for d in whole[6:]] == [(d, d.seed) for d in rest]
