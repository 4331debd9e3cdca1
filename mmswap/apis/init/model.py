"""What a base model tells when it is built."""
from pathlib import Path
from typing import Any, Dict, List, Mapping, NamedTuple, cast

from mmengine.registry import MODELS as MMENGINE_MODELS
from torch import Tensor, nn

from mmswap.apis.config import model_config
from mmswap.apis.init.stock import Stock, scope_of
from mmswap.class_table import ClassTable
from mmswap.models.adapters.auto_targets import auto_targets
from mmswap.models.checkpoints import checkpoint_kind
from mmswap.models.outputs.held import can_hold
from mmswap.models.outputs.observer_plan import ObserverPlan, is_sigmoid
from mmswap.registry import MODELS


class ModelFacts(NamedTuple):
    """What a swap needs to know of a model.

    Attributes:
        targets: The layers that get LoRA, as names for ``adapter.targets``.
        has_class_loss: Whether its losses of classes can be watched, as
            ``ClassForgetObjective`` needs it.
        is_dense: Whether it tells classes by sigmoids at each position of
            maps, as one-stage detectors do.
    """

    targets: List[str]
    has_class_loss: bool
    is_dense: bool


def find_facts(stock: Stock, num_classes: int) -> ModelFacts:
    """Build a model, with random weights, and look into it.

    Args:
        stock: The stock config.
        num_classes: How many classes the model has.

    Raises:
        ValueError: If the model has none of the layers that have a name.
    """
    with scope_of(stock.scope):
        model: nn.Module = MMENGINE_MODELS.build(model_config(stock.cfg))
    plan = ObserverPlan(model, num_classes)
    told = bool(plan.losses), _is_dense(plan)
    chosen = auto_targets(model)
    if not chosen:
        raise ValueError(
            'STOCK_CONFIG must have a model with transformer layers, '
            'residual blocks or fully connected layers of RoI heads, got a '
            f'{type(model).__name__} without; adapter.targets of your own '
            'configs may be regular expressions')
    return ModelFacts(chosen, *told)


def _is_dense(plan: ObserverPlan) -> bool:
    layers = [layer for head in plan.losses for layer in plan.layers[head]]
    losses = [loss for found in plan.losses.values() for loss in found]
    return can_hold(plan) and all(map(is_sigmoid, losses)) and all(
        cast(Tensor, layer.weight).dim() > 2 for layer in layers)


def check_fits(stock: Stock, table: ClassTable, adapter: Dict[str, Any],
               checkpoint: Mapping[str, Any], path: Path) -> None:
    """Build the model of a phase and load the base checkpoint into it.

    Args:
        stock: The stock config.
        table: The class table.
        adapter: Arguments of the adapter.
        checkpoint: The base checkpoint. It is not changed.
        path: Where that is, for messages.

    Raises:
        ValueError: If the class table or the checkpoint is not one of the
            model.
    """
    state = checkpoint['state_dict']
    if checkpoint_kind(state, checkpoint.get('meta')) == 'phase':
        raise ValueError(
            '--checkpoint must be one of the stock model, got that of a '
            f'phase, {path}; `mmswap merge` makes a plain one of it, with the '
            'stock config for it')
    cfg: Dict[str, Any] = dict(
        type='mmswap.SwapModel', model=model_config(stock.cfg),
        classes=table.as_dict(), adapter=adapter,
        objective=dict(type='mmswap.LearnObjective'))
    with scope_of(stock.scope):
        try:
            model = MODELS.build(cfg)
        except ValueError as error:
            raise ValueError(
                'STOCK_CONFIG must be a config that can be swapped, got '
                f'{stock.given}: {error}') from error
        try:
            model.load_state_dict(dict(state))
        except RuntimeError as error:
            raise ValueError(
                f'--checkpoint must be one of {stock.given} with its '
                f'{table.num_base} classes, got {path}: {error}') from error

