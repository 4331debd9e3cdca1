"""Tensors that are computed once, when a phase begins."""
from typing import Any, Dict, Mapping

import torch
from mmengine.logging import MessageHub
from torch import Tensor, nn


class _Buffers(nn.Module):
    """A dict of tensors that is saved and loaded with the module around it.

    Unlike buffers they need not exist before they are loaded: what is
    computed at the start of a phase (prototypes, importances, the weights of
    a teacher) is there again when the phase is resumed.
    """

    def __init__(self) -> None:
        super().__init__()
        self._kept: Dict[str, Tensor] = {}
        # Goes where the module goes; what is kept or loaded follows it.
        self._where: Tensor
        self.register_buffer('_where', torch.empty(0), persistent=False)

    def keep(self, tensors: Mapping[str, Tensor]) -> None:
        """Replace all that is kept."""
        device = self._where.device
        self._kept = {
            key: tensor.detach().to(device, copy=True)
            for key, tensor in tensors.items()
        }

    @property
    def tensors(self) -> Dict[str, Tensor]:
        """What is kept, by name."""
        return self._kept

    def _apply(self, fn: Any, *args: Any, **kwargs: Any) -> '_Buffers':
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


class PhaseBuffers(_Buffers):
    """Kept tensors that belong to one phase.

    A checkpoint that is resumed brings those of the phase that goes on; one
    that is named by ``load_from`` may bring those of the phase before. The
    message hub tells the two apart: only a resumed run gets it back.

    Args:
        name: What they are, one name each within a phase.
    """

    def __init__(self, name: str) -> None:
        super().__init__()
        self._key = f'mmswap_phase_{name}'
        # What an earlier run of this process kept is not this one's.
        MessageHub.get_current_instance().update_info(self._key, False)

    def keep(self, tensors: Mapping[str, Tensor]) -> None:
        """Replace all that is kept, for the rest of the phase."""
        super().keep(tensors)
        MessageHub.get_current_instance().update_info(self._key, True)

    @property
    def ready(self) -> bool:
        """Whether something was kept in this phase."""
        hub = MessageHub.get_current_instance()
        return bool(self.tensors) and hub.get_info(self._key, False)
