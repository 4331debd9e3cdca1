"""Lines of source, against what Python itself reads from them."""
import ast

import pytest

from mmswap.apis.init.layout import WIDTH, Call, Code, assignment, flat

NAMES = [f'name {number}' for number in range(40)]
LOADER = dict(
    _delete_=True, batch_size=4,
    sampler=dict(type='mmswap.SwapSampler', retain=2, target=2),
    dataset=dict(
        type='mmswap.SwapDataset', phase='learn', names=NAMES, lr=1e-3,
        new=dict(ann_file='a' * 50, data_prefix=dict(img='b' * 30))))


def value(lines):
    scope = {}
    exec('\n'.join(lines), {'dict': dict}, scope)  # noqa: S102
    return scope['x']


@pytest.mark.parametrize('given', [
    LOADER, NAMES, tuple(NAMES), ('one', ), [], None, True, 1e-3, 0.5, "it's",
    dict(dataset=dict(dataset=LOADER)), [LOADER, LOADER], 'c' * 90,
    dict(options={'a.b': LOADER, 'c': 1}),
])
def test_lines_are_the_value(given):
    lines = assignment('x', given)
    assert value(lines) == given
    assert type(value(lines)) is type(given)
    if given != 'c' * 90:
        assert max(map(len, lines)) <= WIDTH


def test_code_and_calls_stand_as_they_are():
    assert flat(Code('_base_.model')) == '_base_.model'
    call = Call('dict', (Code('_base_.a'), ), dict(b='c'))
    assert assignment('x', call) == ["x = dict(_base_.a, b='c')"]
    assert ast.unparse(ast.parse(flat(call))) == "dict(_base_.a, b='c')"


def test_a_last_argument_begins_on_the_line_of_the_others():
    long = dict(a='d' * 58)
    assert assignment('x', dict(y=1, z=dict(e=long, f='g'))) == [
        'x = dict(', '    y=1, z=dict(',
        f"        e=dict(a='{'d' * 58}'),", "        f='g'))"
    ]


def test_small_numbers_are_written_as_in_configs():
    assert [flat(n) for n in (1e-3, 2.5e-4, .5, 3)] == [
        '1e-3', '2.5e-4', '0.5', '3']
