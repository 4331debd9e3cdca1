"""A plan of requests that came one after another, as phases of a swap.

A plan is a config file with two keys: ``configs``, the phase config of each
kind of request, and ``requests``, what was asked for, in order. Each request
is a phase with an adapter of its own; what the earlier ones learned and forgot
follows from the plan, and is written into the phase's config.
"""
import re
from pathlib import Path
from typing import Any, Dict, List, Mapping, NamedTuple, Sequence, Tuple

from mmengine.config import Config

from mmswap.class_table import ClassTable

KINDS = ('learn', 'forget')
_OPTIONAL = ('name', 'cfg_options')


class Request(NamedTuple):
    """One request of a plan.

    Attributes:
        name: Unique in the plan; also the name of its phase. Its adapter
            has the same name with ``_`` for each dot.
        kind: ``learn``, ``forget`` or ``undo``.
        classes: The classes to learn or to forget; of ``undo``, those of the
            request that is undone.
        undone: Name of the request to undo, else empty.
        cfg_options: Settings of this request's config, by dotted key.
    """

    name: str
    kind: str
    classes: Tuple[str, ...]
    undone: str
    cfg_options: Dict[str, Any]

    @property
    def adapter(self) -> str:
        """Name of the request's adapter."""
        return adapter_name(self.name)


class Plan(NamedTuple):
    """A plan file.

    Attributes:
        configs: Path of the phase config of each kind of request.
        requests: The requests, in order.
        missing: Classes to keep of which there is no training data.
    """

    configs: Dict[str, Path]
    requests: List[Request]
    missing: Tuple[str, ...]


def adapter_name(name: str) -> str:
    """The name of a phase's adapter: peft takes no dot in it.

    Args:
        name: The phase's own name.
    """
    return name.replace('.', '_')


def read_plan(path: Path, cfg: Config) -> Plan:
    """Read and check a plan.

    Args:
        path: Of the plan file; ``configs`` are relative to its folder.
        cfg: What is in it.

    Raises:
        ValueError: If a key or a request is not as it must be.
    """
    configs = cfg.get('configs')
    if not isinstance(configs, Mapping) or not configs or (
            not set(configs) <= set(KINDS)):
        raise ValueError(f'configs must be a dict with a config file for each '
                         f'of {KINDS} that is asked for, got {configs!r} in '
                         f'{path}')
    files = {kind: path.parent / file for kind, file in configs.items()}
    for kind, file in files.items():
        if not file.is_file():
            raise ValueError(f'configs.{kind} must be a config file, got '
                             f'{file}')
    if 'requests' not in cfg:
        raise ValueError('requests must be a list of dicts such as '
                         "dict(forget=['a class']), got none among "
                         f'{list(cfg.keys())} in {path}')
    requests: List[Request] = []
    for number, given in enumerate(_listed(cfg.requests), 1):
        request = _read_request(number, given, requests)
        if request.kind in KINDS and request.kind not in files:
            raise ValueError(
                f'configs must have a config file for {request.kind!r}, of '
                f'which requests[{number - 1}] is one, got {list(files)}')
        requests.append(request)
    return Plan(files, requests, tuple(cfg.get('missing') or ()))


def class_tables(plan: Plan, base: Sequence[str],
                 stuff: Sequence[str]) -> List[ClassTable]:
    """The class table of each request.

    Args:
        plan: The plan.
        base: Classes of the base model.
        stuff: The stuff classes of a panoptic model, also those that a
            request learns.

    Raises:
        ValueError: If a request learns a class that is known, or forgets one
            that is not; the message names the request.
    """
    learned: List[str] = []
    forgotten: List[str] = []
    tables = []
    for request in plan.requests:
        asked = {request.kind: request.classes}
        if request.kind == 'undo':
            was_forget = all(name in forgotten for name in request.classes)
            if was_forget:
                forgotten = [n for n in forgotten if n not in request.classes]
            else:
                # Without their adapter they are not known any more.
                forgotten.extend(request.classes)
            asked = {}
        gone = [*forgotten, *asked.get('forget', ())]
        # A class that a later request learns is no stuff yet.
        known = {*base, *learned, *asked.get('learn', ())}
        try:
            tables.append(
                ClassTable(
                    base,
                    stuff=[name for name in stuff if name in known],
                    learned_before=learned,
                    forgotten_before=forgotten,
                    missing=[n for n in plan.missing if n not in gone],
                    **asked))
        except ValueError as error:
            raise ValueError(f'request {request.name!r}: {error}') from error
        learned = [*learned, *asked.get('learn', ())]
        forgotten = gone
    return tables


def _listed(requests: Any) -> Sequence[Any]:
    if not isinstance(requests, (list, tuple)) or not requests:
        raise ValueError('requests must be a list of dicts such as '
                         f"dict(forget=['a class']), got {requests!r}")
    return requests


def _read_request(number: int, given: Any,
                  earlier: Sequence[Request]) -> Request:
    """One entry of ``requests``."""
    kinds = (*KINDS, 'undo')
    asked = [kind for kind in kinds if isinstance(given, Mapping)
             and kind in given]
    if len(asked) != 1 or not set(given) <= {*kinds, *_OPTIONAL}:
        raise ValueError(
            f'requests[{number - 1}] must be a dict with one of {kinds} and '
            f'perhaps {_OPTIONAL}, got {given!r}')
    kind = asked[0]
    undone = ''
    if kind == 'undo':
        undone, classes = _undone(number, given[kind], earlier)
    else:
        names = given[kind]
        if isinstance(names, str) or not names:
            raise ValueError(f'requests[{number - 1}].{kind} must be a list '
                             f'of class names, got {names!r}')
        classes = tuple(names)
    name = given.get('name') or _default_name(number, kind, classes)
    if not isinstance(name, str) or not re.fullmatch(r'[\w.-]+', name):
        raise ValueError(f'requests[{number - 1}].name must be made of '
                         'letters, digits, _, - and ., as a folder has it, '
                         f'got {name!r}')
    _check_new(number, name, earlier)
    return Request(name, kind, classes, undone,
                   dict(given.get('cfg_options') or {}))


def _check_new(number: int, name: str, earlier: Sequence[Request]) -> None:
    """Refuse a name whose folder or adapter is another request's."""
    if name in ['base', *(request.name for request in earlier)]:
        raise ValueError(f'requests[{number - 1}].name must be new, got '
                         f'{name!r} once more')
    for request in earlier:
        if adapter_name(name) == request.adapter:
            raise ValueError(
                f'requests[{number - 1}].name must give its adapter a name '
                f'of its own, got {name!r} after {request.name!r}, both of '
                f'which are {request.adapter!r} with _ for each dot')


def _undone(number: int, name: Any,
            earlier: Sequence[Request]) -> Tuple[str, Tuple[str, ...]]:
    """The request to undo and its classes."""
    gone = {request.undone for request in earlier}
    open_ = {
        request.name: request.classes
        for request in earlier
        if request.kind != 'undo' and request.name not in gone
    }
    if name not in open_:
        raise ValueError(
            f'requests[{number - 1}].undo must name an earlier request, one '
            f'of {list(open_)}, got {name!r}')
    return name, open_[name]


def _default_name(number: int, kind: str, classes: Sequence[str]) -> str:
    """``2-forget-traffic_light``, ``3-learn-robin-and-4-more``."""
    first = re.sub(r'\W+', '_', classes[0])
    more = f'-and-{len(classes) - 1}-more' if len(classes) > 1 else ''
    return f'{number}-{kind}-{first}{more}'
