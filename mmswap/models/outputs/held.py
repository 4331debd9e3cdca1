"""What the base model says of the images at hand, held in training.

The base model is the model with its adapter switched off, so no second one is
needed. It is shown each batch, without gradient, and what it says of the
classes to retain is compared with what the model says now, as in LwF (Li and
Hoiem, *Learning without Forgetting*): their probabilities, and that of there
being an object where a head says so by an output of its own (YOLOX's
objectness, FCOS's centerness). What counts is how sure the base model is at a
place. Boxes and masks are not held.

Outputs are compared place by place: pixels of a map, queries, images. So the
places of both passes must be the same. Those of a two-stage DETR are not, as
its queries are the likeliest of the encoder's outputs, which are held instead;
nor those of RoI heads, which are refused.
"""
from contextlib import ExitStack, contextmanager, suppress
from typing import Any, Dict, Iterator, List, NamedTuple, Sequence, Tuple, cast

import torch
from torch import Tensor, nn

from mmswap.class_table import ClassTable
from mmswap.models.adapters.lora import without_adapter
from mmswap.models.outputs.at_rest import at_rest
from mmswap.models.outputs.frozen_start import FrozenStart
from mmswap.models.outputs.head_outputs import (
    HeadOutput,
    flat_tensors,
    head_outputs,
)
from mmswap.models.outputs.held_loss import HeldLoss
from mmswap.models.outputs.observer_plan import ObserverPlan, is_sigmoid


def can_hold(plan: ObserverPlan) -> bool:
    """Whether a model has places at which two passes can be compared.

    Args:
        plan: Of the model.

    Returns:
        False with RoI heads, whose RoIs differ from pass to pass, and
        without a head that has one output a class at each place.
    """
    return not hasattr(plan.model, 'roi_head') and any(
        plan.layers[head] for head in plan.losses)


class HeldOutputs:
    """Compares a model with the base model that it has within.

    Args:
        plan: Of the model.
        table: The class table.
        forgets: Whether the phase forgets; else the classes that a later one
            will forget are held, too, so that they are not taken for what is
            learned.

    Attributes:
        start: The layers that are the same in both passes; what they gave in
            :meth:`of_base` is there for the pass that follows.

    Raises:
        ValueError: If the model has RoI heads, or no head with one output a
            class at each place.
    """

    def __init__(self, plan: ObserverPlan, table: ClassTable,
                 forgets: bool) -> None:
        model = plan.model
        if not can_hold(plan):
            raise ValueError(
                'model.objective.hold_weight must be 0 for a model with RoI '
                'heads, whose RoIs differ from pass to pass, and for one '
                'without a head that has one output a class at each place; '
                'pseudo-labels hold what it knows, got a '
                f'{type(model).__name__}')
        self._plan = plan
        self._two_stage = bool(getattr(model, 'as_two_stage', False))
        self._heads: Dict[str, nn.Module] = {
            head: model.get_submodule(head) for head in plan.losses
            if plan.layers[head]
        }
        self._loss = HeldLoss(table, forgets)
        self.start = FrozenStart(model)

    @torch.no_grad()
    def of_base(self, batch: Dict[str, Any]) -> List[HeadOutput]:
        """What the base model says of a batch.

        Nothing is drawn at random that the model itself would have drawn.

        Args:
            batch: ``dict(inputs, data_samples)``.
        """
        model = self._plan.model
        device = next(model.parameters()).device
        devices = [device] if device.type == 'cuda' else []
        with ExitStack() as stack:
            stack.enter_context(torch.random.fork_rng(devices))
            stack.enter_context(without_adapter(model))
            stack.enter_context(at_rest(model))
            stack.enter_context(self.start.record())
            found = stack.enter_context(self.watch(ends=True))
            # Losses, which nobody asks for, would come after that.
            stack.enter_context(suppress(_AllSaid))
            model(**batch, mode='loss')
        return self.take(found)

    @contextmanager
    def watch(self, ends: bool = False) -> Iterator['Seen']:
        """Watch the heads during one pass.

        Args:
            ends: End the pass, by an exception, when all heads that are
                called as a whole have said what they say.
        """
        seen = Seen({}, {})
        handles = []

        def after_head(head: str) -> Any:
            def hook(module: nn.Module, args: Any, output: Any) -> None:
                del module, args
                seen.heads[head] = flat_tensors(output)
                if ends and seen.heads.keys() == self._heads.keys():
                    raise _AllSaid
            return hook

        def after_layer(head: str) -> Any:
            def hook(module: nn.Module, args: Any, output: Tensor) -> None:
                del args
                seen.layers.setdefault(head, []).append((module, output))
            return hook

        for head, module in self._heads.items():
            handles.append(module.register_forward_hook(after_head(head)))
            handles += [layer.register_forward_hook(after_layer(head))
                        for layer in self._plan.layers[head]]
        try:
            yield seen
        finally:
            for handle in handles:
                handle.remove()

    def take(self, seen: 'Seen') -> List[HeadOutput]:
        """What the heads said.

        Args:
            seen: What :meth:`watch` gave, after the pass.

        Raises:
            ValueError: If it is of a kind that cannot be compared.
        """
        outputs: List[HeadOutput] = []
        for head in self._heads:
            calls = seen.layers.get(head, [])
            layers = self._plan.layers[head]
            of_layers = [out for layer, out in calls
                         if not self._two_stage or layer is layers[-1]]
            # Some heads' losses go around their own call.
            of_head = [] if self._two_stage else seen.heads.get(head, [])
            # A map's channels are its classes; else the last dimension is.
            are_maps = cast(Tensor, layers[-1].weight).dim() > 2
            sigmoid = all(map(is_sigmoid, self._plan.losses[head]))
            kind = self._plan.num_classes, are_maps, sigmoid
            outputs += (head_outputs(of_head, *kind)
                        or head_outputs(of_layers, *kind))
        if not outputs:
            raise ValueError(
                'model.objective.hold_weight must be 0 for a model whose head '
                'does not give one output a class at each place, got '
                f'{list(self._heads)}')
        return outputs

    def compare(self, base: Sequence[HeadOutput], now: Sequence[HeadOutput],
                batch: Dict[str, Any]) -> Tensor:
        """How far the model is from the base model.

        Args:
            base: What :meth:`of_base` gave for a batch.
            now: What :meth:`take` gave for it.
            batch: ``dict(inputs, data_samples)``.

        Returns:
            See :class:`~mmswap.models.outputs.held_loss.HeldLoss`.
        """
        return self._loss(base, now, batch)


class _AllSaid(Exception):
    """Ends a pass of which the losses are not wanted."""


class Seen(NamedTuple):
    """What was seen in a pass.

    Attributes:
        heads: The tensors that a head gave, by its path.
        layers: The calls of its layers with one output a class, by its path.
    """

    heads: Dict[str, List[Tensor]]
    layers: Dict[str, List[Tuple[nn.Module, Tensor]]]
