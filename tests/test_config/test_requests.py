"""Plans of requests: what each request's phase is told of the earlier ones."""
import pytest
from mmengine.config import Config

from mmswap.class_table import ClassTable
from mmswap.config.requests import class_tables, read_plan

BASE = ('cat', 'dog', 'owl', 'yak')


@pytest.fixture
def plan(tmp_path):
    """(requests, **keys) -> the plan of a file with them."""

    def make(requests, **keys):
        for kind in ('learn', 'forget'):
            (tmp_path / f'{kind}.py').write_text('')
        keys = dict(dict(configs=dict(learn='learn.py', forget='forget.py')),
                    **keys)
        return read_plan(tmp_path / 'plan.py',
                         Config(dict(requests=requests, **keys)))

    return make


def tables(plan):
    return class_tables(plan, BASE, ())


def test_what_was_learned_and_forgotten_is_told(plan):
    got = tables(plan([
        dict(forget=['dog']),
        dict(learn=['bee', 'elk']),
        dict(forget=['cat', 'bee']),
        dict(undo='1-forget-dog'),
        dict(forget=['owl']),
    ]))
    learned = dict(learned_before=['bee', 'elk'])
    wanted = [
        dict(forget=['dog']),
        dict(learn=['bee', 'elk'], forgotten_before=['dog']),
        dict(forget=['cat', 'bee'], forgotten_before=['dog'], **learned),
        dict(forgotten_before=['cat', 'bee'], **learned),
        dict(forget=['owl'], forgotten_before=['cat', 'bee'], **learned),
    ]
    assert got == [ClassTable(BASE, **keys) for keys in wanted]
    assert got[-1].retain == ('dog', 'yak', 'elk')


def test_a_class_that_was_learned_is_gone_with_its_request(plan):
    got = tables(plan([dict(learn=['bee']), dict(undo='1-learn-bee')]))
    assert got[1] == ClassTable(
        BASE, learned_before=['bee'], forgotten_before=['bee'])


def test_stuff_that_is_learned_later_is_no_stuff_yet(plan):
    """A plan names all stuff in one config, also that of a later request."""
    requests = plan([dict(forget=['cat']), dict(learn=['bee', 'sea'])])
    first, second = class_tables(requests, BASE, ('yak', 'sea'))
    assert first.stuff == ('yak', )
    assert second.names == ('cat', 'dog', 'owl', 'bee', 'yak', 'sea')


def test_missing_classes_until_they_are_forgotten(plan):
    got = tables(plan(
        [dict(forget=['dog']), dict(forget=['cat'])], missing=['cat', 'owl']))
    assert [t.missing for t in got] == [('cat', 'owl'), ('owl', )]
    assert [t.retain for t in got] == [('yak', ), ('yak', )]


def test_names(plan):
    made = plan([
        dict(forget=['traffic light']),
        dict(learn=['bee', 'elk', 'emu']),
        dict(forget=['dog'], name='ticket-17'),
        dict(undo='ticket-17')
    ])
    assert [r.name for r in made.requests] == [
        '1-forget-traffic_light', '2-learn-bee-and-2-more', 'ticket-17',
        '4-undo-dog']
    assert made.requests[3].undone == 'ticket-17'


@pytest.mark.parametrize('requests, keys, message', [
    ([], {}, r"requests must be a list of dicts .* got \[\]"),
    (dict(forget=['dog']), {}, 'requests must be a list of dicts'),
    (['dog'], {}, r"requests\[0\] must be a dict with one of .* got 'dog'"),
    ([dict(forget=['dog'], learn=['bee'])], {}, r'one of .* and perhaps'),
    ([dict(forget=['dog'], bound=3)], {}, r'one of .* and perhaps'),
    ([dict(forget='dog')], {}, r"forget must be a list .* got 'dog'"),
    ([dict(forget=[])], {}, r'forget must be a list of class names, got'),
    ([dict(forget=['dog']), dict(forget=['cat'], name='1-forget-dog')], {},
     r"requests\[1\].name must be new, got '1-forget-dog' once more"),
    ([dict(forget=['dog'], name='a.b'), dict(forget=['cat'], name='a_b')], {},
     r"requests\[1\].name must .* 'a_b' after 'a.b'"),
    ([dict(forget=['dog'], name='a_b'), dict(undo='a_b', name='a.b')], {},
     r"requests\[1\].name must .* 'a.b' after 'a_b'"),
    ([dict(forget=['dog'], name='a/b')], {}, r"made of letters.* got 'a/b'"),
    ([dict(forget=['dog'], name='base')], {}, 'name must be new'),
    ([dict(forget=['dog']), dict(undo='2')], {},
     r"undo must name an earlier request, one of \['1-forget-dog'\], got '2'"),
    ([dict(forget=['dog']), dict(undo='1-forget-dog'),
      dict(undo='1-forget-dog')], {}, r'one of \[\], got'),
    ([dict(learn=['bee'])], dict(configs=dict(forget='forget.py')),
     r"configs must have a config file for 'learn'"),
    ([dict(forget=['dog'])], dict(configs=dict(forget='none.py')),
     r'configs.forget must be a config file, got .*none.py'),
    ([dict(forget=['dog'])], dict(configs='forget.py'),
     r"configs must be a dict .* got 'forget.py'"),
])
def test_bad_plans(plan, requests, keys, message):
    with pytest.raises(ValueError, match=message):
        plan(requests, **keys)


@pytest.mark.parametrize('requests, message', [
    ([dict(forget=['dog']), dict(forget=['dog'])],
     r"'2-forget-dog': classes.forget and classes.forgotten_before"),
    ([dict(learn=['cat'])], r"'1-learn-cat': classes.learn must be new"),
    ([dict(learn=['bee']), dict(learn=['bee'])], 'must be new'),
    ([dict(forget=['bee'])], r"'1-forget-bee': classes.forget must be some"),
    ([dict(forget=['dog']), dict(forget=['cat', 'owl', 'yak'])],
     "'2-forget-cat-and-2-more': classes.forget must leave a class"),
])
def test_requests_that_cannot_be_met_are_named(plan, requests, message):
    with pytest.raises(ValueError, match=message):
        tables(plan(requests))
