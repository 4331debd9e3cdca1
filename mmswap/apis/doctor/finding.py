"""What a check has to say of a swap."""
import re
from typing import Any, Dict, NamedTuple, Optional

LEVELS = ('error', 'warning', 'note')
# What a message of mmswap begins with: a dotted key of a config.
_KEY = re.compile(r'[A-Za-z_]\w*(?:\.\w+|\[\d+\])+|(?:classes|model)\b|'
                  r'load_from|optim_wrapper|(?:custom|default)_hooks|'
                  r'(?:train|val|test)_[a-z]+')


class Finding(NamedTuple):
    """One thing that was found.

    Attributes:
        level: ``'error'``: the swap fails, or its result would be wrong;
            ``'warning'``: it may be; ``'note'``: how it is.
        key: Where: a dotted config key, perhaps with a file behind it.
        message: What is wrong and what would be right, or how it is.
        phase: The phase; empty of the whole swap.
        facts: The figures of a note, as json can hold them.
    """

    level: str
    key: str
    message: str
    phase: str = ''
    facts: Optional[Dict[str, Any]] = None


def error(key: str, message: str) -> Finding:
    """A finding with which the swap fails, or its result is wrong.

    Args:
        key: Where.
        message: What is wrong, and what would be right.
    """
    return Finding('error', key, message)


def warning(key: str, message: str) -> Finding:
    """A finding with which the result may be wrong.

    Args:
        key: Where.
        message: What may be wrong, and what would be right.
    """
    return Finding('warning', key, message)


def note(key: str, message: str, **facts: Any) -> Finding:
    """How something is.

    Args:
        key: Where.
        message: How it is.
        facts: The figures in it.
    """
    return Finding('note', key, message, facts=facts or None)


def refusal(key: str, raised: BaseException) -> Finding:
    """What was raised, as an error; the key is that of its message.

    Args:
        key: The key where the message has none.
        raised: What was raised.
    """
    text = str(raised)
    if isinstance(raised, KeyError) and raised.args:
        text = str(raised.args[0])
    named = _KEY.match(text)
    if not isinstance(raised, (ValueError, TypeError, FileNotFoundError,
                               RuntimeError)) or not text:
        text = f'{type(raised).__name__}: {text}'
    text = ' '.join(text.split())
    if named is None:
        return error(key, text)
    # The message is read behind the key.
    return error(named.group(), text[named.end():].lstrip(' ,:'))
