"""The ways to train that are compared, each on a model of its own."""
import copy
from typing import Any, Dict, List, Mapping, NamedTuple, Optional

import torch
from mmengine.config import Config
from mmengine.model import BaseModel
from mmengine.optim import OptimWrapper, build_optim_wrapper
from mmengine.registry import MODELS
from peft import LoraConfig, inject_adapter_in_model
from torch import nn

from mmswap.models.adapters.auto_targets import AUTO, adapter_layers
from mmswap.models.adapters.groups import group_params
from mmswap.models.adapters.lora import layer_pattern
from mmswap.models.data_preprocessor import part_batch

ALPHA = 0.01  # Of the group lasso, as published.


class Contender(NamedTuple):
    """A way to train.

    Attributes:
        model: Its model.
        optim: Its optim wrapper.
        by_branch: Whether the branches go through the model one by one.
        lasso: Whether the group lasso is a term of the loss.
    """

    model: BaseModel
    optim: OptimWrapper
    by_branch: bool
    lasso: bool = False

    def step(self, batch: Dict[str, Any]) -> None:
        """Take a training step, on one collated batch of all branches."""
        if not (self.by_branch or self.lasso):
            images = {k: v for k, v in batch.items() if k != 'branch'}
            self.model.train_step(images, self.optim)
            return
        parts = part_batch(batch).values()
        with self.optim.optim_context(self.model):
            terms = [self._loss(part) for part in parts]
            if self.lasso:
                terms.append(ALPHA * _lasso(self.model))
        self.optim.update_params(torch.stack(terms).sum())

    def _loss(self, batch: Dict[str, Any]) -> torch.Tensor:
        data = self.model.data_preprocessor(batch, True)
        return self.model.parse_losses(self.model(**data, mode='loss'))[0]


class SwapContender(NamedTuple):
    """A SwapModel, which parts the branches itself."""

    model: BaseModel
    optim: OptimWrapper

    def step(self, batch: Dict[str, Any]) -> None:
        """Take a training step."""
        self.model.train_step(batch, self.optim)


def _lasso(model: nn.Module) -> torch.Tensor:
    """The sum of the groups' norms, for autograd."""
    norms = [
        torch.stack([param.square().sum() for param in group]).sum().sqrt()
        for group in group_params(model).values()
    ]
    return torch.stack(norms).sum()


def build_contenders(
        cfg: Config, device: str,
        variants: Mapping[str, Dict[str, Any]]) -> Dict[str, Any]:
    """All ways to train, from the same random weights.

    Args:
        cfg: Config of a phase.
        device: Where the models go.
        variants: Names of further SwapModels to what differs in their config
            from ``model``.
    """
    base = MODELS.build(copy.deepcopy(cfg.model.model))
    base.init_weights()
    state = base.state_dict()
    swaps = {
        name: _swap(cfg, options, state, device)
        for name, options in [('swap', {}), *variants.items()]
    }
    swap = swaps['swap'].model
    merged = {
        key.replace('.base_layer.', '.'): value
        for key, value in swap.model.state_dict().items()
        if '.lora_' not in key
    }

    def stock(targets: Optional[List[str]] = None) -> BaseModel:
        model = MODELS.build(copy.deepcopy(swap.inner_cfg))
        model.load_state_dict(merged)
        if targets:
            _add_lora(model, targets, set(swap.class_rows))
        return model.to(device).train()

    stock_optim = copy.deepcopy(cfg.optim_wrapper)
    for key in ('constructor', 'group_sparse'):
        stock_optim.pop(key, None)

    def contender(model: BaseModel, **kwargs: Any) -> Contender:
        return Contender(
            model, build_optim_wrapper(model, copy.deepcopy(stock_optim)),
            **kwargs)

    targets = cfg.model.get('adapter', {}).get('targets', AUTO)
    return dict(
        full=contender(stock(), by_branch=False),
        **{'full, by branch': contender(stock(), by_branch=True),
           'peft, lasso in loss': contender(
               stock(targets), by_branch=True, lasso=True)},
        **swaps)


def _swap(cfg: Config, options: Dict[str, Any], state: Dict[str, Any],
          device: str) -> SwapContender:
    varied = Config(dict(model=copy.deepcopy(cfg.model)))
    varied.merge_from_dict(
        {f'model.{key}': value for key, value in options.items()})
    model = MODELS.build(varied.model).to(device).train()
    model.load_state_dict(copy.deepcopy(state))
    return SwapContender(
        model, build_optim_wrapper(model, copy.deepcopy(cfg.optim_wrapper)))


def _add_lora(model: nn.Module, targets: Any, class_keys: set) -> None:
    """peft's LoRA as it is; it and the classifiers train."""
    pattern = layer_pattern(adapter_layers(model, targets))
    inject_adapter_in_model(
        LoraConfig(r=8, lora_alpha=8, target_modules=pattern), model)
    for key, param in model.named_parameters():
        if key in class_keys:
            param.requires_grad_(True)
