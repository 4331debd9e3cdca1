"""Panoptic pseudo-labels, by a predictor that knows its answer."""
import json
from pathlib import Path
from types import SimpleNamespace

import mmcv
import mmdet
import numpy as np
import pytest
import torch
from mmdet.datasets import CocoPanopticDataset
from mmdet.evaluation.functional import INSTANCE_OFFSET
from mmengine.config import Config
from mmengine.registry import MODELS, DefaultScope

from mmswap.apis.pseudo import PseudoSettings, pseudo_label
from mmswap.apis.pseudo.base import Base
from mmswap.apis.pseudo.panoptic import label_panoptic
from mmswap.datasets.digits.scenes import make_digit_scenes
from mmswap.tasks.panoptic_ids import colours_of_ids, ids_of_colours
from mmswap.tasks.panoptic_loading import LoadPanopticAnnotations

CONFIGS = Path(__file__).parents[3] / 'configs' / 'digits'
CLASSES = ('cat', 'dog', 'ground')
SIZE = 4, 6
# Two cats and a dog on the ground; of the second cat it is not certain.
LABELS = np.full(SIZE, 2)
LABELS[:2, :2] = 0 + INSTANCE_OFFSET
LABELS[:2, 4:] = 0 + 2 * INSTANCE_OFFSET
LABELS[2:, 4:] = 1 + 3 * INSTANCE_OFFSET
SCORES = np.full(SIZE, .8)
SCORES[:2, 4:] = .3
# A new class, and ground for what is not labelled.
OWL, REST = 300, 70000


class Oracle:
    """Predicts what it is told, whatever it is shown."""

    has_queries = True
    num_things = 2

    def predict(self, paths):
        for _ in paths:
            yield SimpleNamespace(pred_panoptic_seg=SimpleNamespace(
                sem_seg=torch.from_numpy(LABELS)[None],
                scores=torch.from_numpy(SCORES)[None]))


@pytest.fixture
def scene(tmp_path, monkeypatch):
    """A base model and, in the working folder, an image with a person's map.
    """
    monkeypatch.chdir(tmp_path)
    mmcv.imwrite(np.zeros((*SIZE, 3), np.uint8), 'images/deep/a.jpg')
    ids = np.zeros(SIZE, int)
    ids[:, 2:4] = OWL
    ids[3, :2] = REST
    mmcv.imwrite(colours_of_ids(ids), 'new/deep/a.png')
    write(dict(
        images=[dict(id=8, file_name='deep/a.jpg', height=4, width=6)],
        categories=[dict(id=3, name='owl', isthing=1),
                    dict(id=4, name='ground', isthing=0)],
        annotations=[dict(image_id=8, file_name='deep/a.png', segments_info=[
            dict(id=OWL, category_id=3, iscrowd=0, area=8, bbox=[2, 0, 2, 4]),
            dict(id=REST, category_id=4, iscrowd=0, area=2,
                 bbox=[0, 3, 2, 1])])]))
    return Base(Config(), Oracle(), None, CLASSES)


def write(content, path='new.json'):
    Path(path).write_text(json.dumps(content))


def label(base, ann='new.json', **settings):
    return label_panoptic(
        base, Path('images'), Path('all.json'), ann and Path(ann),
        PseudoSettings(**{'score': .5, **settings}))


def loaded(classes, things):
    """What mmdet reads of it."""
    dataset = CocoPanopticDataset(
        ann_file='all.json', data_prefix=dict(img='images/', seg='all/'),
        metainfo=dict(classes=classes, thing_classes=things,
                      stuff_classes=[c for c in classes if c not in things]))
    (info, ) = [dataset.get_data_info(i) for i in range(len(dataset))]
    return LoadPanopticAnnotations()(dict(info, ori_shape=SIZE))


def test_mmdet_reads_it(scene):
    labels = label(scene)
    assert labels.certain == dict(cat=1, dog=1)
    assert labels.uncertain == dict(cat=1)
    things = ('cat', 'dog', 'owl')
    read = loaded((*things, 'ground'), things)
    assert read['gt_seg_map'].tolist() == [
        [0, 0, 2, 2, 255, 255], [0, 0, 2, 2, 255, 255],
        [255, 255, 2, 2, 1, 1], [3, 3, 2, 2, 1, 1]]
    # The owl is labelled first; each thing has its mask.
    assert read['gt_bboxes_labels'].tolist() == [2, 0, 1]
    assert read['gt_masks'].masks.sum((1, 2)).tolist() == [8, 4, 4]
    content = json.loads(Path('all.json').read_text())
    given, mine = json.loads(Path('new.json').read_text()), (
        content['annotations'][0]['segments_info'])
    assert mine[:2] == given['annotations'][0]['segments_info']
    assert [(s['score'], s['pseudo']) for s in mine[2:]] == [(.8, True)] * 2
    # What was there has its id.
    assert {c['name']: (c['isthing'], c['id'])
            for c in content['categories']} == dict(
        cat=(1, 5), dog=(1, 6), owl=(1, 3), ground=(0, 4))
    assert Path('all.jpg').stat().st_size > 1000


def test_a_second_time_it_is_the_same(scene):
    first = label(scene)
    before = Path('all.json').read_text(), Path('all/deep/a.png').read_bytes()
    assert label(scene, 'all.json').certain == first.certain
    assert (Path('all.json').read_text(),
            Path('all/deep/a.png').read_bytes()) == before


def test_background_may_be_something_else(scene):
    """A dog that a person left in the ground."""
    ids = np.full(SIZE, REST)
    mmcv.imwrite(colours_of_ids(ids), 'new/deep/a.png')
    labels = label(scene, unlabelled=('ground', ), sheet_images=0)
    assert labels.sheet is None
    assert labels.certain == dict(cat=1, dog=1)
    ids = ids_of_colours(Path('all/deep/a.png').read_bytes())
    # The second cat is uncertain: void, not ground.
    assert (ids == REST).sum() == 12 and (ids == 0).sum() == 4


def test_unlabelled_images(scene):
    labels = label(scene, None, showing=('dog', ))
    assert labels.images == 1
    assert labels.certain == dict(cat=1, dog=1, ground=1)
    read = loaded(CLASSES, CLASSES[:2])
    assert (read['gt_seg_map'] == 2).sum() == 12
    with pytest.raises(ValueError, match='--images'):
        label(scene, None, showing=('dog', ), score=.9)


def test_maps_elsewhere(scene):
    Path('new').rename('maps')
    with pytest.raises(FileNotFoundError, match='--maps'):
        label(scene)
    assert label(scene, maps=Path('maps')).certain == dict(cat=1, dog=1)
    with pytest.raises(ValueError, match='--maps'):
        label(scene, None, maps=Path('maps'))


def test_a_map_of_another_size(scene):
    mmcv.imwrite(np.zeros((2, 2, 3), np.uint8), 'new/deep/a.png')
    with pytest.raises(ValueError, match='--maps.*deep/a.png'):
        label(scene)


def test_files_that_cannot_be(scene):
    write(dict(images=[dict(id=8, file_name='deep/a.jpg')], categories=[],
               annotations=[dict(image_id=8, bbox=[0, 0, 1, 1])]))
    with pytest.raises(ValueError, match='--ann'):
        label(scene)
    with pytest.raises(ValueError, match='--out'):
        label_panoptic(scene, Path('images'), Path('all'), None,
                       PseudoSettings())
    Path('images/deep/a.jpg').rename('images/b.bmp')
    with pytest.raises(ValueError, match='--images.*b.bmp'):
        label(scene, None)


def test_scores_are_chosen_on_labelled_images(scene):
    """Cats are found, dogs are in another place."""
    label(scene, None, sheet_images=0)
    truth = json.loads(Path('all.json').read_text())
    dog = next(c['id'] for c in truth['categories'] if c['name'] == 'dog')
    for segment in truth['annotations'][0]['segments_info']:
        if segment['category_id'] == dog:
            segment['category_id'] -= 1
    write(truth, 'all.json')
    labelled = CocoPanopticDataset(
        ann_file='all.json', data_prefix=dict(img='images/', seg='all/'),
        metainfo=dict(classes=CLASSES, thing_classes=CLASSES[:2],
                      stuff_classes=CLASSES[2:]))
    labels = label(scene._replace(labelled=labelled), None, score=None,
                   sheet_images=0)
    # Ground and one cat are right; of few objects all have one score.
    assert labels.thresholds.scores.tolist() == pytest.approx([.8] * 3)


def panoptic_fpn():
    """mmdet's, with the digits' data."""
    cfg = Config.fromfile(str(
        Path(mmdet.__file__).parent /
        '.mim/configs/panoptic_fpn/panoptic-fpn_r50_fpn_1x_coco.py'))
    cfg.model.backbone.init_cfg = None
    cfg.model.test_cfg.rcnn.score_thr = 0.
    names = [f'class {i}' for i in range(80 + 53)]
    cfg.val_dataloader = digits().val_dataloader
    return cfg, names


def digits():
    cfg = Config.fromfile(str(
        CONFIGS / 'mask2former-panoptic_swin-nano_base.py'))
    cfg.model.test_cfg.update(object_mask_thr=0., iou_thr=0.)
    return cfg


@pytest.mark.slow
@pytest.mark.parametrize('make', [
    lambda: (digits(), digits().base_meta.classes), panoptic_fpn
], ids=['mask2former', 'panoptic_fpn'])
def test_real_models_with_random_weights(make, tmp_path, monkeypatch):
    """Their pipelines, samples and scores fit together."""
    monkeypatch.chdir(tmp_path)
    make_digit_scenes(Path('data/digits'), base=2, learn=3, val=4)
    cfg, names = make()
    cfg.dump('site.py')
    torch.manual_seed(0)
    with DefaultScope.overwrite_default_scope('mmdet'):
        model = MODELS.build(cfg.model)
    torch.save(dict(state_dict=model.state_dict(),
                    meta=dict(dataset_meta=dict(classes=names))), 'base.pth')
    labels = pseudo_label(
        'site.py', 'base.pth', 'data/digits/images/learn', 'all.json',
        settings=PseudoSettings(score=1e-3))
    assert labels.images == 3
    assert sum(labels.certain.values()) > 0
    assert len(list(Path('all').glob('*.png'))) == 3
