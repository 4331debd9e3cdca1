"""The benchmark on photographs, with fabricated ones and random weights."""
import importlib
import json
import sys
import zipfile
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.hub import get_config
from mmengine.registry import DATASETS, MODELS, DefaultScope

ROOT = Path(__file__).parents[2]
OLD = ('cat', 'dog', 'cow')
SHAPE = (48, 64, 3)


def xml(*objects):
    parts = [f'<object><name>{name}</name><bndbox><xmin>4</xmin><ymin>6</ymin>'
             '<xmax>34</xmax><ymax>40</ymax></bndbox></object>'
             for name in objects]
    return f'<annotation>{"".join(parts)}</annotation>'


@pytest.fixture(scope='module')
def originals(tmp_path_factory):
    """The public sets as archives, a few images of noise in each."""
    root = tmp_path_factory.mktemp('originals')
    image = cv2.imencode('.jpg', np.random.default_rng(0).integers(
        0, 255, SHAPE, np.uint8))[1].tobytes()
    with zipfile.ZipFile(root / 'voc2007_416.zip', 'w') as file:
        for split, first in (('train', 0), ('val', 6)):
            images = range(first, first + 6)
            file.writestr(f'voc2007_416/annotations/{split}.json', json.dumps(
                dict(categories=[dict(id=5 * i + 1, name=name)
                                 for i, name in enumerate(OLD)],
                     images=[dict(id=i, file_name=f'{i}.jpg', width=64,
                                  height=48) for i in images],
                     annotations=[
                         dict(id=i, image_id=i, category_id=5 * (i % 3) + 1,
                              bbox=[4, 6, 30, 34], area=1020,
                              iscrowd=int(i == 5)) for i in images])))
            for i in images:
                file.writestr(f'voc2007_416/images/{i}.jpg', image)
    with zipfile.ZipFile(root / 'raccoon.zip', 'w') as file:
        for i in range(10):
            file.writestr(f'raccoon/annotations/raccoon-{i}.xml',
                          xml('raccoon'))
            file.writestr(f'raccoon/images/raccoon-{i}.jpg', image)
    with zipfile.ZipFile(root / 'bccd.zip', 'w') as file:
        for i, split in enumerate(('train', 'val', 'test')):
            file.writestr(f'BCCD/ImageSets/Main/{split}.txt', f'blood_{i}\n')
            file.writestr(f'BCCD/Annotations/blood_{i}.xml',
                          xml('RBC', 'WBC', 'Platelets'))
            file.writestr(f'BCCD/JPEGImages/blood_{i}.jpg', image)
    return root


@pytest.fixture
def benchmark(monkeypatch):
    for folder in ('benchmarks', 'dataset_converters'):
        monkeypatch.syspath_prepend(str(ROOT / 'tools' / folder))
    names = ('photos', 'photo_swaps', 'photographs')
    yield [importlib.import_module(name) for name in names]
    for name in names:
        sys.modules.pop(name)


def content(path):
    file = json.loads(path.read_text())
    names = {c['id']: c['name'] for c in file['categories']}
    return len(file['images']), [
        (names[a['category_id']], a['iscrowd']) for a in file['annotations']]


def test_the_jsons(benchmark, originals, tmp_path):
    _, _, converter = benchmark
    converter.make_raccoons(originals, tmp_path / 'raccoon')
    converter.make_cells(originals, tmp_path / 'cells')
    assert content(tmp_path / 'raccoon/train.json') == (
        6, [('cat', 0), ('dog', 0), ('cow', 0), ('cat', 0), ('dog', 0),
            ('cow', 1)])
    assert content(tmp_path / 'raccoon/learn.json') == (
        8, 8 * [('raccoon', 0)])
    images, objects = content(tmp_path / 'raccoon/val_all.json')
    assert images == 8 and objects.count(('raccoon', 0)) == 2
    assert content(tmp_path / 'cells/base_WBC.json') == (
        1, [('RBC', 0), ('Platelets', 0)])
    assert content(tmp_path / 'cells/learn_WBC.json') == (1, [('WBC', 0)])
    assert len(content(tmp_path / 'cells/val_WBC.json')[1]) == 3
    for path in tmp_path.glob('*/images/*'):
        assert path.is_file()


def test_a_set_that_is_not_there(benchmark, tmp_path):
    with pytest.raises(SystemExit, match='voc2007_416'):
        benchmark[2].make_raccoons(tmp_path, tmp_path / 'raccoon')


def weights(path, num_classes):
    cfg = get_config('mmdet::yolox/yolox_nano_8xb8-300e_coco.py')
    cfg.model.bbox_head.num_classes = num_classes
    with DefaultScope.overwrite_default_scope('mmdet'):
        model = MODELS.build(cfg.model)
    torch.save(dict(state_dict=model.state_dict(), meta={}), path)
    return path


def found_by_hand(photos, folder):
    """Pseudo-labels, as random weights find nothing."""
    for name in (photos.learn_all, 'labelled.json', 'found.json',
                 'synthesized.json'):
        file = json.loads((photos.root / photos.train).read_text())
        if name == 'labelled.json':
            file['annotations'] = [
                a for a in file['annotations'] if a['image_id'] != 3]
        learn = json.loads((photos.root / photos.learn).read_text())
        if name == photos.learn_all:
            for i, image in enumerate(learn['images']):
                file['annotations'].append(dict(
                    learn['annotations'][i], id=100 + i,
                    image_id=100 + i))
                file['images'].append(dict(image, id=100 + i))
            file['categories'] = learn['categories']
        if name == 'synthesized.json':
            file.update(info=dict(synthesized=True))
            (folder / 'synthesized').symlink_to(photos.root)
        place = photos.root if name == photos.learn_all else folder
        (place / name).write_text(json.dumps(file))


@pytest.fixture
def photos(benchmark, originals, tmp_path):
    _, _, converter = benchmark
    converter.make_raccoons(originals, tmp_path / 'data/raccoon')
    made = benchmark[0].raccoon_photos(tmp_path / 'data/raccoon', 'dog')
    (tmp_path / 'raccoon/dog').mkdir(parents=True)
    found_by_hand(made, tmp_path / 'raccoon/dog')
    return made


def test_the_configs(benchmark, photos, tmp_path):
    _, swaps, _ = benchmark
    stock = swaps.write_stock(photos, tmp_path / 'site.py', 0)
    checkpoint = weights(tmp_path / 'nano.pth', 3)
    branches = {}
    for name in swaps.SWAPS:
        forget = 9 if name == 'few' else None
        configs = swaps.write_swap(
            name, photos, stock, checkpoint, tmp_path / name,
            benchmark[0].Unlabelled(tmp_path / 'raccoon/dog/labelled.json',
                                    tmp_path / 'raccoon/dog/found.json',
                                    tmp_path / 'raccoon/dog/synthesized.json'),
            dict(learn=7, forget=forget))
        for path in configs:
            cfg = Config.fromfile(path)
            with DefaultScope.overwrite_default_scope('mmdet'):
                built = DATASETS.build(cfg.train_dataloader.dataset)
            branches[name, Path(path).stem] = {
                key: [len(d) for d in sets]
                for key, sets in built.branches.items()}
    # Five of six: the last one shows a crowd alone.
    assert branches['old', 'learn'] == dict(retain=[5, 2], learn=[8])
    assert branches['old', 'forget'] == dict(retain=[3, 8, 2], forget=[2])
    # Of these one more, in which the base model finds nothing.
    assert branches['unlabelled', 'learn'] == dict(retain=[4, 2], learn=[8])
    assert branches['none', 'learn'] == dict(retain=[6, 2], learn=[8])
    assert Config.fromfile(str(tmp_path / 'none/learn.py')).train_dataloader \
        .sampler.retain == 0
    assert branches['synthesized', 'learn'] == branches['old', 'learn']
    assert branches['none', 'forget']['forget'] == [2]
    assert branches['synthesized', 'forget'] == branches['none', 'forget']
    assert branches['lora', 'learn'] == dict(retain=[8], learn=[8])
    assert set(branches) == {
        (name, phase) for name, swap in swaps.SWAPS.items()
        for phase in ('learn', 'forget')[:1 + swap.forgets]}
    learns = {name: Config.fromfile(str(tmp_path / name / 'learn.py'))
              for name in swaps.SWAPS}
    assert all(cfg.train_cfg.max_epochs == 7 for cfg in learns.values())
    assert {name: Config.fromfile(
        str(tmp_path / name / 'forget.py')).train_cfg.max_epochs
            for name in ('few', 'synthesized', 'none')} == dict(
                few=9, synthesized=20, none=20)
    assert learns['full'].model.trains == 'all'
    assert {name: cfg.model.objective.hold_weight
            for name, cfg in learns.items()} == dict(
                old=1, old_pseudo=1, few=1, unlabelled=1, synthesized=2,
                none=2, lora=0, full=0)


@pytest.mark.slow
def test_a_run(benchmark, photos, originals, tmp_path):
    """A step of each phase, from the archives to the table."""
    main = benchmark[0]
    arguments = [
        '--data', str(originals), '--weights',
        str(weights(tmp_path / 'nano.pth', 3)), '--swaps', 'none', '--seeds',
        '0', '--workers', '0', '--work-dir', str(tmp_path), '--cfg-options',
        'train_cfg.max_epochs=1', 'train_cfg.val_interval=1']
    main.main(arguments)
    table = (tmp_path / 'table.md').read_text().splitlines()
    assert len(table) == 3 and table[2].startswith('| no old image, pseudo')
    assert table[2].count(' / ') == 6
    # Again: what is finished is not run again.
    log = tmp_path / 'raccoon/dog/none_0'
    before = sorted(log.rglob('*.log'))
    main.main(arguments)
    assert before and sorted(log.rglob('*.log')) == before
    assert (tmp_path / 'table.md').read_text().splitlines() == table
