"""Data sets in the base model's config show what a subset asks them for."""
import json

import numpy as np
import pytest
from coco_files import CLASSES, NAMES, PIPELINE
from mmengine.config import Config
from mmengine.dataset import BaseDataset
from mmengine.runner import Runner
from PIL import Image

from mmswap.datasets import ClassSubset

OLD = ('cat', 'dog', 'cow')
TEST_PIPELINE = [PIPELINE[0], dict(type='mmdet.PackDetInputs')]


def test_a_coco_file_tells_its_classes(coco):
    cfg = coco([['cat'], ['owl'], ['emu']], ('owl', 'emu', 'cat'), OLD)
    full = ClassSubset(cfg, CLASSES, 'all')
    assert full.dataset.metainfo['classes'] == ('owl', 'cat')
    infos = [full.get_data_info(i)['instances'] for i in range(len(full))]
    assert [[NAMES[o['bbox_label']] for o in objs] for objs in infos] == [
        ['cat'], ['owl']]
    assert cfg['metainfo']['classes'] == OLD
    # To mark what is not kept, it has to be shown.
    marked = ClassSubset(cfg, CLASSES, 'all', others='drop')
    assert marked.dataset.metainfo['classes'] == ('owl', 'emu', 'cat')
    # Nothing is asked for that it does not show.
    retain = ClassSubset(cfg, CLASSES, 'retain')
    assert retain.dataset.metainfo['classes'] == OLD


def test_ground_truth_comes_with_the_samples_to_be_scored(coco):
    """Without a word of it in the pipeline; only in test mode."""
    cfg = coco([['cat', 'owl'], []], OLD + ('owl', ), OLD, pictures=True,
               test_mode=True, pipeline=TEST_PIPELINE)
    subset = ClassSubset(cfg, CLASSES, 'all')
    found = [[NAMES[o['bbox_label']] for o in item['data_samples'].instances]
             for item in (subset[i] for i in range(2))]
    assert found == [['cat', 'owl'], []]
    train = ClassSubset(
        {**cfg, 'test_mode': False}, CLASSES, 'retain')[0]['data_samples']
    assert 'instances' not in train.metainfo_keys()


def test_xml_files_of_voc(tmp_path):
    (tmp_path / 'Annotations').mkdir()
    (tmp_path / 'list.txt').write_text('0\n')
    box = ('<bndbox><xmin>1</xmin><ymin>1</ymin><xmax>9</xmax><ymax>9</ymax>'
           '</bndbox>')
    objects = ''.join(
        f'<object><name>{name}</name><difficult>0</difficult>{box}</object>'
        for name in ('cat', 'owl', 'emu'))
    (tmp_path / 'Annotations' / '0.xml').write_text(
        '<annotation><size><width>32</width><height>24</height></size>'
        f'{objects}</annotation>')
    cfg = dict(
        type='mmdet.XMLDataset', ann_file=str(tmp_path / 'list.txt'),
        data_prefix=dict(sub_data_root=str(tmp_path)),
        metainfo=dict(classes=OLD), filter_cfg=None)
    subset = ClassSubset(cfg, CLASSES, 'learn')
    info = subset.get_data_info(0)
    assert [o['bbox_label'] for o in info['instances']] == [3]


def write_maps(folder, *values):
    for kind in ('img', 'map'):
        (folder / kind).mkdir(parents=True)
    for number, labels in enumerate(values):
        array = np.zeros((4, 4), np.uint8)
        array[0, :len(labels)] = labels
        Image.fromarray(array).save(folder / 'map' / f'{number}.png')
        Image.fromarray(np.stack([array] * 3, -1)).save(
            folder / 'img' / f'{number}.jpg')
    return dict(
        type='mmseg.BaseSegDataset', data_root=str(folder),
        data_prefix=dict(img_path='img', seg_map_path='map'),
        metainfo=dict(classes=OLD),
        pipeline=[dict(type='mmseg.LoadAnnotations')])


def test_labels_of_maps_are_places_in_the_table(tmp_path):
    cfg = write_maps(tmp_path, [1, 3], [4])
    learn = ClassSubset(cfg, CLASSES, 'learn')
    assert learn.dataset.metainfo['classes'] == NAMES
    assert len(learn) == 2
    retain = ClassSubset(cfg, CLASSES, 'retain')
    assert retain.dataset.metainfo['classes'] == OLD
    # With an order of its own nothing can be taken for granted.
    other = {**cfg, 'metainfo': dict(classes=OLD[::-1])}
    with pytest.raises(ValueError, match='ClassSubset.dataset must hold'):
        ClassSubset(other, CLASSES, 'learn')


def test_folders_of_images_tell_their_classes(tmp_path):
    for name in ('owl', 'cat', 'fox'):
        (tmp_path / name).mkdir()
        Image.new('RGB', (4, 4)).save(tmp_path / name / '0.jpg')
    cfg = dict(type='mmpretrain.CustomDataset', data_root=str(tmp_path),
               data_prefix='', metainfo=dict(classes=OLD))
    subset = ClassSubset(cfg, CLASSES, 'learn')
    assert [NAMES[subset.get_data_info(i)['gt_label']] for i in range(2)] == [
        'fox', 'owl']


def test_lists_of_images_count_as_the_table_does(tmp_path):
    (tmp_path / 'list.txt').write_text('a.jpg 0\nb.jpg 4\n')
    cfg = dict(type='mmpretrain.CustomDataset', data_root=str(tmp_path),
               ann_file='list.txt', metainfo=dict(classes=OLD))
    subset = ClassSubset(cfg, CLASSES, 'learn')
    assert [subset.get_data_info(i)['gt_label'] for i in range(len(subset))
            ] == [4]


class Foreign(BaseDataset):
    """A data set of no library that has tasks."""

    def load_data_list(self):
        return [dict(instances=[dict(bbox_label=0)])]


def test_other_data_sets_stay_as_they_are():
    """One of a plugin's own, which mmengine's registry knows."""
    from mmswap.tasks.lookup import task_of_dataset
    dataset = Foreign(metainfo=dict(classes=OLD), lazy_init=True)
    task = task_of_dataset(dataset)
    assert task.shown_classes(dataset, None, ['owl'], 'strip') is None
    assert task.ground_truth(dict(instances=[])) == {}


def test_mmdet_s_tools_see_what_runs(coco):
    """The loader of a plain config, without any collate function of ours."""
    cfg = Config(dict(
        batch_size=2,
        num_workers=0,
        sampler=dict(type='mmswap.SwapSampler', retain=1, target=1),
        dataset=dict(
            type='mmswap.SwapDataset',
            phase='learn',
            classes=CLASSES,
            old=coco([['cat']], OLD, OLD, pictures=True, pipeline=PIPELINE),
            new=coco([['owl']], ('owl', ), OLD, pictures=True,
                     pipeline=PIPELINE))))
    json.dumps(cfg.to_dict())
    batch = next(iter(Runner.build_dataloader(cfg, seed=0)))
    assert batch['branch'] == ['retain', 'learn']
    assert [s.gt_instances.labels.tolist()
            for s in batch['data_samples']] == [[0], [3]]
