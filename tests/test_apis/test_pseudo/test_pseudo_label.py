"""The digits' base model labels scenes of which the truth is known."""
import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import DefaultScope

from mmswap.apis.cli import COMMANDS, main
from mmswap.apis.commands import pseudo
from mmswap.apis.pseudo import PseudoSettings, pseudo_label
from mmswap.datasets.digits.scenes import make_digit_scenes
from mmswap.registry import DATASETS, MODELS
from mmswap.tasks.instance_overlaps import box_ious

CONFIGS = Path(__file__).parents[3] / 'configs' / 'digits'
CONFIG = str(CONFIGS / 'mask2former_swin-nano_base.py')
CHECKPOINT = str(CONFIGS / 'mask2former_swin-nano_base.safetensors')
# All ten digits, by hands that the model has not seen.
IMAGES = 'data/digits/images/val'
NEW = ('eight', 'nine')


@pytest.fixture(scope='module')
def scenes(tmp_path_factory):
    folder = tmp_path_factory.mktemp('pseudo')
    make_digit_scenes(folder / 'data/digits', base=8, learn=1, val=24)
    truth = json.loads(
        (folder / 'data/digits/annotations/val.json').read_text())
    return folder, truth


@pytest.fixture
def workplace(scenes, monkeypatch):
    """The scenes, and their truth; only new digits are labelled."""
    folder, truth = scenes
    monkeypatch.chdir(folder)
    names = {c['id']: c['name'] for c in truth['categories']}
    new = dict(
        truth,
        categories=[c for c in truth['categories'] if c['name'] in NEW],
        annotations=[a for a in truth['annotations']
                     if names[a['category_id']] in NEW])
    Path('new.json').write_text(json.dumps(new))
    return truth


def boxes_of(content, image_id, new, pseudo=False):
    names = {c['id']: c['name'] for c in content['categories']}
    found = [(names[a['category_id']], *a['bbox'])
             for a in content['annotations']
             if a['image_id'] == image_id and not a.get('iscrowd')
             and (names[a['category_id']] in NEW) == new
             and (not pseudo or a.get('pseudo'))]
    boxes = np.array([f[1:] for f in found], float).reshape(-1, 4)
    boxes[:, 2:] += boxes[:, :2]
    return [f[0] for f in found], boxes


def agreement(truth, content):
    """Old digits: how many there are, were found, and are right."""
    counts = Counter()
    for image in content['images']:
        names, boxes = boxes_of(truth, image['id'], new=False)
        theirs, found = boxes_of(content, image['id'], new=False)
        ious = box_ious(boxes, found) >= .5
        same = np.equal.outer(names, theirs) if names and theirs else ious
        counts.update(objects=len(names), found=len(theirs),
                      right=int((ious & same).any(0).sum()))
    return counts


@pytest.mark.slow
def test_old_digits_are_labelled(workplace):
    truth = workplace
    labels = pseudo_label(CONFIG, CHECKPOINT, IMAGES, 'all.json', 'new.json')
    content = json.loads(Path('all.json').read_text())
    # What a person labelled is as it was.
    assert [a for a in content['annotations'] if not a.get('pseudo')] == (
        json.loads(Path('new.json').read_text())['annotations'])
    assert [c['name'] for c in content['categories']] == [
        'zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', *NEW]
    counts = agreement(truth, content)
    assert counts['objects'] > 30
    assert counts['right'] > .75 * counts['objects']
    assert counts['right'] > .75 * counts['found']
    assert sum(labels.certain.values()) == counts['found']
    # Masks, which mmdet reads.
    segmented = [a for a in content['annotations'] if a.get('pseudo')]
    assert all(a['segmentation']['size'] == [128, 128] for a in segmented)
    assert labels.sheet.stat().st_size > 10000
    # A second time it is the same, though the first one's are in the file.
    again = pseudo_label(CONFIG, CHECKPOINT, IMAGES, 'again.json', 'all.json')
    assert again.certain == labels.certain


def test_boxes_have_outlines_where_the_pipeline_loads_masks(workplace):
    """As DINO's of the digits does; mmdet fails where there is none."""
    cfg = Config.fromfile(str(CONFIGS / 'dino_swin-nano_base.py'))
    with DefaultScope.overwrite_default_scope('mmdet'):
        torch.manual_seed(0)
        torch.save(dict(state_dict=MODELS.build(cfg.model).state_dict()),
                   'dino.pth')
    pseudo_label(CONFIGS / 'dino_swin-nano_base.py', 'dino.pth', IMAGES,
                 'boxes.json', 'new.json',
                 PseudoSettings(score=1e-3, sheet_images=0))
    dataset = dict(cfg.train_dataloader.dataset, ann_file='boxes.json',
                   data_root='', data_prefix=dict(img=IMAGES))
    with DefaultScope.overwrite_default_scope('mmdet'):
        loaded = DATASETS.build(dataset)[0]['data_samples'].gt_instances
    assert len(loaded) > 10
    for box, mask in zip(loaded.bboxes.tensor, loaded.masks.masks):
        width, height = box[2:] - box[:2]
        assert abs(mask.sum() - width * height) <= width + height + 1


@pytest.mark.slow
def test_images_to_forget_a_class_on(workplace, capsys):
    main(['pseudo-label', CONFIG, CHECKPOINT, '--images', IMAGES, '--showing',
          'three', '--score', '0.6', '--out', 'threes.json',
          '--sheet-images', '0'])
    assert 'three' in capsys.readouterr().out
    content = json.loads(Path('threes.json').read_text())
    ids = {c['name']: c['id'] for c in content['categories']}
    shown = Counter(a['image_id'] for a in content['annotations']
                    if a['category_id'] == ids['three'])
    assert {i['id'] for i in content['images']} == set(shown)
    assert 0 < len(shown) < 24
    assert not Path('threes.jpg').exists()


@pytest.mark.slow
def test_learning_and_forgetting_without_old_images(workplace):
    """From pseudo-labels to a step of each phase, by the command line."""
    from mmengine.config import Config

    from mmswap.apis import run_swap
    pseudo_label(CONFIG, CHECKPOINT, IMAGES, 'all.json', 'new.json',
                 PseudoSettings(score=.5, sheet_images=0))
    stock = Path('site.py')
    # The old training set is gone.
    stock.write_text(f"_base_ = '{CONFIG}'\n"
                     "train_dataloader = dict(dataset=dict("
                     "ann_file='gone.json'))\n")
    main(['init', 'site.py', '--checkpoint', CHECKPOINT, '--new', 'all.json',
          '--new-images', IMAGES, '--forget', 'three', '--without-old',
          '--val', 'data/digits/annotations/val.json'])
    cfg = Config.fromfile('site_learn.py')
    assert 'old' not in cfg.train_dataloader.dataset
    report = run_swap(
        ['site_learn.py', 'site_forget.py'], 'work',
        cfg_options={'train_cfg.max_iters': 1, 'train_cfg.val_interval': 1})
    assert list(report['checkpoints']) == ['site_learn', 'site_forget']


@pytest.mark.slow
def test_unlabelled_images_in_place_of_the_old_ones(workplace):
    """The config of docs/pseudo_labels.md, and a step of each phase."""
    from mmengine.config import Config

    from mmswap.apis import run_swap
    pseudo_label(CONFIG, CHECKPOINT, IMAGES, 'street.json',
                 settings=PseudoSettings(score=.5, sheet_images=0))
    Path('street.py').write_text(
        f"_base_ = '{CONFIG}'\n"
        "train_dataloader = dict(dataset=dict(data_root='', "
        f"ann_file='street.json', data_prefix=dict(img='{IMAGES}')))\n")
    main(['init', 'street.py', '--checkpoint', CHECKPOINT, '--new', 'new.json',
          '--new-images', IMAGES, '--forget', 'three',
          '--val', 'data/digits/annotations/val.json'])
    dataset = Config.fromfile('street_learn.py').train_dataloader.dataset
    assert (dataset.old.ann_file, dataset.new.ann_file) == (
        'street.json', 'new.json')
    report = run_swap(
        ['street_learn.py', 'street_forget.py'], 'street',
        cfg_options={'train_cfg.max_iters': 1, 'train_cfg.val_interval': 1})
    assert list(report['checkpoints']) == ['street_learn', 'street_forget']


@pytest.mark.parametrize('change, key', [
    (dict(images='not_there'), '--images'),
    (dict(ann='not_there.json'), '--ann'),
    (dict(images='data'), '--images'),
    (dict(settings=PseudoSettings(showing=('ten', ))), '--showing'),
    (dict(settings=PseudoSettings(overlap=0.)), '--overlap'),
    (dict(config=str(CONFIGS / 'mask2former_swin-nano_learn.py')), 'CONFIG'),
    (dict(config=str(CONFIGS / 'mask2former-panoptic_swin-nano_base.py')),
     'CHECKPOINT'),
    (dict(settings=PseudoSettings(maps=Path('maps'))), '--maps'),
])
def test_what_cannot_be(workplace, change, key):
    given = dict(config=CONFIG, checkpoint=CHECKPOINT, images=IMAGES,
                 out='wrong.json', ann='new.json')
    with pytest.raises((ValueError, FileNotFoundError), match=key):
        pseudo_label(**{**given, **change})
    assert not Path('wrong.json').exists()


def test_a_file_that_is_no_coco_json(workplace):
    Path('list.json').write_text('[]')
    with pytest.raises(ValueError, match='--ann .*list.json'):
        pseudo_label(CONFIG, CHECKPOINT, IMAGES, 'wrong.json', 'list.json')


def test_the_command_says_what_is_wrong(workplace):
    assert COMMANDS['pseudo-label'] is pseudo.PSEUDO_LABEL
    with pytest.raises(SystemExit, match='mmswap pseudo-label: --images'):
        main(['pseudo-label', CONFIG, CHECKPOINT, '--images', 'not_there',
              '--out', 'wrong.json'])
