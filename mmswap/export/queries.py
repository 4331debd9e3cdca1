"""DETR and its kin: a graph for images that fill it.

They tell the image from its padding by a mask, which the graph leaves out.
"""
from typing import Any, List, Tuple

from mmengine.model import BaseModel
from torch import Tensor, nn

from mmswap.export.kinds import DenseDetector, Run, Sample
from mmswap.export.outputs import Part
from mmswap.registry import EXPORTS

# By their own names: what inherits from them does more (texts, suppression).
_TYPES = ('DETR', 'ConditionalDETR', 'DABDETR', 'DeformableDETR', 'DINO')


class LastLayer(nn.Module):
    """What the last decoder layer of a DETR gives.

    Args:
        model: The detector.
    """

    def __init__(self, model: BaseModel) -> None:
        super().__init__()
        self.model = model

    def forward(self, image: Tensor) -> Tuple[Tensor, Tensor]:
        """Logits of the classes, and boxes as shares of the image.

        Args:
            image: Preprocessed, without padding, (1, 3, H, W).
        """
        from mmdet.structures import DetDataSample
        # Plain numbers: while it is traced, they are tensors.
        size = tuple(int(side) for side in image.shape[2:])
        sample = DetDataSample(metainfo=dict(
            img_shape=size, batch_input_shape=size))
        scores, boxes = self.model(image, [sample], mode='tensor')[:2]
        return scores[-1], boxes[-1]


@EXPORTS.register_module()
class QueryDetector(DenseDetector):
    """mmdet's DETR, Conditional, DAB and Deformable DETR, and DINO."""

    pads = False

    def matches(self, model: nn.Module) -> bool:
        """See :meth:`ExportKind.matches`."""
        return type(model).__name__ in _TYPES

    def output_names(self, model: nn.Module) -> List[str]:
        """See :meth:`ExportKind.output_names`."""
        del model
        return ['cls_scores', 'bbox_preds']

    def parts(self, model: BaseModel, image: Tensor) -> List[Part]:
        """See :meth:`ExportKind.parts`."""
        return [Part('', LastLayer(model), image, self.output_names(model))]

    def predict(self, model: BaseModel, run: Run, inputs: Tensor,
                samples: List[Sample]) -> List[Sample]:
        """See :meth:`ExportKind.predict`.

        Raises:
            ValueError: If an image was padded.
        """
        size = tuple(inputs.shape[2:])
        for sample in samples:
            if tuple(sample.img_shape[:2]) != size:
                raise ValueError(
                    'test_dataloader.dataset.pipeline must make images of '
                    f'{size} for this ONNX file, which does not know padding, '
                    f'got {tuple(sample.img_shape[:2])}: Resize with '
                    'keep_ratio=False does')
        scores, boxes = run('', inputs)
        head: Any = model.get_submodule('bbox_head')
        results = head.predict_by_feat(
            # As the only layer.
            scores[None], boxes[None],
            [sample.metainfo for sample in samples], rescale=True)
        return model.add_pred_to_datasample(samples, results)
