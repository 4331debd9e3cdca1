"""Which values occur in the semantic maps of a data set."""
import os
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Dict, List, Mapping

import numpy as np
from mmcv.transforms import LoadAnnotations
from mmengine.dataset import BaseDataset
from mmengine.dist import get_world_size
from mmengine.logging import print_log

# Decoding releases the interpreter, so threads do; more of them only wait
# for the disk.
_MAX_THREADS = 8
# The branches of a phase are subsets of the same data, each with a data set
# of its own, so that each map would be read once for every branch.
_SCANNED: Dict[tuple, np.ndarray] = {}


def scan_label_maps(dataset: BaseDataset) -> np.ndarray:
    """Find the values in each semantic map of a data set.

    The maps are read by the ``LoadAnnotations`` of the data set's pipeline,
    after ``reduce_zero_label`` and before ``label_map``. A map is read once
    in the life of the process, whichever data sets it belongs to.

    Args:
        dataset: A data set of mmseg, fully initialized.

    Returns:
        A bool array of shape (number of images, 256), true where a value
        occurs.

    Raises:
        FileNotFoundError: If a map is missing.
        ValueError: If the pipeline does not load the maps.
    """
    loader = _loader(dataset)
    infos = [dataset.get_data_info(i) for i in range(len(dataset))]
    keys = [_key(loader, info) for info in infos]
    todo = {k: i for k, i in zip(keys, infos) if k not in _SCANNED}
    if todo:
        start = time.time()
        threads = max(1, (os.cpu_count() or 1) // get_world_size())
        with ThreadPoolExecutor(min(threads, _MAX_THREADS)) as pool:
            found = pool.map(lambda info: _values(loader, info),
                             todo.values())
            _SCANNED.update(zip(todo, found))
        print_log(
            f'ClassSubset read {len(todo)} semantic maps in '
            f'{time.time() - start:.1f} s to know which classes they show',
            logger='current')
    return np.stack([_SCANNED[key] for key in keys])


def _loader(dataset: BaseDataset) -> LoadAnnotations:
    """The transform of a data set's pipeline that loads semantic maps."""
    transforms: List[Any] = dataset.pipeline.transforms
    for transform in transforms:
        if isinstance(transform, LoadAnnotations) and transform.with_seg:
            return transform
    raise ValueError(
        'dataset.pipeline must have a LoadAnnotations of mmseg, which reads '
        'the semantic maps that ClassSubset chooses from, got '
        f'{[type(transform).__name__ for transform in transforms]}')


def _key(loader: LoadAnnotations, data_info: Mapping[str, Any]) -> tuple:
    """All that the values of a map depend on."""
    return (type(loader), loader.imdecode_backend, repr(loader.backend_args),
            data_info['reduce_zero_label'], data_info['seg_map_path'])


def _values(loader: LoadAnnotations, data_info: Mapping[str,
                                                        Any]) -> np.ndarray:
    """Whether each value occurs in the map of an image."""
    path = data_info['seg_map_path']
    try:
        loaded = loader({**data_info, 'label_map': None, 'seg_fields': []})
    except FileNotFoundError as error:
        raise FileNotFoundError(
            f'dataset.data_prefix.seg_map_path must hold a map of each image, '
            f'got none at {path!r} for {data_info.get("img_path")!r}'
        ) from error
    # mmseg's loader makes every map one of uint8.
    return np.bincount(loaded['gt_seg_map'].ravel(), minlength=256) > 0
