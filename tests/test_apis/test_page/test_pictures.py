"""What is drawn: on images of one colour, and with the shipped detector."""
import base64
import importlib
import io
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import MODELS, DefaultScope
from PIL import Image

from mmswap.apis.page.facts import MomentFacts, SwapFacts
from mmswap.apis.page.outlines import COLOURS, draw_sample, part_of
from mmswap.apis.page.pictures import (
    Seen,
    _labels_of,
    _said,
    _telling,
    draw_pictures,
)
from mmswap.class_table import ClassTable
from mmswap.datasets.digits.scenes import make_digit_scenes
from mmswap.tasks.naming import Naming

CONFIGS = Path(__file__).parents[3] / 'configs/digits'
BLACK = np.zeros((320, 320, 3), np.uint8)
NAMES = ('cat', 'dog')


def _near(image, colour, tolerance=12):
    return (np.abs(image.astype(int) - colour).max(-1) < tolerance).sum()


def _detection(box):
    return dict(
        instances=[dict(bbox=[40, 60, 140, 160], bbox_label=0,
                        ignore_flag=0),
                   dict(bbox=[200, 200, 300, 300], bbox_label=1,
                        ignore_flag=0)],
        pred_instances=dict(labels=torch.tensor([1, 1]),
                            scores=torch.tensor([.75, .5]),
                            bboxes=torch.tensor([box, [0., 0., 9., 9.]])))


@pytest.mark.parametrize('naming, part', [
    (Naming(0, 1, score=.75), 'renamed'), (Naming(0, None), 'unseen')])
def test_an_object_has_the_colour_of_what_became_of_it(naming, part):
    assert part_of(naming) == part
    drawn = draw_sample(BLACK, 1., _detection([42., 62., 138., 158.]),
                        [naming, Naming(1, 1, score=.75)], (0, ), NAMES)
    assert drawn.shape == BLACK.shape
    assert _near(drawn, COLOURS[part]) > 60
    for other in set(COLOURS) - {part}:
        assert _near(drawn, COLOURS[other]) == 0
    # The other object is of no class of the split.
    assert not drawn[180:].any()


def test_pixels_of_a_map():
    truth, found = torch.zeros(2, 1, 320, 320, dtype=torch.long)
    truth[:, :160] = 1
    found[:, :80] = 1
    sample = dict(gt_sem_seg=dict(data=truth), pred_sem_seg=dict(data=found))
    drawn = draw_sample(BLACK, 1., sample, [], (1, ), NAMES)
    for rows, part in (((0, 80), 'named'), ((80, 160), 'renamed')):
        middle = drawn[rows[0] + 5:rows[1] - 5, 5:-5]
        assert _near(middle, .55 * np.array(COLOURS[part])) == (
            middle.shape[0] * middle.shape[1])
    assert not drawn[170:].any()


def test_an_image_with_a_label_stays_as_it_is():
    drawn = draw_sample(BLACK + 90, 1., dict(pred_label=torch.tensor([1])),
                        [Naming(0, 1)], (0, ), NAMES)
    assert _near(drawn, (90, 90, 90), 3) == 320 * 320


def test_what_tells_most():
    def seen(*names):
        return Seen({}, [Naming(0, name, localized=True) for name in names],
                    NAMES)

    gone, other, lost = seen(None), seen(1), seen(0)
    forget = [_telling('forget', [lost, each], (0, ))
              for each in (gone, other, lost)]
    assert forget == sorted(forget) and forget[0] > 0
    assert _telling('retain', [lost, gone], (0, )) == 1
    assert _telling('retain', [gone, gone], (0, )) == 0
    assert _telling('learn', [gone, lost], (0, )) == 1
    assert _telling('learn', [gone, lost], (1, )) == 0


def test_what_is_said_of_an_image():
    table = ClassTable(NAMES)

    def said(*namings):
        return _said(Seen({}, list(namings), NAMES), (0, ), table)

    assert said(Naming(0, 0), Naming(0, 0), Naming(1, 0)) == 'cat is found'
    assert said(Naming(0, 1), Naming(0, None), Naming(0, 1)) == (
        'cat is called dog (2 of 3), cat is not found (1 of 3)')
    assert said(Naming(0, 0, weight=750), Naming(0, 1, weight=249),
                Naming(0, None, weight=1)) == (
                    'cat is found (75%), cat is called dog (25%)')


def test_a_box_beyond_the_edge_does_not_move_the_image():
    image = np.zeros((320, 320, 3), np.uint8)
    image[300:, 300:] = 255
    drawn = draw_sample(image, 1., _detection([-30., -30., 340., 200.]),
                        [Naming(0, 1, score=.75), Naming(1, None)], (0, ),
                        NAMES)
    assert _near(drawn[300:, 300:], (255, 255, 255)) == 400
    assert _near(drawn[:300], (255, 255, 255)) == 0


def test_labels_that_an_image_shows():
    assert _labels_of(dict(instances=[
        dict(bbox_label=1), dict(bbox_label=2, ignore_flag=1)])) == {1}
    assert _labels_of(dict(gt_label=3)) == {3}
    assert _labels_of(dict(label_map={0: 255, 4: 2})) == {2}
    with pytest.raises(ValueError, match='val_dataloader.dataset'):
        _labels_of(dict(instances=[], segments_info=[]))


def test_the_shipped_detector(tmp_path, monkeypatch, det_scope):
    monkeypatch.chdir(tmp_path)
    make_digit_scenes(tmp_path / 'data/digits', base=2, learn=2, val=12)
    cfg = Config.fromfile(CONFIGS / 'mask2former_swin-nano_learn.py')
    (tmp_path / 'base').mkdir()
    cfg.dump(str(tmp_path / 'base/x.py'))
    moment = MomentFacts('base', 'base', tmp_path / 'base', {}, {}, {},
                         cfg.load_from)
    table = ClassTable.from_cfg(cfg.model.classes)
    groups = draw_pictures(
        SwapFacts(tmp_path, {}, [moment] * 2, table, {}, []), 1)
    assert [group['split'] for group in groups] == [
        'forget', 'learn', 'retain']
    for group in groups:
        image, = group['images']
        first, last = image['views']
        assert first == last  # The same model.
        code = first['src'].partition('base64,')[2]
        drawn = Image.open(io.BytesIO(base64.b64decode(code)))
        assert max(drawn.size) == 320
        split = getattr(table, group['split'])
        assert {said.split()[0] for said in first['said'].split(', ')
                } <= set(split)
    # It knows digits to forget, and has no name yet for those to learn.
    assert 'is found' in groups[0]['images'][0]['views'][0]['said']
    assert 'is found' not in groups[1]['images'][0]['views'][0]['said']


@pytest.mark.parametrize('name, library', [
    ('fcn_r18-nano', 'mmseg'), ('vit-nano', 'mmpretrain')])
def test_maps_and_labels_of_images(name, library, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    make_digit_scenes(tmp_path / 'data/digits', base=2, learn=2, val=12)
    cfg = Config.fromfile(CONFIGS / f'{name}_learn.py')
    utils = importlib.import_module(f'{library}.utils')
    utils.register_all_modules(init_default_scope=False)
    (tmp_path / 'base').mkdir()
    cfg.dump(str(tmp_path / 'base/x.py'))
    checkpoint = str(tmp_path / 'x.pth')
    with DefaultScope.overwrite_default_scope(library):
        torch.save(MODELS.build(cfg.model).state_dict(), checkpoint)
        moment = MomentFacts('base', 'base', tmp_path / 'base', {}, {}, {},
                             checkpoint)
        table = ClassTable.from_cfg(cfg.model.classes)
        groups = draw_pictures(
            SwapFacts(tmp_path, {}, [moment], table, {}, []), 1)
    assert [group['split'] for group in groups] == [
        'forget', 'learn', 'retain']
    for group in groups:
        view, = group['images'][0]['views']
        assert view['src'].startswith('data:image/jpeg')
        said = view['said'].split()
        assert said[0] in getattr(table, group['split'])
        assert said[1] == 'is'
