"""Fixtures that all tests may use: the three nano detectors and batches.

A base model here has random weights, but none that an initialisation made
equal or zero: rows that are alike, or branches that are zero, would hide
mistakes.
"""
import copy
import functools
import logging
import warnings
from pathlib import Path
from typing import Any, Callable, Dict, Sequence

import numpy as np
import pytest
import torch
from mmengine.logging import MessageHub, MMLogger
from mmengine.visualization import Visualizer
from torch import Tensor, nn

CONFIGS = Path(__file__).parents[1] / 'configs' / 'digits'
DETECTORS = dict(
    mask2former='mask2former_swin-nano',
    dino='dino_swin-nano',
    mask_rcnn='mask-rcnn_swin-nano_fpn')
SIZE = 64


# The files that take longest, by seconds.
LONGEST = ('test_stock_tools', 'test_init_stock', 'test_zoo',
           'test_readable_swap', 'test_benchmarks', 'test_same_training')


def pytest_collection_modifyitems(items):
    """The longest files first, so that no process is left alone with one."""
    order = {stem: place for place, stem in enumerate(LONGEST)}
    items.sort(key=lambda item: order.get(item.path.stem, len(order)))


@pytest.fixture(autouse=True, scope='session')
def _quiet():
    """One thread, and none of mmengine's lines on initialised weights."""
    torch.set_num_threads(1)
    warnings.simplefilter('ignore')
    MMLogger.get_instance('mmengine', log_level=logging.ERROR)


@pytest.fixture(autouse=True)
def _own_visualizer():
    """Runs of one name and second would share the first one's folder."""
    yield
    Visualizer._instance_dict.clear()


@pytest.fixture(autouse=True)
def _own_message_hub(request):
    """A hub of its own for each test, as each run has one."""
    MessageHub.get_instance(f'hub of {request.node.nodeid}')


@pytest.fixture
def det_scope():
    """mmdet's registries are the default ones, as in mmdet's tools."""
    from mmdet.utils import register_all_modules
    from mmengine.registry import DefaultScope
    register_all_modules(init_default_scope=False)
    with DefaultScope.overwrite_default_scope('mmdet'):
        yield 'mmdet'


@functools.lru_cache(maxsize=None)
def _read_config(name: str, phase: str):
    from mmdet import __version__
    from mmengine.config import Config
    cfg = Config.fromfile(CONFIGS / f'{name}_{phase}.py')
    if name == DETECTORS['dino'] and __version__.startswith('3.3.'):
        _widen(cfg.model)
    return cfg


def _widen(node: Any) -> None:
    """From 64 to 256, the only width that DINO works with in mmdet 3.3."""
    for value in node.values() if isinstance(node, dict) else node:
        if isinstance(value, (dict, list)):
            _widen(value)
    if isinstance(node, dict):
        for key in ('embed_dims', 'out_channels', 'num_feats'):
            if key in node and node.get('type') != 'SwinTransformer':
                node[key] *= 4


@functools.lru_cache(maxsize=None)
def _base_state(name: str) -> Dict[str, Tensor]:
    from mmengine.registry import MODELS
    torch.manual_seed(11)
    model = MODELS.build(copy.deepcopy(_read_config(name, 'base').model))
    model.init_weights()
    return {
        key: value + .02 * torch.randn_like(value) if
        value.is_floating_point() else value
        for key, value in model.state_dict().items()
    }


@pytest.fixture(params=list(DETECTORS))
def detector(request) -> str:
    """Name of each of the three detectors in turn."""
    return request.param


@pytest.fixture
def read_config(det_scope) -> Callable[[str, str], Any]:
    """(detector, 'base' | 'learn' | 'forget') -> config, a copy."""
    return lambda name, phase: copy.deepcopy(
        _read_config(DETECTORS[name], phase))


@pytest.fixture
def base_state(det_scope) -> Callable[[str], Dict[str, Tensor]]:
    """detector -> state dict of its base model, a copy."""
    return lambda name: {
        key: value.clone()
        for key, value in _base_state(DETECTORS[name]).items()
    }


@pytest.fixture
def build_stock(det_scope) -> Callable[..., nn.Module]:
    """(model config) -> the unmodified mmdet model of that config."""
    from mmengine.registry import MODELS
    return lambda cfg: MODELS.build(copy.deepcopy(cfg))


@pytest.fixture
def build_base(build_stock, read_config, base_state):
    """detector -> the unmodified base model, K classes, in eval mode.

    Its weights are frozen, as they are in a SwapModel: torch folds a matmul
    or does not by whether the weight requires a gradient, and rounds
    differently then (seen in the attention of Mask2Former and DINO, 1e-6).
    """

    def build(name: str) -> nn.Module:
        model = build_stock(read_config(name, 'base').model)
        model.load_state_dict(base_state(name))
        return model.eval().requires_grad_(False)

    return build


@pytest.fixture
def build_swap(build_stock, read_config, base_state):
    """(detector, phase, **config keys) -> SwapModel on the base weights."""

    def build(name: str, phase: str = 'learn', load: bool = True,
              **changes: Any) -> nn.Module:
        cfg = read_config(name, phase).model
        for key, value in changes.items():
            cfg[key] = value  # ConfigDict.update would merge.
        torch.manual_seed(5)
        model = build_stock(cfg)
        if load:
            model.load_state_dict(base_state(name))
        return model

    return build


@pytest.fixture
def no_new_classes(read_config) -> Dict[str, Any]:
    """A class table that only forgets."""
    classes = dict(read_config('dino', 'learn').model.classes)
    return dict(classes, learn=())


@pytest.fixture
def make_batch(det_scope) -> Callable[..., Dict[str, list]]:
    """(images, seed, labels) -> random images with two objects each.

    What a data loader gives: uint8 images (3, 64, 64), and samples with
    boxes, labels and box-shaped masks.
    """
    return _make_batch


def _make_batch(images: int = 1, seed: int = 0,
                labels: Sequence[int] = range(8)) -> Dict[str, list]:
    rng = np.random.RandomState(seed)
    inputs = [
        torch.from_numpy(rng.randint(0, 256, (3, SIZE, SIZE)).astype(np.uint8))
        for _ in range(images)
    ]
    return dict(
        inputs=inputs,
        data_samples=[
            _make_sample(rng, i, labels) for i in range(images)
        ])


def _make_sample(rng: np.random.RandomState, image: int,
                 labels: Sequence[int]):
    from mmdet.structures import DetDataSample
    from mmdet.structures.mask import BitmapMasks
    from mmengine.structures import InstanceData
    corners = rng.randint(0, 24, (2, 2)) + np.array([[0, 0], [8, 4]])
    boxes = np.concatenate((corners, corners + rng.randint(20, 32, (2, 2))), 1)
    masks = np.zeros((2, SIZE, SIZE), np.uint8)
    for mask, (left, top, right, bottom) in zip(masks, boxes):
        mask[top:bottom, left:right] = 1
    shape = (SIZE, SIZE)
    sample = DetDataSample(
        metainfo=dict(
            img_id=image, img_shape=shape, ori_shape=shape,
            scale_factor=(1., 1.)))
    sample.gt_instances = InstanceData(
        bboxes=torch.from_numpy(boxes).float(),
        labels=torch.from_numpy(rng.choice(labels, 2)),
        masks=BitmapMasks(masks, *shape))
    sample.ignored_instances = InstanceData(
        bboxes=torch.zeros(0, 4),
        labels=torch.zeros(0, dtype=torch.long),
        masks=BitmapMasks(np.zeros((0, SIZE, SIZE), np.uint8), *shape))
    return sample


@pytest.fixture
def randomise_adapter() -> Callable[..., nn.Module]:
    """(model, scale) -> the model with every LoRA B non-zero."""

    def randomise(model: nn.Module, scale: float = .05) -> nn.Module:
        generator = torch.Generator().manual_seed(3)
        with torch.no_grad():
            for key, param in model.named_parameters():
                if '.lora_B.' in key:
                    param.copy_(scale * torch.randn(
                        param.shape, generator=generator))
        return model

    return randomise


@pytest.fixture
def predict(make_batch) -> Callable[[nn.Module], Dict[str, Tensor]]:
    """(model) -> raw outputs and predictions on two fixed images, by name."""

    @torch.no_grad()
    def run(model: nn.Module) -> Dict[str, Tensor]:
        model.eval()
        data = model.data_preprocessor(make_batch(2, seed=9), False)
        found: Dict[str, Tensor] = {}
        _flatten(model(**data, mode='tensor'), 'raw', found)
        data = model.data_preprocessor(make_batch(2, seed=9), False)
        for i, sample in enumerate(model(**data, mode='predict')):
            for key, value in sample.pred_instances.items():
                found[f'image {i} {key}'] = value
        return found

    return run


def _flatten(node: Any, path: str, found: Dict[str, Tensor]) -> None:
    if isinstance(node, Tensor):
        found[path] = node
    elif isinstance(node, (list, tuple)):
        for i, child in enumerate(node):
            _flatten(child, f'{path}.{i}', found)
    elif isinstance(node, dict) or hasattr(node, 'items'):
        for key, child in node.items():
            _flatten(child, f'{path}.{key}', found)


@pytest.fixture
def assert_same_bits() -> Callable[..., None]:
    """Two dicts of tensors with the same keys and equal bits."""

    def check(got: Dict[str, Tensor], wanted: Dict[str, Tensor]) -> None:
        assert list(got) == list(wanted) and got
        differ = [k for k in got if not torch.equal(got[k], wanted[k])]
        assert not differ

    return check
