"""One pass of the backbone and neck for the images of all branches.

A detector of mmdet, a segmentor of mmseg and a classifier of mmpretrain run
both by ``extract_feat``. Where the images of all branches have one size and
no layer there looks at the other images of a batch or draws at random, each
image's features are the same whatever it is joined with. Heads and losses,
whose normalisers are per batch, run branch by branch as ever.
"""
from contextlib import contextmanager
from typing import Any, Dict, Iterator, List, Mapping

import torch
from mmengine.model import BaseModel
from torch import Tensor, nn

from mmswap.models.outputs.at_rest import draws_or_mixes

# Whose `extract_feat` is the backbone and, where there is one, the neck.
_STOCK = ('SingleStageDetector', 'TwoStageDetector', 'DetectionTransformer',
          'SingleStageInstanceSegmentor', 'EncoderDecoder',
          'ImageClassifier')
_TRUNK = ('backbone', 'neck')


def can_join(model: nn.Module, branches: Mapping[str, Dict[str, Any]]) -> bool:
    """Whether the trunk gives each image what it gives it by itself.

    Args:
        model: The wrapped model.
        branches: ``dict(inputs, data_samples)`` of each branch.
    """
    inputs = [batch['inputs'] for batch in branches.values()]
    return (len(inputs) > 1 and all(
        isinstance(each, Tensor) and each.shape[1:] == inputs[0].shape[1:]
        and each.dtype == inputs[0].dtype for each in inputs)
            and _has_stock_trunk(model) and not any(
                draws_or_mixes(module) for name in _TRUNK
                for module in _modules(getattr(model, name, None))))


def _has_stock_trunk(model: nn.Module) -> bool:
    owner = next((kind for kind in type(model).__mro__
                  if 'extract_feat' in vars(kind)), None)
    return owner is not None and owner.__name__ in _STOCK


def _modules(trunk: Any) -> Iterator[nn.Module]:
    return trunk.modules() if isinstance(trunk, nn.Module) else iter(())


def joint_features(model: BaseModel,
                   branches: Mapping[str, Dict[str, Any]]) -> Dict[str, Any]:
    """The features of each branch, from one pass.

    Args:
        model: The wrapped model.
        branches: ``dict(inputs, data_samples)`` of each branch, of which
            :func:`can_join` is true.

    Returns:
        By branch, what ``extract_feat`` gives for it.
    """
    inputs = [batch['inputs'] for batch in branches.values()]
    features = model.extract_feat(torch.cat(inputs))
    parts = _split(features, [len(each) for each in inputs])
    return dict(zip(branches, parts))


def _split(node: Any, sizes: List[int]) -> List[Any]:
    """Each branch's share of nested tuples, lists and dicts of tensors."""
    if isinstance(node, Tensor):
        return list(node.split(sizes))
    if isinstance(node, dict):
        shares = [_split(value, sizes) for value in node.values()]
        return [dict(zip(node, share)) for share in zip(*shares)]
    shares = [_split(value, sizes) for value in node]
    return [type(node)(share) for share in zip(*shares)]


@contextmanager
def with_features(model: BaseModel, inputs: Tensor,
                  features: Any) -> Iterator[None]:
    """Let a model take features of images that are there, for a while.

    Args:
        model: The wrapped model.
        inputs: The images, the very tensor that the model will be given.
        features: What its ``extract_feat`` would give for them.
    """
    stock = model.extract_feat

    def extract_feat(images: Any, *args: Any, **kwargs: Any) -> Any:
        if images is inputs and not (args or kwargs):
            return features
        return stock(images, *args, **kwargs)

    model.extract_feat = extract_feat
    try:
        yield
    finally:
        del model.extract_feat
