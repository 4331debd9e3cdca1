"""Images that show classes of two data sets side by side."""
from typing import Any, Dict, List, Sequence, Sized, Union

import cv2
import numpy as np
from mmcv.transforms import BaseTransform

from mmswap.registry import TRANSFORMS
from mmswap.tasks.base_labels import IGNORE_INDEX


@TRANSFORMS.register_module()
class PasteSegments(BaseTransform):
    """Paste the segments of another image where they hide nothing.

    For the pipeline of mmseg's ``MultiImageMixDataset``, over images of one
    size with semantic maps, as ``LoadAnnotations`` gives them. Where old
    classes come with old images and new classes with new ones, no image shows
    the two side by side. A loss of each pixel tells them apart all the same;
    a head that matches queries to segments (Mask2Former) has no mask loss for
    a query without a segment, so that of an old class never learns to leave a
    new one's pixels out. Simple Copy-Paste (arXiv:2012.07177), with segments
    only pasted as a whole, so that no label is of half an object.

    A segment is what hangs together and is of none of the labels in
    ``background``, and none that is to be ignored: digits that touch are one.

    Args:
        background: The label, or labels, in the class table that are not
            pasted and may be pasted upon, such as those of the sky or a wall.
            Defaults to 0.
        prob: The share of images that others are pasted into. Defaults to
            0.8, which the digit scenes are trained with.

    Raises:
        ValueError: If ``background`` holds what is no label of a class, or
            ``prob`` is not between 0 and 1.
    """

    def __init__(self,
                 background: Union[int, Sequence[int]] = 0,
                 prob: float = 0.8) -> None:
        labels = (
            background if isinstance(background, (list, tuple)) else
            [background])
        if not all(type(label) is int and 0 <= label < IGNORE_INDEX
                   for label in labels):
            raise ValueError(
                'PasteSegments.background must be a label or a sequence of '
                f'labels from 0 to {IGNORE_INDEX - 1}, got {background!r}')
        if not 0 <= prob <= 1:
            raise ValueError(
                f'PasteSegments.prob must be from 0 to 1, got {prob!r}')
        self.background = tuple(labels)
        self.prob = prob

    def get_indices(self, dataset: Sized) -> List[int]:
        """The index of the image to paste from, for the data set wrapper.

        Args:
            dataset: The data set that images are drawn from.
        """
        return [np.random.randint(len(dataset))]

    def transform(self, results: Dict[str, Any]) -> Dict[str, Any]:
        """Paste ``results['mix_results'][0]`` into ``results``.

        Args:
            results: An image with ``img`` of shape (H, W, 3) and
                ``gt_seg_map`` of shape (H, W).

        Raises:
            ValueError: If the other image is of another size.
        """
        if np.random.rand() >= self.prob:
            return results
        other, = results['mix_results']
        new_map, own_map = other['gt_seg_map'], results['gt_seg_map']
        if new_map.shape != own_map.shape:
            raise ValueError(
                'PasteSegments takes images of one size, got '
                f'{own_map.shape} and {new_map.shape}; put a RandomCrop or a '
                'Resize before it')
        things = ~np.isin(new_map, (*self.background, IGNORE_INDEX))
        _, parts = cv2.connectedComponents(things.astype(np.uint8))
        # A pixel more, so that segments do not grow together.
        taken = cv2.dilate(
            (~np.isin(own_map, self.background)).astype(np.uint8),
            np.ones((3, 3), np.uint8)).astype(bool)
        paste = things & ~np.isin(parts, parts[taken & things])
        results['img'] = np.where(paste[..., None], other['img'],
                                  results['img'])
        results['gt_seg_map'] = np.where(paste, new_map, own_map)
        return results

    def __repr__(self) -> str:
        return (f'{type(self).__name__}(background={self.background}, '
                f'prob={self.prob})')
