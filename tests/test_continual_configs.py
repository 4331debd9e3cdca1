"""The configs of GS-LoRA's settings: each plan has its data and its model."""
from pathlib import Path

import published_data as data
import pytest
from mmengine.config import Config
from mmengine.registry import DATASETS, MODELS, DefaultScope

from mmswap.apis.plan import plan_phases
from mmswap.class_table import ClassTable
from mmswap.registry import EVALUATOR, HOOKS

ROOT = Path(__file__).parents[1] / 'configs'
PLANS = sorted((ROOT / 'continual').glob('*_requests.py'))
# Classes to retain at the end, requests, classes of each, missing classes.
SIZES = dict(coco=(80, 10), imagenet100=(100, 20), casia100=(100, 20))
# Of CASIA-Face100 in the published scripts: weights of the forget loss and
# of the prototypes, bound of the forget loss.
PUBLISHED = {
    'four-tasks': ([.2, .25, .25, .2], [.01] * 4, 105.),
    'one-task': ([.05], [.005], 110.),
    '4-shot': ([.3, .4, .28, .2], [.015, .06, .025, .012], 105.),
    'missing': ([.14, .14, .2, .15], [3e-4] * 4, 105.),
}


@pytest.fixture(scope='module')
def root(tmp_path_factory):
    folder = tmp_path_factory.mktemp('continual')
    classes = ROOT / '_base_/classes'
    data.make_coco(
        folder / 'data/coco',
        Config.fromfile(classes / 'coco.py').base_classes,
        Config.fromfile(classes / 'coco_stuff.py').stuff_classes)
    data.make_imagenet(
        folder / 'data/imagenet',
        Config.fromfile(classes / 'imagenet100.py').base_classes)
    identities = Config.fromfile(classes / 'casia100.py').base_classes
    for split in ('train', 'test'):
        data.make_folders(folder / 'data/casia100', identities, split)
    (folder / 'base.pth').write_bytes(b'weights')
    return folder


@pytest.fixture
def plan(root, monkeypatch):
    """(path) -> the phases of a plan, the libraries being registered."""
    monkeypatch.chdir(root)
    from mmdet.utils import register_all_modules as register_det
    from mmpretrain.utils import register_all_modules as register_cls
    for register in (register_det, register_cls):
        register(init_default_scope=False)
    return lambda path: plan_phases(
        [path], root / 'out', cfg_options=dict(load_from='base.pth'))


@pytest.mark.slow
@pytest.mark.parametrize('path', PLANS, ids=lambda path: path.stem)
def test_a_plan_forgets_what_its_name_says(path, plan):
    model, setting, _ = path.stem.rsplit('_', 2)
    total, each = SIZES[model.rsplit('_', 1)[1]]
    phases = plan(path)
    tables = [ClassTable.from_cfg(p.cfg.model.classes) for p in phases]
    assert len(phases) == (1 if setting == 'one-task' else 4)
    assert {len(table.forget) for table in tables} == {each}
    missing = 5 if setting == 'missing' else 0
    assert {len(table.missing) for table in tables} == {missing}
    assert len(tables[-1].retain) == total - missing - each * len(phases)
    shots = {
        subset.get('shots') for phase in phases
        for branch in phase.cfg.train_dataloader.dataset.branches.values()
        for subset in branch
    }
    assert shots == ({4} if setting == '4-shot' else
                     {65} if 'casia' in model or 'vit' in model else {None})
    for phase in phases:
        sizes = phase.cfg.train_dataloader.sampler.branch_sizes
        assert sum(sizes.values()) == phase.cfg.train_dataloader.batch_size
    if 'casia' in model:
        objectives = [phase.cfg.model.objective for phase in phases]
        assert PUBLISHED[setting] == (
            [o.weight for o in objectives],
            [o.forget_prototype_weight for o in objectives],
            objectives[0].bound)


@pytest.mark.slow
@pytest.mark.parametrize(
    'path', [path for path in PLANS if 'four-tasks' in path.stem],
    ids=lambda path: path.stem)
def test_the_second_request_builds(path, plan):
    cfg = plan(path)[1].cfg
    table = ClassTable.from_cfg(cfg.model.classes)
    with DefaultScope.overwrite_default_scope(cfg.default_scope):
        if cfg.get('data_preprocessor') is not None:
            cfg.model.setdefault('data_preprocessor', cfg.data_preprocessor)
        model = MODELS.build(cfg.model)
        train = DATASETS.build(cfg.train_dataloader.dataset)
        val = DATASETS.build(cfg.val_dataloader.dataset)
        evaluator = EVALUATOR.build(cfg.val_evaluator)
        for hook in cfg.custom_hooks:
            HOOKS.build(hook)
    # 12 FFNs of ViT-B, 6 + 6 of a DETR, 6 of the face transformer.
    assert len(model.groups) == (6 if 'casia' in path.stem else 12)
    assert list(train.branches) == list(model.objective.branches)
    train[0], val[0]
    evaluator.dataset_meta = val.metainfo
    splits = {metric.split for metric in evaluator.metrics}
    assert splits == {'retain', 'forget', 'forgotten_before', 'all'}
    assert len(table.forgotten_before) in (10, 20)


def test_the_base_of_the_faces_builds(root, monkeypatch):
    monkeypatch.chdir(root)
    cfg = Config.fromfile(ROOT / 'continual/face-vit-p8_casia100_base.py')
    with DefaultScope.overwrite_default_scope('mmpretrain'):
        model = MODELS.build(dict(
            cfg.model, data_preprocessor=cfg.data_preprocessor))
        dataset = DATASETS.build(cfg.train_dataloader.dataset)
        assert len(dataset) >= 100
        assert tuple(dataset.CLASSES) == cfg.base_classes
    assert model.head.norm_product.weight.shape == (100, 512)
