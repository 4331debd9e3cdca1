import pytest

from mmswap.audit.measured import Measured
from mmswap.audit.verdict import by_role, judge, unfit_models


def around(value, width=.01):
    return Measured(value, value - width, value + width, 'seeds')


RETRAINED = (around(.10), around(.12))
HOLDING = dict(base=around(.95), hidden=around(.83))


# The gap reaches from 0.13 to 0.82, so that its thirds end at 0.36 and 0.59.
@pytest.mark.parametrize('value, width, verdict', [
    (.12, .01, 'forgotten'), (.02, .01, 'forgotten'), (.34, .01, 'forgotten'),
    (.36, .01, 'between'), (.5, .05, 'between'), (.58, .02, 'between'),
    (.61, .01, 'hidden'), (.83, .1, 'hidden'), (.99, .01, 'hidden'),
    (.47, .2, 'inconclusive'),
])
def test_a_verdict_is_where_the_interval_lies(value, width, verdict):
    assert judge(around(value, width), RETRAINED, HOLDING)[0] == verdict


def test_a_test_that_fails_a_true_retrain_says_so():
    found = judge(around(.1), (around(.1), around(.6)), HOLDING)
    assert found.verdict == 'inconclusive' and 'true retrain' in found.why
    found = judge(around(.1), (around(.1), around(.3)), HOLDING)
    assert found.verdict == 'forgotten'


def test_a_test_that_cannot_tell_says_so():
    """As of features that tell classes apart that were never learned."""
    found = judge(around(.9), (around(.89), around(.86)), HOLDING)
    assert found.verdict == 'inconclusive' and 'hidden' in found.why
    found = judge(around(.9), (around(.97), around(.96)), HOLDING)
    assert found.verdict == 'inconclusive'


@pytest.mark.parametrize('retrained, holding, why', [
    (RETRAINED[:1], HOLDING, 'two retrained'), ((), HOLDING, 'two retrained'),
    (RETRAINED, {}, 'no model that has the class')])
def test_without_references_nothing_follows(retrained, holding, why):
    found = judge(around(.1), retrained, holding)
    assert found.verdict == 'inconclusive' and why in found.why


def test_models_are_parted_by_role():
    roles = dict(a='subject', b='retrained', c='retrained', d='base',
                 e='hidden')
    measured = {name: around(i / 10) for i, name in enumerate(roles)}
    assert by_role(measured, roles, ('base', )) == (
        [measured['b'], measured['c']], dict(d=measured['d']))
    assert list(by_role(measured, roles, ('base', 'hidden'))[1]) == ['d', 'e']


def test_a_retrained_model_that_learned_little_is_unfit():
    roles = dict(a='subject', b='retrained', c='retrained', d='base')
    assert unfit_models(dict(a=.8, b=.65, c=.63, d=.1), roles) == ['c']
    assert unfit_models(dict(a=None, b=.1, c=None, d=.9), roles) == []
