"""Tensors that belong to one phase."""
from typing import Any, Dict, Mapping

import torch
from torch import Tensor, nn


class PhaseBuffers(nn.Module):
    """A dict of tensors that is saved and loaded with the module around it.

    Unlike buffers they need not exist before they are loaded: what is
    computed when a phase begins (prototypes, importances, the weights of a
    teacher, a bound) is there again when the phase is resumed.
    ``SwapModel.start_phase`` clears what the phase before has left.
    """

    def __init__(self) -> None:
        super().__init__()
        self._kept: Dict[str, Tensor] = {}
        # Goes where the module goes; what is kept or loaded follows it.
        self._where: Tensor
        self.register_buffer('_where', torch.empty(0), persistent=False)

    def keep(self, tensors: Mapping[str, Tensor]) -> None:
        """Replace all that is kept by copies, for the rest of the phase."""
        device = self._where.device
        self._kept = {
            key: tensor.detach().to(device, copy=True)
            for key, tensor in tensors.items()
        }

    def clear(self) -> None:
        """Drop all that is kept."""
        self._kept = {}

    @property
    def ready(self) -> bool:
        """Whether something is kept."""
        return bool(self._kept)

    @property
    def tensors(self) -> Dict[str, Tensor]:
        """What is kept, by name."""
        return self._kept

    def _apply(self, fn: Any, *args: Any, **kwargs: Any) -> 'PhaseBuffers':
        self._kept = {key: fn(t) for key, t in self._kept.items()}
        return super()._apply(fn, *args, **kwargs)

    def _save_to_state_dict(self, destination: Dict[str, Any], prefix: str,
                            keep_vars: bool) -> None:
        del keep_vars  # Nothing here has a graph.
        destination.update(
            {prefix + key: tensor for key, tensor in self._kept.items()})

    def _load_from_state_dict(self, state_dict: Mapping[str, Tensor],
                              prefix: str, local_metadata: Any, strict: bool,
                              missing: Any, unexpected: Any,
                              errors: Any) -> None:
        del local_metadata, strict, missing, unexpected, errors
        device = self._where.device
        self._kept = {
            key[len(prefix):]: tensor.detach().to(device, copy=True)
            for key, tensor in state_dict.items() if key.startswith(prefix)
        }
