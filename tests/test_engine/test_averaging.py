"""mmengine's EMAHook on a SwapModel: trained, saved, resumed, handed out."""
import copy
import math

import pytest
import torch
from mmengine.hooks import Hook
from mmengine.registry import MODELS
from mmengine.runner import Runner
from safetensors.torch import load_file
from swap_toy import TOY, make_step, make_swap_cfg
from torch.utils.data import Dataset

import mmswap

MOMENTUM, GAMMA, STEPS = .1, 2, 4
EXP = dict(
    type='EMAHook',
    ema_type='mmdet.ExpMomentumEMA',
    momentum=MOMENTUM,
    gamma=GAMMA,
    update_buffers=True)  # As in stock RTMDet and YOLOX configs.
AVERAGES = dict(
    plain=dict(type='EMAHook', momentum=MOMENTUM),
    exp=EXP,
    late=dict(type='EMAHook', momentum=MOMENTUM, begin_iter=3),
    swa=dict(type='EMAHook', ema_type='StochasticWeightAverage'))


def average_by_hand(kind, seen):
    """The average of the parameters after each step."""
    if kind == 'late':
        seen = seen[2:]
    averaged = {key: value.double() for key, value in seen[0].items()}
    for steps, params in enumerate(seen[1:], 1):
        rate = MOMENTUM
        if kind == 'exp':
            rate += (1 - MOMENTUM) * math.exp(-(1 + steps) / GAMMA)
        if kind == 'swa':
            rate = 1 / (steps + 1)
        for key, value in params.items():
            averaged[key] += rate * (value.double() - averaged[key])
    return averaged


class Steps(Dataset):

    def __len__(self):
        return 6

    def __getitem__(self, index):
        return make_step(seed=index)


class Seen(Hook):
    """The parameters after each step."""

    def __init__(self):
        self.params = []

    def after_train_iter(self, runner, batch_idx, data_batch, outputs):
        self.params.append({
            key: param.detach().clone()
            for key, param in runner.model.named_parameters()
        })


@pytest.fixture(autouse=True)
def _mmdet(det_scope):
    return det_scope


@pytest.fixture
def base(tmp_path):
    """File of the base model."""
    torch.manual_seed(0)
    model = MODELS.build(dict(TOY))
    with torch.no_grad():
        for param in model.parameters():
            param.add_(.3 * torch.randn_like(param))
    file = tmp_path / 'base.pth'
    torch.save(dict(state_dict=model.state_dict(), meta={}), file)
    return file


@pytest.fixture
def train(tmp_path, base):
    """(name, hooks) -> the Runner after some steps, which it has saved."""

    def run(name, hooks, **changes):
        cfg = dict(
            model=make_swap_cfg(),
            work_dir=str(tmp_path / name),
            train_dataloader=dict(
                dataset=Steps(),
                batch_size=1,
                sampler=dict(type='InfiniteSampler'),
                collate_fn=lambda items: items[0]),
            train_cfg=dict(type='IterBasedTrainLoop', max_iters=STEPS),
            optim_wrapper=dict(
                constructor='mmswap.SwapOptimWrapperConstructor',
                optimizer=dict(type='AdamW', lr=.05),
                group_sparse=dict(alpha=.1)),
            default_hooks=dict(
                swap=dict(type='mmswap.SwapHook'),
                checkpoint=dict(
                    type='CheckpointHook', interval=2, by_epoch=False)),
            custom_hooks=[*hooks, dict(type='mmswap.AdapterHook')],
            load_from=str(base),
            log_level='ERROR',
            randomness=dict(seed=1),
            experiment_name=f'{tmp_path.name}_{name}')
        runner = Runner(**dict(cfg, **changes))
        runner.train()
        return runner

    return run


def read(folder, step=STEPS):
    return torch.load(folder / f'iter_{step}.pth', weights_only=False)


@pytest.mark.parametrize('kind', AVERAGES)
def test_what_is_handed_out_is_the_average(train, tmp_path, base, kind,
                                           assert_same_bits):
    seen = Seen()
    runner = train('run', [AVERAGES[kind], seen])
    wanted = average_by_hand(kind, seen.params)
    state = read(tmp_path / 'run')['state_dict']
    trained = [key for key, p in runner.model.named_parameters()
               if p.requires_grad]
    for key in trained:
        torch.testing.assert_close(
            state[key], wanted[key].float(), rtol=1e-4, atol=1e-6)
        assert not torch.allclose(state[key], seen.params[-1][key], rtol=1e-3)

    # The checkpoint as the next phase and merging load it ...
    model = MODELS.build(make_swap_cfg())
    model.load_state_dict(state)
    assert_same_bits(model.base_state_dict(), torch.load(base)['state_dict'])
    # ... the adapter's folder ...
    other = MODELS.build(make_swap_cfg())
    other.load_state_dict(torch.load(base)['state_dict'])
    mmswap.load_adapter(other, tmp_path / 'run' / 'adapter')
    assert_same_bits(other.state_dict(), model.state_dict())
    # ... and the merged model.
    layer = 'model.layers.0.ffn.layers.1'
    down, up = (wanted[f'{layer}.lora_{part}.default.weight']
                for part in 'AB')
    weight = wanted[f'{layer}.base_layer.weight'] + up @ down  # alpha = rank
    merged = mmswap.merge_adapter(model).state_dict()
    torch.testing.assert_close(
        merged['layers.0.ffn.layers.1.weight'].double(), weight, rtol=1e-4,
        atol=1e-6)


@pytest.mark.parametrize('kind', AVERAGES)
def test_a_resumed_run_is_one_that_was_not_interrupted(
        train, tmp_path, kind, assert_same_bits):
    train('whole', [AVERAGES[kind]])
    train(
        'resumed', [AVERAGES[kind]],
        load_from=str(tmp_path / 'whole' / 'iter_2.pth'),
        resume=True)
    whole, resumed = (read(tmp_path / name) for name in ('whole', 'resumed'))
    for key in ('state_dict', 'ema_state_dict'):
        assert_same_bits(dict(resumed[key]), dict(whole[key]))
    adapters = [load_file(tmp_path / name / 'adapter' / 'adapter_model'
                          '.safetensors') for name in ('resumed', 'whole')]
    assert_same_bits(*adapters)


@pytest.mark.parametrize('kind', ['exp', 'late'])
def test_the_next_phase_has_an_average_too(train, tmp_path, kind, base,
                                           assert_same_bits):
    """With a history, and from what another phase has left."""
    train('first', [AVERAGES[kind]])
    first = read(tmp_path / 'first')['state_dict']
    cfg = make_swap_cfg()
    cfg['adapter']['name'] = 'second'
    load_from = str(tmp_path / 'first' / f'iter_{STEPS}.pth')
    train('second', [AVERAGES[kind]], model=cfg, load_from=load_from)
    model = MODELS.build(copy.deepcopy(cfg))
    model.load_state_dict(read(tmp_path / 'second')['state_dict'])
    assert model.history.names == ['default']
    model.undo('default')
    for key, value in torch.load(base)['state_dict'].items():
        torch.testing.assert_close(
            model.base_state_dict()[key], value, rtol=0, atol=1e-5)
    key = 'model.layers.0.ffn.layers.1.lora_A.default.weight'
    assert torch.equal(
        read(tmp_path / 'second')['state_dict'][
            'history.default.layers.0.ffn.layers.1.lora_A'], first[key])
    train(
        'again', [AVERAGES[kind]], model=cfg, resume=True,
        load_from=str(tmp_path / 'second' / 'iter_2.pth'))
    for key in ('state_dict', 'ema_state_dict'):
        assert_same_bits(
            dict(read(tmp_path / 'again')[key]),
            dict(read(tmp_path / 'second')[key]))


def test_a_base_checkpoint_loads_below_a_prefix(base):
    """As an average of a SwapModel loads it, and with the same checks."""
    holder = torch.nn.Module()
    holder.module = MODELS.build(make_swap_cfg())
    state = torch.load(base)['state_dict']
    state = {f'module.{key}': value for key, value in state.items()}
    holder.load_state_dict(state)
    found = holder.module.base_state_dict()
    assert all(torch.equal(found[k[7:]], v) for k, v in state.items())
    with pytest.raises(RuntimeError, match='load_from .* keys it lacks: stem'):
        holder.load_state_dict(
            {k: v for k, v in state.items() if 'stem.bias' not in k})
    with pytest.raises(RuntimeError, match='load_from .* no place for: odd'):
        holder.load_state_dict(dict(state, **{'module.odd': torch.zeros(1)}))
