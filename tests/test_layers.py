"""Imports go one way, read from the source by AST."""
import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / 'mmswap'
LEVEL = dict(
    version=0,
    registry=0,
    class_table=0,
    whole_file=0,
    config=1,
    tasks=2,
    models=2,
    datasets=3,
    evaluation=3,
    engine=4,
    export=4,
    audit=5,
    apis=6)
# The rooms of models; what stands beside them is above them.
ROOMS = dict(adapters=0, classes=0, outputs=1, objectives=2)
TASK_LIBRARIES = {'mmdet', 'mmseg', 'mmpretrain'}
FILES = sorted(PACKAGE.rglob('*.py'))


def part_of(file):
    """'models' for mmswap/models/lora.py, 'registry' for registry.py."""
    first = file.relative_to(PACKAGE).parts[0]
    return first[:-len('.py')] if first.endswith('.py') else first


def imported(node, package):
    """Absolute names of the modules that an import statement names."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if not isinstance(node, ast.ImportFrom):
        return []
    names = [alias.name for alias in node.names]
    root = node.module or ''
    if node.level:
        above = package[:len(package) - node.level + 1]
        root = '.'.join((*above, root) if root else above)
    # `from mmswap import models` names modules; so may any other.
    return [root] + [f'{root}.{name}' for name in names]


def imports_of(file):
    """Every import of a file: (module name, whether inside a function)."""
    package = ('mmswap', *file.relative_to(PACKAGE).parent.parts)
    return imports_in(file.read_text(), package)


def imports_in(source, package):
    tree = ast.parse(source)
    inside = {
        id(node)
        for function in ast.walk(tree)
        if isinstance(function, (ast.FunctionDef, ast.Lambda))
        for node in ast.walk(function)
    }
    return [(name, id(node) in inside) for node in ast.walk(tree)
            for name in imported(node, package)]


def plain_imports(file):
    """What ``import x`` statements name."""
    return [
        alias.name for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Import) for alias in node.names
    ]


def ids(file):
    return str(file.relative_to(PACKAGE))


def test_every_module_has_a_level():
    assert len(FILES) > 15
    assert {part_of(file) for file in FILES} <= {*LEVEL, '__init__'}


@pytest.mark.parametrize('file', FILES, ids=ids)
def test_nothing_imports_upward(file):
    """Or sideways: models, datasets and evaluation do not know each other."""
    here = part_of(file)
    if here == '__init__':
        return
    parts = {
        name.split('.')[1]
        for name, _ in imports_of(file) if name.startswith('mmswap.')
    } & set(LEVEL)
    above = {
        part
        for part in parts if part != here and LEVEL[part] >= LEVEL[here]
    }
    assert not above


@pytest.mark.parametrize('file', FILES, ids=ids)
def test_nothing_imports_the_package_itself(file):
    """Which imports all of it: an import upward in disguise."""
    if part_of(file) == '__init__':
        return
    named = {name for name, _ in imports_of(file)}
    modules = {f'mmswap.{part}' for part in LEVEL}
    assert not {
        name for name in named
        if name.startswith('mmswap.') and '.'.join(name.split('.')[:2])
        not in modules
    }
    assert 'mmswap' not in plain_imports(file)


@pytest.mark.parametrize('file', FILES, ids=ids)
def test_rooms_of_models_import_downward(file):
    parts = file.relative_to(PACKAGE).parts
    if parts[0] != 'models' or parts[1] not in ROOMS:
        return
    named = {
        name.split('.')[2] for name, _ in imports_of(file)
        if name.startswith('mmswap.models.')
    }
    assert {room for room in named if ROOMS.get(room, 9) > ROOMS[parts[1]]
            or room not in ROOMS} == set()


@pytest.mark.parametrize('file', FILES, ids=ids)
def test_config_does_without_torch(file):
    if part_of(file) == 'config':
        assert not {name for name, _ in imports_of(file)
                    if name.split('.')[0] in ('torch', 'peft')}


@pytest.mark.parametrize('file', FILES, ids=ids)
def test_modules_are_read_in_one_sitting(file):
    assert len(file.read_text().splitlines()) <= 250


@pytest.mark.parametrize('file', FILES, ids=ids)
def test_task_libraries_stay_optional(file):
    at_import = {
        name.split('.')[0]
        for name, in_function in imports_of(file) if not in_function
    }
    assert not at_import & TASK_LIBRARIES


SOURCE = """
import mmdet.models
from ..apis import run
from ... import engine
def f():
    from mmseg import x
"""


def test_the_checks_see_imports():
    """Neither check passes because it reads nothing."""
    found = imports_in(SOURCE, ('mmswap', 'engine', 'hooks'))
    assert set(found) == {
        ('mmdet.models', False), ('mmswap.engine.apis', False),
        ('mmswap.engine.apis.run', False), ('mmswap', False),
        ('mmswap.engine', False), ('mmseg', True), ('mmseg.x', True)
    }
    lora = dict(imports_of(PACKAGE / 'models' / 'adapters' / 'lora.py'))
    assert 'mmswap.models.adapters.groups' in lora and 'peft' in lora
