"""Tensors that are computed once, when a phase begins."""
from typing import Mapping

from mmengine.logging import MessageHub
from torch import Tensor

from .kept_tensors import KeptTensors


class PhaseTensors(KeptTensors):
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
