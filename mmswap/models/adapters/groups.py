"""Which LoRA matrices form one group, and how large a group is.

A group is the unit that group sparsity keeps or zeroes: all LoRA matrices of
one block (Knowledge Swapping, Sec. 3.3; GS-LoRA, Sec. 4.2). In a transformer
that is one FFN: A and B of both linear layers.
"""
import math
from typing import Dict, Iterable, Iterator, List, Sequence, Set, Tuple

import torch
from peft.tuners.lora import LoraLayer
from torch import Tensor, nn

from mmswap.models.adapters.targets import (
    CLASS_TOWERS,
    find_blocks,
    parent_path,
)


def lora_layers(model: nn.Module) -> Iterator[Tuple[str, LoraLayer]]:
    """Path and module of every LoRA layer, in the model's order."""
    for path, module in model.named_modules():
        if isinstance(module, LoraLayer):
            yield path, module


def lora_weights(layer: LoraLayer,
                 name: str) -> Tuple[nn.Parameter, nn.Parameter]:
    """A and B of one LoRA layer's adapter."""
    down, up = layer.lora_A[name], layer.lora_B[name]
    return (down.get_parameter('weight'), up.get_parameter('weight'))


GROUPINGS = ('block', 'lora', 'matrix')


def group_params(model: nn.Module,
                 name: str = 'default',
                 grouping: str = 'block',
                 trained: bool = False) -> Dict[str, List[nn.Parameter]]:
    """The LoRA matrices of each group.

    A LoRA layer belongs to the innermost block around it: an FFN, a residual
    block, an attention module. Outside of any it belongs to its parent
    module. The group is named by that module's path.

    Args:
        model: A model with LoRA layers.
        name: The adapter.
        grouping: What one group is (GS-LoRA, Sec. 4.2): ``'block'``, all
            matrices of a block; ``'lora'``, A and B of a layer; ``'matrix'``,
            each matrix by itself.
        trained: Leave out an A that is frozen beside a B that trains
            (LoRA-FA), which group sparsity can say nothing about.

    Returns:
        Group name to its matrices: ``lora_A`` of shape (rank, in, ...) and
        ``lora_B`` of shape (out, rank, ...) of each layer in turn, with the
        kernel's dimensions behind in a convolution. Empty where the model has
        no adapter of that name.

    Raises:
        ValueError: If ``grouping`` is unknown.
    """
    if grouping not in GROUPINGS:
        raise ValueError('optim_wrapper.group_sparse.grouping must be one of '
                         f'{GROUPINGS}, got {grouping!r}')
    blocks = find_blocks(model)
    groups: Dict[str, List[nn.Parameter]] = {}
    for path, layer in lora_layers(model):
        if name not in layer.lora_A:
            continue
        down, up = lora_weights(layer, name)
        found = dict(lora_A=down, lora_B=up)
        if trained and up.requires_grad and not down.requires_grad:
            del found['lora_A']
        if grouping == 'matrix':
            groups.update({f'{path}.{key}': [p] for key, p in found.items()})
        else:
            group = path if grouping == 'lora' else _group_of(path, blocks)
            groups.setdefault(group, []).extend(found.values())
    return groups


def _group_of(path: str, blocks: Set[str]) -> str:
    around = parent_path(path)
    while around and around not in blocks:
        around = parent_path(around)
    return around or parent_path(path)


def layers_of_last_blocks(model: nn.Module, layers: Sequence[str],
                          share: float) -> List[str]:
    """The layers that stand in the last blocks of a model.

    In front of the first layer with LoRA no gradient is computed and nothing
    is kept for one, so that fewer blocks from the end on cost less. Towers of
    a head stand side by side; those of the classes count as the later ones,
    as the classes are what changes.

    Args:
        model: A model, with or without LoRA layers.
        layers: Paths of layers, in the model's order.
        share: The share of the blocks, above 0, rounded up to whole ones.

    Returns:
        Those of ``layers`` in that share of the blocks around them, counted
        from the end.
    """
    blocks = find_blocks(model)
    around = [_group_of(path, blocks) for path in layers]
    order = sorted(dict.fromkeys(around), key=in_class_tower)
    last = set(order[-math.ceil(share * len(order)):])
    return [path for path, block in zip(layers, around) if block in last]


def in_class_tower(path: str) -> bool:
    """Whether a layer is one of a dense head that leads to classes alone.

    Args:
        path: Where it is in the model.
    """
    return not set(CLASS_TOWERS).isdisjoint(path.split('.'))


@torch.no_grad()
def stacked_norms(groups: Iterable[Sequence[Tensor]]) -> Tensor:
    """Frobenius norm of each group, float32 of shape (number of groups,).

    One tensor, so that reading all of them costs one transfer from the GPU.

    Args:
        groups: The matrices of each group.
    """
    return torch.stack([
        torch.stack([p.detach().float().square().sum() for p in params])
        .sum().sqrt() for params in groups
    ])


def changed_layers(model: nn.Module, name: str = 'default') -> List[str]:
    """Paths of the layers that an adapter changes: neither A nor B is zero.

    Args:
        model: A model with LoRA layers.
        name: The adapter.
    """
    return [
        path for path, layer in lora_layers(model)
        if name in layer.lora_A and all(
            bool(p.detach().any()) for p in lora_weights(layer, name))
    ]


def zero_layers(model: nn.Module, name: str = 'default') -> List[str]:
    """Paths of the layers of which A and B are both zero.

    Args:
        model: A model with LoRA layers.
        name: The adapter.
    """
    return [
        path for path, layer in lora_layers(model)
        if name in layer.lora_A and not any(
            bool(p.detach().any()) for p in lora_weights(layer, name))
    ]


def changed_groups(model: nn.Module, name: str = 'default') -> List[str]:
    """The groups, as :func:`group_params` names them, that have such a layer.

    Args:
        model: A model with LoRA layers.
        name: The adapter.
    """
    return groups_of_layers(model, changed_layers(model, name))


def groups_of_layers(model: nn.Module, paths: Iterable[str]) -> List[str]:
    """The groups that LoRA layers belong to, each once.

    Args:
        model: A model with LoRA layers.
        paths: Paths of layers.
    """
    blocks = find_blocks(model)
    return list(dict.fromkeys(_group_of(path, blocks) for path in paths))


def group_norms(model: nn.Module, name: str = 'default') -> Dict[str, float]:
    """Frobenius norm over the A and B matrices of each group.

    Args:
        model: A model with LoRA layers.
        name: The adapter.

    Returns:
        One entry a group, in the model's order; empty without an adapter.
    """
    groups = group_params(model, name)
    if not groups:
        return {}
    return dict(zip(groups, stacked_norms(groups.values()).tolist()))
