"""A stream of requests from end to end, on a small vision transformer."""
import shutil
from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.fileio import load
from mmengine.registry import MODELS

from mmswap.apis import run_swap
from mmswap.datasets.digits.scenes import make_digit_scenes
from mmswap.models import SwapModel

CONFIGS = Path(__file__).parents[2] / 'configs' / 'digits'
OPTIONS = {
    'train_cfg.max_iters': 4,
    'train_cfg.val_interval': 4,
    'default_hooks.checkpoint.interval': 2,
    'default_hooks.checkpoint.max_keep_ckpts': 2,
    'train_dataloader.num_workers': 0,
    'train_dataloader.persistent_workers': False,
    'val_dataloader.num_workers': 0,
    'val_dataloader.persistent_workers': False,
    'load_from': 'base.pth',
}
REQUESTS = ("dict(forget=['three'])", "dict(learn=['eight'])",
            "dict(forget=['eight'])")

pytestmark = pytest.mark.slow


@pytest.fixture(scope='module')
def digits(tmp_path_factory):
    """A folder with few digits and a base model that knows nothing."""
    folder = tmp_path_factory.mktemp('requests')
    make_digit_scenes(folder / 'data/digits', base=60, learn=20, val=30)
    cfg = Config.fromfile(CONFIGS / 'vit-nano_base.py')
    torch.manual_seed(0)
    model = MODELS.build(dict(cfg.model, _scope_='mmpretrain'))
    model.init_weights()
    with torch.no_grad():  # Its head starts at zero, which tells nothing.
        model.head.layers.head.weight.normal_(0, .1)
    torch.save(model.state_dict(), folder / 'base.pth')
    return folder


@pytest.fixture
def run(digits, monkeypatch):
    """(requests, work dir) -> the report of a plan with them."""
    monkeypatch.chdir(digits)

    def plan(requests, work_dir):
        path = digits / 'plan_requests.py'
        path.write_text(
            f"configs = {{kind: f'{CONFIGS}/vit-nano_request-{{kind}}.py' "
            "for kind in ('learn', 'forget')}\n"
            f'requests = [{", ".join(requests)}]\n')
        return run_swap([path], digits / work_dir, cfg_options=OPTIONS)

    return plan


def state_of(report, name):
    return torch.load(
        report['checkpoints'][name], weights_only=False)['state_dict']


def test_a_stream_appended_to_and_undone(run, digits):
    first = run(REQUESTS[:2], 'stream')
    written = {
        name: Path(path).stat().st_mtime_ns
        for name, path in first['checkpoints'].items()
    }
    report = run([*REQUESTS, "dict(undo='1-forget-three')"], 'stream')
    # Only what was appended is run.
    for name, when in written.items():
        assert Path(report['checkpoints'][name]).stat().st_mtime_ns == when
    assert report['columns'][1:] == [
        'after 1-forget-three', 'after 2-learn-eight', 'after 3-forget-eight',
        'after 4-undo-three']
    rows = {(r['split'], r['metric']): r['values'] for r in report['rows']}
    measured = [
        v is not None for v in rows['forgotten_before', 'accuracy/top1']]
    assert measured == [False, False, True, True, True]
    shares = zip(*(rows['forgotten_before', part]
                   for part in ('named', 'renamed', 'unseen')))
    for known, (named, renamed, unseen) in zip(measured, shares):
        assert (named is not None) == known
        assert not known or (named + renamed, unseen) == (
            pytest.approx(1), 0)
    for phase in ('base', *report['checkpoints']):
        names = load(digits / 'stream' / phase / 'names.json')
        called = [sum(by_name.values()) for by_name in
                  names['called'].values()]
        assert sum(called) and names['unseen'] == {}
    assert rows['adapter', 'changed groups'] == rows['adapter', 'groups']
    assert rows['adapter', 'groups'] == [None, 12, 12, 12, None]

    # The history holds every request but the live one, which is 3; request
    # 4 took the first one out, and its rows are those of request 3.
    last = state_of(report, '3-forget-eight')
    undone = state_of(report, '4-undo-three')
    adapters = [{key.split('.')[1] for key in state
                 if key.startswith('history.')} for state in (last, undone)]
    assert adapters == [{'1-forget-three', '2-learn-eight'},
                        {'2-learn-eight', '3-forget-eight'}]
    rows = 'model.head.layers.head.weight'
    assert last[rows].shape == (9, 96)
    assert torch.equal(last[rows], undone[rows])
    layer = 'backbone.layers.2.ffn.layers.1'
    one, two, three = (
        kept[f'history.{name}.{layer}.lora_B']
        @ kept[f'history.{name}.{layer}.lora_A'] for kept, name in (
            (last, '1-forget-three'), (last, '2-learn-eight'),
            (undone, '3-forget-eight')))
    base = torch.load(digits / 'base.pth')[f'{layer}.weight']
    weight = f'model.{layer}.base_layer.weight'
    torch.testing.assert_close(
        last[weight], base + one + two, rtol=0, atol=1e-6)
    torch.testing.assert_close(
        undone[weight], base + two + three, rtol=0, atol=1e-6)


def test_the_base_is_scored_on_what_each_request_forgets(run):
    """As GS-LoRA does: the drop is from the pre-trained model."""
    plan = run(["dict(forget=['three'])", "dict(forget=['five', 'one'])"],
               'scores')
    alone = run(["dict(forget=['five', 'one'])"], 'alone')
    base, *_, last = plan['metrics'].values()
    second = list(plan['checkpoints'])[1]
    known = base[f'swap/forget@{second}']
    assert known == alone['metrics']['base']['swap/forget']
    rows = {row['metric']: row['values'] for row in plan['rows']
            if row['split'] == 'swap'}
    retain, drop = last['swap/retain'], max(known - last['swap/forget'], 0)
    wanted = 2 * retain * drop / (retain + drop) if retain * drop else 0
    assert rows['h_mean'][2] == pytest.approx(wanted)
    assert rows['h_mean_request'][:2] == [None, None]
    assert rows['h_mean_request'][2] is not None


@pytest.mark.parametrize('fail_at', [3, 7])
def test_an_interrupted_stream_ends_with_the_same_weights(
        run, digits, monkeypatch, fail_at):
    """In request 1 and in request 2, both times between two checkpoints."""
    whole = run(REQUESTS[:2], 'whole')
    steps = 0
    train_step = SwapModel.train_step

    def fail(*args, **kwargs):
        nonlocal steps
        steps += 1
        if steps == fail_at:
            raise KeyboardInterrupt
        return train_step(*args, **kwargs)

    monkeypatch.setattr(SwapModel, 'train_step', fail)
    with pytest.raises(KeyboardInterrupt):
        run(REQUESTS[:2], f'interrupted{fail_at}')
    monkeypatch.setattr(SwapModel, 'train_step', train_step)
    resumed = run(REQUESTS[:2], f'interrupted{fail_at}')
    wanted = state_of(whole, '2-learn-eight')
    got = state_of(resumed, '2-learn-eight')
    assert list(got) == list(wanted)
    for key, value in wanted.items():
        assert torch.equal(got[key], value), key
    assert resumed['rows'] == whole['rows']
    shutil.rmtree(digits / f'interrupted{fail_at}')
