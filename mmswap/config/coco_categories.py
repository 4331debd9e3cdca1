"""The categories of a COCO json, without parsing all of it."""
import json
import mmap
from typing import Dict, List, Optional

import mmengine
from mmengine.fileio import get_local_path

_KEY = b'"categories"'
# Longer category lists than this (13,000 classes of V3Det take 3 MB) are
# still read, by loading the file in full.
_WINDOW = 16 * 2**20


def read_categories(ann_file: str,
                    backend_args: Optional[dict] = None) -> Dict[int, str]:
    """Read the names of the categories of a COCO json.

    Args:
        ann_file: Path of the json.
        backend_args: Storage backend of the path, as mmengine takes it.

    Returns:
        The name of each category id, in file order.
    """
    return {
        category['id']: category['name']
        for category in read_category_list(ann_file, backend_args)
    }


def read_category_list(ann_file: str,
                       backend_args: Optional[dict] = None) -> List[dict]:
    """Read the categories of a COCO json without parsing all of it.

    Args:
        ann_file: Path of the json.
        backend_args: Storage backend of the path, as mmengine takes it.

    Returns:
        The categories as they are in the file.
    """
    with get_local_path(ann_file, backend_args=backend_args) as path:
        categories = _decode_categories(path)
    if categories is None:
        categories = mmengine.load(
            ann_file, backend_args=backend_args)['categories']
    return categories


def _decode_categories(path: str) -> Optional[List[dict]]:
    """The category list; None if where it stands is not certain."""
    with open(path, 'rb') as file:
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as text:
            start = text.find(_KEY)
            # A second one may belong to an image or an annotation.
            if start < 0 or text.rfind(_KEY) != start:
                return None
            start += len(_KEY)
            # The end of the window may cut a character in two.
            window = text[start:start + _WINDOW].decode(errors='ignore')
    try:
        return json.JSONDecoder().raw_decode(window.lstrip(' \t\r\n:'))[0]
    except json.JSONDecodeError:
        return None
