"""Builds the group-sparse form of whatever optim wrapper a config names."""
from typing import Any, List, Optional, Union

from mmengine.optim import DefaultOptimWrapperConstructor, OptimWrapper
from mmengine.registry import OPTIMIZERS
from torch import nn

from mmswap.engine.gradient_check import GradientCheck
from mmswap.engine.unwrap import check_not_sharded
from mmswap.models import SwapModel
from mmswap.models.adapters.groups import group_params
from mmswap.registry import OPTIM_WRAPPER_CONSTRUCTORS

_SPARSE_FORM = {
    'OptimWrapper': 'mmswap.GroupSparseOptimWrapper',
    'AmpOptimWrapper': 'mmswap.GroupSparseAmpOptimWrapper',
}

# Of Knowledge Swapping's code.
_DEFAULT = dict(alpha=0.01, mode='penalty')
_SPARSE_KEYS = ('alpha', 'mode', 'start', 'grouping')


@OPTIM_WRAPPER_CONSTRUCTORS.register_module()
class SwapOptimWrapperConstructor(DefaultOptimWrapperConstructor):
    """Optimises what trains in a SwapModel, with group sparsity.

    A constructor rather than an optim wrapper type, because stock
    ``train.py --amp`` overwrites ``optim_wrapper.type``. ``paramwise_cfg``
    works as ever, so that a stock config's ``lr_mult`` of the backbone holds
    for the LoRA in it too.

    Args:
        optim_wrapper_cfg: As of the default constructor, and
            ``group_sparse=dict(alpha, mode, start, grouping)``. Without it
            an adapter gets the published penalty, alpha 0.01; with None or
            alpha 0 there is no group sparsity. For ``grouping`` see
            :func:`~mmswap.models.adapters.groups.group_params`, for the rest
            the optim wrappers.
        paramwise_cfg: As of the default constructor.

    Raises:
        ValueError: If the optimizer is unknown, ``optim_wrapper.type`` has no
            group-sparse form, or ``group_sparse`` has an unknown key.
    """

    def __init__(self,
                 optim_wrapper_cfg: dict,
                 paramwise_cfg: Optional[dict] = None) -> None:
        cfg = dict(optim_wrapper_cfg)
        self._is_default = 'group_sparse' not in cfg
        sparse = dict(cfg.pop('group_sparse', _DEFAULT) or {})
        unknown = sorted(set(sparse) - set(_SPARSE_KEYS))
        if unknown:
            raise ValueError('optim_wrapper.group_sparse must have the keys '
                             f'{_SPARSE_KEYS} only, got {unknown}')
        optimizer = (cfg.get('optimizer') or {}).get('type')
        if isinstance(optimizer, str) and OPTIMIZERS.get(optimizer) is None:
            raise ValueError('optim_wrapper.optimizer.type must be an '
                             f"optimizer such as 'AdamW', got {optimizer!r}")
        kind = str(cfg.get('type', 'OptimWrapper')).rpartition('.')[2]
        if kind in _SPARSE_FORM:
            cfg['type'] = _SPARSE_FORM[kind]
        elif kind not in [name.rpartition('.')[2]
                          for name in _SPARSE_FORM.values()]:
            raise ValueError(
                f'optim_wrapper.type must be one of {list(_SPARSE_FORM)} with '
                f'SwapOptimWrapperConstructor, got {cfg["type"]!r}')
        else:
            cfg['type'] = f'mmswap.{kind}'
        self._grouping = sparse.pop('grouping', 'block')
        self._sparse = sparse
        super().__init__(cfg, paramwise_cfg)

    def __call__(self, model: nn.Module) -> OptimWrapper:
        """Build the optim wrapper.

        Args:
            model: A SwapModel, or a DDP wrapper around one.

        Raises:
            TypeError: If it is another model.
            ValueError: If ``group_sparse`` was given and the model has no
                adapter, or the wrapper is one of FSDP.
        """
        check_not_sharded(model)
        swap_model: Union[SwapModel, Any] = getattr(model, 'module', model)
        if not isinstance(swap_model, SwapModel):
            raise TypeError(
                "optim_wrapper.constructor='mmswap.SwapOptimWrapperConstructor"
                f"' must have a mmswap.SwapModel, got "
                f'{type(swap_model).__name__}')
        name = swap_model.adapter_name
        if name is None and self._is_default:
            self._sparse = {}
        if name is None and self._sparse:
            raise ValueError(
                'optim_wrapper.group_sparse must be None with model.trains='
                f'{swap_model.trains!r}, where there are no groups, got '
                f'{self._sparse}')
        self._class_params = set() if name is None else {
            id(param)
            for param, _ in swap_model.class_params().values()
        }
        # Parameter by parameter, even where the config asks for nothing; those
        # of layers that stand in several places once.
        self.paramwise_cfg: dict = dict(
            dict(bypass_duplicate=True), **(self.paramwise_cfg or {}))
        self.optim_wrapper_cfg.update(
            groups=swap_model.groups,
            sparse_groups=name and group_params(
                swap_model.model, name, self._grouping, trained=True),
            **self._sparse)
        wrapper = super().__call__(swap_model)
        if name is not None:
            # With A, where it is frozen, too: a B of zero looks like a group
            # that has become zero.
            groups = group_params(swap_model.model, name)
            wrapper.sparsity.listeners.append(
                GradientCheck(swap_model.model, groups))
        return wrapper

    def add_params(self,
                   params: List[dict],
                   module: nn.Module,
                   prefix: str = '',
                   is_dcn_module: Optional[Union[int, float]] = None) -> None:
        """Add what trains below ``module``; see the default constructor.

        Decay would move the frozen rows of the base classes, so parameters
        with class rows get none.
        """
        # The default constructor warns once a frozen parameter; nearly all
        # of a SwapModel is frozen.
        if not any(p.requires_grad for p in module.parameters()):
            return
        known = len(params)
        super().add_params(params, module, prefix, is_dcn_module)
        for group in params[known:]:
            if id(group['params'][0]) in self._class_params:
                group['weight_decay'] = 0.
