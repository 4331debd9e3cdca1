"""The wrapper that turns a stock model into one that can be swapped."""
from typing import Any, Dict, List, Mapping, Optional, Tuple, Union

import torch
from mmengine.logging import print_log
from mmengine.model import BaseModel
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from mmswap.class_table import ClassTable
from mmswap.models.adapters.groups import changed_groups, group_params
from mmswap.models.adapters.history import AdapterHistory, unfold
from mmswap.models.adapters.lora import (
    adapter_config,
    apply_adapter,
    is_lora_key,
    redraw_dead_groups,
    reset_adapter,
)
from mmswap.models.checkpoints import (
    EXTRA,
    adapt_checkpoint,
    check_keys,
    drop_objective,
    fold_earlier,
    pack_extra,
    stock_key,
    unpack_extra,
)
from mmswap.models.classes.growth import build_grown
from mmswap.models.classes.rows import ClassRows, train_new_rows
from mmswap.models.data_preprocessor import SwapDataPreprocessor
from mmswap.models.objectives.base import (
    Objective,
    build_objective,
)
from mmswap.models.step_losses import step_losses
from mmswap.registry import MODELS

_NEW_ROWS = ('train', 'frozen')
_TRAINS = ('adapter', 'all', 'from_scratch')


@MODELS.register_module()
class SwapModel(BaseModel):
    """Wraps a stock model: more classes, LoRA, and a loss of two branches.

    In ``loss`` mode it takes one batch a branch, runs the wrapped model's
    own loss on each, and combines the totals by the objective. In every
    other mode it hands everything to the wrapped model unchanged, so that
    stock metrics, test-time augmentation and hooks work on it.

    Only LoRA and the rows of the new classes train, unless ``trains`` says
    otherwise. The base model's own weights come from ``load_from`` and are
    not initialised here.

    Args:
        model: Config of the stock model with its K classes, untouched.
        objective: Config of a :class:`LearnObjective` or
            :class:`ForgetObjective`.
        classes: ``dict(base, learn, forget)`` of class names; see
            :class:`~mmswap.class_table.ClassTable`.
        adapter: Arguments of :func:`~mmswap.models.lora.apply_adapter`; rank
            8, alpha 8 and targets ``'ffn'`` where not given. A phase goes on
            with the adapter of the phase before it if that has the same
            ``name`` (the published behaviour). With another name it starts a
            fresh one; the earlier one is folded into the weights, and can be
            taken out again with :meth:`undo`.
        new_rows: ``'train'`` trains the class rows of the new classes;
            ``'frozen'`` leaves them as they begin (the published behaviour).
        trains: ``'adapter'``, LoRA and the new classes' rows; ``'all'``, no
            LoRA and every weight that the stock model trains, those of its
            classifier too; ``'from_scratch'``, the same from the stock
            model's own initialisation, whatever base model ``load_from``
            names. The last two are there to compare with.
        data_preprocessor: That of the wrapped model, where its config has
            none: the Runner gives the config's top-level one, as mmseg's and
            mmpretrain's configs have it.

    Attributes:
        class_table: The class table.
        inner_cfg: Config of the wrapped model as grown, K + N classes.
        class_rows: Stock key to where classes stand in that tensor.
        history: The folded adapters of earlier phases.
        adapter_name: The adapter that trains; None where all weights do.

    Raises:
        TypeError: If ``model`` is no config.
        ValueError: If the class table does not fit the model, ``new_rows``,
            ``trains`` or an adapter argument is unknown or out of range, or
            there is no adapter and yet ``adapter`` or frozen rows are asked
            for.
    """

    def __init__(self,
                 model: Dict[str, Any],
                 objective: Dict[str, Any],
                 classes: Union[ClassTable, Mapping[str, Any]],
                 adapter: Optional[Dict[str, Any]] = None,
                 new_rows: str = 'train',
                 trains: str = 'adapter',
                 data_preprocessor: Optional[Dict[str, Any]] = None) -> None:
        table = ClassTable.from_cfg(classes)
        _check_training(trains, new_rows, adapter)
        if data_preprocessor is not None and isinstance(model, Mapping):
            model = dict(model)
            model.setdefault('data_preprocessor', data_preprocessor)
        inner, inner_cfg, class_rows = build_grown(model, table)
        preprocessor = inner.get_submodule('data_preprocessor')
        super().__init__(SwapDataPreprocessor(preprocessor))
        self.model: BaseModel = inner
        self.inner_cfg = inner_cfg
        self.class_table = table
        self.class_rows = class_rows
        self.objective: Objective = build_objective(objective)
        self.trains = trains
        self.adapter_name: Optional[str] = None
        if trains == 'adapter':
            self.adapter_name = (adapter or {}).get('name', 'default')
            apply_adapter(self.model, **(adapter or {}))
            if new_rows == 'train':
                self._unfreeze_new_rows()
        self.objective.attach(self.model, table)
        self.history = AdapterHistory()
        self._loaded = False
        # Whether a phase checkpoint waits for start_phase or resume_phase.
        self._phase_open = False
        self.register_load_state_dict_post_hook(_check_loaded)
        self._report()

    def _report(self) -> None:
        trained = sum(p.numel() for p in self.parameters() if p.requires_grad)
        total = sum(p.numel() for p in self.parameters())
        print_log(
            f'mmswap: {self.class_table}; {len(self.groups)} adapter groups; '
            f'{trained:,} of {total:,} parameters train '
            f'({100 * trained / total:.2f} %)', 'current')

    @property
    def groups(self) -> Dict[str, List[nn.Parameter]]:
        """Group name to its LoRA matrices; none where all weights train."""
        if self.adapter_name is None:
            return {}
        return group_params(self.model, self.adapter_name)

    @property
    def changed_groups(self) -> List[str]:
        """The groups in which a layer is changed: neither A nor B is zero."""
        if self.adapter_name is None:
            return []
        return changed_groups(self.model, self.adapter_name)

    def class_params(self) -> Dict[str, Tuple[nn.Parameter, ClassRows]]:
        """The parameters with class rows, by stock key."""
        found = {stock_key(k): p for k, p in self.model.named_parameters()}
        return {
            key: (found[key], rows)
            for key, rows in self.class_rows.items() if key in found
        }

    def _unfreeze_new_rows(self) -> None:
        """Let the new classes' rows train and hold the old ones still."""
        for param, rows in self.class_params().values():
            train_new_rows(param, rows)

    def init_weights(self) -> None:
        """SeededIndex the adapter anew and leave the rest alone.

        The Runner calls this before it loads ``load_from``. The stock
        model's own initialisation would overwrite LoRA with random values
        (mmdet's heads initialise every matrix that they find) and download
        backbones that the checkpoint replaces. It is what a model from
        scratch begins with.
        """
        if self.trains == 'from_scratch':
            self.model.init_weights()
            self._loaded = True
        elif self.adapter_name is not None:
            reset_adapter(self.model, self.adapter_name)
        self._is_init = True

    def start_phase(self) -> None:
        """Begin a phase: nothing of the objective's phase before is left.

        Adapter groups that have become zero get a new A. The
        ``mmswap.SwapHook`` calls this, or :meth:`resume_phase`.
        """
        self.objective.start_phase()
        dead = redraw_dead_groups(self.groups)
        if dead:
            print_log(
                f'mmswap: {len(dead)} adapter groups were zero and begin '
                f'anew: {", ".join(dead)}', 'current')
        self._phase_open = False

    def resume_phase(self) -> None:
        """Go on with a phase that was interrupted; everything is kept."""
        self._phase_open = False

    def train(self, mode: bool = True) -> 'SwapModel':
        """As ever, but frozen batch norms keep their running statistics.

        A backbone with ``frozen_stages`` freezes those stages here anew, the
        LoRA in them too, which must train. Without LoRA all is as the stock
        model has it.
        """
        super().train(mode)
        if self.adapter_name is None:
            return self
        for params in self.groups.values():
            for param in params:
                param.requires_grad_(True)
        for module in self.model.modules():
            if isinstance(module, _BatchNorm):
                module.eval()
        return self

    def forward(self,
                inputs: Any = None,
                data_samples: Optional[list] = None,
                mode: str = 'tensor',
                **branches: Dict[str, Any]) -> Any:
        """Losses of the branches, or whatever the wrapped model returns.

        Args:
            inputs: Inputs of the wrapped model, except for branches.
            data_samples: Its data samples.
            mode: ``'loss'``, ``'predict'`` or ``'tensor'``.
            branches: In ``'loss'`` mode one ``dict(inputs, data_samples)``
                for each branch of the objective.

        Raises:
            RuntimeError: In ``'loss'`` mode, if no checkpoint was loaded, or,
                in training mode, it is not said whether the phase of the
                checkpoint ends or goes on.
            ValueError: As :func:`~mmswap.models.step_losses.step_losses`.
        """
        if mode != 'loss' or inputs is not None:
            return self.model(inputs, data_samples, mode=mode)
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
        return step_losses(self.model, self.objective, branches)

    def get_extra_state(self) -> Tensor:
        """The class table and the adapter's scale; see ``pack_extra``."""
        config = self.adapter_name and adapter_config(
            self.model, self.adapter_name)
        # Without LoRA, once merged or removed, there is nothing to scale.
        scaling = config.lora_alpha / config.r if config else 0.
        return pack_extra(
            dict(
                self.class_table.as_dict(),
                adapter=dict(name=self.adapter_name, scaling=scaling)))

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

    def _load_from_state_dict(self, state_dict: Dict[str, Tensor],
                              prefix: str, *args: Any) -> None:
        # Runs before the children load, with Runner.load_checkpoint too.
        if not prefix:
            self._loaded = False  # Until every key has landed.
            of_phase = fold_earlier(state_dict, self.adapter_name)
            self._phase_open = of_phase
            if self.trains == 'from_scratch' and not of_phase:
                print_log(
                    "mmswap: load_from is not used, as model.trains="
                    "'from_scratch'", 'current')
                state_dict.clear()
                state_dict.update(self.state_dict())
                of_phase = True
            drop_objective(state_dict, self.objective if of_phase else None)
            adapt_checkpoint(state_dict, self.model.state_dict(),
                             self.class_rows, of_phase)
            self._phase_loaded = of_phase
            state_dict.setdefault(EXTRA, self.get_extra_state())
        super()._load_from_state_dict(state_dict, prefix, *args)

    @torch.no_grad()
    def undo(self, name: str) -> None:
        """Take the adapter of an earlier phase out of the weights, in place.

        Those of the other phases stay, and so do the class rows.

        Args:
            name: One of ``history.names``.

        Raises:
            KeyError: If there is no such adapter.
        """
        weights = {
            stock_key(key): value
            for key, value in self.model.state_dict().items()
        }
        for layer, folded in self.history.drop(name).items():
            unfold(weights[f'{layer}.weight'], folded)

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
        state = {}
        for key, tensor in self.model.state_dict().items():
            if not is_lora_key(key):
                rows = self.class_rows.get(stock_key(key))
                state[stock_key(key)] = rows.shrink(tensor) if rows else tensor
        for name in reversed(self.history.names):
            for layer, folded in self.history.layers(name).items():
                state[f'{layer}.weight'] = state[f'{layer}.weight'].clone()
                unfold(state[f'{layer}.weight'], folded)
        return state


def _check_training(trains: str, new_rows: str,
                    adapter: Optional[Dict[str, Any]]) -> None:
    """Refuse what cannot be, or cannot be at once."""
    for key, value, known in (('trains', trains, _TRAINS),
                              ('new_rows', new_rows, _NEW_ROWS)):
        if value not in known:
            raise ValueError(f'model.{key} must be one of {known}, got '
                             f'{value!r}')
    if trains != 'adapter' and (adapter or new_rows == 'frozen'):
        raise ValueError(
            f'model.adapter must be None and model.new_rows must be '
            f"'train' with model.trains={trains!r}, got {adapter} and "
            f'{new_rows!r}')


def _check_loaded(model: SwapModel, incompatible: Any) -> None:
    """Post hook of loading; see :func:`check_keys`."""
    check_keys(incompatible.missing_keys, incompatible.unexpected_keys,
               model._phase_loaded)
    model._loaded = True
