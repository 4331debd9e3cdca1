"""Class-incremental detection: its converter and configs, on small data."""
import json
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import DATASETS, EVALUATOR, MODELS, DefaultScope

ROOT = Path(__file__).parents[1]
CONFIGS = ROOT / 'configs/incremental'
LEARN = sorted(path.stem for path in CONFIGS.glob('*_learn.py')
               if 'ade20k' not in path.stem)
STEPS = {
    'faster-rcnn_r50_voc07': ('data/VOCdevkit/VOC2007', (19, 15, 10)),
    'deformable-detr_r50_coco': ('data/coco', (40, 70)),
}


def coco_file(names, images, folder=''):
    """Each image shows two neighbouring classes."""
    return dict(
        categories=[dict(id=3 * i + 1, name=n) for i, n in enumerate(names)],
        images=[dict(id=i, file_name=f'{folder}{i}.jpg', width=64, height=64)
                for i in range(images)],
        annotations=[
            dict(id=2 * i + j, image_id=i, iscrowd=0, area=1200,
                 category_id=3 * ((i + j) % len(names)) + 1,
                 bbox=[4 + 8 * j, 6, 40, 30])
            for i in range(images) for j in range(2)])


@pytest.fixture
def convert(monkeypatch, capsys):
    monkeypatch.syspath_prepend(str(ROOT / 'tools/dataset_converters'))
    import class_incremental

    def run(*args):
        monkeypatch.setattr(sys, 'argv', ['', *map(str, args)])
        class_incremental.main()

    return run


def labels_of(path):
    file = json.loads(path.read_text())
    return ({i['id'] for i in file['images']},
            {a['category_id'] for a in file['annotations']},
            [c['name'] for c in file['categories']])


@pytest.mark.parametrize('recurring', [False, True])
def test_the_steps(convert, tmp_path, recurring):
    (tmp_path / 'all.json').write_text(json.dumps(
        coco_file(['a', 'b', 'c', 'd'], 40)))
    convert(tmp_path / 'all.json', tmp_path / 'out', '--base', 3,
            *['--recurring'][:recurring])
    base, learn = (labels_of(tmp_path / f'out/{name}.json')
                   for name in ('base', 'learn'))
    assert base[1:] == ({1, 4, 7}, ['a', 'b', 'c'])
    assert learn[1:] == ({10}, ['d'])
    assert base[0] | learn[0] == set(range(40))
    # Images 4k + 2 and 4k + 3 show d, all of them with another.
    shown = {i for i in range(40) if i % 4 > 1}
    if recurring:
        assert learn[0] == shown and base[0] == set(range(40))
    else:
        assert not base[0] & learn[0]
        assert learn[0] < shown and len(learn[0]) == 10


@pytest.mark.parametrize('base', [0, 4])
def test_a_step_without_a_class(convert, tmp_path, base):
    (tmp_path / 'all.json').write_text(json.dumps(
        coco_file(['a', 'b', 'c', 'd'], 4)))
    with pytest.raises(SystemExit, match='--base must lie between 1 and 3'):
        convert(tmp_path / 'all.json', tmp_path / 'out', '--base', base)


@pytest.fixture
def data(convert, tmp_path, monkeypatch):
    """(config of a step) -> a folder with its data; pseudo-labels by hand."""
    monkeypatch.chdir(tmp_path)
    image = np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)

    def make(stem):
        model, step = stem.rsplit('_', 2)[:2]
        num_base = int(step.split('-')[0])
        folder, known = STEPS[model]
        assert num_base in known
        names = Config.fromfile(str(CONFIGS / f'{stem}.py'))
        names = (*names.classes.base, *names.classes.learn)
        root = Path(folder)
        images = dict(train='', val='')
        if 'coco' in stem:
            images = dict(train='train2017/', val='val2017/')
        files = dict(
            train=root / ('annotations/instances_train2017.json' if 'coco'
                          in stem else 'mmswap/trainval.json'),
            val=root / ('annotations/instances_val2017.json' if 'coco' in stem
                        else 'mmswap/test.json'))
        for split, prefix in images.items():
            files[split].parent.mkdir(parents=True, exist_ok=True)
            content = coco_file(names, 2 * len(names))
            files[split].write_text(json.dumps(content))
            for each in content['images']:
                path = root / prefix / each['file_name']
                path.parent.mkdir(parents=True, exist_ok=True)
                cv2.imwrite(str(path), image)
        out = root / 'mmswap' / step
        convert(files['train'], out, '--base', num_base)
        learn = json.loads((out / 'learn.json').read_text())
        whole = json.loads(files['train'].read_text())
        shown = {i['id'] for i in learn['images']}
        whole['images'] = learn['images']
        whole['annotations'] = [a for a in whole['annotations']
                                if a['image_id'] in shown]
        (out / 'learn_all.json').write_text(json.dumps(whole))

    return make


def test_all_steps_are_there():
    assert set(LEARN) == {
        f'{model}_{n}-{(20 if "voc" in model else 80) - n}_learn'
        for model, (_, steps) in STEPS.items() for n in steps}


@pytest.mark.slow
@pytest.mark.parametrize('stem', LEARN)
def test_a_step_builds(stem, data):
    data(stem)
    base = Config.fromfile(
        str(CONFIGS / f'{stem.replace("_learn", "_base")}.py'))
    learn = Config.fromfile(str(CONFIGS / f'{stem}.py'))
    num_base, num_learn = map(int, stem.rsplit('_', 2)[1].split('-'))
    for cfg in (base, learn):
        cfg.model.backbone = None if 'backbone' not in cfg.model else dict(
            cfg.model.backbone, init_cfg=None)
        if 'model' in cfg.model:
            del cfg.model['backbone']
            cfg.model.model.backbone.init_cfg = None
    with DefaultScope.overwrite_default_scope('mmdet'):
        stock = MODELS.build(base.model)
        old = DATASETS.build(base.train_dataloader.dataset)
        assert len(old.metainfo['classes']) == num_base
        assert len(old) >= num_base // 2
        swap = MODELS.build(learn.model)
        # The base model is one of that step, and nothing else.
        swap.load_state_dict(stock.state_dict())
        assert len(swap.class_table) == num_base + num_learn
        new = DATASETS.build(learn.train_dataloader.dataset)
        assert set(new.branches) == {'retain', 'learn'}
        labels = {
            instance['bbox_label']
            for part in new.branches['learn'] for i in range(len(part))
            for instance in part.get_data_info(i)['instances']}
        # Pseudo-labels of old classes count.
        assert min(labels) < num_base <= max(labels)
        val = DATASETS.build(learn.val_dataloader.dataset)
        assert len(val) == 2 * len(swap.class_table)
        EVALUATOR.build(learn.val_evaluator)
        if stem == 'faster-rcnn_r50_voc07_15-5_learn':
            batch = {name: _batch(new, name) for name in new.branches}
            swap.train()
            with torch.autograd.set_detect_anomaly(False):
                losses = swap(**swap.data_preprocessor(batch, True),
                              mode='loss')
            assert losses['learn_total'] > 0


def _batch(dataset, branch):
    sample = dataset[dataset.branch_range(branch)[0]]
    return dict(inputs=[sample['inputs']],
                data_samples=[sample['data_samples']])
