"""The file of a plan of requests, as ``mmswap init`` writes it."""
from typing import Any, Dict, List, Optional, Tuple

from mmswap.apis.init.facts import ForgetRequest, Swap, phase_kind
from mmswap.apis.init.layout import Node
from mmswap.apis.init.schedule import Length


def plan_statements(swap: Swap) -> List[Tuple[Optional[str], str, Node]]:
    """What stands in a plan: a comment, a key and a value each.

    Args:
        swap: A swap that has requests.
    """
    configs = {phase_kind(phase): swap.name(phase) for phase in swap.phases}
    requests: List[Node] = []
    for phase in swap.phases:
        if phase_kind(phase) == 'learn':
            requests.append(dict(learn=list(swap.learn)))
        else:
            requests += [_entry(swap, request) for request in swap.requests]
    same = all(_trains_as_config(swap, each) for each in swap.requests)
    return [
        ('Append a request and run the plan again: only the new one is '
         'trained.', 'configs', configs),
        (None if same else 'cfg_options: as long as the images of a request '
         'call for, where its config says otherwise.', 'requests', requests),
    ]


def _entry(swap: Swap, request: ForgetRequest) -> Dict[str, Node]:
    """A request to forget, with what its config does not say."""
    entry: Dict[str, Node] = dict(forget=list(request.names))
    if not _trains_as_config(swap, request):
        entry['cfg_options'] = _length_options(request.length)
    return entry


def _trains_as_config(swap: Swap, request: ForgetRequest) -> bool:
    return request.length.total == swap.length('request-forget').total


def _length_options(length: Length) -> Dict[str, Any]:
    """Settings of a request that trains longer or shorter."""
    return {
        **{f'train_cfg.{key}': value
           for key, value in length.train_cfg().items()},
        'param_scheduler.0.T_max': length.total,
    }
