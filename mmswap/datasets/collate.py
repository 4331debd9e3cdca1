"""The collate function that configs of release 0.1 name."""
from typing import Any, Dict, Mapping, Sequence

from mmengine.dataset import pseudo_collate

from mmswap.registry import FUNCTIONS


@FUNCTIONS.register_module()
def swap_collate(items: Sequence[Mapping[str, Any]]) -> Dict[str, Any]:
    """Collate the samples of a ``SwapDataset`` as mmengine does anyway.

    Samples say their branch, and the data preprocessor of a ``SwapModel``
    parts them, so that any collate function will do. This one is here for the
    configs of release 0.1, where it parted them itself: leave the key
    ``collate_fn`` out.

    Args:
        items: Samples.

    Returns:
        What mmengine's ``pseudo_collate`` gives.
    """
    return pseudo_collate(items)
