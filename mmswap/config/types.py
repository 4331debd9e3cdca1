"""Types as configs have them: a name with or without scope, or a class."""
from typing import Any, Iterator, List, Tuple

from mmengine.config import Config


def type_name(value: Any) -> str:
    """The bare name of a registered type.

    Args:
        value: A type as configs have it: a name with or without scope or
            module (``'mmswap.SwapModel'``), or a class.
    """
    text = value if isinstance(value, str) else getattr(
        value, '__name__', str(value))
    return text.rpartition('.')[2]


def is_mmswap_type(cfg: Any, name: str) -> bool:
    """Whether ``cfg`` is a config dict of one of mmswap's types.

    Args:
        cfg: Any part of a config.
        name: The bare name of the type, such as ``'SwapEvaluator'``.
    """
    if not isinstance(cfg, dict):
        return False
    kind = cfg.get('type')
    scope = kind if isinstance(kind, str) else getattr(kind, '__module__', '')
    return type_name(kind) == name and scope.split('.')[0] in ('mmswap', name)


def walk(value: Any, path: str = '') -> Iterator[Tuple[str, Any]]:
    """Visit every part of a config, the outer ones first.

    Args:
        value: A config or a part of one.
        path: Its dotted path.

    Yields:
        The dotted path and the value of each part: dicts, the items of lists
        and tuples, and what is in them.
    """
    yield path, value
    items: List[Tuple[Any, Any]] = []
    if isinstance(value, (dict, Config)):
        items = list(value.items())
    elif isinstance(value, (list, tuple)):
        items = list(enumerate(value))
    for key, item in items:
        yield from walk(item, f'{path}.{key}' if path else str(key))


def mmswap_types(value: Any) -> Iterator[Tuple[str, str]]:
    """Dotted path and name of each type of mmswap in a part of a config.

    Args:
        value: A config or a part of one.
    """
    for path, part in walk(value):
        if isinstance(part, str) and part.startswith('mmswap.'):
            yield path, part
