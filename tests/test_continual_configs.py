"""The configs of GS-LoRA's settings: each plan has its data and its model."""
import math
import re
from pathlib import Path

import published_data as data
import pytest
from mmengine.config import Config
from mmengine.registry import DATASETS, MODELS, DefaultScope

from mmswap.apis.plan import plan_phases
from mmswap.class_table import ClassTable
from mmswap.datasets.phase_branches import phase_branches
from mmswap.registry import EVALUATOR, HOOKS

pytestmark = pytest.mark.slow  # A walk through all of them.

ROOT = Path(__file__).parents[1] / 'configs'
PLANS = sorted((ROOT / 'continual').glob('*_requests.py'))
# Classes in all, and those that each request of a plan forgets.
TOTAL = dict(coco=80, imagenet100=100, casia100=100)
SIZES = {
    'seven-tasks': [10] * 7,
    '32-shot': [10] * 7,
    'four-tasks': [20] * 4,
    '4-shot': [20] * 4,
    'missing': [20] * 4,
    '5-classes': [5],
    '10-classes': [10],
    '50-classes': [50],
    '90-classes': [90],
}
# Of the published scripts: weights of the forget loss and of the prototypes,
# bound of the forget loss. CASIA-Face100:
PUBLISHED = {
    'four-tasks': ([.2, .25, .25, .2], [.01] * 4, 105.),
    '4-shot': ([.3, .4, .28, .2], [.015, .06, .025, .012], 105.),
    'missing': ([.14, .14, .2, .15], [3e-4] * 4, 105.),
}
PUBLISHED.update({
    f'{number}-classes': ([.05], [.005], 110.)
    for number in (5, 10, 50, 90)
})
# COCO:
PUBLISHED.update({
    setting: ([.15, .15, .35, .6, .15, .2, .2], [.005] * 7, 15.)
    for setting in ('seven-tasks', '32-shot')
})
# The ids that are forgotten first, as the published code shuffles them:
# random.seed(1337) before range(100), np.random.seed(123) before COCO's ids.
LAST_IDENTITIES = (49, 42, 21, 93, 74, 73, 46, 90, 68, 79)
LAST_OF_COCO = ('microwave', 'skateboard', 'umbrella', 'banana',
                'sports ball', 'book', 'apple', 'couch', 'horse', 'keyboard')


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


def test_orders_are_the_published_ones():
    order = {
        name: Config.fromfile(ROOT / f'_base_/orders/{name}.py').order
        for name in TOTAL
    }
    assert tuple(order['coco'][-10:]) == LAST_OF_COCO
    assert tuple(map(int, order['casia100'][-10:])) == LAST_IDENTITIES
    names = Config.fromfile(ROOT / '_base_/classes/imagenet100.py')
    assert order['imagenet100'] == [
        names.base_classes[int(number)] for number in order['casia100']
    ]
    for name, total in TOTAL.items():
        assert len(set(order[name])) == total


def split(path):
    """Model, data set and setting of a plan."""
    stem, setting, _ = path.stem.rsplit('_', 2)
    model, data_set = stem.rsplit('_', 1)
    return model, data_set, setting


@pytest.mark.parametrize('path', PLANS, ids=lambda path: path.stem)
def test_a_plan_forgets_what_its_name_says(path, plan):
    _, data_set, setting = split(path)
    phases = plan(path)
    tables = [ClassTable.from_cfg(p.cfg.model.classes) for p in phases]
    assert [len(table.forget) for table in tables] == SIZES[setting]
    order = Config.fromfile(ROOT / f'_base_/orders/{data_set}.py').order
    gone = set()
    for table in tables:
        gone |= set(table.forget)
        assert gone == set(order[len(order) - len(gone):])
    missing = 5 if setting == 'missing' else 0
    assert {len(table.missing) for table in tables} == {missing}
    assert len(tables[-1].retain) == (
        TOTAL[data_set] - missing - sum(SIZES[setting]))
    for phase in phases:
        loader = phase.cfg.train_dataloader
        assert loader.sampler.retain + loader.sampler.target == (
            loader.batch_size)


@pytest.mark.parametrize('path', PLANS, ids=lambda path: path.stem)
def test_constants_of_a_plan(path, plan):
    model, _, setting = split(path)
    objectives = [phase.cfg.model.objective for phase in plan(path)]
    weights, prototypes, bound = PUBLISHED[setting]
    if model == 'vit-b16' and setting == 'four-tasks':
        # Those that the script of ImageNet-100 has.
        weights, prototypes = [.2, .25, .25, .25], [.05] * 4
    assert [o.weight for o in objectives] == weights
    assert [o.forget_prototype_weight for o in objectives] == prototypes
    assert {o.bound for o in objectives} == {bound}
    assert {o.prototype_bound for o in objectives} == {
        50. if setting == '4-shot' else 18.}
    assert {o.get('ascend') for o in objectives} == {
        ('loss_cls', ) if model.startswith('deformable') else None}


def branches_of(dataset):
    """The configs of the data sets of each branch."""
    return phase_branches(dataset.phase, ClassTable.from_cfg(dataset.classes),
                          dataset.old, subset=dataset.subset)


@pytest.mark.parametrize('path', PLANS, ids=lambda path: path.stem)
def test_a_request_is_as_long_as_what_it_retains(path, plan):
    """Epochs over the images to retain, which get fewer."""
    model, _, setting = split(path)
    for phase in plan(path):
        cfg = phase.cfg
        kept = len(ClassTable.from_cfg(cfg.model.classes).retain)
        if setting == 'missing':
            assert len(cfg.model.classes.missing) == 5
        num_iters = cfg.train_cfg.max_iters
        branches = branches_of(cfg.train_dataloader.dataset)
        (retain, ), (forget, ) = branches['retain'], branches['forget']
        if setting == 'seven-tasks':
            assert retain['fraction'] == forget['fraction'] == 0.1
            # Fewer than the 117,266 images that have an object.
            assert num_iters < 30 * 117266 * 0.1 / 32
        elif setting == '32-shot':
            assert retain['fraction'] is forget['fraction'] is None
            images = retain['num_images'], forget['num_images']
            assert images == (32 * kept, 320)
            assert num_iters == 30 * images[0] / 32
        else:
            shots, batch = (4, 4) if setting == '4-shot' else (65, 48)
            assert retain['shots'] == forget['shots'] == shots
            assert num_iters == 100 * math.ceil(shots * kept / batch)
            assert cfg.param_scheduler[0].end == num_iters
        start = cfg.optim_wrapper.group_sparse.get('start', 0)
        epochs = 30 if model.startswith('deformable') else 100
        assert start == num_iters // epochs * (
            30 if setting == 'missing' else
            20 if setting.endswith('-classes') else 0)


@pytest.mark.parametrize(
    'path', [path for path in PLANS if '-tasks' in path.stem],
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
        for name in ('swap', 'swap_log', 'prototype', 'adapter'):
            HOOKS.build(cfg.default_hooks[name])
        assert not cfg.get('custom_hooks')
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


def test_published_figures_are_copied_right():
    """H follows from the accuracies beside it, by GS-LoRA's formula."""
    page = (ROOT.parent / 'docs/experiments.md').read_text(encoding='utf-8')
    number = r'([\d.]+)'
    rows = re.findall(
        rf'^\| GS-LoRA.*? \| \d+-20 \| {number} / {number} \| {number} / '
        rf'{number} / {number}(.*?) \|', page, re.M)
    assert len(rows) == 20
    for _, before, mean, retain, forget, rest in rows:
        drop = float(before) - float(forget)
        follows = 2 * float(retain) * drop / (float(retain) + drop)
        # The page says of one that it does not.
        assert ('(1)' in rest) != (abs(follows - float(mean)) < 0.02)
