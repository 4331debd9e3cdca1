"""The class table: splits, labels, and what it refuses."""
import pytest

from mmswap.class_table import ClassTable

BASE = ('cat', 'dog', 'owl')


@pytest.fixture
def table():
    return ClassTable(BASE, learn=('yak', 'bee'), forget=('dog', ))


def test_names_and_splits(table):
    assert table.names == ('cat', 'dog', 'owl', 'yak', 'bee')
    assert table.retain == ('cat', 'owl')
    assert (table.num_base, table.num_learn, len(table)) == (3, 2, 5)


@pytest.mark.parametrize('split, labels', [
    ('retain', (0, 2)),
    ('forget', (1, )),
    ('learn', (3, 4)),
    ('all', (0, 1, 2, 3, 4)),
    (('learn', 'forget'), (1, 3, 4)),
    ((), ()),
])
def test_labels(table, split, labels):
    assert table.labels(split) == labels


@pytest.mark.parametrize('split', ['base', ['retain', 'base'], 'Learn'])
def test_unknown_split(table, split):
    with pytest.raises(ValueError, match="must be 'all' or one of .*, got"):
        table.labels(split)


def test_from_cfg(table):
    assert ClassTable.from_cfg(table) is table
    assert ClassTable.from_cfg(table.as_dict()) == table
    assert table.as_dict() == dict(
        base=list(BASE), learn=['yak', 'bee'], forget=['dog'])
    plain = ClassTable.from_cfg(dict(base=BASE))
    assert (plain.learn, plain.forget, plain.retain) == ((), (), BASE)
    assert plain != table


@pytest.mark.parametrize('classes, message', [
    (dict(base=()), 'classes.base must name the classes .* got none'),
    (dict(base='cat'), "classes.base must be a sequence .* got 'cat'"),
    (dict(base=('cat', 3)), r"classes.base must be .* got \('cat', 3\)"),
    (dict(base=('cat', 'cat')), r"name each class once, got \['cat'\]"),
    (dict(base=BASE, learn=('yak', 'yak')),
     r"classes.learn must name each class once, got \['yak'\]"),
    (dict(base=BASE, learn=('cat', )),
     r"classes.learn must be new .* but \['cat'\] stand in classes.base"),
    (dict(base=BASE, forget=('yak', )),
     r"classes.forget must be some .* but \['yak'\] are not; .*'owl'"),
    (dict(base=BASE, learn=('yak', ), forget=('yak', )),
     r"must not share a class, got \['yak'\] in both"),
    (dict(base=BASE, forget=BASE), 'must leave a class to retain'),
    (dict(learn=('yak', )), r"dict with base .* got the keys \['learn'\]"),
    (dict(base=BASE, drop=()), r"got the keys \['base', 'drop'\]"),
])
def test_refused(classes, message):
    with pytest.raises(ValueError, match=message):
        ClassTable.from_cfg(classes)


@pytest.mark.parametrize('classes', [None, BASE, 'cat'])
def test_no_dict(classes):
    with pytest.raises(TypeError, match=r'classes must be a dict\(base='):
        ClassTable.from_cfg(classes)


def test_things_stand_before_stuff():
    table = ClassTable(
        base=('cat', 'dog', 'sky'), learn=('road', 'cow'), forget=('cat', ),
        stuff=('sky', 'road'))
    assert table.names == ('cat', 'dog', 'cow', 'sky', 'road')
    assert table.is_new == (False, False, True, False, True)
    assert table.labels('learn') == (2, 4)
    assert ClassTable.from_cfg(table.as_dict()) == table


@pytest.mark.parametrize('base, stuff, match', [
    (('sky', 'cat'), ('sky', ), 'all things before all stuff'),
    (('cat', 'dog'), ('sky', ), 'classes.stuff must be some of'),
])
def test_wrong_stuff_is_refused(base, stuff, match):
    with pytest.raises(ValueError, match=match):
        ClassTable(base=base, stuff=stuff)


def test_what_earlier_requests_did():
    table = ClassTable(
        BASE, learn=('elk', ), forget=('yak', ), learned_before=('yak', 'bee'),
        forgotten_before=('dog', ), missing=('owl', ))
    assert table.names == ('cat', 'dog', 'owl', 'yak', 'bee', 'elk')
    assert table.known == table.names[:5]
    assert table.retain == ('cat', 'bee')
    assert table.is_new == (False, ) * 5 + (True, )
    assert table.labels('forgotten_before') == (1, )
    assert table.labels(('missing', 'learn')) == (2, 5)
    assert ClassTable.from_cfg(table.as_dict()) == table
    assert "forgotten_before=['dog'], missing=['owl']" in str(table)
    things = ClassTable(
        ('cat', 'sky'), learn=('elk', 'sea'), learned_before=('bee', ),
        stuff=('sky', 'sea'))
    assert things.names == ('cat', 'bee', 'elk', 'sky', 'sea')
    assert things.known == ('cat', 'bee', 'sky')


@pytest.mark.parametrize('classes, message', [
    (dict(forget=('dog', ), forgotten_before=('dog', )),
     r"classes.forget and classes.forgotten_before .* \['dog'\] in both"),
    (dict(forget=('dog', ), missing=('dog', )), 'must not share'),
    (dict(forgotten_before=('dog', ), missing=('dog', )), 'must not share'),
    (dict(learn=('yak', ), learned_before=('yak', )),
     'classes.learn must be new'),
    (dict(learned_before=('dog', )), 'classes.learned_before must be new to'),
    (dict(forgotten_before=('yak', )), 'classes.forgotten_before must be so'),
    (dict(missing=('yak', )), 'classes.missing must be some of'),
    (dict(missing=BASE[:1], forgotten_before=BASE[1:]),
     'leave a class to retain'),
])
def test_refused_of_earlier_requests(classes, message):
    with pytest.raises(ValueError, match=message):
        ClassTable(BASE, **classes)


def test_a_message_shows_some_of_many_names():
    table = ClassTable([f'class {i}' for i in range(80)], forget=['class 3'])
    assert "retain=['class 0', 'class 1'" in repr(table)
    assert "'class 8' and 71 more], forget=['class 3'], learn=[]" in repr(
        table)
    assert 'class 79' not in repr(table)
