"""The layers in front of the first that trains, run once for two passes.

In front of the first layer with LoRA the base model and the model are the
same, and give the same for a batch. So what these layers give in the base
model's pass is given again in the model's: with LoRA in the later blocks alone
that is most of a pass.
"""
from contextlib import contextmanager
from typing import Any, Callable, Dict, Iterator, List, NamedTuple, Tuple

import torch
from peft.tuners.lora import LoraLayer
from torch import nn

from mmswap.models.outputs.at_rest import draws_or_mixes
from mmswap.models.outputs.head_outputs import flat_tensors


class FrozenStart:
    """Keeps what frozen layers give in one pass for the next one.

    What is called before the first layer that trains cannot depend on one. A
    module counts as a whole if nothing in it trains. Its output is not used
    again if its inputs have other shapes or need a gradient, if something in
    it is drawn at random or looks at the whole batch, or if its output has
    been changed in place since; it is then called as ever.

    Args:
        model: The wrapped model.
    """

    def __init__(self, model: nn.Module) -> None:
        self._model = model
        self._calls: Dict[nn.Module, List[_Call]] = {}

    @contextmanager
    def record(self) -> Iterator[None]:
        """Keep what the layers give, during the base model's pass."""
        self._calls = {}
        started: List[nn.Module] = []

        def keep(module: nn.Module, args: Any, kwargs: Any,
                 output: Any) -> None:
            if not started:
                self._calls.setdefault(module, []).append(_Call(
                    _shapes(args, kwargs), output, _versions(output)))

        def start(module: nn.Module, args: Any) -> None:
            del args
            started.append(module)

        frozen, trained = _parts(self._model)
        handles = [module.register_forward_hook(keep, with_kwargs=True)
                   for module in frozen]
        handles += [module.register_forward_pre_hook(start)
                    for module in trained]
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()

    @contextmanager
    def reuse(self) -> Iterator[None]:
        """Give the same again, during the next pass of the same batch."""
        calls, self._calls = self._calls, {}
        stock = {module: vars(module).get('forward') for module in calls}
        for module, kept in calls.items():
            module.forward = _forward(module, kept)
        try:
            yield
        finally:
            for module, forward in stock.items():
                if forward is None:
                    del module.forward
                else:
                    module.forward = forward


class _Call(NamedTuple):
    """A call of a module: shapes of the inputs, and what it gave."""

    shapes: List[torch.Size]
    output: Any
    versions: List[int]

    def holds_for(self, module: nn.Module, args: Any, kwargs: Any) -> bool:
        """Whether a later call of the module gives the same."""
        if self.shapes != _shapes(args, kwargs) or (
                self.versions != _versions(self.output)):
            return False
        inputs = flat_tensors([args, kwargs])
        return not (any(tensor.requires_grad for tensor in inputs)
                    or any(map(draws_or_mixes, module.modules())))


def _forward(module: nn.Module, kept: List[_Call]) -> Callable[..., Any]:
    stock = module.forward

    def forward(*args: Any, **kwargs: Any) -> Any:
        call = kept.pop(0) if kept else None
        if call is not None and call.holds_for(module, args, kwargs):
            return call.output
        return stock(*args, **kwargs)

    return forward


def _shapes(args: Any, kwargs: Any) -> List[torch.Size]:
    return [tensor.shape for tensor in flat_tensors([args, kwargs])]


def _versions(output: Any) -> List[int]:
    """How often each tensor was changed in place; there is no public way."""
    return [tensor._version for tensor in flat_tensors(output)]


def _parts(model: nn.Module) -> Tuple[List[nn.Module], List[nn.Module]]:
    """The largest modules in which nothing trains, and those that train."""
    trained = [module for module in model.modules()
               if isinstance(module, LoraLayer) or any(
                   param.requires_grad
                   for param in module.parameters(recurse=False))]
    found = set(trained)
    frozen: List[nn.Module] = []

    def visit(module: nn.Module) -> None:
        # A list of modules is never called itself.
        if isinstance(module, (nn.ModuleList, nn.ModuleDict)) or not (
                found.isdisjoint(module.modules())):
            for child in module.children():
                visit(child)
        else:
            frozen.append(module)

    visit(model)
    return frozen, trained
