"""The wrapper that turns a stock model into one that can be swapped."""
from typing import Any, Dict, List, Mapping, Optional, Tuple, Union

from mmengine.logging import print_log
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from mmswap.class_table import ClassTable
from mmswap.models.adapters.auto_targets import AUTO
from mmswap.models.adapters.fresh import freeze_a, reset_adapter
from mmswap.models.adapters.groups import changed_groups, group_params
from mmswap.models.adapters.lora import apply_adapter
from mmswap.models.checkpoints import stock_key
from mmswap.models.classes.frozen_rows import FrozenRows
from mmswap.models.classes.growth import build_grown
from mmswap.models.classes.row_starts import RowStarts
from mmswap.models.classes.rows import ClassRows
from mmswap.models.data_preprocessor import SwapDataPreprocessor
from mmswap.models.objectives.base import build_objective
from mmswap.models.step_losses import StepPlan, step_losses
from mmswap.models.swap_checks import check_training
from mmswap.models.swap_state import SwapState
from mmswap.registry import MODELS


@MODELS.register_module()
class SwapModel(SwapState):
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
        adapter: Arguments of
            :func:`~mmswap.models.adapters.lora.apply_adapter`; rank 8, alpha
            8 and targets ``'auto'`` where not given. A phase goes on
            with the adapter of the phase before it if that has the same
            ``name`` (the published behaviour). With another name it starts a
            fresh one; the earlier one is folded into the weights, and can be
            taken out again with :meth:`undo`.
        new_rows: ``'train'`` trains the class rows of the new classes;
            ``'frozen'`` leaves them as they begin (published, where they
            begin at random).
        new_rows_start: ``'mean'`` begins with the mean of the base classes'
            rows, which disturbs the base classes least. All new classes then
            begin alike, so that frozen ones can never be told apart.
            ``'xavier'`` draws matrices at random and sets biases to zero
            (published for classification). A sigmoid head, whose biases hold
            the prior of a focal loss, would begin with a score of 0.5 for
            the new classes everywhere: use ``'mean'`` there. See
            :class:`~mmswap.models.classes.row_starts.RowStarts`.
        trains: ``'adapter'``, LoRA and the new classes' rows; ``'all'``, no
            LoRA and every weight that the stock model trains, those of its
            classifier too; ``'from_scratch'``, the same from the stock
            model's own initialisation, whatever base model ``load_from``
            names. The last two are there to compare with.
        data_preprocessor: That of the wrapped model, where its config has
            none: the Runner gives the config's top-level one, as mmseg's and
            mmpretrain's configs have it.
        step: Arguments of :class:`~mmswap.models.step_losses.StepPlan`, which
            say what a step keeps in memory and computes at once.

    Attributes:
        class_table: The class table.
        inner_cfg: Config of the wrapped model as grown, K + N classes.
        class_rows: Stock key to where classes stand in that tensor.
        history: The folded adapters of earlier phases.
        adapter_name: The adapter that trains; None where all weights do.

    Raises:
        TypeError: If ``model`` is no config.
        ValueError: If the class table does not fit the model, ``new_rows``,
            ``new_rows_start``, ``trains``, ``step`` or an adapter argument is
            unknown or out of range, or what is asked for needs an adapter or
            a base model and there is none.
    """

    def __init__(self,  # noqa: PLR0913
                 model: Dict[str, Any],
                 objective: Dict[str, Any],
                 classes: Union[ClassTable, Mapping[str, Any]],
                 adapter: Optional[Dict[str, Any]] = None,
                 new_rows: str = 'train',
                 new_rows_start: str = 'mean',
                 trains: str = 'adapter',
                 data_preprocessor: Optional[Dict[str, Any]] = None,
                 step: Optional[Dict[str, Any]] = None) -> None:
        table = ClassTable.from_cfg(classes)
        check_training(trains, new_rows, new_rows_start, adapter)
        if data_preprocessor is not None and isinstance(model, Mapping):
            model = dict(model)
            model.setdefault('data_preprocessor', data_preprocessor)
        inner, inner_cfg, class_rows = build_grown(model, table)
        preprocessor = inner.get_submodule('data_preprocessor')
        super().__init__(SwapDataPreprocessor(preprocessor))
        self.model = inner
        self.inner_cfg = inner_cfg
        self.class_table = table
        self.class_rows = class_rows
        self.row_starts = RowStarts(new_rows_start, class_rows)
        self.objective = build_objective(objective)
        self.trains = trains
        # Where all weights train, their gradients are more than is freed.
        self.step_plan = StepPlan.from_cfg(
            dict(dict(early_backward=trains == 'adapter'), **(step or {})))
        self.adapter_name = None
        self._trains_a = (adapter or {}).get('train_a', True)
        if trains == 'adapter':
            self.adapter_name = (adapter or {}).get('name', 'default')
            # Some backbones freeze their frozen_stages here alone.
            self.model.train()
            apply_adapter(
                self.model, **dict(dict(targets=AUTO), **(adapter or {})))
        trained_rows = self.class_params() if (
            trains == 'adapter' and new_rows == 'train') else {}
        self.frozen_rows = FrozenRows(
            {key: param for key, (param, _) in trained_rows.items()},
            class_rows)
        if self.adapter_name is None and self.objective.hold_weight:
            raise ValueError('model.objective.hold_weight must be 0 with '
                             f'model.trains={trains!r}, without adapter')
        self.objective.attach(self.model, table)
        self._report()

    def __getattr__(self, name: str) -> Any:
        """What is not this model's own is the wrapped model's.

        Hooks of stock configs look there, as mmdet's ``YOLOXModeSwitchHook``
        for ``bbox_head``.
        """
        try:
            return super().__getattr__(name)
        except AttributeError:
            if name == 'model' or name.startswith('_'):
                raise
            return getattr(self.model, name)

    def _report(self) -> None:
        trained = sum(p.numel() for p in self.parameters() if p.requires_grad)
        total = sum(p.numel() for p in self.parameters())
        print_log(
            f'mmswap: {self.class_table}; {len(self.groups)} adapter groups; '
            f'{trained:,} of {total:,} parameters train '
            f'({100 * trained / total:.2f} %)', 'current')

    @property
    def groups(self) -> Dict[str, List[nn.Parameter]]:
        """Group name to its LoRA matrices; none where all weights train.

        With ``adapter.train_a=False`` those are B alone.
        """
        if self.adapter_name is None:
            return {}
        return group_params(self.model, self.adapter_name, trained=True)

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

    def init_weights(self) -> None:
        """Draw the adapter anew and leave the rest alone.

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
        if not self._trains_a:
            freeze_a(self.model, self.adapter_name)
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
        self.frozen_rows.restore()  # The last step may have moved them.
        if mode != 'loss' or inputs is not None:
            return self.model(inputs, data_samples, mode=mode)
        self._check_ready()
        return step_losses(self.model, self.objective, branches,
                           self.step_plan)
