"""Weights that are no numbers any more."""
from typing import Any, Collection, List, Mapping, Optional

import torch
from torch import Tensor

_OBJECTIVE = 'objective.'  # What an objective has not found yet may be NaN.


def not_finite(state: Mapping[str, Any],
               parameters: Optional[Collection[str]] = None) -> List[str]:
    """Names of the tensors with NaN, and of those with infinity.

    Args:
        state: A state dict, of a SwapModel or with a stock model's keys.
        parameters: Names of the parameters; what is none of them may hold an
            infinity, as a mask does. By default nothing may.
    """
    wrong = []
    for key, value in state.items():
        if not isinstance(value, Tensor) or not value.is_floating_point() or (
                key.startswith(_OBJECTIVE)):
            continue
        strict = parameters is None or (
            key in parameters or f'model.{key}' in parameters)
        bad = ~torch.isfinite(value) if strict else torch.isnan(value)
        if bool(bad.any()):
            wrong.append(key)
    return wrong
