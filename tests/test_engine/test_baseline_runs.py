"""Baselines on a real Runner: stopped, resumed, in two processes."""

import pytest
import torch
from mmengine.hooks import Hook
from mmengine.model import MMDistributedDataParallel
from mmengine.optim import build_optim_wrapper
from mmengine.runner import Runner
from torch.utils.data import Dataset
from toy_classifier import make_cfg, make_model, make_step
from two_ranks import run_on_two_ranks

from mmswap.engine import (
    AdapterHook,
    GradientStatsHook,
    ImportanceHook,
    SwapLogHook,
)
from mmswap.models.objectives.baselines.importance import summed_importance

METHODS = {
    'full': dict(type='mmswap.ForgetObjective', bound=10.),
    'retrain': dict(type='mmswap.RetainObjective'),
    'l2': dict(type='mmswap.ImportanceObjective', method='l2', penalty=.1),
    'ewc': dict(type='mmswap.ImportanceObjective', method='ewc', penalty=1.),
    'mas': dict(type='mmswap.ImportanceObjective', method='mas', penalty=1.),
    'lwf': dict(type='mmswap.LwFObjective'),
    'der': dict(type='mmswap.DERObjective'),
    'fdr': dict(type='mmswap.FDRObjective'),
    'lirf': dict(type='mmswap.LIRFObjective', layer='layers.0'),
    'scrub': dict(type='mmswap.SCRUBObjective'),
    'scrub-s': dict(type='mmswap.SCRUBObjective', smoothing=.1,
                    average_every=1),
}
# Wrong labels differ between one process and two, and SCRUB-S's gradient makes
# units of what is rounding in a weight that hardly moves.
EQUAL = ('full', 'retrain', 'scrub')


class Images(Dataset):
    """Twelve images of one branch."""

    metainfo = dict(classes=('a', 'b', 'c', 'd', 'e'))

    def __init__(self, branch):
        self.step = make_step(12, branches=(branch, ))[branch]

    def __len__(self):
        return 12

    def __getitem__(self, index):
        return {key: value[index] for key, value in self.step.items()}


class Stop(Hook):
    """As a machine that goes down after two steps."""

    def after_train_iter(self, runner, *args, **kwargs):
        if runner.iter == 1:
            raise KeyboardInterrupt


@pytest.fixture
def run(tmp_path):
    """(method, **Runner's arguments) -> the runner after 4 steps."""

    def train(method, folder, hooks=(), **kwargs):
        objective = METHODS[method]
        scratch = method == 'retrain'
        cfg = make_cfg(
            objective, trains='from_scratch' if scratch else 'all')
        torch.manual_seed(0)
        base = tmp_path / 'base.pth'
        torch.save(make_model(METHODS['full']).model.state_dict(), base)
        branches = ('retain', ) if scratch else ('retain', 'forget')
        if method in ('ewc', 'mas'):
            hooks = [ImportanceHook(num_images=7), *hooks]
        runner = Runner(
            model=cfg,
            work_dir=str(tmp_path / folder),
            train_dataloader=dict(
                dataset=dict(
                    type='mmswap.SwapDataset',
                    branches={name: Images(name) for name in branches}),
                num_workers=0,
                batch_size=4 * len(branches),
                sampler=dict(
                    type='mmswap.SwapSampler',
                    branch_sizes={name: 4 for name in branches}),
                collate_fn=dict(type='mmswap.swap_collate')),
            train_cfg=dict(type='IterBasedTrainLoop', max_iters=4),
            optim_wrapper=kwargs.pop('optim_wrapper', dict(
                constructor='mmswap.SwapOptimWrapperConstructor',
                optimizer=dict(type='AdamW', lr=.01))),
            default_hooks=dict(
                swap=dict(type='mmswap.SwapHook'),
                checkpoint=dict(
                    type='CheckpointHook', by_epoch=False, interval=1)),
            custom_hooks=[*hooks, SwapLogHook(interval=1), AdapterHook()],
            load_from=kwargs.pop('load_from', None if scratch else str(base)),
            log_level='ERROR',
            randomness=dict(seed=1),
            experiment_name=f'{tmp_path.name}_{folder}_{bool(kwargs)}',
            **kwargs)
        runner.train()
        return runner

    return train


def kept(model):
    return {
        key: value.clone() for key, value in model.state_dict().items()
        if key.startswith('objective.')
    }


@pytest.mark.parametrize('method', METHODS)
def test_what_a_phase_began_with_survives_a_stop(method, run, tmp_path,
                                                 assert_same_bits):
    with pytest.raises(KeyboardInterrupt):
        run(method, 'stopped', [Stop()])
    folder = tmp_path / 'stopped'
    checkpoint = (folder / 'last_checkpoint').read_text().strip()
    saved = torch.load(checkpoint, weights_only=False)['state_dict']
    wanted = {k: v for k, v in saved.items() if k.startswith('objective.')}
    assert bool(wanted) is (method not in ('full', 'retrain'))
    runner = run(method, 'stopped', resume=True, load_from=checkpoint)
    assert runner.iter == 4
    now = kept(runner.model)
    moving = {k for k in now if k.startswith('objective.average')}
    assert bool(moving) is (method == 'scrub-s')
    if wanted:
        assert_same_bits({k: v for k, v in now.items() if k not in moving},
                         {k: v for k, v in wanted.items()
                          if k not in moving})
    after = runner.model.state_dict()
    assert all(torch.isfinite(value.float()).all()
               for value in after.values())
    assert not torch.equal(after['model.stem.weight'],
                           saved['model.stem.weight'])
    assert not (folder / 'adapter').exists()


class Kinds(Hook):
    """Which kind of step each iteration was."""

    def __init__(self):
        self.maxed = []

    def after_train_iter(self, runner, batch_idx, data_batch=None,
                         outputs=None):
        self.maxed.append('forget_loss' in outputs)


@pytest.mark.parametrize('counts, maxed', [
    (1, [True, False, True, False]), (2, [True, True, False, False])])
def test_all_batches_of_an_update_are_of_one_kind(run, counts, maxed):
    kinds = Kinds()
    run('scrub', 'work', [kinds], optim_wrapper=dict(
        constructor='mmswap.SwapOptimWrapperConstructor',
        optimizer=dict(type='AdamW', lr=.01), accumulative_counts=counts))
    assert kinds.maxed == maxed


def test_the_hook_measures_evenly_spread_images_of_the_retain_branch(run):
    runner = run('mas', 'work')
    images = Images('retain')
    chosen = [images[i * 12 // 7] for i in range(7)]
    # As the phase began.
    model = make_model(METHODS['mas'])
    sums = summed_importance(
        model.model,
        [{key: value[None] for key, value in image.items()}
         for image in chosen], model.objective.params, 'mas',
        model.objective.plan)
    found = runner.model.objective.importance.tensors
    for key, total in sums.items():
        torch.testing.assert_close(found[key], total / 7)


def test_the_hook_refuses():
    with pytest.raises(ValueError, match='num_images must be positive, got 0'):
        ImportanceHook(0)


def test_the_hook_wants_its_objective(run):
    with pytest.raises(TypeError, match='ImportanceObjective with the .*LwF'):
        run('lwf', 'work', [ImportanceHook()])


def test_no_groups_to_take_the_gradients_of(run):
    with pytest.raises(ValueError, match="trains must be 'adapter' with Grad"):
        run('full', 'work', [GradientStatsHook()])


def test_no_groups_to_be_sparse():
    model = make_model(METHODS['full'])
    with pytest.raises(
            ValueError,
            match="group_sparse must be None with model.trains='all'.*0.1"):
        build_optim_wrapper(
            model,
            dict(
                constructor='mmswap.SwapOptimWrapperConstructor',
                optimizer=dict(type='SGD', lr=.1),
                group_sparse=dict(alpha=.1)))


def train(method, rank=0, world=1):
    """Some steps; the state dict."""
    # A batch norm would know how many images a process sees.
    swap = model = make_model(METHODS[method], norm=False)
    if method in ('ewc', 'mas'):
        objective = model.objective
        objective.importance.keep(
            {k: torch.ones_like(p) for k, p in objective.params.items()})
    if world > 1:
        model = MMDistributedDataParallel(model, find_unused_parameters=False)
    wrapper = build_optim_wrapper(
        model,
        dict(
            constructor='mmswap.SwapOptimWrapperConstructor',
            optimizer=dict(type='SGD', lr=1e-3)))
    for seed in range(4):
        swap.objective.set_updates(seed)
        step = make_step(4, seed, swap.objective.branches)
        part = slice(rank * 4 // world, (rank + 1) * 4 // world)
        model.train_step(
            {name: {k: v[part] for k, v in batch.items()}
             for name, batch in step.items()}, wrapper)
    return {key: value.clone() for key, value in swap.state_dict().items()}


def train_methods(rank, world):
    return {method: train(method, rank, world) for method in METHODS}


@pytest.fixture(scope='module')
def two_ranks(tmp_path_factory):
    """What each of two processes ended with, by method."""
    return run_on_two_ranks(train_methods, tmp_path_factory.mktemp('ranks'))


@pytest.mark.slow
@pytest.mark.parametrize('method', METHODS)
def test_two_processes_stay_alike(two_ranks, method, assert_same_bits):
    assert_same_bits(two_ranks[0][method], two_ranks[1][method])
    start = make_model(METHODS['full'], norm=False).model.state_dict()
    ends = two_ranks[0][method]
    assert all(not torch.equal(value, ends[f'model.{key}'])
               for key, value in start.items())
    if method in EQUAL:
        for key, value in train(method).items():
            torch.testing.assert_close(ends[key], value, atol=1e-5, rtol=1e-4)
