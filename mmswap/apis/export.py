"""A merged model as an ONNX file, and an ONNX file that is scored."""
from pathlib import Path
from typing import Dict, Iterator, List, Optional, Tuple, Union

import numpy as np
import torch
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.model import BaseModel
from mmengine.registry import DATASETS, MODELS, init_default_scope
from torch import Tensor
from torch.nn import functional as F

from mmswap.apis.checkpoint import read_checkpoint
from mmswap.apis.config import model_config, unwrap_pipeline_owner
from mmswap.class_table import ClassTable
from mmswap.config.types import is_mmswap_type, mmswap_types
from mmswap.export.graph import Differences, compare, write_graphs
from mmswap.export.int8 import choose_method, write_int8
from mmswap.export.kinds import kind_of
from mmswap.export.outputs import FlatOutputs, part_path
from mmswap.export.runtime import SUFFIX, OnnxFile
from mmswap.models.checkpoints import checkpoint_kind
from mmswap.models.classes.growth import shrink_config
from mmswap.models.fingerprints import hash_states

# Ranges of activations change little after some tens of images.
_CALIBRATION_IMAGES = 32
Size = Tuple[int, int]


def export_onnx(config: Union[str, Path],
                checkpoint: Union[str, Path],
                out: Union[str, Path],
                size: Optional[Size] = None,
                int8: bool = False,
                trust: bool = False) -> Dict[Path, Differences]:
    """Write the raw outputs of a stock model as ONNX files.

    The first file takes one image as the model's data preprocessor makes it.
    Mostly it is the only one and gives what the model's ``mode='tensor'``
    returns; two-stage detectors have more
    (:mod:`mmswap.export.two_stage`).

    Args:
        config: Config file of a stock model: what merging writes, or any of
            mmdet, mmseg and mmpretrain.
        checkpoint: Its checkpoint.
        out: The file to write, ``*.onnx``.
        size: Height and width of the images in pixels. Defaults to None,
            those of the first image of ``test_dataloader``.
        int8: Whether to write ``*_int8.onnx`` too, with 8-bit weights.
            Ranges of activations are measured on the first 32 images of
            ``test_dataloader``, without their labels.
        trust: Unpickle whatever is in ``checkpoint``. That can run any code.

    Returns:
        For each file how far its outputs are from torch's, as
        :func:`~mmswap.export.graph.write_graphs` has it.

    Raises:
        ValueError: If ``out`` ends otherwise, config or checkpoint are those
            of a phase, there is no image to know the size by, or the outputs
            differ from torch's.
    """
    out = Path(out)
    if out.suffix != SUFFIX:
        raise ValueError(f'OUT must end in {SUFFIX}, got {out}')
    cfg = Config.fromfile(str(config))
    if is_mmswap_type(cfg.get('model'), 'SwapModel'):
        raise ValueError(
            'model.type must be that of a stock model, got '
            f'{cfg.model.type!r} in {config}; mmswap merge writes its config')
    read = read_checkpoint(checkpoint, trust)
    kind = checkpoint_kind(read['state_dict'])
    if kind == 'phase':
        raise ValueError('checkpoint must be that of a stock or merged model, '
                         f'got a phase checkpoint in {checkpoint}')
    init_default_scope(cfg.get('default_scope', 'mmengine'))
    model = _build(cfg, read['state_dict'])
    images = _images(cfg, model, size)
    image = next(images)
    classes = (read.get('meta') or {}).get('dataset_meta', {}).get(
        'classes') or _named_classes(cfg) or ()
    out.parent.mkdir(parents=True, exist_ok=True)
    found = write_graphs(model, out, image, dict(
        classes=list(classes), weights=hash_states(read['state_dict'])))
    if int8:
        found.update(_write_int8(model, out, image, images))
    return found


@torch.no_grad()
def _write_int8(model: BaseModel, out: Path, image: Tensor,
                images: Iterator[Tensor]) -> Dict[Path, Differences]:
    """Write each file of a model with 8-bit weights."""
    kind = kind_of(model)
    parts = kind.parts(model, image)
    paths = {part.suffix: part_path(out, part.suffix) for part in parts}
    methods = {suffix: choose_method(path) for suffix, path in paths.items()}
    ranges: Dict[str, List[np.ndarray]] = {suffix: [] for suffix in paths}
    if 'static' in methods.values():
        for each in images:
            for part in kind.parts(model, each):
                ranges[part.suffix].append(part.example.numpy())
    main = out.with_name(f'{out.stem}_int8{SUFFIX}')
    found = {}
    for part in parts:
        path = write_int8(paths[part.suffix], part_path(main, part.suffix),
                          methods[part.suffix], ranges[part.suffix])
        found[path] = compare(FlatOutputs(part.module), OnnxFile(path),
                              part.example)
    return found


def _build(cfg: Config, state: Dict[str, Tensor]) -> BaseModel:
    """The stock model of a config, with weights, on the CPU."""
    model = MODELS.build(model_config(cfg))
    model.load_state_dict(state)
    return model.eval().requires_grad_(False)


def _named_classes(cfg: Config) -> Optional[List[str]]:
    """The class names of the data to test on, where the config has them."""
    loader = cfg.get('test_dataloader')
    if loader is None:
        return None
    metainfo = unwrap_pipeline_owner(loader.dataset).get('metainfo') or {}
    names = metainfo.get('classes')
    return None if names is None else list(names)


@torch.no_grad()
def _images(cfg: Config, model: BaseModel,
            size: Optional[Size]) -> Iterator[Tensor]:
    """Preprocessed images to try a graph on, the first one once more.

    Those of the data to test on; of a given size noise first, as it may be
    that there is no data.
    """
    if size is not None:
        noise = torch.randint(0, 256, (3, *size), dtype=torch.uint8,
                              generator=torch.Generator().manual_seed(0))
        data = model.data_preprocessor(dict(inputs=[noise]), False)
        yield data['inputs']
        size = tuple(data['inputs'].shape[2:])
    if cfg.get('test_dataloader') is None:
        if size is None:
            raise ValueError('test_dataloader must be set in the config for '
                             'the size of images, or --size H W be given')
        return
    dataset = DATASETS.build(cfg.test_dataloader.dataset)
    for index in range(min(len(dataset), _CALIBRATION_IMAGES)):
        data = pseudo_collate([dataset[index]])
        image = model.data_preprocessor(data, False)['inputs']
        if size is None:
            size = tuple(image.shape[2:])
            yield image  # To compare with; then all, to measure ranges on.
        bottom, right = (want - have
                         for want, have in zip(size, image.shape[2:]))
        if bottom >= 0 and right >= 0:
            value = float(getattr(model.data_preprocessor, 'pad_value', 0))
            yield F.pad(image, (0, right, 0, bottom), value=value)


def use_onnx(cfg: Config, path: Union[str, Path]) -> None:
    """Let an ONNX file predict in place of the model of a config.

    With the config of a phase it is scored by split, also where forgotten
    classes were pruned: nothing is ever called by their names.

    Args:
        cfg: Config of a phase or of a stock model; changed in place. Custom
            hooks, and those of a SwapModel, go.
        path: What :func:`export_onnx` wrote.

    Raises:
        ValueError: If the file has a class that the config has not.
    """
    init_default_scope(cfg.get('default_scope', 'mmengine'))
    own = OnnxFile(path).metadata['classes']
    if is_mmswap_type(cfg.get('model'), 'SwapModel'):
        table = ClassTable.from_cfg(cfg.model.classes)
        model, names = MODELS.build(model_config(cfg)).inner_cfg, table.names
    else:
        model, names = model_config(cfg), tuple(_named_classes(cfg) or own)
    gone = [name for name in names if name not in own]
    if gone and len(gone) < len(names):
        model, _ = shrink_config(model, ClassTable(names), gone)
    cfg.model = dict(type='mmswap.OnnxModel', file=str(path), model=model,
                     names=names or None)
    cfg.load_from = None
    for name, hook in list((cfg.get('default_hooks') or {}).items()):
        if any(mmswap_types(hook)):
            del cfg.default_hooks[name]
    # They are about training: moving averages, switches of pipelines.
    cfg.custom_hooks = []


def describe_input(path: Union[str, Path]) -> str:
    """What an ONNX file takes, in words.

    Args:
        path: One that :func:`export_onnx` wrote.
    """
    file = OnnxFile(path)
    height, width = file.input_size
    return f'{file.input_name} of {height} x {width}'
