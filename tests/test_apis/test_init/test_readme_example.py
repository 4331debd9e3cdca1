"""The README's example: what ``mmswap init`` writes, and a run of it."""
import json
import re
import shlex
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from coco_files import write_coco
from mmengine.config import Config
from mmengine.registry import MODELS, DefaultScope

from mmswap.apis import run_swap
from mmswap.apis.cli import main

README = Path(__file__).parents[3] / 'README.md'
NEW = ('scooter', 'drone')
# Small images instead of 1333 by 800, for the run.
SMALL = """
small = [dict(type='LoadImageFromFile'),
         dict(type='LoadAnnotations', with_bbox=True, with_mask=True),
         dict(type='Resize', scale=(64, 64), keep_ratio=True),
         dict(type='PackDetInputs')]
train_dataloader['dataset']['pipeline'] = small
val_dataloader['dataset']['pipeline'] = small
"""


def blocks(language):
    return re.findall(rf'```{language}\n(.*?)```', README.read_text(), re.S)


def site_config():
    return next(b for b in blocks('python') if 'bbox_head=' in b)


def written(phase):
    return next(b for b in blocks('python')
                if re.match(rf'# {phase} .*phase', b))


def code_lines(text):
    return [line for line in text.splitlines()
            if line.strip() and not line.startswith('#')]


@pytest.fixture
def site(tmp_path, monkeypatch):
    """(number of images) -> a folder with the example's data."""
    monkeypatch.chdir(tmp_path)

    def make(count):
        Path('site.py').write_text(site_config())
        cfg = Config.fromfile('site.py')
        root = Path('data/site')
        (root / 'images').mkdir(parents=True)
        for number in range(count):
            image = np.random.default_rng(number).integers(
                0, 255, (48, 64, 3), np.uint8)
            cv2.imwrite(str(root / f'images/{number}.png'), image)
        square = [[1, 2, 11, 2, 11, 10, 1, 10]]
        for name in ('train', 'val', 'learn', 'val_all'):
            shown = dict(train=cfg.names, val=cfg.names, learn=NEW,
                         val_all=(*cfg.names, *NEW))[name]
            objects = [dict(name=n, segmentation=square) for n in shown]
            path = root / f'{name}.json'
            write_coco(path, count * [objects], shown)
            # Stock configs leave out images below 32 pixels.
            text = path.read_text().replace('"width": 32', '"width": 64')
            path.write_text(text.replace('"height": 24', '"height": 48'))
        with DefaultScope.overwrite_default_scope('mmdet'):
            state = MODELS.build(cfg.model).state_dict()
        checkpoint = Path('work_dirs/site/epoch_12.pth')
        checkpoint.parent.mkdir(parents=True)
        torch.save(dict(state_dict=state, meta={}), checkpoint)

    return make


def init():
    """Run the README's command."""
    text = '\n'.join(blocks('bash')).replace('\\\n', ' ')
    command = next(line for line in text.splitlines()
                   if line.startswith('mmswap init'))
    main(shlex.split(command)[1:])


@pytest.mark.slow
def test_it_is_what_init_writes(site):
    site(400)
    init()
    for phase, limit in (('learn', 22), ('forget', 6)):
        text = Path(f'site_{phase}.py').read_text()
        assert text == written(phase.capitalize())
        assert len(code_lines(text)) <= limit
        assert max(map(len, text.splitlines())) <= 79


@pytest.mark.slow
def test_it_runs(site):
    site(2)
    for phase in ('learn', 'forget'):
        Path(f'site_{phase}.py').write_text(written(phase.capitalize()))
    with open('site.py', 'a') as file:
        file.write(SMALL)
    report = run_swap(
        ['site_learn.py', 'site_forget.py'], 'work_dirs/swap',
        cfg_options={'train_cfg.max_epochs': 1, 'train_cfg.val_interval': 1,
                     'train_dataloader.num_workers': 0,
                     'train_dataloader.persistent_workers': False})
    assert list(report['checkpoints']) == ['site_learn', 'site_forget']
    assert json.loads(Path('work_dirs/swap/swap_report.json').read_text())
    for phase in ('learn', 'forget'):
        folder = Path(f'work_dirs/swap/site_{phase}')
        assert (folder / 'adapter/adapter_config.json').is_file()
        assert list(folder.glob('*.pth'))
