"""What the phases are made of, built before the first one trains."""
from typing import Any, Dict, Iterable, Sequence, Set, Tuple

from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from mmengine.registry import DefaultScope
from mmengine.visualization import Visualizer
from torch import nn

from mmswap.apis.config import model_config
from mmswap.apis.loaders import build_loader
from mmswap.apis.plan import Phase
from mmswap.config.listing import listed
from mmswap.models import SwapModel
from mmswap.models.adapters.lora import is_lora_key
from mmswap.models.checkpoints import stock_key
from mmswap.registry import EVALUATOR, HOOKS, MODELS

# What a wrong config ends in, here and in the libraries.
_ERRORS = (AssertionError, AttributeError, KeyError, OSError, RuntimeError,
           TypeError, ValueError)
_SHOWN = 3


def check_parts(phases: Sequence[Phase]) -> None:
    """Build all parts of the phases, and let them go again.

    An error in the last of these configs would otherwise come when the phases
    before it have trained, and one in the first when the base model has been
    scored.

    Args:
        phases: The phases of a swap, in order. Those that take an adapter out
            train nothing.

    Raises:
        ValueError: If one cannot be built, or its model is another than that
            of the first.
    """
    shapes: Dict[str, Dict[str, Tuple[int, ...]]] = {}
    # What grows in one of them has more rows in those after it.
    grown: Set[str] = set()
    for number, phase in enumerate(phases, 1):
        if phase.undo:
            continue
        where = f'phase {number} of {len(phases)}, {phase.name}'
        model = _build(phase.cfg, where)
        if isinstance(model, SwapModel):
            grown.update(model.class_params())
        shapes[where] = _shapes(model)
    wanted = next(iter(shapes.values()), {})
    for where, found in shapes.items():
        other = [key for key in {**wanted, **found}
                 if key not in grown and wanted.get(key) != found.get(key)]
        if other:
            raise ValueError(
                f'{where}: model.model must be that of {phases[0].name}, as '
                'each phase goes on with the weights of the one before; '
                f'other are {listed(sorted(other), _SHOWN)}')


def _build(cfg: Config, where: str) -> nn.Module:
    """Build each part; an error says which key it is of."""
    key = 'model'
    try:
        with DefaultScope.overwrite_default_scope(cfg.get('default_scope')):
            model: nn.Module = MODELS.build(model_config(cfg))
            # Hooks that draw take the current one, which a Runner has by then.
            Visualizer.get_instance(where)
            key = 'default_hooks'
            _build_hooks((cfg.get('default_hooks') or {}).values())
            key = 'custom_hooks'
            _build_hooks(cfg.get('custom_hooks') or ())
            key = 'train_dataloader'
            build_loader(cfg.train_dataloader)
            key = 'val_dataloader'
            build_loader(cfg.val_dataloader)
            key = 'val_evaluator'
            if 'type' in cfg.val_evaluator:
                EVALUATOR.build(cfg.val_evaluator)
            key = 'optim_wrapper'
            build_optim_wrapper(model, cfg.optim_wrapper)
    except _ERRORS as error:
        raise ValueError(f'{where}, {key}: {error}') from error
    return model


def _build_hooks(hooks: Iterable[Any]) -> None:
    for hook in hooks:
        # A default one that is not wanted is None.
        if hook is not None:
            # The Runner, too, takes the order among hooks out of the config.
            HOOKS.build({name: value for name, value in hook.items()
                         if name != 'priority'})


def _shapes(model: nn.Module) -> Dict[str, Tuple[int, ...]]:
    """Shapes of the stock model's weights."""
    inner = model.model if isinstance(model, SwapModel) else model
    return {stock_key(key): tuple(weight.shape)
            for key, weight in inner.named_parameters()
            if not is_lora_key(key)}
