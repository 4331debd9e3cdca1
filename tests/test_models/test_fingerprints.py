"""A base model is known by its weights, wherever its name is written."""
import hashlib
import json

import pytest
import torch
from torch import nn

import mmswap
from mmswap.models.checkpoints import (
    EXTRA,
    base_hash,
    pack_extra,
    unpack_extra,
)
from mmswap.models.fingerprints import check_base, fingerprint, hash_states
from mmswap.models.safetensors_files import (
    load_from_safetensors,
    save_safetensors,
)

STATE = dict(
    b=torch.arange(6.).reshape(2, 3) / 7, a=torch.tensor([1, 2]),
    c=torch.tensor(.5), d=torch.ones(0, 2))


def test_it_is_what_it_is_said_to_be():
    """By a second implementation."""
    whole = hashlib.sha256()
    for key in 'abcd':
        value = STATE[key].numpy()
        if value.dtype.kind == 'f':
            value = value.astype('<f2')
        name = dict(f='float16', i='int64')[value.dtype.kind]
        part = hashlib.sha256(
            f'{key} torch.{name} {value.shape}'.encode() + value.tobytes())
        whole.update(part.hexdigest().encode())
    assert fingerprint(STATE) == whole.hexdigest()


def test_what_makes_another_base_and_what_does_not(tmp_path):
    same = [
        dict(reversed(list(STATE.items()))),
        {key: value.clone().requires_grad_(value.is_floating_point())
         for key, value in STATE.items()},
        dict(STATE, **{'bn.running_mean': torch.ones(2),
                       'bn.running_var': torch.ones(2),
                       'bn.num_batches_tracked': torch.tensor(3)}),
        dict(STATE, b=STATE['b'].half()),
        dict(STATE, b=STATE['b'].t().contiguous().t()),
    ]
    assert {fingerprint(each) for each in same} == {fingerprint(STATE)}
    save_safetensors(STATE, tmp_path / 'a.safetensors', half=True)
    assert fingerprint(load_from_safetensors(str(
        tmp_path / 'a.safetensors'))['state_dict']) == fingerprint(STATE)
    others = [
        dict(STATE, b=STATE['b'] + .001), dict(STATE, b=STATE['b'].t()),
        dict(STATE, a=STATE['a'].int()), dict(STATE, e=STATE['c']),
        {key + 'x': value for key, value in STATE.items()}]
    assert len({fingerprint(each) for each in (STATE, *others)}) == 6


def test_the_hash_of_states_reads_all_bytes():
    assert hash_states(STATE) != hash_states(dict(STATE, d=torch.ones(0, 3)))
    assert hash_states(STATE) != hash_states(STATE, STATE)


def test_only_two_that_are_known_are_compared():
    for pair in ((None, 'b'), ('a', None), (None, None), ('a', 'a')):
        check_base('it', *pair)
    with pytest.raises(ValueError, match='it must meet .* is aaa, .* bbb'):
        check_base('it', 'aaa', 'bbb')


def moved(state):
    key = next(key for key in state if key.endswith('weight'))
    return {**state, key: state[key] + .01}


def test_a_phase_carries_the_fingerprint_of_its_base(build_swap, base_state,
                                                     read_config):
    state = base_state('mask_rcnn')
    swap = build_swap('mask_rcnn')
    assert swap.base_hash == fingerprint(state) == base_hash(state)
    saved = swap.state_dict()
    assert base_hash(saved) == fingerprint(state)
    # And so does what begins with it, with the adapter that it has or not.
    adapter = read_config('mask_rcnn', 'learn').model.get('adapter') or {}
    for name in ('default', 'other'):
        later = build_swap('mask_rcnn', 'forget', load=False,
                           adapter=dict(adapter, name=name))
        assert later.base_hash is None
        later.load_state_dict(dict(saved))
        assert base_hash(later.state_dict()) == fingerprint(state)
    # Not a model that another base was loaded into.
    swap.load_state_dict(moved(state))
    assert swap.base_hash == fingerprint(moved(state)) != fingerprint(state)


def test_a_checkpoint_of_release_0_1_tells_none(build_swap):
    saved = build_swap('mask_rcnn').state_dict()
    extra = unpack_extra(saved[EXTRA])
    del extra['adapter']['base_hash']
    saved[EXTRA] = pack_extra(extra)
    later = build_swap('mask_rcnn', 'forget', load=False)
    later.load_state_dict(saved)
    assert later.base_hash is None
    assert 'base_hash' not in unpack_extra(
        later.state_dict()[EXTRA])['adapter']


def test_an_adapter_is_refused_on_another_base(build_swap, base_state,
                                               tmp_path, randomise_adapter):
    folder = mmswap.save_adapter(
        randomise_adapter(build_swap('mask_rcnn')), tmp_path)
    saved = json.loads((folder / 'swap.json').read_text())
    assert saved['base_hash'] == fingerprint(base_state('mask_rcnn'))
    other = build_swap('mask_rcnn', load=False)
    other.load_state_dict(moved(base_state('mask_rcnn')))
    before = {key: value.clone() for key, value in other.state_dict().items()}
    match = (f'the adapter in .* {saved["base_hash"][:12]}, got one with '
             f'{other.base_hash[:12]}')
    with pytest.raises(ValueError, match=match):
        mmswap.load_adapter(other, folder)
    after = other.state_dict()
    assert all(torch.equal(after[key], before[key]) for key in before)
    # The same weights as they are published.
    other.load_state_dict({
        key: value.half().float() if value.is_floating_point() else value
        for key, value in base_state('mask_rcnn').items()})
    mmswap.load_adapter(other, folder)


class Plain(nn.Module):

    def __init__(self, seed):
        super().__init__()
        torch.manual_seed(seed)
        self.line = nn.Linear(4, 4)
        self.bn = nn.BatchNorm1d(4)


def test_a_plain_model_has_a_base_too(tmp_path):
    model = Plain(0)
    mmswap.apply_adapter(model, rank=2, targets=['line'])
    model.train()
    model.bn(torch.randn(8, 4))  # Moves its statistics.
    with torch.no_grad():
        model.line.lora_B['default'].weight.normal_()
    folder = mmswap.save_adapter(model, tmp_path)
    mmswap.load_adapter(Plain(0), folder)
    with pytest.raises(ValueError, match='must meet the base model'):
        mmswap.load_adapter(Plain(1), folder)
