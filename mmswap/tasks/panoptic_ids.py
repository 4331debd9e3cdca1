"""Ids of panoptic segments, which COCO writes as the colours of a PNG."""
import mmcv
import numpy as np

_WEIGHTS = np.array([1, 256, 256**2])


def ids_of_colours(content: bytes, backend: str = 'cv2') -> np.ndarray:
    """The segment ids in a file.

    Args:
        content: The file.
        backend: What reads it, as ``mmcv.imfrombytes`` takes it.

    Returns:
        int64 of shape (h, w); 0 where there is no segment.
    """
    colours = mmcv.imfrombytes(
        content, flag='color', channel_order='rgb', backend=backend)
    return colours.astype(np.int64) @ _WEIGHTS


def colours_of_ids(ids: np.ndarray) -> np.ndarray:
    """Segment ids as colours.

    Args:
        ids: Below 256 ** 3, (h, w).

    Returns:
        uint8 of shape (h, w, 3) in the order BGR, as ``mmcv.imwrite`` takes
        it.
    """
    return (ids[..., None] // _WEIGHTS[::-1] % 256).astype(np.uint8)
