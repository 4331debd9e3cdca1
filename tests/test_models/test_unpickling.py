"""What a Runner writes comes back as it was, and nothing else is built."""
import collections
import io
import os
import pickle

import numpy as np
import pytest
import torch
from mmengine.logging import HistoryBuffer
from mmengine.optim import scheduler as schedulers

from mmswap.models.unpickling import pickle_module, settle


def read(value, **options):
    """What the reader makes of what torch.save writes."""
    file = io.BytesIO()
    torch.save(value, file, **options)
    file.seek(0)
    return settle(torch.load(
        file, weights_only=False, pickle_module=pickle_module()))


def assert_same(got, wanted):
    """Of one type and one value, all through."""
    assert type(got) is type(wanted)
    if isinstance(wanted, dict):
        assert list(got) == list(wanted)
        for key in wanted:
            assert_same(got[key], wanted[key])
    elif isinstance(wanted, (list, tuple, collections.deque)):
        assert len(got) == len(wanted)
        for pair in zip(got, wanted):
            assert_same(*pair)
    elif isinstance(wanted, HistoryBuffer):
        for pair in zip(got.data, wanted.data):
            assert_same(*pair)
        assert got.max_length == wanted.max_length
    elif isinstance(wanted, torch.Tensor):
        assert torch.equal(got, wanted) and got.dtype == wanted.dtype
    elif isinstance(wanted, np.ndarray):
        assert np.array_equal(got, wanted) and got.dtype == wanted.dtype
        assert got.flags.f_contiguous == wanted.flags.f_contiguous
    else:
        assert got == wanted or got != got and wanted != wanted


VALUES = [
    dict(a=torch.arange(3.), b=[1, 2.5, None, 'text', b'bytes', (True, 1j)]),
    torch.nn.Parameter(torch.ones(2, 2), requires_grad=False),
    torch.ones(2, dtype=torch.bfloat16),
    collections.OrderedDict(z=1, a=2),
    collections.Counter([4, 4, 9]),
    collections.deque([1, 2]),
    {1, 2}, frozenset((3, )), slice(1, 2),
    torch.Size((2, 3)), torch.device('cpu'), torch.float16,
    np.arange(6.).reshape(2, 3), np.asfortranarray(np.ones((2, 3), np.int8)),
    np.array([]), np.array(['a', 'bc']), np.array([1., 2.], '>f4'),
    np.array(3.), np.float64(2), np.bool_(True), np.int32(-7),
    float('nan'), float('inf'),
]


@pytest.mark.parametrize('value', VALUES, ids=repr)
@pytest.mark.parametrize('zipped', [True, False])
def test_values(value, zipped):
    assert_same(
        read(value, _use_new_zipfile_serialization=zipped), value)


@pytest.mark.parametrize('values', [[], [1., 2.5]])
def test_the_history_of_a_log(values):
    buffer = HistoryBuffer(values, [1] * len(values), max_length=7)
    read_back = read(dict(loss=buffer))['loss']
    assert_same(read_back, buffer)
    read_back.update(4., 2)
    assert read_back.statistics('current') == 4.
    assert read_back.mean() == (sum(values) + 4.) / (len(values) + 2)


def test_a_file_adds_no_statistic():
    buffer = HistoryBuffer([1.], [1])
    buffer.__dict__['_statistics_methods'] = dict(mean=HistoryBuffer.max)
    read(buffer)
    assert HistoryBuffer([1., 3.], [1, 1]).statistics('mean') == 2.


SCHEDULERS = dict(
    ConstantLR=dict(factor=.5), CosineAnnealingLR=dict(T_max=4),
    CosineRestartLR=dict(
        periods=[2, 3, 9], restart_weights=[1, .5, .2], eta_min=0.),
    ExponentialLR=dict(gamma=.5), LinearLR=dict(start_factor=.1),
    MultiStepLR=dict(milestones=[2, 4, 4]),
    OneCycleLR=dict(eta_max=.1, total_steps=9), PolyLR=dict(),
    ReduceOnPlateauLR=dict(monitor='acc'), StepLR=dict(step_size=2))


@pytest.mark.parametrize('name', SCHEDULERS)
def test_a_scheduler_goes_on_as_it_was(name):
    def build():
        optimizer = torch.optim.SGD(
            [torch.nn.Parameter(torch.ones(1))], lr=1., momentum=.9)
        optimizer.step()
        return optimizer, getattr(schedulers, name)(
            optimizer, **SCHEDULERS[name])

    def step(scheduler, count):
        plateau = name == 'ReduceOnPlateauLR'
        for _ in range(count):
            scheduler.step(*([dict(acc=.5)] if plateau else ()))

    optimizer, going_on = build()
    step(going_on, 3)
    saved = read(dict(scheduler=going_on.state_dict(),
                      optimizer=optimizer.state_dict()))
    other, resumed = build()
    other.load_state_dict(saved['optimizer'])
    resumed.load_state_dict(saved['scheduler'])
    for scheduler in (going_on, resumed):
        step(scheduler, 3)
    assert resumed.get_last_value() == going_on.get_last_value()
    assert other.param_groups[0]['lr'] == optimizer.param_groups[0]['lr']


def test_what_is_shared_stays_shared():
    part = dict(numbers=np.arange(2))
    loop = [part, part]
    loop.append(loop)
    found = read(loop)
    assert found[0] is found[1] and found[2] is found
    assert_same(found[0], part)


class Reduced:
    """Is built by any call."""

    def __init__(self, *call):
        self.call = call

    def __reduce__(self):
        return self.call


class Built(Reduced):
    """And given a state."""

    def __reduce__(self):
        return self.call


OBJECTS = (3, '|', None, None, None, -1, -1, 0)
REFUSED = {
    'a command': (Reduced(os.system, ('false', )), r'(posix|nt)\.system'),
    'eval': (Reduced(eval, ('1', )), 'eval'),
    'getattr of a function': (
        Reduced(getattr, (torch._utils._rebuild_tensor_v2, '__globals__')),
        'getattr'),
    'getattr of an object': (Reduced(getattr, ('a', 'upper')), 'getattr'),
    'an object': (io.StringIO, 'StringIO'),
    'a class': (collections.OrderedDict, 'OrderedDict'),
    'a function': (torch._utils._rebuild_tensor_v2, '_rebuild_tensor_v2'),
    'a function of torch': (torch.load, r'torch\.'),
    'objects of numpy': (np.array([1, 'a'], object), "'O8'"),
    'fields of numpy': (np.zeros(2, 'i4,f4'), "'V8'"),
    'an array without a state': (
        Reduced(np.zeros(1).__reduce__()[0], (np.ndarray, (0, ), b'b')),
        '_Array'),
    'objects whose flags lie': (
        Built(np.dtype, ('O8', False, True), OBJECTS), "'O8'"),
    'a method in a list': ([HistoryBuffer.mean], '_Method'),
    'another encoding': (Reduced(__import__('_codecs').encode,
                                 ('a', 'rot13')), 'rot13'),
    'many bytes': (Reduced(bytes, (10**15, )), 'argument'),
    'a key': ({(np.dtype('f4'), ): 1}, 'key'),
}


@pytest.mark.parametrize('value, found', REFUSED.values(), ids=REFUSED)
@pytest.mark.parametrize('zipped', [True, False])
def test_anything_else_is_refused(value, found, zipped):
    with pytest.raises((pickle.UnpicklingError, TypeError), match=found):
        read([value], _use_new_zipfile_serialization=zipped)
