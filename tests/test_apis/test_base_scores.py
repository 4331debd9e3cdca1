"""What the base is scored on for the sake of later requests."""
import copy

import pytest
from mmengine.config import Config

from mmswap.apis.base_scores import (
    base_fingerprint,
    later_forgets,
    score_later_forgets,
    tell_pretrained,
)
from mmswap.apis.plan import Phase

BASE = ['a', 'b', 'c', 'd']


def phase(name, undo='', evaluator='mmswap.SwapEvaluator', **classes):
    metrics = dict(retain=dict(type='M'))
    if classes.get('forget'):
        metrics['forget'] = dict(type='M', of=name)
    cfg = Config(
        dict(
            model=dict(classes=dict(base=BASE, **classes)),
            val_evaluator=dict(type=evaluator, metrics=metrics)))
    return Phase(name, cfg, f'hash of {name}', undo)


FORGET_A = phase('1', forget=['a'])
FORGET_B = phase('2', forget=['b'], forgotten_before=['a'])
LEARN_E = phase('1', learn=['e'])


@pytest.mark.parametrize('phases, expected', [
    ([FORGET_A], {}),
    # The phases of a pair have one table.
    ([FORGET_A, FORGET_A], {}),
    ([FORGET_A, FORGET_B], {'forget@2': ['b']}),
    ([FORGET_A, phase('2', 'x', forget=['b'])], {}),
    ([LEARN_E, phase('2', learned_before=['e'], forget=['c', 'b'])],
     {'forget@2': ['c', 'b']}),
    # Nobody can say what the pre-trained model knew of e.
    ([LEARN_E, phase('2', learned_before=['e'], forget=['b', 'e'])], {}),
    ([LEARN_E, phase('2', learned_before=['e'], learn=['f'])], {}),
    ([FORGET_A, phase('2', '', 'Other', forget=['b'])], {}),
])
def test_the_classes_that_later_requests_forget(phases, expected):
    assert later_forgets(phases) == expected
    cfg = copy.deepcopy(phases[0].cfg)
    score_later_forgets(cfg, phases)
    assert cfg.val_evaluator.get('subsets', {}) == expected


def test_a_request_to_learn_gets_the_metric_of_the_one_that_forgets():
    later = phase('2', learned_before=['e'], forget=['b'])
    cfg = copy.deepcopy(LEARN_E.cfg)
    score_later_forgets(cfg, [LEARN_E, later])
    assert cfg.val_evaluator.metrics.forget == dict(type='M', of='2')
    assert 'forget' not in LEARN_E.cfg.val_evaluator.metrics


def test_the_base_is_evaluated_anew_where_later_requests_forget_others():
    alone = base_fingerprint([FORGET_A])
    both = base_fingerprint([FORGET_A, FORGET_B])
    assert alone == FORGET_A.fingerprint != both
    assert both == base_fingerprint([FORGET_A, FORGET_B])
    other = phase('2', forget=['c'], forgotten_before=['a'])
    assert base_fingerprint([FORGET_A, other]) not in (alone, both)


def test_what_the_base_scored_is_told():
    metrics = {'swap/forget': .9, 'swap/forget@2': .7}
    cfg = copy.deepcopy(FORGET_B.cfg)
    tell_pretrained(cfg, '2', metrics)
    assert cfg.val_evaluator.pretrained == dict(forget=.7)
    # What the config says comes first.
    tell_pretrained(cfg, '2', {'swap/forget@2': .6})
    assert cfg.val_evaluator.pretrained == dict(forget=.7)
    cfg = copy.deepcopy(FORGET_B.cfg)
    tell_pretrained(cfg, '3', metrics)
    assert 'pretrained' not in cfg.val_evaluator
