"""Which modules are blocks: the places of LoRA, and the groups.

A block is known by the name of its type, or of one that it inherits from:
mmdet, mmseg and mmpretrain each have a ``Bottleneck`` of their own, and none
of them has to be installed. To support another block, register a
:class:`BlockKind`.
"""
from typing import List, Tuple

from torch import nn

from mmswap.registry import BLOCKS


class BlockKind:
    """A kind of block.

    Attributes:
        target: The ``adapter.targets`` that stands for its layers: ``'ffn'``
            for linear layers and 1x1 convolutions, ``'conv'`` for
            convolutions of any size.
        type_names: Names of the modules' types.
    """

    target: str
    type_names: Tuple[str, ...]


@BLOCKS.register_module()
class FeedForward(BlockKind):
    """The feed-forward part of a transformer layer, and of ConvNeXt.

    The block of the latter is one behind a depthwise convolution.
    """

    target = 'ffn'
    type_names = ('FFN', 'MixFFN', 'DeiT3FFN', 'SwiGLUFFN', 'ConvNeXtBlock')


@BLOCKS.register_module()
class Residual(BlockKind):
    """The residual block of a convolutional network."""

    target = 'conv'
    type_names = ('BasicBlock', 'Bottleneck', 'ResBlock', 'DarknetBottleneck',
                  'CSPNeXtBlock', 'InvertedResidual')


def is_block(module: nn.Module, target: str) -> bool:
    """Whether a module is a block of a registered kind.

    Args:
        module: Any module.
        target: Whose layers it must have, ``'ffn'`` or ``'conv'``.
    """
    return is_a(module, [
        name for kind in BLOCKS.module_dict.values() if kind.target == target
        for name in kind.type_names
    ])


def is_a(module: nn.Module, type_names: List[str]) -> bool:
    """Whether a module is of a type of one of these names, or inherits one.

    Args:
        module: Any module.
        type_names: Names of classes, without their modules.
    """
    return any(kind.__name__ in type_names for kind in type(module).__mro__)
