"""Which layers get LoRA, and which LoRA matrices form one group.

A group is the unit that group sparsity keeps or zeroes: all LoRA matrices of
one block (Knowledge Swapping, Sec. 3.3; GS-LoRA, Sec. 4.2). In a transformer
that is one FFN: A and B of both linear layers.
"""
from typing import Dict, Iterable, Iterator, List, Sequence, Tuple

import torch
from mmcv.cnn.bricks.transformer import FFN
from peft.tuners.lora import LoraLayer
from torch import Tensor, nn

_ATTENTION_MARKS = ('Attention', 'MSA')


def _parent(path: str) -> str:
    return path.rpartition('.')[0]


def _is_container(module: nn.Module) -> bool:
    return isinstance(module, (nn.Sequential, nn.ModuleList, nn.ModuleDict))


def _has_attention(module: nn.Module) -> bool:
    """Whether an attention module is a child, or in a list of children."""
    return any(
        any(mark in type(child).__name__ for mark in _ATTENTION_MARKS) or (
            _is_container(child) and _has_attention(child))
        for child in module.children())


def find_ffns(model: nn.Module) -> Dict[str, FFN]:
    """The FFN of every transformer layer, by module path.

    An mmcv ``FFN`` counts when the module that owns it also owns an attention
    module. That leaves out the FFNs that some heads use as plain regressors,
    such as ``bbox_head.reg_ffn`` of DETR.

    Args:
        model: Any module, with or without LoRA layers in it.
    """
    modules = dict(model.named_modules())
    found = {}
    for path, module in modules.items():
        if not isinstance(module, FFN):
            continue
        owner = _parent(path)
        while owner and _is_container(modules[owner]):
            owner = _parent(owner)
        if _has_attention(modules[owner]):
            found[path] = module
    return found


def target_layers(model: nn.Module, targets: str) -> List[str]:
    """Paths of the layers that get LoRA.

    Args:
        model: The model without LoRA layers.
        targets: ``'ffn'``, the linear layers of every transformer FFN (both
            papers).

    Raises:
        ValueError: If ``targets`` is unknown, or matches no layer.
    """
    if targets != 'ffn':
        raise ValueError(f"adapter.targets must be 'ffn', got {targets!r}")
    layers = [
        f'{ffn_path}.{path}' for ffn_path, ffn in find_ffns(model).items()
        for path, layer in ffn.named_modules() if isinstance(layer, nn.Linear)
    ]
    if not layers:
        raise ValueError(
            f"adapter.targets='ffn' must match a layer, but "
            f'{type(model).__name__} has no transformer layer with an mmcv '
            f'FFN; take a backbone or head that has one, such as '
            f'SwinTransformer')
    return layers


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


def group_params(model: nn.Module,
                 name: str = 'default') -> Dict[str, List[nn.Parameter]]:
    """The LoRA matrices of each group.

    A LoRA layer belongs to the FFN around it, or, outside of an FFN, to its
    parent module; the group is named by that module's path.

    Args:
        model: A model with LoRA layers.
        name: The adapter.

    Returns:
        Group name to its matrices: ``lora_A`` of shape (rank, in) and
        ``lora_B`` of shape (out, rank) of each layer in turn. Empty where the
        model has no adapter of that name.
    """
    ffns = [path for path, m in model.named_modules() if isinstance(m, FFN)]
    groups: Dict[str, List[nn.Parameter]] = {}
    for path, layer in lora_layers(model):
        if name not in layer.lora_A:
            continue
        around = [ffn for ffn in ffns if path.startswith(ffn + '.')]
        group = max(around, key=len) if around else _parent(path)
        groups.setdefault(group, []).extend(lora_weights(layer, name))
    return groups


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
