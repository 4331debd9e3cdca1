"""An ONNX file in the place of the model that it was made from."""
import copy
from typing import Any, Dict, List, Optional, Sequence

import torch
from mmengine.model import BaseModel
from mmengine.registry import MODELS as MMENGINE_MODELS
from torch import Tensor
from torch.nn import functional as F

from mmswap.export.kinds import kind_of
from mmswap.export.outputs import as_tensors, part_path
from mmswap.export.runtime import OnnxFile
from mmswap.registry import MODELS


@MODELS.register_module()
class OnnxModel(BaseModel):
    """Predicts with an ONNX file what a stock model would.

    The file gives the raw outputs; what they mean (boxes, non-maximum
    suppression, maps of the image's size) is left to the stock model's head.
    It runs on the CPU, an image at a time. Images that are smaller than the
    file's are padded at the right and below, except those of classifiers.

    Args:
        file: What ``mmswap export`` wrote.
        model: Config of the stock model, with as many classes.
        names: Class names in the order in which labels are wanted, perhaps
            more than the file has. Defaults to None, the file's own order.
        data_preprocessor: That of the stock model, where it stands beside
            ``model`` in a config. Defaults to None.

    Raises:
        ValueError: If the file does not tell its class names, or has one that
            is not among ``names``.
    """

    def __init__(self,
                 file: str,
                 model: Dict[str, Any],
                 names: Optional[Sequence[str]] = None,
                 data_preprocessor: Optional[Dict[str, Any]] = None) -> None:
        model = copy.deepcopy(model)  # DETRs of mmdet write into theirs.
        if data_preprocessor is not None:
            model.setdefault('data_preprocessor', data_preprocessor)
        stock = MMENGINE_MODELS.build(model)
        super().__init__(stock.data_preprocessor)
        # A list, so that weights that mean nothing are neither saved nor
        # counted.
        self._stock: List[BaseModel] = [stock.eval()]
        self.file = OnnxFile(file)
        self.files = {
            suffix: OnnxFile(part_path(self.file.path, suffix))
            for suffix in self.file.metadata['parts']
        }
        self.kind = kind_of(stock)
        self.num_labels = len(names or ())
        self.labels: Optional[Tensor] = None
        if names is not None:
            self.labels = self._match(list(names))

    def _match(self, names: List[str]) -> Optional[Tensor]:
        """The label of each of the file's classes among ``names``."""
        own = self.file.metadata.get('classes')
        if not own or not set(own) <= set(names):
            raise ValueError(
                f'the ONNX file must name its classes, all of {names}, got '
                f'{own} in {self.file.path}')
        return None if own == names else torch.tensor(
            [names.index(name) for name in own])

    def forward(self,
                inputs: Tensor,
                data_samples: Optional[List[Any]] = None,
                mode: str = 'tensor') -> Any:
        """Raw outputs of the file, or predictions.

        Args:
            inputs: Preprocessed images, (B, 3, H, W).
            data_samples: Theirs, for predictions.
            mode: ``'tensor'`` or ``'predict'``.

        Raises:
            ValueError: If ``mode`` is another, or an image does not fit the
                file.
        """
        if mode not in ('tensor', 'predict'):
            raise ValueError("mode must be 'tensor' or 'predict' for an ONNX "
                             f'file, which cannot be trained, got {mode!r}')
        padded = self._pad(inputs, data_samples or []).cpu().float()
        if mode == 'tensor':
            return self._run('', padded)
        found = self.kind.predict(self._stock[0], self._run, padded,
                                  data_samples or [])
        if self.labels is not None:
            for sample in found:
                self.kind.rename(sample, self.labels, self.num_labels)
        return found

    def _run(self, suffix: str, inputs: Tensor) -> List[Any]:
        """The outputs of a part, images one at a time."""
        file = self.files[suffix]
        if not suffix:
            each = [as_tensors(file.run(image[None].numpy()))
                    for image in inputs]
            return [_batch(outputs) for outputs in zip(*each)]
        if len(inputs):
            return as_tensors(file.run(inputs.numpy()))
        # Not every operator takes none; what one gives has the shapes.
        one = as_tensors(file.run(inputs.new_zeros(
            1, *inputs.shape[1:]).numpy()))
        return [output[:0] for output in one]

    def _pad(self, inputs: Tensor, samples: List[Any]) -> Tensor:
        """Images of the size that the file takes."""
        size = self.file.input_size
        bottom, right = (want - have for want, have in zip(
            size, inputs.shape[2:]))
        fits = bottom >= 0 and right >= 0 and (
            self.kind.pads or bottom == right == 0)
        if not fits:
            raise ValueError(
                'mmswap export --size must be '
                f'{"at least " if self.kind.pads else ""}the height and the '
                f'width of each image, {tuple(inputs.shape[2:])}, got {size} '
                f'in {self.file.path}')
        if not bottom and not right:
            return inputs
        for sample in samples:
            self.kind.note_padding(sample, right, bottom)
        value = float(getattr(self.data_preprocessor, 'pad_value', 0))
        return F.pad(inputs, (0, right, 0, bottom), value=value)


def _batch(parts: Sequence[Any]) -> Any:
    """One output of several images as that of a batch."""
    if isinstance(parts[0], Tensor):
        return torch.cat(list(parts))
    return [torch.cat(levels) for levels in zip(*parts)]
