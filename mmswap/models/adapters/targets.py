"""Which layers get LoRA, and which module is the block around a layer.

Layers are found by the type of the block that they stand in, so that one
word fits every model that has such blocks
(:mod:`mmswap.models.adapters.blocks`).
"""
import re
from typing import Dict, Iterator, List, Sequence, Set, Tuple, Union, cast

from mmcv.cnn.bricks.transformer import FFN
from peft.tuners.lora import LoraLayer
from torch import Tensor, nn

from mmswap.models.adapters.blocks import is_a, is_block

Targets = Union[str, Sequence[str]]

_ATTENTION_MARKS = ('Attention', 'MSA')
_FC_STACKS = ('shared_fcs', 'cls_fcs', 'reg_fcs')
CLASS_TOWERS = ('cls_convs', 'multi_level_cls_convs')
_TOWERS = (*CLASS_TOWERS, 'reg_convs', 'kernel_convs', 'multi_level_reg_convs')
_CONVS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)

NAMES = ('ffn', 'conv', 'tower', 'fc', 'attention')


def parent_path(path: str) -> str:
    """The path of the module that holds the one at ``path``."""
    return path.rpartition('.')[0]


def _is_container(module: nn.Module) -> bool:
    return isinstance(module, (nn.Sequential, nn.ModuleList, nn.ModuleDict))


def _is_attention(module: nn.Module) -> bool:
    return any(mark in type(module).__name__ for mark in _ATTENTION_MARKS)


def _has_attention(module: nn.Module) -> bool:
    """Whether an attention module is a child, or in a list of children."""
    return any(
        _is_attention(child) or (
            _is_container(child) and _has_attention(child))
        for child in module.children())


def _owner(modules: Dict[str, nn.Module], path: str) -> nn.Module:
    """The module that holds the one at ``path``, lists passed over."""
    owner = parent_path(path)
    while owner and _is_container(modules[owner]):
        owner = parent_path(owner)
    return modules[owner]


def find_ffns(model: nn.Module) -> Dict[str, nn.Module]:
    """The feed-forward part of every transformer layer, by module path.

    An mmcv ``FFN`` counts when the module that owns it also owns an attention
    module. That leaves out the FFNs that some heads use as plain regressors,
    such as ``bbox_head.reg_ffn`` of DETR. The others count by their type:
    SegFormer's ``MixFFN``, DeiT III's and the gated ones of mmpretrain, and
    the blocks of ConvNeXt.

    Args:
        model: Any module, with or without LoRA layers in it.
    """
    modules = dict(model.named_modules())
    return {
        path: module
        for path, module in modules.items() if is_block(module, 'ffn') and (
            not isinstance(module, FFN) or _has_attention(
                _owner(modules, path)))
    }


def find_blocks(model: nn.Module) -> Set[str]:
    """Paths of all modules that are one group each.

    Args:
        model: Any module, with or without LoRA layers in it.
    """
    return {
        path
        for path, module in model.named_modules()
        if path and (is_block(module, 'ffn') or is_block(module, 'conv')
                     or _is_attention(module))
    }


def _frozen(model: nn.Module, layers: Dict[str, nn.Module]) -> Set[str]:
    """Paths of the layers that the stock config freezes (``frozen_stages``).

    Once there is LoRA in a model all else is frozen, and where a whole model
    is, nothing is told by that.
    """
    if any(isinstance(module, LoraLayer) for module in model.modules()):
        return set()
    found = {path for path, layer in layers.items()
             if not cast(Tensor, layer.weight).requires_grad}
    return set() if found == set(layers) else found


def _layers(model: nn.Module) -> Iterator[Tuple[str, nn.Module]]:
    """The layers that can have LoRA; of a LoRA layer the one below it."""
    inside: List[str] = []
    for path, module in model.named_modules():
        if any(path.startswith(f'{outer}.') for outer in inside[-1:]):
            continue
        # The projections of torch's own attention are read as parameters,
        # past any LoRA layer in their place.
        if isinstance(module, (LoraLayer, nn.MultiheadAttention)):
            inside.append(path)
        layer = module.get_base_layer() if isinstance(
            module, LoraLayer) else module
        if _can_have_lora(layer):
            yield path, layer


def _can_have_lora(layer: nn.Module) -> bool:
    if isinstance(layer, _CONVS):
        # peft merges into no grouped convolution, and its own convolution
        # beside the layer is not dilated.
        kernels = zip(layer.kernel_size, layer.dilation)
        return layer.groups == 1 and all(k == 1 or d == 1 for k, d in kernels)
    # The normalised product of ArcFace heads is not linear.
    return isinstance(layer, nn.Linear) and not is_a(layer, ['NormProduct'])


def _pointwise(layer: nn.Module) -> bool:
    return isinstance(layer, nn.Linear) or (isinstance(layer, _CONVS)
                                            and set(layer.kernel_size) == {1})


def _is_conv(layer: nn.Module) -> bool:
    return isinstance(layer, _CONVS)


def _lists_called(model: nn.Module, names: Sequence[str]) -> Set[str]:
    """Paths of the lists of modules that have one of these names."""
    return {path for path, module in model.named_modules()
            if path.rpartition('.')[2] in names
            and isinstance(module, nn.ModuleList)}


def _matches(model: nn.Module, target: str) -> Set[str]:
    """Paths of the layers that one target names."""
    layers = dict(_layers(model))
    if target == 'ffn':
        inside, wanted = set(find_ffns(model)), _pointwise
    elif target == 'conv':
        inside, wanted = {p for p, m in model.named_modules()
                          if is_block(m, 'conv')}, _is_conv
    elif target == 'tower':
        inside, wanted = _lists_called(model, _TOWERS), _is_conv
    elif target == 'fc':
        inside, wanted = _lists_called(model, _FC_STACKS), _pointwise
    elif target == 'attention':
        inside = {p for p, m in model.named_modules() if _is_attention(m)}

        def wanted(layer: nn.Module) -> bool:
            return isinstance(layer, nn.Linear)
    else:
        try:
            return {p for p in layers if re.fullmatch(target, p)}
        except re.error as error:
            raise ValueError(
                f'adapter.targets must be some of {NAMES} or a regular '
                f'expression, got {target!r}: {error}') from error
    return {
        path
        for path, layer in layers.items() if wanted(layer) and any(
            not block or path.startswith(f'{block}.') for block in inside)
    } - _frozen(model, layers)


def target_layers(model: nn.Module, targets: Targets) -> List[str]:
    """Paths of the layers that get LoRA, in the model's order.

    Args:
        model: Any model; LoRA layers in it count as what they wrap.
        targets: One of these, or a list of them:

            - ``'ffn'``, the linear layers (or 1x1 convolutions) of every
              transformer FFN (both papers), of SegFormer's and of ConvNeXt's
              blocks;
            - ``'conv'``, the convolutions of every residual block (ResNet,
              RTMDet's CSPNeXt, Darknet, MobileNet), grouped and dilated ones
              left out;
            - ``'tower'``, the convolutions of dense heads (RetinaNet, FCOS,
              YOLOX, RTMDet) in front of their predictions;
            - ``'fc'``, the fully connected layers of RoI heads in front of
              their classifiers;
            - ``'attention'``, the linear layers of attention modules, those
              of torch's ``nn.MultiheadAttention`` left out;
            - any other text, a regular expression that must match the whole
              path of a linear or convolution layer.

            The names leave out what the stock config freezes
            (``frozen_stages``): full fine-tuning does not pass a gradient
            through it either.

    Raises:
        ValueError: If one of ``targets`` matches no layer, or is neither a
            known name nor a regular expression.
    """
    wanted = [targets] if isinstance(targets, str) else list(targets)
    found: Set[str] = set()
    for target in wanted:
        matched = _matches(model, target)
        if not matched:
            raise ValueError(
                f'adapter.targets must be some of {NAMES} or regular '
                'expressions for whole paths of linear or convolution '
                f'layers, and each must match a layer, but {target!r} '
                f'matches none of {type(model).__name__}'
                f'{_advice(model, target)}; names leave out what the stock '
                'config freezes (frozen_stages)')
        found |= matched
    if not found:
        raise ValueError(f'adapter.targets must name a target, one of {NAMES} '
                         f'or a regular expression, got {targets!r}')
    return [path for path, _ in _layers(model) if path in found]


def matching_targets(model: nn.Module) -> List[str]:
    """The names of targets that match a layer of a model.

    Args:
        model: Any model; see :func:`target_layers`.
    """
    return [name for name in NAMES if _matches(model, name)]


def _advice(model: nn.Module, target: str) -> str:
    """Which of the known targets would match."""
    others = [name for name in matching_targets(model) if name != target]
    return f'; {others} would' if others else ''
