"""Mask R-CNN and Faster R-CNN: a graph for each part between which is none.

Choosing proposals and cutting their features out are operators of mmcv, which
ONNX does not have.
"""
from typing import Any, List, Sequence, Tuple

from mmengine.model import BaseModel
from torch import Tensor, nn

from mmswap.export.kinds import DenseDetector, Run, Sample
from mmswap.export.outputs import Part
from mmswap.models.adapters.blocks import is_a
from mmswap.registry import EXPORTS

# Proposals of an example; the graphs take any number.
_EXAMPLES = 100


class ProposalStage(nn.Module):
    """Backbone, neck and the head that proposes.

    Args:
        model: A two-stage detector.
    """

    def __init__(self, model: BaseModel) -> None:
        super().__init__()
        self.model = model

    def forward(self, image: Tensor) -> Tuple[Any, ...]:
        """Features, and the raw outputs of the head that proposes.

        Args:
            image: Preprocessed, (1, 3, H, W).
        """
        features = self.model.extract_feat(image)
        return (features, *self.model.rpn_head(features))


@EXPORTS.register_module()
class TwoStageDetector(DenseDetector):
    """mmdet's two-stage detectors with a plain RoI head.

    The first graph gives features and proposals, ``bbox`` takes what is cut
    out for each proposal, and ``mask`` what is for each box.
    """

    def matches(self, model: nn.Module) -> bool:
        """See :meth:`ExportKind.matches`.

        Heads that inherit from the plain one do more between the parts.
        """
        if not is_a(model, ['TwoStageDetector']):
            return False
        head: Any = model.get_submodule('roi_head')
        return type(head).__name__ == 'StandardRoIHead' and (
            not head.with_shared_head)

    def output_names(self, model: nn.Module) -> List[str]:
        """See :meth:`ExportKind.output_names`."""
        del model
        return ['features', 'rpn_cls_scores', 'rpn_bbox_preds']

    def parts(self, model: BaseModel, image: Tensor) -> List[Part]:
        """See :meth:`ExportKind.parts`.

        The examples are of proposals that the model makes of the image.
        """
        stage = ProposalStage(model)
        features, *raw = stage(image)
        meta = dict(img_shape=tuple(image.shape[2:]))
        boxes = [found.bboxes[:_EXAMPLES] for found in _propose(
            model, raw, [meta])]
        head = model.roi_head
        parts = [
            Part('', stage, image, self.output_names(model)),
            Part('bbox', head.bbox_head,
                 _cut_out(head.bbox_roi_extractor, features, boxes),
                 ['cls_score', 'bbox_pred'], any_length=True)
        ]
        if head.with_mask:
            parts.append(Part(
                'mask', head.mask_head,
                _cut_out(head.mask_roi_extractor, features, boxes),
                ['mask_preds'], any_length=True))
        return parts

    def predict(self, model: BaseModel, run: Run, inputs: Tensor,
                samples: List[Sample]) -> List[Sample]:
        """See :meth:`ExportKind.predict`."""
        metas = [sample.metainfo for sample in samples]
        features, *raw = run('', inputs)
        head = model.roi_head
        boxes = [found.bboxes for found in _propose(model, raw, metas)]
        counts = [len(each) for each in boxes]
        scores, deltas = run(
            'bbox', _cut_out(head.bbox_roi_extractor, features, boxes))
        results = head.bbox_head.predict_by_feat(
            rois=_rois(boxes).split(counts),
            cls_scores=scores.split(counts),
            bbox_preds=deltas.split(counts),
            batch_img_metas=metas,
            rcnn_test_cfg=head.test_cfg,
            rescale=not head.with_mask)
        if head.with_mask:
            boxes = [found.bboxes for found in results]
            masks, = run(
                'mask', _cut_out(head.mask_roi_extractor, features, boxes))
            results = head.mask_head.predict_by_feat(
                mask_preds=masks.split([len(each) for each in boxes]),
                results_list=results,
                batch_img_metas=metas,
                rcnn_test_cfg=head.test_cfg,
                rescale=True)
        return model.add_pred_to_datasample(samples, results)


def _propose(model: BaseModel, raw: Sequence[Any],
             metas: List[dict]) -> List[Any]:
    return model.rpn_head.predict_by_feat(
        *raw, batch_img_metas=metas, rescale=False)


def _rois(boxes: List[Tensor]) -> Tensor:
    from mmdet.structures.bbox import bbox2roi
    return bbox2roi(boxes)


def _cut_out(extractor: Any, features: Sequence[Tensor],
             boxes: List[Tensor]) -> Tensor:
    """The features of each box, (boxes, C, S, S)."""
    return extractor(features[:extractor.num_inputs], _rois(boxes))
