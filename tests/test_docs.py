"""The README's configs are real: they parse, build and load data."""
import json
import re
from pathlib import Path

import cv2
import numpy as np
import pytest
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.runner import Runner

from mmswap.models import ForgetObjective, SwapModel
from mmswap.models.data_preprocessor import part_batch
from mmswap.registry import EVALUATOR, MODELS

ROOT = Path(__file__).parents[1]
README = (ROOT / 'README.md').read_text(encoding='utf-8')
NAMES = ('person', 'face', 'car', 'truck', 'helmet', 'vest', 'scooter',
         'drone')


def _config_blocks():
    """README file name to the code block that is introduced by it."""
    found = {}
    for name in ('site', 'site_learn', 'site_forget'):
        text = README.split(f'`{name}.py`', 1)[1]
        found[name] = re.search(r'```python\n(.*?)```', text, re.S).group(1)
    return found


def _write_site(root: Path, ann_file: str, names) -> None:
    """Four images, each with one object of each class."""
    (root / 'images').mkdir(parents=True, exist_ok=True)
    images, annotations = [], []
    for i in range(4):
        file_name = f'{ann_file}_{i}.png'
        cv2.imwrite(str(root / 'images' / file_name),
                    np.full((96, 96, 3), 60 * i, np.uint8))
        images.append(dict(id=i, file_name=file_name, width=96, height=96))
        for k, _ in enumerate(names):
            x = 4 + 10 * k
            annotations.append(
                dict(id=len(annotations) + 1, image_id=i, category_id=k + 1,
                     bbox=[x, 10, 40, 40], area=1600, iscrowd=0,
                     segmentation=[[x, 10, x + 40, 10, x + 40, 50, x, 50]]))
    categories = [dict(id=k + 1, name=name) for k, name in enumerate(names)]
    (root / ann_file).write_text(
        json.dumps(dict(images=images, annotations=annotations,
                        categories=categories)))


@pytest.fixture
def site(tmp_path, monkeypatch):
    """The README's configs and their data, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    for name, text in _config_blocks().items():
        (tmp_path / f'{name}.py').write_text(text)
    for ann_file, names in (('train.json', NAMES[:6]),
                            ('learn.json', NAMES[6:]),
                            ('val_all.json', NAMES)):
        _write_site(tmp_path / 'data/site', ann_file, names)
    init_default_scope('mmdet')
    return tmp_path


@pytest.mark.parametrize('phase, branches', [('learn', ['retain', 'learn']),
                                             ('forget', ['retain', 'forget'])])
def test_readme_phase_builds_and_batches(site, phase, branches):
    cfg = Config.fromfile(str(site / f'site_{phase}.py'))
    cfg.train_dataloader.num_workers = 0
    cfg.train_dataloader.persistent_workers = False
    loader = Runner.build_dataloader(cfg.train_dataloader, seed=0)
    batch = part_batch(next(iter(loader)))
    assert list(batch) == branches
    labels = [
        set(np.concatenate([
            sample.gt_instances.labels.numpy()
            for sample in batch[branch]['data_samples']
        ])) for branch in branches
    ]
    if phase == 'learn':
        # What will be forgotten is retained meanwhile.
        assert labels == [{0, 1, 2, 3, 4, 5}, {6, 7}]
    else:
        assert labels[0] <= {0, 2, 3, 4, 5, 6, 7} and labels[1] == {1}


def test_readme_models_and_validation_build(site):
    cfg = Config.fromfile(str(site / 'site_forget.py'))
    model = MODELS.build(cfg.model)
    assert isinstance(model, SwapModel)
    assert isinstance(model.objective, ForgetObjective)
    assert model.model.roi_head.bbox_head.fc_cls.out_features == 9
    evaluator = EVALUATOR.build(cfg.val_evaluator)
    cfg.val_dataloader.num_workers = 0
    cfg.val_dataloader.persistent_workers = False
    loader = Runner.build_dataloader(cfg.val_dataloader, seed=0)
    evaluator.dataset_meta = loader.dataset.metainfo
    assert evaluator.class_table.labels('forget') == (1, )
    sample = next(iter(loader))['data_samples'][0]
    assert [i['bbox_label'] for i in sample.instances] == list(range(8))
