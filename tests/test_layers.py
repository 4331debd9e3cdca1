"""Imports go one way, read from the source by AST."""
import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / 'mmswap'
LEVEL = dict(
    registry=0,
    class_table=0,
    stock=0,
    models=1,
    datasets=1,
    evaluation=1,
    engine=2,
    apis=3)
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
    lora = dict(imports_of(PACKAGE / 'models' / 'lora.py'))
    assert 'mmswap.models.groups' in lora and 'peft' in lora
