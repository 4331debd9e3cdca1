"""Every published experiment and user pair builds, on small data sets in the
layouts of their authors."""
import functools
import re
from pathlib import Path
from unittest import mock

import mmengine
import numpy as np
import published_data as data
import pytest
import torch
import yaml
from mmengine.config import Config
from mmengine.registry import DefaultScope
from mmengine.structures import InstanceData, PixelData
from pycocotools import mask as coco_mask

from mmswap.class_table import ClassTable
from mmswap.datasets import ClassSubset
from mmswap.models import SwapModel
from mmswap.models.objectives.base import build_objective
from mmswap.registry import DATASETS, EVALUATOR, MODELS

pytestmark = pytest.mark.slow  # A walk through all of them.

ROOT = Path(__file__).parents[1]
OTHERS = {'_base_', 'digits', 'continual', 'incremental'}
CONFIGS = sorted(path for path in (ROOT / 'configs').rglob('*.py')
                 if not OTHERS & {*path.parts})
LEARN = [path for path in CONFIGS if path.stem.endswith('_learn')]
FORGET = [path for path in CONFIGS if path.stem.endswith('_forget')]
FIRST = [path for path in CONFIGS if path.stem.endswith('_forget-first')]

# Constants of Knowledge Swapping: retain and learn weights, forget weight and
# bound, alpha; LoRA's rank and alpha; learning rate, decay and clip; images of
# each branch on each GPU, and steps.
PUBLISHED = {
    'vit-b16_imagenet100': (.2, 1., .2, 105., .005, 8, 1, 1e-2, .05, None, 80,
                            775),
    'dino-4scale_swin-l_coco': (1., .9, .2, 15., .01, 8, 1, 1e-4, 1e-4, .1, 2,
                                586320),
    'dino-5scale_swin-l_coco': (1., .9, .2, 15., .01, 8, 1, 1e-4, 1e-4, .1, 2,
                                586320),
    'mask2former_swin-b_ade20k': (1., .9, .2, 115., .01, 8, 1, 1e-4, .05, .01,
                                  3, 3500),
}
# The same of pairs that no paper has.
OURS = (1., .9, .2, 'auto', .01, 8, 8, 1e-4, 1e-4, .1, 2, 4000)
# FFNs: 12 in ViT-B; 24 in Swin-B and -L, 12 in Swin-T; 6 + 6 layers of a DETR,
# 6 + 9 of Mask2Former. 16 blocks in ResNet-50, of which 3 are frozen, and one
# RoI head.
GROUPS = {
    'vit-b16': 12,
    'dino-4scale_swin-l': 24 + 6 + 6,
    'dino-5scale_swin-l': 24 + 6 + 6,
    'mask2former_swin-b': 24 + 6 + 9,
    'mask2former_swin-t': 12 + 6 + 9,
    'mask-rcnn_r50_fpn': 13 + 1,
    'mask-rcnn_swin-t_fpn': 12 + 1,
    'detr_r50': 6 + 6,
    'deformable-detr_r50': 6 + 6,
}
MAY_DIFFER = {'model', 'train_dataloader', 'load_from'}


def _name(path):
    return path.stem


# 'mmdet::...' has mmengine read all metafiles of mmdet, for each config anew.
_load = functools.lru_cache(maxsize=None)(mmengine.load)


@functools.lru_cache(maxsize=None)
def _read(path):
    with mock.patch('mmengine.config.utils.load', _load):
        return Config.fromfile(str(path))


def read(path):
    """A config, a copy."""
    return Config(_read(path).to_dict())


@pytest.fixture(scope='module')
def root(tmp_path_factory):
    """A folder with all data sets."""
    folder = tmp_path_factory.mktemp('experiments')
    classes = ROOT / 'configs/_base_/classes'
    coco = Config.fromfile(classes / 'coco.py')
    stuff = Config.fromfile(classes / 'coco_stuff.py').stuff_classes
    data.make_coco(folder / 'data/coco', coco.base_classes, stuff)
    data.make_ade20k(
        folder / 'data/ade/ADEChallengeData2016',
        Config.fromfile(classes / 'ade20k.py').base_classes)
    data.make_imagenet(
        folder / 'data/imagenet',
        Config.fromfile(classes / 'imagenet100.py').base_classes)
    learn = {path.stem: read(path).model.classes['learn'] for path in LEARN}

    def ten(key):
        return learn[f'vit-b16_imagenet100_{key}-10_learn']

    # One class more than any config learns.
    data.make_cub(folder / 'data', [*ten('cub'), 'Rusty_Blackbird'])
    data.make_pets(folder / 'data/oxford_pets', [*ten('pets'), 'Birman_2'])
    data.make_folders(folder / 'data/NWPU-RESISC45', ten('resisc45'))
    data.make_folders(
        folder / 'data/plantvillage', ten('plantvillage'), 'color')
    data.make_dogs(
        folder / 'data/stanford_dogs',
        [*learn['dino-4scale_swin-l_coco_dogs-5_learn'], 'Blenheim_spaniel'])
    data.make_land(folder / 'data/deepglobe')
    data.make_voc(folder / 'data/VOCdevkit/VOC2012', range(1, 21))
    data.make_coco_stuff(folder / 'data/coco_stuff164k', range(80))
    return folder


@pytest.fixture
def scope(root, monkeypatch):
    """(config) -> a context with the registries of its library."""
    monkeypatch.chdir(root)
    from mmdet.utils import register_all_modules as register_det
    from mmpretrain.utils import register_all_modules as register_cls
    from mmseg.utils import register_all_modules as register_seg
    for register in (register_det, register_cls, register_seg):
        register(init_default_scope=False)
    return lambda cfg: DefaultScope.overwrite_default_scope(cfg.default_scope)


def published(path, of, default=None):
    found = [value for key, value in of.items() if path.stem.startswith(key)]
    assert len(found) <= 1
    return found[0] if found else default


@pytest.mark.parametrize('path', LEARN, ids=_name)
def test_constants(path):
    learn = read(path)
    forget = read(path.with_name(path.name.replace('_learn', '_forget')))
    (retain_weight, learn_weight, forget_weight, bound, alpha, rank,
     lora_alpha, lr, decay, clip, batch,
     steps) = published(path, PUBLISHED, OURS)
    # Or left out, where the defaults say it.
    objective = build_objective(learn.model.objective)
    assert type(objective).__name__ == 'LearnObjective'
    assert (objective.retain_weight, objective.weight) == (
        retain_weight, learn_weight)
    assert {**dict(bound='auto', weight=0.2),
            **forget.model.objective} == dict(
        type='mmswap.ForgetObjective', bound=bound, weight=forget_weight)
    adapter = {**dict(rank=8, alpha=8), **learn.model.get('adapter', {})}
    assert (adapter['rank'], adapter['alpha']) == (rank, lora_alpha)
    optim = learn.optim_wrapper
    assert optim.constructor == 'mmswap.SwapOptimWrapperConstructor'
    sparse = optim.get('group_sparse', dict(alpha=0.01, mode='penalty'))
    assert sparse == dict(alpha=alpha, mode='penalty')
    assert optim.optimizer == dict(type='AdamW', lr=lr, weight_decay=decay)
    assert optim.get('clip_grad', {}).get('max_norm') == clip
    # None of them slows the backbone down.
    assert 'paramwise_cfg' not in optim
    assert learn.train_cfg.type == 'IterBasedTrainLoop'
    assert learn.train_cfg.max_iters == steps
    for cfg in (learn, forget):
        sampler = cfg.train_dataloader.sampler
        assert (sampler.retain, sampler.target) == (batch, batch)
        # Published are old and new images alike.
        assert sampler.get('shares') == (
            published(path, PUBLISHED) and dict(retain='lengths'))
        assert cfg.train_dataloader.batch_size == 2 * batch
        assert cfg.auto_scale_lr.base_batch_size % (2 * batch) == 0
        # What a phase saves last is what the next one loads.
        hook = cfg.default_hooks.checkpoint
        assert steps % hook.interval == 0 and not hook.by_epoch
        assert hook.get('save_best') is None


@pytest.mark.parametrize('path', FORGET, ids=_name)
def test_forget_config_follows_its_learn_config(path):
    learn_path = path.with_name(path.name.replace('_forget', '_learn'))
    learn, forget = read(learn_path), read(path)
    changed = {
        key for key in {*learn, *forget} if learn.get(key) != forget.get(key)
    }
    assert changed == MAY_DIFFER
    same = {key: value for key, value in forget.model.items()
            if key != 'objective'}
    assert same == {key: learn.model[key] for key in same}
    # The same data, for another phase.
    assert learn.train_dataloader.dataset.phase == 'learn'
    learn.train_dataloader.dataset.phase = 'forget'
    assert forget.train_dataloader == learn.train_dataloader
    assert forget.load_from == (f'work_dirs/{learn_path.stem}/iter_'
                                f'{learn.train_cfg.max_iters}.pth')


@pytest.mark.parametrize('path', FIRST, ids=_name)
def test_forgetting_first_retains_what_the_base_knows(path):
    forget = read(path.with_name(path.name.replace('-first', '')))
    learn = read(
        path.with_name(path.name.replace('_forget-first', '_learn')))
    first = read(path)
    changed = {
        key for key in {*first, *forget} if first.get(key) != forget.get(key)
    }
    assert changed == {'train_dataloader', 'load_from'}
    forget.train_dataloader.dataset.phase = 'forget_first'
    assert first.train_dataloader == forget.train_dataloader
    assert first.load_from == learn.load_from


def test_every_learn_config_has_a_forget_config():
    assert len(LEARN) == len(FORGET) == 22
    # Those of the paper, which compares the orders.
    assert {published(path, PUBLISHED) is not None for path in FIRST} == {True}
    assert len(FIRST) == 16 and len(CONFIGS) == 2 * 22 + 16
    for path in LEARN:
        table = ClassTable.from_cfg(read(path).model.classes)
        number = int(re.search(r'-(\d+)_learn$', path.stem).group(1))
        # Five things; a panoptic model forgets two kinds of stuff as well.
        assert table.num_learn == number and len(table.forget) in (5, 7)


def test_classes_are_those_of_the_libraries():
    from mmdet.datasets import CocoDataset, CocoPanopticDataset
    from mmseg.datasets import ADE20KDataset
    classes = ROOT / 'configs/_base_/classes'
    coco = Config.fromfile(classes / 'coco.py').base_classes
    stuff = Config.fromfile(classes / 'coco_stuff.py').stuff_classes
    assert coco == CocoDataset.METAINFO['classes']
    assert coco + stuff == CocoPanopticDataset.METAINFO['classes']
    assert stuff == CocoPanopticDataset.METAINFO['stuff_classes']
    ade20k = Config.fromfile(classes / 'ade20k.py').base_classes
    assert ade20k == ADE20KDataset.METAINFO['classes']
    wnids = Config.fromfile(classes / 'imagenet100.py').base_classes
    assert len(set(wnids)) == 100 and list(wnids) == sorted(wnids)


@pytest.mark.parametrize('stem', sorted(GROUPS))
def test_model_builds(stem, scope):
    """Once for each model; the data to learn from change no layer of it."""
    path = next(path for path in LEARN if path.stem.startswith(stem))
    cfg = read(path)
    if cfg.get('data_preprocessor') is not None:
        cfg.model.setdefault('data_preprocessor', cfg.data_preprocessor)
    # Swin reads the rates of its drop paths off this one.
    linspace = functools.partial(torch.linspace, device='cpu')
    with scope(cfg), torch.device('meta'), mock.patch(
            'torch.linspace', linspace):
        model = MODELS.build(cfg.model)
    assert isinstance(model, SwapModel)
    assert len(model.groups) == GROUPS[stem]
    assert model.class_rows


def labels_of(sample):
    """The classes that a training sample shows."""
    if 'gt_label' in sample:
        return set(sample.gt_label.tolist())
    if 'gt_sem_seg' in sample and 'gt_instances' not in sample:
        return set(sample.gt_sem_seg.data.unique().tolist()) - {255}
    return set(sample.gt_instances.labels.tolist())


@pytest.mark.parametrize('path', LEARN + FORGET + FIRST, ids=_name)
def test_branches_give_samples(path, scope):
    cfg = read(path)
    table = ClassTable.from_cfg(cfg.model.classes)
    with scope(cfg):
        dataset = DATASETS.build(cfg.train_dataloader.dataset)
    learned_too = path in FORGET
    assert len(dataset.branches['retain']) == 1 + learned_too
    for name, parts in dataset.branches.items():
        splits = ['retain', 'learn'] if name == 'retain' and len(
            parts) == 2 else [name]
        assert len(parts) == len(splits)
        for part, split in zip(parts, splits):
            wanted = set(table.labels(split))
            held = [set(part.get_cat_ids(i)) for i in range(len(part))]
            # Every class has an image, so every name is one of the data's.
            # mmdet leaves out panoptic images without things.
            found = set().union(*held)
            assert found <= wanted
            assert wanted - found <= {
                table.names.index(name) for name in table.stuff}
        # Crops may leave nothing of an object.
        sample = dataset[dataset.branch_range(name)[0]]
        inputs = sample['inputs']
        assert inputs.ndim == 3 and inputs.shape[0] == 3
        assert labels_of(sample['data_samples']) <= set(
            table.labels(splits))


def perfect(sample, cfg):
    """A data sample as the model gives it that finds everything."""
    scope = cfg.default_scope
    if scope == 'mmpretrain':
        scores = torch.zeros(
            len(ClassTable.from_cfg(cfg.model.classes).names))
        scores[sample.gt_label] = 1
        return sample.set_pred_score(scores).set_pred_label(sample.gt_label)
    if scope == 'mmseg':
        predicted = sample.gt_sem_seg.data.clone()
        predicted[predicted == 255] = 0
        sample.pred_sem_seg = PixelData(data=predicted)
        return sample
    if 'segments_info' in sample:
        return predict_panoptic(sample)
    boxes = [each['bbox'] for each in sample.instances]
    found = InstanceData(
        bboxes=torch.tensor(boxes).float().reshape(-1, 4),
        labels=torch.tensor([each['bbox_label']
                             for each in sample.instances]).long(),
        scores=torch.ones(len(boxes)))
    height, width = sample.ori_shape
    masks = [
        coco_mask.decode(
            coco_mask.merge(coco_mask.frPyObjects(mask, height, width))
            if isinstance(mask, list) else mask)
        for mask in (each['mask'] for each in sample.instances
                     if 'mask' in each)
    ]
    if masks:
        found.masks = torch.from_numpy(np.stack(masks)).bool()
    sample.pred_instances = found
    return sample


def predict_panoptic(sample):
    """The one segment of the image, over all of it."""
    (segment, ) = sample.segments_info
    ids = torch.full((1, *sample.ori_shape), segment['category'] + 1000)
    sample.pred_panoptic_seg = PixelData(sem_seg=ids)
    return sample


@pytest.mark.parametrize('path', LEARN, ids=_name)
def test_validation_scores_each_split(path, scope):
    """A model that finds everything has full marks in every split, though the
    image ids of one data set occur in the other."""
    cfg = read(path)
    table = ClassTable.from_cfg(cfg.model.classes)
    for part in cfg.val_dataloader.dataset.datasets:
        for step in part.dataset.pipeline:
            if step.type == 'Resize':
                step.scale = (32, 32)  # Ground truth keeps its size.
    with scope(cfg):
        dataset = DATASETS.build(cfg.val_dataloader.dataset)
        evaluator = EVALUATOR.build(cfg.val_evaluator)
        evaluator.dataset_meta = dataset.metainfo
        assert evaluator.class_table == table
        assert {metric.split for metric in evaluator.metrics} == {
            'retain', 'forget', 'learn'}
        assert all(isinstance(d, ClassSubset) for d in dataset.datasets)
        assert len(dataset) > table.num_base
        for i in range(len(dataset)):
            sample = dataset[i]['data_samples']
            evaluator.process([perfect(sample, cfg)])
        results = evaluator.evaluate(len(dataset))
    full = 1 if cfg.default_scope == 'mmdet' else 100
    if 'panoptic' in path.stem:
        full = 100
    for split in ('retain', 'forget', 'learn'):
        assert results[f'swap/{split}'] == pytest.approx(full, abs=1e-3)


def test_model_index_lists_every_config():
    index = yaml.safe_load((ROOT / 'model-index.yml').read_text())
    listed, names = [], []
    for metafile in index['Import']:
        meta = yaml.safe_load((ROOT / metafile).read_text())
        collections = {entry['Name'] for entry in meta['Collections']}
        for model in meta['Models']:
            listed.append(model['Config'])
            names.append(model['Name'])
            assert model['In Collection'] in collections
            assert model['Name'] == Path(model['Config']).stem
    on_disk = [
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / 'configs').rglob('*.py')
        if '_base_' not in path.parts
    ]
    assert sorted(listed) == sorted(on_disk)
    assert len(set(names)) == len(names)


@pytest.mark.parametrize('path', LEARN, ids=_name)
def test_docs_name_the_pair_and_its_checkpoint(path):
    page = (ROOT / 'docs/experiments.md').read_text(encoding='utf-8')
    assert path.stem[:-len('_learn')] in page
    checkpoint = Path(read(path).load_from).name
    assert checkpoint in page
    # Those that OpenMMLab offers are spelled as in its index.
    if re.search(r'-[0-9a-f]{8}\.pth$', checkpoint):
        import mmdet
        import mmseg
        texts = [
            meta.read_text(encoding='utf-8') for library in (mmdet, mmseg)
            for meta in (Path(library.__file__).parent /
                         '.mim/configs').glob('*/metafile.y*ml')
        ]
        assert any(f'/{checkpoint}\n' in text for text in texts)


def test_docs_tell_the_groups():
    page = (ROOT / 'docs/experiments.md').read_text(encoding='utf-8')
    rows = [line for line in page.splitlines()
            if re.match(r'\| `[^*`]+` \| (classif|detect|segment)', line)]
    for stem, groups in GROUPS.items():
        own = [row for row in rows if row.startswith(f'| `{stem}')]
        assert own and all(f'| {groups} |' in row for row in own)
