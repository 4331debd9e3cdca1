"""Class-incremental segmentation of ADE20K: converters and configs."""
import json
import runpy
import shutil
import sys
from pathlib import Path
from unittest import mock

import mmcv
import numpy as np
import pytest
from mmengine.config import Config
from mmengine.evaluator import Evaluator
from mmengine.registry import DATASETS, EVALUATOR, MODELS, DefaultScope
from PIL import Image

from mmswap.tasks.panoptic_ids import ids_of_colours

REPO = Path(__file__).parents[1]
CONFIGS = REPO / 'configs/incremental'
CONVERTERS = REPO / 'tools/dataset_converters'
ROOT = Path('data/ade/ADEChallengeData2016')
STEM = dict(semantic='mask2former-seg_r101_ade20k_100-50',
            panoptic='mask2former-panoptic_r50_ade20k_100-50')
IMAGES = 30
CLASSES = Config.fromfile(
    str(REPO / 'configs/_base_/classes/ade20k_panoptic.py'))
THINGS = [i + 1 for i, name in enumerate(CLASSES.base_classes)
          if name in CLASSES.things]


def convert(name, *args):
    with mock.patch.object(sys, 'argv', [name, *map(str, args)]), (
            mock.patch.object(sys, 'path', [str(CONVERTERS), *sys.path])):
        runpy.run_path(str(CONVERTERS / f'{name}.py'), run_name='__main__')


def stripes(index):
    """Class numbers of an image: ten classes of 150, and a pixel of none."""
    shown = (5 * index + np.arange(60) // 6) % 150 + 1
    semantic = np.broadcast_to(shown, (64, 60)).copy()
    semantic[0, 0] = 0
    return semantic


@pytest.fixture
def ade20k(tmp_path, monkeypatch):
    """ADE20K in the layout of its authors, on 30 images a split."""
    monkeypatch.chdir(tmp_path)
    noise = np.random.default_rng(0).integers(0, 255, (64, 60, 3), np.uint8)
    for split in ('training', 'validation'):
        for i in range(IMAGES):
            name = f'{split}/ADE_{i:08d}'
            mmcv.imwrite(noise, str(ROOT / f'images/{name}.jpg'))
            semantic = stripes(i)
            is_thing = np.isin(semantic, THINGS)
            red = np.where(is_thing, np.searchsorted(THINGS, semantic) + 1, 0)
            # Two instances of each thing, one above the other.
            green = np.where(is_thing, 1 + np.arange(60) // 6 * 2, 0)
            green[32:] += is_thing[32:]
            coloured = np.stack([red, green, 0 * red], -1).astype(np.uint8)
            for folder, pixels in (('annotations', semantic.astype(np.uint8)),
                                   ('annotations_instance', coloured)):
                path = ROOT / folder / f'{name}.png'
                path.parent.mkdir(parents=True, exist_ok=True)
                Image.fromarray(pixels).save(path)


def read(path):
    return json.loads((ROOT / path).read_text())


def test_classes():
    """As many as ADE20K's authors tell, and the first hundred of each."""
    assert (len(CLASSES.things), len(CLASSES.stuff)) == (100, 50)
    assert set(CLASSES.base_things) | set(CLASSES.base_stuff) == set(
        CLASSES.base_classes[:100])
    from mmseg.datasets import ADE20KDataset
    assert CLASSES.base_classes == ADE20KDataset.METAINFO['classes']


def test_panoptic_files(ade20k):
    convert('ade20k_panoptic', ROOT)
    for split in ('training', 'validation'):
        content = read(f'mmswap/panoptic_{split}.json')
        assert [c['name'] for c in content['categories']] == [
            *CLASSES.things, *CLASSES.stuff]
        assert len(content['images']) == IMAGES
        for i, annotation in enumerate(content['annotations']):
            ids = ids_of_colours(
                (ROOT / f'mmswap/panoptic_{split}' /
                 annotation['file_name']).read_bytes())
            semantic = np.zeros_like(ids)
            for segment in annotation['segments_info']:
                mask = ids == segment['id']
                semantic[mask] = segment['category_id']
                left, top, width, height = segment['bbox']
                assert mask.sum() == segment['area'] == mask[
                    top:top + height, left:left + width].sum()
            assert (semantic == stripes(i)).all()
            numbers = [s['category_id'] for s in annotation['segments_info']]
            assert all(numbers.count(n) == (2 if n in THINGS else 1)
                       for n in numbers)


def test_what_is_missing_is_named(ade20k):
    (ROOT / 'annotations_instance/validation/ADE_00000003.png').unlink()
    with pytest.raises(SystemExit, match='validation/ADE_00000003.png'):
        convert('ade20k_panoptic', ROOT)
    shutil.rmtree(ROOT / 'annotations_instance')
    with pytest.raises(SystemExit, match='annotations_instance/training'):
        convert('ade20k_panoptic', ROOT)


@pytest.mark.parametrize('recurring', [False, True])
def test_panoptic_steps(ade20k, recurring):
    convert('ade20k_panoptic', ROOT)
    out = ROOT / 'mmswap/100-50'
    convert('class_incremental', ROOT / 'mmswap/panoptic_training.json', out,
            '--base', 100, *['--recurring'][:recurring])
    images = []
    for name, wanted in (('base', range(1, 101)), ('learn', range(101, 151))):
        content = read(f'mmswap/100-50/{name}.json')
        assert {c['id'] for c in content['categories']} == set(wanted)
        shown = {s['category_id'] for a in content['annotations']
                 for s in a['segments_info']}
        assert shown <= set(wanted) and len(shown) > .9 * len(wanted)
        images.append({i['id'] for i in content['images']})
        assert images[-1] == {a['image_id'] for a in content['annotations']}
    assert images[0] | images[1] == {f'ADE_{i:08d}' for i in range(IMAGES)}
    assert bool(images[0] & images[1]) == recurring


def split_maps(*more):
    convert('class_incremental_maps', ROOT / 'images/training',
            ROOT / 'annotations/training', ROOT / 'mmswap/100-50',
            '--base', 100, *more)


def test_semantic_steps(ade20k):
    split_maps()
    out = ROOT / 'mmswap/100-50'
    base = set((out / 'base.txt').read_text().split())
    learn = {path.stem for path in (out / 'learn').iterdir()}
    assert not base & learn
    assert base | learn == {f'ADE_{i:08d}' for i in range(IMAGES)}
    for stem in learn:
        labels = np.array(Image.open(out / f'learn/{stem}.png'))
        truth = stripes(int(stem[4:]))
        assert (labels == np.where(truth > 100, truth, 0)).all()
        assert labels.any()
        assert (out / f'images/{stem}.jpg').resolve() == (
            ROOT / f'images/training/{stem}.jpg').resolve()
    assert len(list((out / 'images').iterdir())) == len(learn)


def test_semantic_steps_that_share_images(ade20k):
    split_maps('--recurring')
    base = set((ROOT / 'mmswap/100-50/base.txt').read_text().split())
    learn = {p.stem for p in (ROOT / 'mmswap/100-50/learn').iterdir()}
    # Images 19 and 29 show classes of both.
    assert base & learn == {'ADE_00000019', 'ADE_00000029'}


def test_maps_that_cannot_be(ade20k):
    (ROOT / 'annotations/training/ADE_00000003.png').unlink()
    with pytest.raises(SystemExit, match='MAPS.*ADE_00000003'):
        split_maps()
    with pytest.raises(SystemExit, match='IMAGES'):
        convert('class_incremental_maps', 'nowhere', 'nowhere', 'out',
                '--base', 1)
    with pytest.raises(SystemExit, match='--base must lie between 1 and 149'):
        convert('class_incremental_maps', ROOT / 'images/validation',
                ROOT / 'annotations/validation', 'out', '--base', 150)


def label_semantic():
    """The steps' files; pseudo-labels by hand."""
    split_maps()
    out = ROOT / 'mmswap/100-50'
    (out / 'learn_all').mkdir()
    for path in (out / 'learn').iterdir():
        shutil.copy(ROOT / 'annotations/training' / path.name,
                    out / 'learn_all')


def label_panoptic():
    convert('ade20k_panoptic', ROOT)
    out = ROOT / 'mmswap/100-50'
    whole = ROOT / 'mmswap/panoptic_training.json'
    convert('class_incremental', whole, out, '--base', 100)
    content = json.loads(whole.read_text())
    content['images'] = read('mmswap/100-50/learn.json')['images']
    kept = {i['id'] for i in content['images']}
    content['annotations'] = [a for a in content['annotations']
                              if a['image_id'] in kept]
    (out / 'learn_all.json').write_text(json.dumps(content))
    shutil.copytree(ROOT / 'mmswap/panoptic_training', out / 'learn_all')


def batch(dataset, index):
    sample = dataset[index]
    return dict(inputs=[sample['inputs']],
                data_samples=[sample['data_samples']])


def labels_of(sample):
    field = 'gt_sem_seg'
    data = getattr(sample, field)
    return set(getattr(data, 'data', getattr(data, 'sem_seg', None))
               .unique().tolist()) - {255}


@pytest.mark.slow
@pytest.mark.parametrize('task', STEM)
def test_a_step_builds(task, ade20k):
    dict(semantic=label_semantic, panoptic=label_panoptic)[task]()
    base, learn = (Config.fromfile(str(CONFIGS / f'{STEM[task]}_{n}.py'))
                   for n in ('base', 'learn'))
    base.model.backbone.init_cfg = learn.model.model.backbone.init_cfg = None
    with DefaultScope.overwrite_default_scope(base.default_scope):
        stock = MODELS.build(base.model)
        old = DATASETS.build(base.train_dataloader.dataset)
        assert len(old.metainfo['classes']) == 100
        assert len(old) >= 10
        assert max(labels_of(old[0]['data_samples'])) < 100
        assert len(DATASETS.build(base.val_dataloader.dataset)) > 0
        swap = MODELS.build(learn.model)
        # The base model is one of that step, and nothing else.
        swap.load_state_dict(stock.state_dict())
        table = swap.class_table
        assert len(table) == 150
        new = DATASETS.build(learn.train_dataloader.dataset)
        assert set(new.branches) == {'retain', 'learn'}
        shown = set()
        for index in new.branch_range('learn'):
            shown |= labels_of(new[index]['data_samples'])
        names = {table.names[label] for label in shown}
        # Pseudo-labels of old classes count.
        assert names & set(table.base) and len(names & set(table.learn)) > 40
        val = DATASETS.build(learn.val_dataloader.dataset)
        assert len(val) == IMAGES
        EVALUATOR.build(learn.val_evaluator)
        swap.train()
        data = {name: batch(new, new.branch_range(name)[0])
                for name in new.branches}
        losses = swap(**swap.data_preprocessor(data, True), mode='loss')
        assert losses['learn_total'] > 0


@pytest.mark.slow
def test_joint_training_builds(ade20k):
    convert('ade20k_panoptic', ROOT)
    cfg = Config.fromfile(
        str(CONFIGS / 'mask2former-panoptic_r50_ade20k_joint.py'))
    cfg.model.backbone.init_cfg = None
    with DefaultScope.overwrite_default_scope('mmdet'):
        model = MODELS.build(cfg.model)
        assert model.panoptic_head.cls_embed.out_features == 151
        dataset = DATASETS.build(cfg.train_dataloader.dataset)
        assert len(dataset) == IMAGES
        assert dataset.metainfo['classes'] == (
            *CLASSES.things, *CLASSES.stuff)
        # Ten stripes, of which things are two segments each.
        info = dataset.get_data_info(0)
        numbers = [dataset.metainfo['classes'][s['category']]
                   for s in info['segments_info']]
        assert set(numbers) == {
            CLASSES.base_classes[i - 1] for i in np.unique(stripes(0)) if i}
        val = DATASETS.build(cfg.val_dataloader.dataset)
        assert 'segments_info' in val[0]['data_samples'].metainfo
        Evaluator(cfg.val_evaluator)
