"""The models that an audit compares: each a plain model with weights."""
import copy
from typing import (
    Any,
    Callable,
    Dict,
    List,
    Mapping,
    Optional,
    Sequence,
    cast,
)

import torch
from mmengine.device import get_device
from mmengine.model import BaseModel
from mmengine.registry import MODELS
from torch import Tensor, nn

from mmswap.models.fingerprints import hash_states
from mmswap.models.outputs.observer_plan import ObserverPlan

ROLES = ('subject', 'base', 'hidden', 'retrained')
# Offsets of a bias, in nats: the first that hides a class is taken.
OFFSETS = (2., 4., 8., 16., 32., 64.)
MOST_NAMED = 0.01


class Subject:
    """A model to be tested: a stock model with all K + N classes.

    Args:
        name: What it is called in the tables.
        role: One of ``'subject'``, ``'base'``, ``'hidden'`` and
            ``'retrained'``.
        model: Config of the stock model with K + N classes.
        state: Its state dict, with LoRA folded in.
        without_adapter: State dict of the same model with its adapter taken
            off. Defaults to None, no adapter.
        adapter: What is known of the adapter, for the tables. Defaults to
            None.
        base_weights: State dict of the base model that the adapter is on, K
            classes. Defaults to None, no adapter.

    Raises:
        ValueError: If ``role`` is unknown.
    """

    def __init__(self,
                 name: str,
                 role: str,
                 model: Dict[str, Any],
                 state: Mapping[str, Tensor],
                 without_adapter: Optional[Mapping[str, Tensor]] = None,
                 adapter: Optional[Dict[str, Any]] = None,
                 base_weights: Optional[Mapping[str, Tensor]] = None
                 ) -> None:
        if role not in ROLES:
            raise ValueError(f'role must be one of {ROLES}, got {role!r}')
        self.name = name
        self.role = role
        self.model = model
        self.state = state
        self.without_adapter = without_adapter
        self.adapter = adapter
        self.base_weights = base_weights

    def build(self,
              state: Optional[Mapping[str, Tensor]] = None) -> BaseModel:
        """Build the model, in evaluation mode, on the device that there is.

        Args:
            state: Other weights for it. Defaults to None, its own.
        """
        model = MODELS.build(copy.deepcopy(self.model))
        model.load_state_dict(self.state if state is None else state)
        return model.to(get_device()).eval()

    @property
    def fingerprint(self) -> str:
        """Hash of the weights, with and without the adapter."""
        return hash_states(self.state, self.without_adapter or {})


def hide_classes(base: Subject, labels: Sequence[int], num_classes: int,
                 is_named: Callable[[nn.Module], float],
                 most_named: float = MOST_NAMED,
                 offsets: Sequence[float] = OFFSETS) -> Subject:
    """A model that only hides classes: the bias of their rows is lowered.

    That is what a forgetting looks like that has touched nothing but the
    answer. The first offset that does it is taken.

    Args:
        base: A model that has the classes.
        labels: Their labels.
        num_classes: K + N.
        is_named: The share of objects of these classes that a model still
            names.
        most_named: The highest share at which they count as hidden.
        offsets: What to lower the bias by, in nats, ascending.

    Raises:
        ValueError: If the classifier has no bias, or no offset hides them.
    """
    for offset in offsets:
        hidden = lower_classes(base, labels, num_classes, offset)
        if is_named(hidden.build()) <= most_named:
            return hidden
    raise ValueError('model must be one whose classes.forget a lower bias of '
                     f'their rows hides, but {offsets[-1]:g} nats do not')


def lower_classes(base: Subject, labels: Sequence[int], num_classes: int,
                  offset: float) -> Subject:
    """A model whose classes' biases are lower.

    Args:
        base: A model that has the classes.
        labels: Their labels.
        num_classes: K + N.
        offset: What to lower the bias by, in nats.

    Raises:
        ValueError: If the classifier has no bias.
    """
    model = base.build()
    _lower_bias(model, labels, num_classes, offset)
    state = {k: v.cpu() for k, v in model.state_dict().items()}
    return Subject('hidden', 'hidden', base.model, state,
                   adapter=dict(offset=offset))


@torch.no_grad()
def _lower_bias(model: nn.Module, labels: Sequence[int], num_classes: int,
                offset: float) -> None:
    biases = _class_biases(model, num_classes)
    if not biases:
        raise ValueError('model must have a classifier with a bias for a '
                         'hidden reference, got none in '
                         f'{type(model).__name__}')
    for bias in biases:
        bias[list(labels)] -= offset


@torch.no_grad()
def level_bias(model: nn.Module, labels: Sequence[int],
               num_classes: int) -> None:
    """Give classes the mean bias of the others, in place.

    What a lower bias hides is there again at once, and nothing is learned.

    Args:
        model: A stock model.
        labels: The labels of the classes.
        num_classes: K + N.
    """
    others = [i for i in range(num_classes) if i not in labels]
    for bias in _class_biases(model, num_classes):
        bias[list(labels)] = bias[others].mean()


def _class_biases(model: nn.Module, num_classes: int) -> List[Tensor]:
    """The biases of the layers with one output a class."""
    plan = ObserverPlan(model, num_classes)
    layers = {
        id(layer): layer
        for found in plan.layers.values() for layer in found
        if isinstance(getattr(layer, 'bias', None), Tensor)
    }
    return [cast(Tensor, layer.bias) for layer in layers.values()]
