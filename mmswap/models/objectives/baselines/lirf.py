"""Learning with Recoverable Forgetting."""
from collections import deque
from typing import Any, Deque, Dict, List

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mmswap.class_table import ClassTable
from mmswap.models.objectives.base import check_weight
from mmswap.models.objectives.baselines.relabel import (
    RelabelObjective,
    Seen,
    check_temperature,
)
from mmswap.models.objectives.baselines.teaching import TeacherMixin
from mmswap.models.objectives.divergence import kl_divergence
from mmswap.registry import MODELS


def attention_map(feature: Tensor) -> Tensor:
    """Where a layer's output is large.

    Zagoruyko and Komodakis, *Paying More Attention to Attention*, ICLR 2017.

    Args:
        feature: Tokens of shape (B, L, D) or a map of shape (B, D, H, W).

    Returns:
        The squares' means over the channels, of norm 1 an image, shape
        (B, L) or (B, H * W).
    """
    channels = 1 if feature.dim() == 4 else 2
    return F.normalize(feature.float().square().mean(channels).flatten(1))


@MODELS.register_module()
class LIRFObjective(TeacherMixin, RelabelObjective):
    """Learning with Recoverable Forgetting (Ye et al., ECCV 2022).

    On the images to forget the labels are wrong, the attention of a layer in
    the middle is driven away from the teacher's, and the probabilities of
    all classes but those to forget are kept, softened by T::

        retain_weight * L_R + (1 - alpha) * CE~_F
        - attention_weight * mean (map - map_teacher)^2
        + distill_weight * alpha * T^2 * KL(p_teacher || p)

    That is the network which forgets. The paper's second network, the
    deposit that learns what is taken out so that it can be put back, has no
    part in these terms and is left out: an adapter can be taken off. The
    paper freezes the layers behind the middle; here ``paramwise_cfg`` can.
    The defaults are the constants of GS-LoRA.

    Args:
        layer: Path in the wrapped model of the layer in the middle, such as
            ``'backbone.layers.5'``, with tokens or a feature map as output.
        alpha: What the distillation has of the weight; labels have the rest.
        attention_weight: Weight of the attention's distance.
        distill_weight: Weight of the distillation.
        retain_weight: Weight of the retain branch's own loss.
        temperature: T.

    Raises:
        ValueError: If a weight is negative, ``alpha`` is not from 0 to 1,
            the temperature is not positive, or there is no such layer.
    """

    def __init__(self,
                 layer: str,
                 alpha: float = 0.1,
                 attention_weight: float = 300.,
                 distill_weight: float = 10.,
                 retain_weight: float = 5.0,
                 temperature: float = 10.) -> None:
        if not 0 <= alpha <= 1:
            raise ValueError('model.objective.alpha must be from 0 to 1, got '
                             f'{alpha}')
        super().__init__(retain_weight, 1 - alpha)
        self.layer = layer
        self.alpha = alpha
        self.attention_weight = check_weight('attention_weight',
                                             attention_weight)
        self.distill_weight = check_weight('distill_weight', distill_weight)
        self.temperature = check_temperature(temperature)
        self._kept_labels: List[int] = []
        # The last two passes of a step are those of the branch to forget,
        # the teacher's first.
        self._heard: Deque[Tensor] = deque(maxlen=2)

    def attach(self, model: nn.Module, classes: ClassTable) -> None:
        """Listen to the layer; see :meth:`Objective.attach`."""
        super().attach(model, classes)
        gone = classes.labels(['forget', 'forgotten_before'])
        self._kept_labels = [
            label for label in range(len(classes)) if label not in gone
        ]
        layers = dict(model.named_modules())
        if self.layer not in layers:
            raise ValueError(
                'model.objective.layer must be the path of a layer in '
                f'model.model, got {self.layer!r}')
        layers[self.layer].register_forward_hook(self._hear)

    def _hear(self, layer: nn.Module, inputs: Any, output: Tensor) -> None:
        del layer, inputs
        if self.training:
            self._heard.append(output)

    def added(self, observed: Seen) -> Dict[str, Tensor]:
        """Attention and distillation on the images to forget."""
        said, heard = self._heard.pop(), self._heard.pop()
        away = (attention_map(said) - attention_map(heard)).square().mean()
        kept = torch.tensor(
            self._kept_labels, device=observed['forget'].logits.device)
        distance = kl_divergence(
            self.teacher_outputs['forget'].logits[:, kept],
            observed['forget'].logits[:, kept], self.temperature)
        return dict(
            attention_loss=-self.attention_weight * away,
            distill_loss=self.distill_weight * self.alpha *
            self.temperature**2 * distance)
