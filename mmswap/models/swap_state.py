"""What a SwapModel saves, and what it makes of a checkpoint."""
from functools import partial
from typing import Any, Dict, Mapping, Optional

from mmengine.logging import print_log
from mmengine.model import BaseModel
from torch import Tensor, nn

from mmswap.class_table import ClassTable
from mmswap.models.adapters.fresh import redraw_dead_groups
from mmswap.models.adapters.history import AdapterHistory
from mmswap.models.adapters.lora import adapter_config, adapter_scaling
from mmswap.models.base_weights import base_state_dict, undo_adapter
from mmswap.models.checkpoints import (
    EXTRA,
    adapt_checkpoint,
    base_hash,
    check_keys,
    drop_objective,
    fold_earlier,
    pack_extra,
    unpack_extra,
)
from mmswap.models.classes.frozen_rows import FrozenRows
from mmswap.models.classes.row_starts import RowStarts
from mmswap.models.classes.rows import ClassRows
from mmswap.models.objectives.base import Objective


class SwapState(BaseModel):
    """The state dict of a :class:`~mmswap.models.swap_model.SwapModel`.

    It loads a base model's checkpoint, a merged one and a phase's, below any
    prefix, and refuses what does not fit.

    Args:
        data_preprocessor: As of mmengine's ``BaseModel``.

    Attributes:
        history: The folded adapters of earlier phases.
        base_hash: Fingerprint of the base model; None before it is loaded, and
            where an older checkpoint does not tell it.
    """

    model: BaseModel
    objective: Objective
    class_table: ClassTable
    class_rows: Mapping[str, ClassRows]
    row_starts: RowStarts
    frozen_rows: FrozenRows
    adapter_name: Optional[str]
    trains: str

    def __init__(self, data_preprocessor: nn.Module) -> None:
        super().__init__(data_preprocessor)
        self.history = AdapterHistory()
        self.base_hash: Optional[str] = None
        self._loaded = False
        # Whether a phase checkpoint waits for start_phase or resume_phase.
        self._phase_open = False
        # Where the model stands in what is loaded, and whether that is a
        # phase's.
        self._loading = ('', False)
        self.register_load_state_dict_post_hook(_check_loaded)

    def start_phase(self) -> None:
        """Begin a phase: nothing of the objective's phase before is left.

        Adapter groups that have become zero get a new A. The
        ``mmswap.SwapHook`` calls this, or :meth:`resume_phase`.
        """
        self.objective.start_phase()
        if self.adapter_name is not None:
            redraw_dead_groups(self.model, self.adapter_name)
        self._phase_open = False

    def resume_phase(self) -> None:
        """Go on with a phase that was interrupted; everything is kept."""
        self._phase_open = False

    def _check_ready(self) -> None:
        """Refuse to train what was not loaded, or no one knows how."""
        if not self._loaded:
            raise RuntimeError(
                'load_from must name a checkpoint of the base model or of an '
                'earlier phase: nothing was loaded, and a swap of random '
                'weights means nothing')
        if self.training and self._phase_open:
            raise RuntimeError(
                "default_hooks.swap must be dict(type='mmswap.SwapHook') "
                'after load_from a phase, or, without a Runner, '
                'start_phase() or resume_phase() must be called first')

    def get_extra_state(self) -> Tensor:
        """Class table, the adapter's scale and base; see ``pack_extra``."""
        # Without LoRA, once merged or removed, there is nothing to scale.
        adapter: Dict[str, Any] = dict(
            name=self.adapter_name,
            scaling=adapter_scaling(self.model, self.adapter_name))
        if self.base_hash is not None:
            adapter['base_hash'] = self.base_hash
        return pack_extra(dict(self.class_table.as_dict(), adapter=adapter))

    def set_extra_state(self, state: Tensor) -> None:
        """Check a phase checkpoint's class table against the config's.

        Raises:
            RuntimeError: If it has neither the classes of this phase nor
                those that were known when it began. Which of them are to be
                forgotten may change from phase to phase.
        """
        extra = unpack_extra(state)
        extra.pop('adapter')
        saved = ClassTable.from_saved(extra).names
        ours = self.class_table
        if saved not in (ours.names, ours.known):
            raise RuntimeError(
                'classes.base, classes.learned_before and classes.learn must '
                f'be those of the phase in load_from, {list(saved)}, got '
                f'{list(ours.names)}')

    def _save_to_state_dict(self, *args: Any) -> None:
        self.frozen_rows.restore()  # Before the children are saved.
        super()._save_to_state_dict(*args)

    def _load_from_state_dict(self, state_dict: Dict[str, Tensor],
                              prefix: str, *args: Any) -> None:
        # Runs before the children load, with Runner.load_checkpoint too, and
        # with a prefix where a moving average loads its copy.
        self._loaded = False  # Until every key has landed.
        state = {
            key[len(prefix):]: state_dict.pop(key)
            for key in list(state_dict) if key.startswith(prefix)
        }
        of_phase = self._adapt(state)
        self._loading = (prefix, of_phase)
        state_dict.update(
            {prefix + key: value for key, value in state.items()})
        super()._load_from_state_dict(state_dict, prefix, *args)

    def _adapt(self, state: Dict[str, Tensor]) -> bool:
        """Make a checkpoint one of this model; whether it is of a phase."""
        self.base_hash = base_hash(state)
        config = self.adapter_name and adapter_config(
            self.model, self.adapter_name)
        of_phase = fold_earlier(state, self.adapter_name, config or None)
        self._phase_open = of_phase
        if self.trains == 'from_scratch' and not of_phase:
            print_log(
                "mmswap: load_from is not used, as model.trains="
                "'from_scratch'", 'current')
            self.base_hash = None
            state.clear()
            state.update(self.state_dict())
            of_phase = True
        drop_objective(state, self.objective if of_phase else None)
        adapt_checkpoint(state, self.model.state_dict(),
                         partial(self.row_starts.grow, self.model), of_phase)
        state.setdefault(EXTRA, self.get_extra_state())
        return of_phase

    def undo(self, name: str) -> None:
        """Take the adapter of an earlier phase out of the weights, in place.

        Those of the other phases stay, and so do the class rows.

        Args:
            name: One of ``history.names``.

        Raises:
            KeyError: If there is no such adapter.
        """
        self.frozen_rows.restore()
        undo_adapter(self.model, self.history, name)
        self.frozen_rows.hold()  # LoRA may have been in the classifier.

    def base_state_dict(self) -> Dict[str, Tensor]:
        """The base model's state dict: no LoRA, K classes, stock keys.

        Bit for bit what was loaded; up to rounding in layers that have
        adapters of earlier phases folded in.

        Raises:
            RuntimeError: If the model's own weights have been trained.
        """
        if self.adapter_name is None:
            raise RuntimeError(
                "model.trains must be 'adapter' for the base model to be "
                f'there still, got {self.trains!r}')
        self.frozen_rows.restore()
        return base_state_dict(self.model, self.class_rows, self.history)


def _check_loaded(model: SwapState, incompatible: Any) -> None:
    """Post hook of loading; see :func:`check_keys`."""
    prefix, of_phase = model._loading
    check_keys(incompatible.missing_keys, incompatible.unexpected_keys,
               of_phase, prefix)
    model.frozen_rows.hold()
    model._loaded = True
