"""Types as configs have them, and the walk that finds them."""
import pytest
from mmengine.config import Config

from mmswap.config.types import (
    is_mmswap_type,
    mmswap_types,
    type_name,
    walk,
)


def test_type_names():
    assert type_name('mmswap.SwapModel') == 'SwapModel'
    assert type_name('SwapModel') == 'SwapModel'
    assert type_name(dict) == 'dict'


@pytest.mark.parametrize('kind, wanted', [
    ('mmswap.SwapLogHook', True),
    ('SwapLogHook', True),
    ('mmswap.engine.hooks.SwapLogHook', True),
    ('other.SwapLogHook', False),
    ('mmswap.AdapterHook', False),
])
def test_mmswap_types(kind, wanted):
    assert is_mmswap_type(dict(type=kind), 'SwapLogHook') is wanted


def test_mmswap_types_as_classes():
    from mmswap.engine.hooks import SwapLogHook
    assert is_mmswap_type(dict(type=SwapLogHook), 'SwapLogHook')
    assert not is_mmswap_type([], 'SwapLogHook')
    assert not is_mmswap_type(dict(a=1), 'SwapLogHook')


def test_types_are_found_wherever_they_are():
    cfg = dict(a=[dict(type='mmswap.X'), 1], b=('mmswap.y', ), c='mmswapper')
    assert list(mmswap_types(cfg)) == [('a.0.type', 'mmswap.X'),
                                       ('b.0', 'mmswap.y')]


def test_a_walk_visits_every_part_once():
    cfg = Config(dict(a=dict(b=[1, dict(c=2)]), d=(3, )))
    found = dict(walk(cfg))
    assert list(found) == ['', 'a', 'a.b', 'a.b.0', 'a.b.1', 'a.b.1.c', 'd',
                           'd.0']
    assert found['a.b.1'] is cfg.a.b[1] and found['d.0'] == 3
