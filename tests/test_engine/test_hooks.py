"""The hooks on a real Runner with the toy."""
import copy
import json

import pytest
import torch
from mmengine.hooks import Hook
from mmengine.registry import MODELS
from mmengine.runner import Runner
from mmengine.visualization import Visualizer
from swap_toy import TOY, make_step, make_swap_cfg
from torch.utils.data import Dataset

import mmswap
from mmswap.engine import AdapterHook, GradientStatsHook, SwapLogHook


class Steps(Dataset):

    def __len__(self):
        return 6

    def __getitem__(self, index):
        return make_step(seed=index)


class Scalars(Visualizer):
    """Keeps what it is told."""

    def __init__(self, name='scalars'):
        super().__init__(name)
        self.told = {}

    def add_scalars(self, scalar_dict, step=0, file_path=None):
        self.told.setdefault(step, {}).update(scalar_dict)


class NormsByHand(Hook):
    """The norms after each step, by plain arithmetic."""

    priority = 'VERY_HIGH'

    def __init__(self):
        self.seen = []

    def after_train_iter(self, runner, batch_idx, data_batch, outputs):
        self.seen.append({
            name: float(torch.cat([p.detach().flatten() for p in group])
                        .norm())
            for name, group in runner.model.groups.items()
        })


@pytest.fixture
def train_toy(tmp_path):
    """(hooks) -> the runner after 4 steps on the toy."""

    def train(hooks, **sparse):
        torch.manual_seed(0)
        base = tmp_path / 'base.pth'
        torch.save(MODELS.build(dict(TOY)).state_dict(), base)
        runner = Runner(
            model=make_swap_cfg(),
            work_dir=str(tmp_path),
            train_dataloader=dict(
                dataset=Steps(),
                batch_size=1,
                sampler=dict(type='InfiniteSampler'),
                collate_fn=lambda items: items[0]),
            train_cfg=dict(type='IterBasedTrainLoop', max_iters=4),
            optim_wrapper=dict(
                constructor='mmswap.SwapOptimWrapperConstructor',
                optimizer=dict(type='AdamW', lr=.01),
                group_sparse=sparse),
            visualizer=Scalars(),
            custom_hooks=hooks,
            load_from=str(base),
            log_level='ERROR',
            randomness=dict(seed=1),
            experiment_name=tmp_path.name)
        runner.train()
        return runner

    return train


def test_swap_log_hook_logs_the_norms(train_toy):
    by_hand = NormsByHand()
    runner = train_toy([SwapLogHook(interval=2), by_hand], alpha=.1)
    told = {
        step: values
        for step, values in runner.visualizer.told.items()
        if 'swap/active_groups' in values
    }
    assert list(told) == [2, 4]
    for step, values in told.items():
        norms = by_hand.seen[step - 1]
        assert len(norms) == 2
        for name, norm in norms.items():
            assert values[f'group_norm/{name}'] == pytest.approx(norm)
        assert values['swap/active_groups'] == 2
        assert values['swap/group_norm_sum'] == pytest.approx(
            sum(norms.values()))


def test_groups_that_are_zero_are_not_active(train_toy):
    runner = train_toy([SwapLogHook(interval=4)], alpha=1e4, mode='proximal')
    assert runner.visualizer.told[4]['swap/active_groups'] == 0
    assert set(mmswap.group_norms(runner.model.model).values()) == {0.}


def test_swap_log_hook_tells_how_far_groups_are_from_going(train_toy):
    by_hand = NormsByHand()
    runner = train_toy([SwapLogHook(interval=4), by_hand], alpha=.1,
                       mode='proximal')
    # AdamW's rate is 0.01, so that a step takes 0.001 off a norm.
    assert runner.visualizer.told[4]['swap/steps_to_zero_min'] == (
        pytest.approx(min(by_hand.seen[3].values()) / .001))


def test_swap_log_hook_tells_what_a_group_grows_by(train_toy):
    by_hand = NormsByHand()
    runner = train_toy([SwapLogHook(interval=2), by_hand], alpha=.1,
                       mode='proximal')
    told = runner.visualizer.told
    assert 'swap/group_growth_min' not in told[2]
    # Two steps of AdamW's rate 0.01, and 0.1 of alpha taken off in each.
    grown = [by_hand.seen[3][key] - by_hand.seen[1][key]
             for key in by_hand.seen[3]]
    assert told[4]['swap/group_growth_min'] == pytest.approx(
        .1 + min(grown) / .02, rel=1e-4)


@pytest.mark.parametrize('sparse', [
    dict(alpha=.1), dict(alpha=1e4, mode='proximal')])
def test_no_group_is_to_go(train_toy, sparse):
    """In penalty mode none ever does; here all have gone."""
    runner = train_toy([SwapLogHook(interval=4)], **sparse)
    assert 'swap/steps_to_zero_min' not in runner.visualizer.told[4]


def test_swap_log_hook_refuses():
    with pytest.raises(ValueError, match='interval must be positive, got 0'):
        SwapLogHook(interval=0)


@pytest.mark.parametrize('named', [True, False])
def test_adapter_hook_writes_what_was_trained(train_toy, tmp_path, named,
                                              assert_same_bits):
    folder = tmp_path / ('elsewhere' if named else 'adapter')
    runner = train_toy([AdapterHook(str(folder) if named else None)])
    other = MODELS.build(make_swap_cfg())
    other.load_state_dict(torch.load(tmp_path / 'base.pth'))
    mmswap.load_adapter(other, folder)
    assert_same_bits(other.model.state_dict(),
                     runner.model.model.state_dict())


class GradsByHand(Hook):
    """What autograd says of each matrix before each step."""

    priority = 'VERY_HIGH'

    def __init__(self):
        self.seen = []

    def before_train_iter(self, runner, batch_idx, data_batch):
        model = copy.deepcopy(runner.model)
        losses = model(**model.data_preprocessor(data_batch, True),
                       mode='loss')
        params = {name: p for name, p in model.model.named_parameters()
                  if '.lora_' in name}
        grads = torch.autograd.grad(
            model.parse_losses(losses)[0], list(params.values()))
        self.seen.append({
            name: (float(grad.mean()), float(grad.abs().mean()))
            for name, grad in zip(params, grads)
        })


def test_gradient_stats_are_those_of_the_task_losses(train_toy, tmp_path):
    """A large penalty changes nothing of them."""
    by_hand = GradsByHand()
    runner = train_toy([by_hand, GradientStatsHook()], alpha=10.)
    stats = json.loads((tmp_path / 'gradient_stats.json').read_text())
    assert stats['updates'] == len(by_hand.seen) == 4
    assert list(stats['groups']) == list(runner.model.groups)
    found = {
        name: (values['mean'], values['mean_abs'])
        for group in stats['groups'].values()
        for name, values in group.items()
    }
    assert set(found) == set(by_hand.seen[0])
    for name, values in found.items():
        wanted = [sum(seen[name][i] for seen in by_hand.seen) / 4
                  for i in range(2)]
        assert values == pytest.approx(wanted, rel=1e-4, abs=1e-8)
    assert any(values[1] > 0 for values in found.values())


class FreshStats:
    """What a hook's file says at the end of a phase that it saw."""

    def __init__(self, runner, tmp_path):
        self.hook = GradientStatsHook()
        self.runner = runner
        self.file = tmp_path / 'gradient_stats.json'

    def begin(self, checkpoint, iteration):
        self.runner.train_loop._iter = iteration
        self.hook.after_load_checkpoint(self.runner, checkpoint)
        self.hook.before_train(self.runner)

    def written(self):
        self.file.unlink(missing_ok=True)
        self.hook.after_train(self.runner)
        return json.loads(self.file.read_text()) if (
            self.file.exists()) else None


@pytest.mark.parametrize('iteration', [0, 4])
def test_gradient_stats_go_on_in_a_resumed_run_only(train_toy, tmp_path,
                                                    iteration):
    runner = train_toy([GradientStatsHook()])
    checkpoint = {}
    runner.call_hook('before_save_checkpoint', checkpoint=checkpoint)
    wanted = json.loads((tmp_path / 'gradient_stats.json').read_text())
    assert wanted['updates'] == 4
    fresh = FreshStats(runner, tmp_path)
    fresh.begin(checkpoint, iteration)
    assert fresh.written() == (wanted if iteration else None)


def test_overflows_are_not_counted(train_toy, tmp_path):
    """Two updates, and between them what AMP would skip."""
    runner = train_toy([])
    wrapper, swap = runner.optim_wrapper, runner.model
    stats = FreshStats(runner, tmp_path)
    stats.begin({}, 0)
    params = [p for group in swap.groups.values() for p in group]
    for value in (1., float('inf'), float('nan'), -3.):
        for param in params:
            param.grad = torch.ones_like(param)
        params[-1].grad[0, 0] = value
        wrapper.sparsity.before_step()
    found = stats.written()
    assert found['updates'] == 2
    names = [name for group in found['groups'].values() for name in group]
    last = found['groups'][list(swap.groups)[-1]].pop(names[-1])
    size = params[-1].numel()
    assert last['mean'] == pytest.approx((1 + (size - 4) / size) / 2)
    assert last['mean_abs'] == pytest.approx((1 + (size + 2) / size) / 2)
    for group in found['groups'].values():
        assert all(values == dict(mean=1., mean_abs=1.)
                   for values in group.values())


def test_gradient_stats_hook_refuses(train_toy):
    with pytest.raises(ValueError, match='interval must be positive, got 0'):
        GradientStatsHook(interval=0)
