"""The picture of a swap, drawn with the shipped detector."""
from pathlib import Path

import cv2
import numpy as np
import pytest
from mmengine.config import Config

from mmswap.apis.gallery import COLOURS, Moment, draw_gallery
from mmswap.datasets.digits.scenes import make_digit_scenes

CONFIG = Path(__file__).parents[2] / (
    'configs/digits/mask2former_swin-nano_learn.py')


@pytest.fixture
def moment(tmp_path, monkeypatch, det_scope):
    monkeypatch.chdir(tmp_path)
    make_digit_scenes(tmp_path / 'data/digits', base=2, learn=2, val=20)
    cfg = Config.fromfile(str(CONFIG))
    return Moment('base', cfg, cfg.load_from)


def _pixels_of(path, split):
    colour = COLOURS[split]
    bgr = [int(colour[i:i + 2], 16) for i in (5, 3, 1)]
    return int(np.all(cv2.imread(str(path)) == bgr, axis=-1).sum())


def test_detections_are_drawn_in_the_colour_of_their_split(moment, tmp_path):
    empty = draw_gallery([moment], tmp_path / 'a/empty.png', 2, score_thr=1.1)
    drawn = draw_gallery([moment], tmp_path / 'drawn.png', 2, score_thr=.5)
    # The legend shows each colour anyway.
    assert _pixels_of(empty, 'learn') > 0
    assert _pixels_of(drawn, 'retain') > _pixels_of(empty, 'retain')
    assert _pixels_of(drawn, 'forget') > _pixels_of(empty, 'forget')


def test_one_row_a_moment_one_column_an_image(moment, tmp_path):
    shapes = {}
    for rows, count in ((1, 4), (2, 4), (1, 6)):
        out = draw_gallery([moment] * rows, tmp_path / 'p.png', count)
        shapes[rows, count] = cv2.imread(str(out)).shape
    assert shapes[2, 4][0] > 1.4 * shapes[1, 4][0]
    assert shapes[1, 6][1] > 1.3 * shapes[1, 4][1]
