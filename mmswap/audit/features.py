"""What the layers of a frozen model give for each object."""
from typing import Any, Dict, Iterable, List, NamedTuple, Optional, Tuple

import torch
from mmengine.model import BaseModel
from torch import Tensor, nn

from mmswap.models.outputs.at_rest import at_rest
from mmswap.models.outputs.observer import Observer
from mmswap.models.outputs.observer_plan import ObserverPlan

CLASSIFIER = 'classifier'
# Points a side at which a box is read off a feature map.
_SAMPLES = 4


class ObjectRows(NamedTuple):
    """One row an object.

    Attributes:
        features: Float32 of shape (M, D).
        labels: Class table labels, int64 of shape (M,).
        images: The place of each object's image, int64 of shape (M,).
        class_nll: Negative log-likelihood of the label in nats, shape (M,);
            None but for the classifier's.
    """

    features: Tensor
    labels: Tensor
    images: Tensor
    class_nll: Optional[Tensor] = None


Features = Dict[str, ObjectRows]


@torch.no_grad()
def object_features(model: BaseModel, batches: Iterable[Dict[str, Any]],
                    num_classes: int) -> Features:
    """The features of all objects, by layer.

    ``classifier`` is what the classifier is given: the RoI, the query that
    is matched with the object, its points, its pixels' mean, or the image's
    embedding. ``stage 0`` and so on are what the backbone gives, the mean
    over the object's box, or over the image where it is the object.

    Args:
        model: A stock model.
        batches: Batches of one image, labelled.
        num_classes: K + N.

    Raises:
        RuntimeError: If the classifier cannot be watched.
        ValueError: If no image shows an object.
    """
    plan = ObserverPlan(model, num_classes)
    found: Dict[str, List[Tuple[Tensor, ...]]] = {}
    for image, batch in enumerate(batches):
        data = model.data_preprocessor(batch, True)
        with torch.random.fork_rng(), at_rest(model), \
                Observer(plan) as observer, _StageOutputs(model) as stages:
            torch.manual_seed(image)  # Points of masks are drawn.
            model(**data, mode='loss')
        rows = observer.take().only_objects()
        place = torch.full_like(rows.labels, image)
        found.setdefault(CLASSIFIER, []).append(
            (rows.features, rows.labels, place, rows.class_nll))
        labels, boxes = _objects(data['data_samples'][0])
        for name, feature_map in stages.maps.items() if len(labels) else ():
            pooled = _pool(feature_map, boxes, data['inputs'].shape[-2:])
            if pooled is not None and len(labels) == len(pooled):
                found.setdefault(name, []).append(
                    (pooled, labels, torch.full_like(labels, image)))
    features = {
        name: ObjectRows(*(torch.cat(part).cpu() for part in zip(*parts)))
        for name, parts in found.items()
    }
    if not features or not len(features[CLASSIFIER].labels):
        raise ValueError('val_dataloader.dataset must have labelled objects, '
                         'and its pipeline must load them, got none')
    return features


class _StageOutputs:
    """Keeps what the backbone gives, and the layers in one that gives one."""

    def __init__(self, model: nn.Module) -> None:
        self.maps: Dict[str, Tensor] = {}
        backbone = getattr(model, 'backbone', None)
        self._watched: Dict[str, nn.Module] = {}
        if isinstance(backbone, nn.Module):
            self._watched = {'stage': backbone}
            layers = getattr(backbone, 'layers', None)
            if isinstance(layers, nn.ModuleList):
                self._watched.update(
                    {f'layer {i}': each for i, each in enumerate(layers)})
        self._handles: List[Any] = []

    def __enter__(self) -> '_StageOutputs':
        self._handles = [
            module.register_forward_hook(self._hook(name))
            for name, module in self._watched.items()
        ]
        return self

    def __exit__(self, *error: Any) -> None:
        for handle in self._handles:
            handle.remove()

    def _hook(self, name: str) -> Any:

        def keep(module: nn.Module, inputs: Any, output: Any) -> None:
            del module, inputs
            outputs = output if isinstance(output, (tuple, list)) else [output]
            for i, each in enumerate(outputs):
                if isinstance(each, Tensor):
                    key = f'{name} {i}' if name == 'stage' else name
                    self.maps[key] = each.detach()

        return keep


def _objects(sample: Any) -> Tuple[Tensor, Optional[Tensor]]:
    """Labels and boxes of a data sample; no boxes where the image is one."""
    if 'gt_instances' in sample and 'bboxes' in sample.gt_instances:
        instances = sample.gt_instances
        boxes = getattr(instances.bboxes, 'tensor', instances.bboxes)
        return instances.labels.long(), boxes
    labels = getattr(sample, 'gt_label', None)
    if labels is None:
        return torch.zeros(0, dtype=torch.long), None
    return labels.long().flatten(), None


def _pool(output: Tensor, boxes: Optional[Tensor],
          size: Any) -> Optional[Tensor]:
    """One row an object; None where the output is no map of the image.

    Args:
        output: (1, C, H, W), (1, tokens, C) or (1, C).
        boxes: (M, 4) in pixels of the input; None for the image as a whole.
        size: Height and width of the input.
    """
    if boxes is None:
        if output.dim() == 4:
            return output.mean((2, 3)).float()
        return (output.mean(1) if output.dim() == 3 else output).float()
    if output.dim() != 4:
        return None
    # Read at the centres of equal parts of each box.
    parts = (torch.arange(_SAMPLES, device=boxes.device) + .5) / _SAMPLES
    left, top, right, bottom = boxes.unbind(1)
    x = left[:, None] + (right - left)[:, None] * parts
    y = top[:, None] + (bottom - top)[:, None] * parts
    scale = boxes.new_tensor([2 / size[1], 2 / size[0]])
    grid = torch.stack((
        x[:, None, :].expand(-1, _SAMPLES, -1),
        y[:, :, None].expand(-1, -1, _SAMPLES)), -1) * scale - 1
    read = nn.functional.grid_sample(
        output.float().expand(len(boxes), -1, -1, -1), grid.float(),
        align_corners=False)
    return read.mean((2, 3))
