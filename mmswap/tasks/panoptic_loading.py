"""Loading of panoptic annotations without panopticapi."""
from typing import Any, Dict, Optional

import numpy as np
from mmcv.transforms import BaseTransform
from mmengine.fileio import get

from mmswap.registry import TRANSFORMS
from mmswap.tasks.panoptic_ids import ids_of_colours

# What mmdet's loader writes where there is no segment.
VOID = 255


@TRANSFORMS.register_module()
class LoadPanopticAnnotations(BaseTransform):
    """mmdet's transform of that name for those who have no panopticapi.

    That package is not on PyPI, and mmdet takes one line of it. The results,
    and so the keys that are required and added, are the same.

    Args:
        with_bbox: Whether to load boxes. Defaults to True.
        with_label: Whether to load labels of instances. Defaults to True.
        with_mask: Whether to load masks of things. Defaults to True.
        with_seg: Whether to load the semantic map. Defaults to True.
        box_type: The box mode of mmdet. Defaults to ``hbox``.
        imdecode_backend: The backend that reads segment maps, as
            ``mmcv.imfrombytes`` takes it. Defaults to ``cv2``.
        backend_args: Storage backend of the segment maps, as mmengine takes
            it. Defaults to None.
    """

    def __init__(self,
                 with_bbox: bool = True,
                 with_label: bool = True,
                 with_mask: bool = True,
                 with_seg: bool = True,
                 box_type: str = 'hbox',
                 imdecode_backend: str = 'cv2',
                 backend_args: Optional[dict] = None) -> None:
        from mmdet.datasets.transforms import LoadAnnotations
        self.load_instances = LoadAnnotations(
            with_bbox=with_bbox, with_label=with_label, box_type=box_type)
        self.with_mask = with_mask
        self.with_seg = with_seg
        self.imdecode_backend = imdecode_backend
        self.backend_args = backend_args

    def transform(self, results: Dict[str, Any]) -> Dict[str, Any]:
        """Load what was asked for.

        Args:
            results: The data info of an image of mmdet's
                ``CocoPanopticDataset``. Without ``seg_map_path``, for images
                without ground truth, there are no masks and no map.

        Returns:
            ``results`` with the annotations.
        """
        results = self.load_instances(results)
        if (self.with_mask or self.with_seg) and results.get('seg_map_path'):
            self._load_segments(results)
        return results

    def _load_segments(self, results: Dict[str, Any]) -> None:
        """Load masks of things and the semantic map, as far as asked for."""
        from mmdet.structures.mask import BitmapMasks
        ids = self._read_ids(results['seg_map_path'])
        masks = []
        seg_map = np.full_like(ids, VOID)
        for segment in results['segments_info']:
            mask = ids == segment['id']
            seg_map[mask] = segment['category']
            if segment.get('is_thing'):
                masks.append(mask.astype(np.uint8))
        if self.with_mask:
            results['gt_masks'] = BitmapMasks(masks, *results['ori_shape'])
        if self.with_seg:
            results['gt_seg_map'] = seg_map

    def _read_ids(self, path: str) -> np.ndarray:
        content = get(path, backend_args=self.backend_args)
        return ids_of_colours(content, self.imdecode_backend).astype(np.int32)

    def __repr__(self) -> str:
        """The arguments."""
        return (f'{type(self).__name__}({self.load_instances}, '
                f'with_mask={self.with_mask}, with_seg={self.with_seg}, '
                f"imdecode_backend='{self.imdecode_backend}', "
                f'backend_args={self.backend_args})')
