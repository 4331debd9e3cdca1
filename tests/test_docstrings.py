"""Docstrings name the arguments that there are."""
import importlib
import inspect
import pkgutil
import re

import pytest

import mmswap

MODULES = sorted(
    module.name
    for module in pkgutil.walk_packages(mmswap.__path__, 'mmswap.'))


def documented(docstring):
    """The names in the Args section of a docstring; None without one.

    Those of a dataclass may be in an Attributes section.
    """
    lines = inspect.cleandoc(docstring or '').splitlines()
    heads = [line for line in lines if line in ('Args:', 'Attributes:')]
    if not heads:
        return None
    names = []
    for line in lines[lines.index(heads[0]) + 1:]:
        if line and not line.startswith(' '):
            break
        names += re.findall(r'^ {4}\*{0,2}(\w+)(?= *\(|:)', line)
    return names


def arguments(function):
    """The names that a call may give, without self and cls."""
    return [
        name for name in inspect.signature(function).parameters
        if name not in ('self', 'cls')
    ]


def public(module):
    """(name, docstring, function) of what a module defines."""
    for name, value in vars(module).items():
        if getattr(value, '__module__', None) != module.__name__:
            continue
        if inspect.isfunction(value):
            yield name, value.__doc__, value
        elif inspect.isclass(value):
            if '__init__' in vars(value) and arguments(value.__init__):
                yield name, value.__doc__, value.__init__
            for key, method in vars(value).items():
                if inspect.isfunction(method) and key != '__init__':
                    yield f'{name}.{key}', method.__doc__, method


@pytest.mark.parametrize('name', MODULES)
def test_args_are_those_of_the_signature(name):
    wrong = {
        key: (documented(docstring), arguments(function))
        for key, docstring, function in public(importlib.import_module(name))
        if documented(docstring) not in (None, arguments(function))
    }
    assert not wrong


def test_a_public_class_says_what_its_arguments_are():
    """As its docstring is all that a user of a config reads."""
    silent = [
        f'{module}.{name}' for module in MODULES
        for name, docstring, function in public(
            importlib.import_module(module))
        if name[0].isupper() and '.' not in name
        and documented(docstring) is None
    ]
    assert not silent


def test_the_check_reads_docstrings():
    from mmswap.datasets import ClassSubset
    names = documented(ClassSubset.__doc__)
    assert names[:3] == ['dataset', 'classes', 'keep'] and 'without' in names
    assert documented('One line.') is None
