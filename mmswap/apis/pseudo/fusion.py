"""How sure a panoptic model of mmdet is of its segments.

Its map says which class each pixel has and leaves out how likely that is.
What the map is made of says it: the queries of MaskFormer and Mask2Former,
the instances and the map of stuff of PanopticFPN.
"""
from typing import Any, List, Optional

import torch
from torch import Tensor, nn
from torch.nn import functional


class QueryScores(nn.Module):
    """A ``MaskFormerFusionHead`` whose maps have ``scores`` beside them.

    That of a pixel is the probability of its query's class times that of the
    query's mask there.

    Args:
        head: The head.
    """

    def __init__(self, head: Any) -> None:
        super().__init__()
        self.head = head

    def predict(self, mask_cls: Tensor, mask_pred: Tensor, samples: List[Any],
                rescale: bool = False, **kwargs: Any) -> List[Any]:
        """See mmdet's ``MaskFormerFusionHead.predict``.

        Args:
            mask_cls: Logits of the classes, (images, queries, classes + 1).
            mask_pred: Logits of the masks, (images, queries, h, w).
            samples: The data samples.
            rescale: Whether to give maps of the size of the files.
            kwargs: What else the head takes.
        """
        results = self.head.predict(mask_cls, mask_pred, samples,
                                    rescale=rescale, **kwargs)
        for result, logits, masks, sample in zip(results, mask_cls, mask_pred,
                                                 samples):
            height, width = sample.metainfo['img_shape'][:2]
            segments = result['pan_results']
            segments.scores = self._scores(
                _labels(segments), logits, masks[:, :height, :width])[None]
        return results

    def _scores(self, labels: Tensor, logits: Tensor,
                masks: Tensor) -> Tensor:
        likely, names = logits.softmax(-1).max(-1)
        scores = likely.new_zeros(labels.shape)
        for label in labels.unique():
            mine = names == label
            if label == self.head.num_classes or not mine.any():
                continue
            near = functional.interpolate(
                masks[mine][:, None], size=labels.shape, mode='bilinear',
                align_corners=False)[:, 0].sigmoid()
            best = (near * likely[mine][:, None, None]).amax(0)
            scores = torch.where(labels == label, best, scores)
        return scores


class FusedScores(nn.Module):
    """A ``HeuristicFusionHead`` whose maps have ``scores`` beside them.

    That of a thing's pixel is the score of its instance, that of a stuff
    pixel the probability of its class.

    Args:
        head: The head.
    """

    def __init__(self, head: Any) -> None:
        super().__init__()
        self.head = head

    def predict(self, instances: List[Any], stuff: List[Tensor],
                **kwargs: Any) -> List[Any]:
        """See mmdet's ``HeuristicFusionHead.predict``.

        Args:
            instances: The instances of each image, with masks.
            stuff: Logits of the stuff, and of no stuff, (classes + 1, h, w)
                for each image.
            kwargs: What else the head takes.
        """
        results = self.head.predict(instances, stuff, **kwargs)
        for segments, each, logits in zip(results, instances, stuff):
            segments.scores = self._scores(
                _labels(segments), each, logits.softmax(0))[None]
        return results

    def _scores(self, labels: Tensor, instances: Any,
                shares: Tensor) -> Tensor:
        things = self.head.num_things_classes
        scores = shares.new_zeros(labels.shape)
        for label in labels.unique():
            if label == self.head.num_classes:
                continue
            if label >= things:
                best = shares[label - things]
            else:
                mine = instances.labels == label
                best = (instances.masks[mine] *
                        instances.scores[mine][:, None, None]).amax(0)
            scores = torch.where(labels == label, best, scores)
        return scores


def add_scores(model: nn.Module) -> Optional[int]:
    """Let the maps of a panoptic model have ``scores``, from 0 to 1.

    Args:
        model: Any model. Its ``panoptic_fusion_head`` is replaced.

    Returns:
        How many of its classes are things; None if it predicts no segments.

    Raises:
        ValueError: If nothing is known about its fusion head.
    """
    head = getattr(model, 'panoptic_fusion_head', None)
    # Mask2Former for instances has such a head, too.
    test_cfg: Any = getattr(model, 'test_cfg', None) or {}
    if head is None or not test_cfg.get('panoptic_on', True):
        return None
    from mmdet.models import HeuristicFusionHead, MaskFormerFusionHead
    if isinstance(head, MaskFormerFusionHead):
        model.panoptic_fusion_head = QueryScores(head)
    elif isinstance(head, HeuristicFusionHead):
        model.panoptic_fusion_head = FusedScores(head)
    else:
        raise ValueError(
            'model.panoptic_fusion_head of CONFIG must be a '
            'MaskFormerFusionHead or a HeuristicFusionHead, as the scores of '
            f'others are not known, got a {type(head).__name__}')
    return int(head.num_things_classes)


def _labels(segments: Any) -> Tensor:
    """The label of each pixel of a predicted map, (h, w)."""
    from mmdet.evaluation.functional import INSTANCE_OFFSET
    return segments.sem_seg[0] % INSTANCE_OFFSET
