"""Python source of config values, in lines as a person would break them."""
from typing import Any, List, Mapping, NamedTuple, Sequence, Tuple, Union

WIDTH = 79
_INDENT = 4


class Code(NamedTuple):
    """Source that stands as it is, such as ``_base_.model``.

    Attributes:
        text: The source.
    """

    text: str


class Call(NamedTuple):
    """A call, broken between its arguments where it is too long.

    Attributes:
        name: What is called.
        args: Its positional arguments.
        kwargs: Its keyword arguments.
    """

    name: str
    args: Tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] = {}


Node = Union[Code, Call, Mapping[str, Any], Sequence[Any], str, int, float,
             bool, None]


def assignment(target: str, value: Node) -> List[str]:
    """Write an assignment.

    Args:
        target: What stands in front of ``=``.
        value: Its value. A dict is written ``dict(key=...)``, or with braces
            where a key is no identifier.

    Returns:
        Its lines, of at most 79 characters wherever there is a place to
        break them.
    """
    lines = _lines(f'{target} = ', value, '', 0)
    if len(lines) == 1 and len(lines[0]) > WIDTH:
        return [f'{target} = (', f'{" " * _INDENT}{flat(value)})']
    return lines


def flat(value: Node) -> str:
    """Source of a value in a single line.

    Args:
        value: As of :func:`assignment`.
    """
    opening, items, closing = _parts(value)
    if items is None:
        return opening
    inside = ', '.join(key + flat(item) for key, item in items)
    if isinstance(value, tuple) and len(items) == 1 and not isinstance(
            value, Call):
        inside += ', '
    return f'{opening}{inside}{closing}'


def _parts(value: Any) -> Tuple[str, Any, str]:
    """What opens and closes a value, and between them (key, item) pairs.

    The items are None where there is no place to break.
    """
    if isinstance(value, Code):
        return value.text, None, ''
    if isinstance(value, Call):
        items = [('', arg) for arg in value.args]
        items += [(f'{key}=', item) for key, item in value.kwargs.items()]
        return f'{value.name}(', items, ')'
    if isinstance(value, Mapping):
        if not all(key.isidentifier() for key in value):
            return '{', [(f'{k!r}: ', v) for k, v in value.items()], '}'
        return 'dict(', [(f'{k}=', v) for k, v in value.items()], ')'
    if isinstance(value, (list, tuple)):
        opening, closing = '[]' if isinstance(value, list) else '()'
        return opening, [('', item) for item in value], closing
    if isinstance(value, float) and 0 < value < 1e-2:
        # 1e-3 rather than 0.001, as configs have it.
        mantissa, exponent = f'{value:e}'.split('e')
        return f'{float(mantissa):g}e{int(exponent)}', None, ''
    return repr(value), None, ''


def _lines(before: str, value: Node, after: str, indent: int,
           whole: bool = True) -> List[str]:
    """A value with what stands around it, at an indent."""
    pad = ' ' * indent
    line = f'{pad}{before}{flat(value)}{after}'
    opening, items, closing = _parts(value)
    if not items or (whole and len(line) <= WIDTH):
        return [line]
    if whole and len(items) == 1 and _can_break(items[0][1]):
        key, item = items[0]
        return _lines(before + opening + key, item, closing + after, indent)
    lines = [f'{pad}{before}{opening}']
    fresh = True
    inner = indent + _INDENT
    for number, (key, item) in enumerate(items, 1):
        ending = ',' if number < len(items) else closing + after
        text = f'{key}{flat(item)}{ending}'
        if not fresh and len(lines[-1]) + 1 + len(text) <= WIDTH:
            lines[-1] += f' {text}'
            continue
        broken = _lines(key, item, ending, inner)
        opened = f'{lines[-1]} {key}{_parts(item)[0]}'
        if not fresh and number == len(items) and _can_break(
                item) and len(opened) <= WIDTH:
            # Where that saves a line, the last argument begins on the line
            # of the others.
            rest = _lines(key, item, ending, inner, whole=False)[1:]
            if len(rest) < len(broken):
                return [*lines[:-1], opened, *rest]
        lines += broken
        # Nothing stands behind the end of what took several lines.
        fresh = len(broken) > 1
    return lines


def _can_break(value: Node) -> bool:
    return bool(_parts(value)[1])
