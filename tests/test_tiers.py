"""The fast tier, the tests without the mark ``slow``, reaches every module.

Read from the source by AST. Where a module has a test file of its own, one
test in it has to be fast. Any other has to be used by a file with a fast
test: by itself, or through modules of its room or of one within that.
"""
import ast
import importlib
import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
PACKAGE = TESTS.parent / 'mmswap'
MODULES = sorted(
    path for path in PACKAGE.rglob('*.py') if path.name != '__init__.py')


def marks_slow(node):
    """Whether it is ``pytest.mark.slow``, perhaps one of a list.

    The mark of one parameter leaves the others in the fast tier.
    """
    if isinstance(node, (ast.List, ast.Tuple)):
        return any(map(marks_slow, node.elts))
    return isinstance(node, ast.Attribute) and node.attr == 'slow'


def fast_tests(tree):
    """The names of a file's tests that are not slow."""
    for node in tree.body:
        if (isinstance(node, ast.Assign) and marks_slow(node.value)
                and getattr(node.targets[0], 'id', '') == 'pytestmark'):
            return []
    return [
        node.name for node in tree.body
        if isinstance(node, ast.FunctionDef) and node.name.startswith('test_')
        and not any(map(marks_slow, node.decorator_list))
    ]


def used(tree):
    """The modules of mmswap that a file imports from, or names in a string.

    ``from mmswap.models import SwapModel``, ``mmswap.save_adapter`` and
    ``type='mmswap.SwapModel'`` use the modules that define these.
    """
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found.update(f'{node.module}.{alias.name}' for alias in node.names)
        elif isinstance(node, ast.Attribute):
            found.add(ast.unparse(node))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            found.update(re.findall(r'\bmmswap(?:\.\w+)+', node.value))
    return {defined_in(name) for name in found if name.startswith('mmswap.')}


def defined_in(name):
    """The module that defines what a dotted name stands for.

    A name of two parts may be one of a registry.
    """
    module, _, attribute = name.rpartition('.')
    try:
        return importlib.import_module(name).__name__
    except ImportError:
        pass
    if module == 'mmswap':
        value = registered(attribute)
        if value is not None:
            return value.__module__
    try:
        value = getattr(importlib.import_module(module), attribute, None)
    except ImportError:
        return module  # Or an attribute of something that is defined there.
    return getattr(value, '__module__', module)


def registered(name):
    """What is registered under a name in one of mmswap's registries."""
    from mmengine.registry import Registry

    from mmswap import registry
    for value in vars(registry).values():
        if isinstance(value, Registry) and value.scope == 'mmswap':
            if name in value.module_dict:
                return value.module_dict[name]
    return None


def module_name(path):
    """'mmswap.models.swap_model' for mmswap/models/swap_model.py."""
    return '.'.join(path.relative_to(PACKAGE.parent).with_suffix('').parts)


def twin(path):
    """tests/test_models/test_swap_model.py for mmswap/models/swap_model.py."""
    *rooms, name = path.relative_to(PACKAGE).parts
    return TESTS.joinpath(*(f'test_{room}' for room in rooms), f'test_{name}')


def helpers(module, tree):
    """The modules that a module uses of its room, or of the one around it."""
    room = module.rpartition('.')[0]
    rooms = {room, room.rpartition('.')[0]} - {'mmswap'}
    return {name for name in used(tree) if name.rpartition('.')[0] in rooms}


@pytest.fixture(scope='module')
def trees():
    return {
        path: ast.parse(path.read_text(encoding='utf-8'))
        for path in (*TESTS.rglob('test_*.py'), *MODULES)
    }


@pytest.fixture(scope='module')
def reached(trees):
    """The modules that fast tests use, and the helpers of these."""
    by_name = {module_name(path): trees[path] for path in MODULES}
    new = {
        name for path, tree in trees.items()
        if path.name.startswith('test_') and fast_tests(tree)
        for name in used(tree)
    }
    found = set()
    while new:
        found |= new
        new = {
            helper for name in new & set(by_name)
            for helper in helpers(name, by_name[name])
        } - found
    return found


@pytest.mark.parametrize('path', MODULES, ids=module_name)
def test_a_fast_test_reaches(path, trees, reached):
    if twin(path) in trees:
        assert fast_tests(trees[twin(path)])
    else:
        assert module_name(path) in reached


def on_two_ranks(tree):
    """Tests that start processes: by themselves or by a fixture of theirs."""
    functions = [
        node for node in tree.body if isinstance(node, ast.FunctionDef)]
    starting = {
        function.name for function in functions for node in ast.walk(function)
        if isinstance(node, ast.Name) and node.id == 'run_on_two_ranks'
    }
    return {
        function.name for function in functions
        if function.name in starting
        or starting & {arg.arg for arg in function.args.args}
    }


def test_what_starts_processes_is_slow(trees):
    """Each of them imports everything: ten seconds."""
    fast = {
        path.name: names for path, tree in trees.items()
        if (names := on_two_ranks(tree) & set(fast_tests(tree)))
    }
    assert not fast


SOURCE = """
import mmswap
from mmswap.models import SwapModel
from mmswap.apis.swap import run_swap
CFG = dict(type='mmswap.SwapLogHook')
@pytest.mark.slow
def test_long():
    mmswap.save_adapter(model, folder)
@pytest.mark.parametrize('x', [pytest.param(1, marks=pytest.mark.slow), 2])
def test_short(monkeypatch, x):
    monkeypatch.setattr('mmswap.apis.state.STATE_FILE', 'x')
@pytest.fixture
def ranks(tmp_path):
    return run_on_two_ranks(find, tmp_path)
def test_alike(ranks):
    assert ranks[0] == ranks[1]
"""


def test_the_check_reads_files():
    tree = ast.parse(SOURCE)
    assert fast_tests(tree) == ['test_short', 'test_alike']
    assert on_two_ranks(tree) == {'ranks', 'test_alike'}
    assert used(tree) == {
        'mmswap.models.swap_model', 'mmswap.apis.swap', 'mmswap.apis.state',
        'mmswap.engine.hooks.swap_log_hook', 'mmswap.models.adapter_files'}
    for mark in ('pytest.mark.slow', '[pytest.mark.slow]'):
        assert not fast_tests(ast.parse(f'pytestmark = {mark}\n{SOURCE}'))
