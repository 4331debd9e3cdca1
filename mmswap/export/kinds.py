"""How models of a kind are exported, and what is made of their outputs.

A kind knows stock models by the names of their types, so that no task library
has to be installed. To support another, register an :class:`ExportKind` in
``mmswap.registry.EXPORTS``; those registered last are asked first.
"""
import inspect
from abc import ABCMeta, abstractmethod
from typing import Any, Callable, List

from mmengine.model import BaseModel
from torch import Tensor, nn

from mmswap.export.outputs import Part, TensorMode
from mmswap.models.adapters.blocks import is_a
from mmswap.registry import EXPORTS

# A data element of the library, such as mmdet's DetDataSample.
Sample = Any
# (suffix of a part, its input) -> its outputs.
Run = Callable[[str, Tensor], List[Any]]
_SUPPORTED = ('single-stage detectors of mmdet (YOLOX, RTMDet, RetinaNet), '
              'its two-stage ones with a StandardRoIHead (Mask R-CNN), DETR, '
              'Conditional, DAB and Deformable DETR, DINO, '
              'EncoderDecoder of mmseg with a plain decode head, and '
              'ImageClassifier of mmpretrain')


class ExportKind(metaclass=ABCMeta):
    """A kind of stock models that can be an ONNX graph.

    Attributes:
        pads: Whether an image smaller than the graph's may be padded.
    """

    pads = True

    @abstractmethod
    def matches(self, model: nn.Module) -> bool:
        """Whether a stock model is of this kind."""

    @abstractmethod
    def output_names(self, model: nn.Module) -> List[str]:
        """Names for what the first graph returns, in its order."""

    @abstractmethod
    def predict(self, model: BaseModel, run: Run, inputs: Tensor,
                samples: List[Sample]) -> List[Sample]:
        """Make predictions of raw outputs, as the stock model does.

        Args:
            model: The stock model; of its weights none is used.
            run: Runs the graph of a part, by its suffix.
            inputs: Preprocessed images, (B, 3, H, W).
            samples: The data samples of the batch.

        Returns:
            The samples with predictions.
        """

    def parts(self, model: BaseModel, image: Tensor) -> List[Part]:
        """The graphs of a model; by default one, its ``mode='tensor'``.

        Args:
            model: The stock model.
            image: Preprocessed, (1, 3, H, W).
        """
        return [Part('', TensorMode(model), image, self.output_names(model))]

    @abstractmethod
    def rename(self, sample: Sample, labels: Tensor, size: int) -> None:
        """Renumber what is predicted for an image, in place.

        Args:
            sample: With predictions.
            labels: The new label of each of the model's, (classes, ).
            size: Number of classes in the new numbering.
        """

    def note_padding(self, sample: Sample, right: int, bottom: int) -> None:
        """Tell a sample that its image was padded; by default nothing is.

        Args:
            sample: Changed in place.
            right: Pixels at its right.
            bottom: Pixels below it.
        """
        del sample, right, bottom


@EXPORTS.register_module()
class DenseDetector(ExportKind):
    """mmdet's single-stage detectors, whose heads see each place alone."""

    def matches(self, model: nn.Module) -> bool:
        """See :meth:`ExportKind.matches`; MaskFormer inherits from it too."""
        return is_a(model, ['SingleStageDetector']) and hasattr(
            model, 'bbox_head')

    def output_names(self, model: nn.Module) -> List[str]:
        """See :meth:`ExportKind.output_names`.

        What the head itself calls them.
        """
        head: Any = model.get_submodule('bbox_head')
        return list(inspect.signature(head.predict_by_feat).parameters)

    def predict(self, model: BaseModel, run: Run, inputs: Tensor,
                samples: List[Sample]) -> List[Sample]:
        """See :meth:`ExportKind.predict`."""
        results = model.get_submodule('bbox_head').predict_by_feat(
            *run('', inputs),
            batch_img_metas=[sample.metainfo for sample in samples],
            rescale=True)
        return model.add_pred_to_datasample(samples, results)

    def rename(self, sample: Sample, labels: Tensor, size: int) -> None:
        """See :meth:`ExportKind.rename`."""
        del size
        found = sample.pred_instances
        found.labels = labels.to(found.labels)[found.labels]


@EXPORTS.register_module()
class Segmentor(ExportKind):
    """mmseg's segmentors whose decode head gives a map of logits."""

    def matches(self, model: nn.Module) -> bool:
        """See :meth:`ExportKind.matches`."""
        return is_a(model, ['EncoderDecoder']) and is_a(
            model.get_submodule('decode_head'), ['BaseDecodeHead'])

    def output_names(self, model: nn.Module) -> List[str]:
        """See :meth:`ExportKind.output_names`."""
        del model
        return ['seg_logits']

    def predict(self, model: BaseModel, run: Run, inputs: Tensor,
                samples: List[Sample]) -> List[Sample]:
        """See :meth:`ExportKind.predict`.

        Raises:
            ValueError: If the model slides over images.
        """
        mode = (model.test_cfg or {}).get('mode', 'whole')
        if mode != 'whole':
            raise ValueError(
                "model.test_cfg.mode must be 'whole' for an ONNX file, which "
                f'sees an image at once, got {mode!r}')
        logits = model.get_submodule('decode_head').predict_by_feat(
            run('', inputs)[0], [sample.metainfo for sample in samples])
        return model.postprocess_result(logits, samples)

    def rename(self, sample: Sample, labels: Tensor, size: int) -> None:
        """See :meth:`ExportKind.rename`."""
        del size
        found = sample.pred_sem_seg
        found.data = labels.to(found.data)[found.data]
        # In the old order, and read by nothing that scores.
        del sample.seg_logits

    def note_padding(self, sample: Sample, right: int, bottom: int) -> None:
        """See :meth:`ExportKind.note_padding`.

        So that the padding is cut off before the map is resized.
        """
        height, width = sample.img_shape[:2]
        left, r, top, b = sample.get('img_padding_size',
                                     sample.get('padding_size', [0] * 4))
        pad_height, pad_width = sample.get('pad_shape', (height, width))[:2]
        sample.set_metainfo(dict(
            img_padding_size=[left, r + right, top, b + bottom],
            pad_shape=(pad_height + bottom, pad_width + right)))


@EXPORTS.register_module()
class Classifier(ExportKind):
    """mmpretrain's classifiers of one label or several."""

    pads = False

    def matches(self, model: nn.Module) -> bool:
        """See :meth:`ExportKind.matches`."""
        return is_a(model, ['ImageClassifier'])

    def output_names(self, model: nn.Module) -> List[str]:
        """See :meth:`ExportKind.output_names`."""
        del model
        return ['logits']

    def predict(self, model: BaseModel, run: Run, inputs: Tensor,
                samples: List[Sample]) -> List[Sample]:
        """See :meth:`ExportKind.predict`.

        The plain heads of mmpretrain take logits for their features.
        """
        from mmpretrain.models.heads import ClsHead, MultiLabelClsHead
        head = model.get_submodule('head')
        plain: Any = ClsHead()
        if is_a(head, ['MultiLabelClsHead']):
            plain = MultiLabelClsHead(thr=head.thr, topk=head.topk)
        return plain.predict((run('', inputs)[0], ), samples)

    def rename(self, sample: Sample, labels: Tensor, size: int) -> None:
        """See :meth:`ExportKind.rename`."""
        scores = sample.pred_score
        wide = scores.new_zeros(size)
        wide[labels.to(scores.device)] = scores
        sample.set_metainfo(dict(num_classes=size))
        sample.set_pred_score(wide)
        sample.set_pred_label(labels.to(sample.pred_label)[sample.pred_label])


def kind_of(model: nn.Module) -> ExportKind:
    """The kind that a stock model is of.

    Args:
        model: A built stock model.

    Raises:
        TypeError: If it is of none.
    """
    for kind in reversed(list(EXPORTS.module_dict.values())):
        made = kind()
        if made.matches(model):
            return made
    raise TypeError(f'model.type must be one of {_SUPPORTED} for an ONNX file,'
                    f' got {type(model).__name__}')
