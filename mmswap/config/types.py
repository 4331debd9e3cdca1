"""Types as configs have them: a name with or without scope, or a class."""
from typing import Any, Iterator, List, Tuple


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


def mmswap_types(value: Any,
                  path: Tuple[str, ...] = ()) -> Iterator[Tuple[str, str]]:
    """Dotted path and name of each type of mmswap in a part of a config."""
    items: List[Tuple[Any, Any]] = []
    if isinstance(value, dict):
        items = list(value.items())
    elif isinstance(value, (list, tuple)):
        items = list(enumerate(value))
    elif isinstance(value, str) and value.startswith('mmswap.'):
        yield '.'.join(path), value
    for key, item in items:
        yield from mmswap_types(item, (*path, str(key)))
