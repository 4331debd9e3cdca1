"""Merging a phase checkpoint, from end to end."""
import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.registry import DATASETS

from mmswap.apis import build_runner, merge_checkpoint
from mmswap.apis.config import drop_training
from mmswap.models.checkpoints import EXTRA, pack_extra, unpack_extra

DIGITS = Path(__file__).parents[2] / 'configs' / 'digits'


def test_a_config_that_is_no_phase(tmp_path):
    (tmp_path / 'stock.py').write_text("model = dict(type='FasterRCNN')")
    with pytest.raises(ValueError, match="model.type must be 'mmswap.Swap"):
        merge_checkpoint(tmp_path / 'stock.py', 'a.pth', tmp_path / 'b.pth')
    with pytest.raises(ValueError, match='OUT must be the path of a check'):
        merge_checkpoint(tmp_path / 'stock.py', 'a.pth', tmp_path / 'b.py')


@pytest.fixture
def merged(tmp_path, build_swap, randomise_adapter, read_config):
    """(phase model, its merged checkpoint, the stock config beside it)."""
    model = randomise_adapter(build_swap('mask_rcnn'))
    torch.save(dict(state_dict=model.state_dict()), tmp_path / 'phase.pth')
    read_config('mask_rcnn', 'learn').dump(str(tmp_path / 'phase.py'))
    paths = merge_checkpoint(tmp_path / 'phase.py', tmp_path / 'phase.pth',
                             tmp_path / 'sub' / 'merged.pth')
    return (model, *paths)


def state_of(path):
    return torch.load(path, weights_only=True)['state_dict']


def test_the_stock_model_predicts_what_the_phase_did(merged, build_stock,
                                                     predict):
    model, checkpoint, config = merged
    text = config.read_text()
    assert 'mmswap' not in text
    stock = build_stock(Config.fromfile(config).model)
    saved = torch.load(checkpoint, weights_only=True)
    stock.load_state_dict(saved['state_dict'], strict=True)
    classes = saved['meta']['dataset_meta']['classes']
    assert tuple(classes) == model.class_table.names
    got, wanted = predict(stock), predict(model.model)
    assert list(got) == list(wanted)
    for key in wanted:
        torch.testing.assert_close(
            got[key], wanted[key], rtol=1e-3, atol=1e-3, msg=key)


def test_what_is_no_phase_checkpoint_is_refused(merged, tmp_path, base_state):
    torch.save(base_state('mask_rcnn'), tmp_path / 'base.pth')
    _, checkpoint, _ = merged
    for path, kind in ((tmp_path / 'base.pth', 'a base'),
                       (checkpoint, 'a merged')):
        with pytest.raises(ValueError, match=f'checkpoint must be .* {kind} '):
            merge_checkpoint(tmp_path / 'phase.py', path, tmp_path / 'no.pth')
    assert not (tmp_path / 'no.pth').exists()


def test_a_checkpoint_with_other_classes_is_refused(merged, tmp_path):
    """One that this phase could begin with, and has nothing learned yet."""
    state = state_of(tmp_path / 'phase.pth')
    extra = unpack_extra(state[EXTRA])
    state[EXTRA] = pack_extra(dict(extra, learn=[]))
    torch.save(dict(state_dict=state), tmp_path / 'other.pth')
    with pytest.raises(ValueError, match="checkpoint must be .*'nine'"):
        merge_checkpoint(tmp_path / 'phase.py', tmp_path / 'other.pth',
                         tmp_path / 'no.pth')


def test_a_pruned_model_finds_what_is_left(merged, tmp_path, read_config,
                                           build_stock, predict):
    """And the config, its data and the checkpoint name K + N - F classes."""
    model, whole, whole_config = merged
    gone = model.class_table.forget
    path, config = merge_checkpoint(
        tmp_path / 'phase.py', tmp_path / 'phase.pth', tmp_path / 'less.pth',
        prune=True)
    names = tuple(n for n in model.class_table.names if n not in gone)
    assert len(gone) == 2 and len(names) == 8
    saved = torch.load(path, weights_only=True)
    assert tuple(saved['meta']['dataset_meta']['classes']) == names
    cfg = Config.fromfile(config)
    assert cfg.test_dataloader.dataset.metainfo.classes == names
    assert cfg.test_evaluator.type == 'CocoMetric'
    assert cfg.model.roi_head.bbox_head.num_classes == 8
    pruned = build_stock(cfg.model)
    pruned.load_state_dict(saved['state_dict'], strict=True)
    # The whole model, which never says the forgotten names any more.
    labels = [model.class_table.names.index(name) for name in gone]
    state = state_of(whole)
    state['roi_head.bbox_head.fc_cls.bias'][labels] = -60.
    stock = build_stock(Config.fromfile(whole_config).model)
    stock.load_state_dict(state)
    got, wanted = predict(pruned), predict(stock)
    kept = torch.tensor([model.class_table.names.index(n) for n in names])
    for image in (0, 1):
        key = f'image {image} labels'
        assert torch.equal(kept[got[key]], wanted[key]) and len(got[key])
        key = f'image {image} scores'
        torch.testing.assert_close(got[key], wanted[key])


def test_without_anything_forgotten_nothing_is_pruned(tmp_path, merged,
                                                      read_config):
    cfg = read_config('mask_rcnn', 'learn')
    for part in (cfg.classes, cfg.model.classes):
        part.forget = ()
    for loader in (cfg.train_dataloader, cfg.val_dataloader,
                   cfg.test_dataloader):
        loader.dataset.classes.forget = ()
    cfg.dump(str(tmp_path / 'none.py'))
    with pytest.raises(ValueError, match='classes.forget'):
        merge_checkpoint(tmp_path / 'none.py', tmp_path / 'phase.pth',
                         tmp_path / 'no.pth', prune=True)


def test_a_pruned_panoptic_model_has_its_things_and_stuff(tmp_path,
                                                          build_stock):
    """Its data set would fail at a segment of a class that is pruned."""
    cfg = Config.fromfile(DIGITS / 'mask2former-panoptic_swin-nano_forget.py')
    model = build_stock(cfg.model)
    torch.save(dict(state_dict=model.state_dict()), tmp_path / 'phase.pth')
    cfg.dump(str(tmp_path / 'phase.py'))
    path, config = merge_checkpoint(
        tmp_path / 'phase.py', tmp_path / 'phase.pth', tmp_path / 'less.pth',
        prune=True)
    stock = Config.fromfile(config)
    build_stock(stock.model).load_state_dict(state_of(path), strict=True)
    head = stock.model.panoptic_head
    assert (head.num_things_classes, head.num_stuff_classes) == (8, 1)
    metainfo = stock.test_dataloader.dataset.metainfo
    assert metainfo.stuff_classes == ('background', )
    assert metainfo.classes == (*metainfo.thing_classes, 'background')
    assert not set(metainfo.classes) & set(model.class_table.forget)
    assert 'test_evaluator' not in stock


@pytest.mark.parametrize('changed', [
    dict(alpha=64), dict(rank=2), dict(name='another', alpha=64)])
def test_the_adapter_is_merged_as_it_was_trained(
        merged, tmp_path, read_config, changed, capsys):
    cfg = read_config('mask_rcnn', 'learn')
    cfg.model.adapter.update(changed)
    cfg.dump(str(tmp_path / 'changed.py'))
    path, _ = merge_checkpoint(tmp_path / 'changed.py', tmp_path / 'phase.pth',
                               tmp_path / 'again.pth')
    got, wanted = state_of(path), state_of(merged[1])
    assert list(got) == list(wanted)
    for key, value in wanted.items():
        torch.testing.assert_close(got[key], value)
    key = next(iter(changed))
    assert (f'model.adapter.{key} is' in capsys.readouterr().out) is (
        key != 'name')


def write_scenes(folder, order, objects=((), ) * 6):
    """Pictures of noise with (name, box) of the objects in each."""
    rng = np.random.RandomState(4)
    images, annotations = [], []
    for number, found in enumerate(objects):
        cv2.imwrite(str(folder / f'{number}.png'), rng.randint(
            0, 256, (64, 64, 3), np.uint8))
        images.append(dict(
            id=number, file_name=f'{number}.png', width=64, height=64))
        for name, (left, top, right, bottom) in found:
            annotations.append(dict(
                id=len(annotations) + 1, image_id=number, iscrowd=0,
                category_id=order.index(name), area=400,
                bbox=[left, top, right - left, bottom - top]))
    (folder / 'val.json').write_text(json.dumps(dict(
        images=images, annotations=annotations,
        categories=[dict(id=i, name=n) for i, n in enumerate(order)])))


def best_objects(model, subset):
    """(name, box) of the two best boxes of each class in each image.

    And one that is not found: an image without objects is in no split.
    """
    for sample in DATASETS.build(subset):
        found = model.test_step(pseudo_collate([sample]))[0].pred_instances
        sizes = (found.bboxes[:, 2:] - found.bboxes[:, :2]).amin(1)
        found = found[sizes > 4]
        missed = (model.class_table.names[1], (0, 0, 9, 9))
        yield [missed] + [(name, box) for label, name in enumerate(
            model.class_table.names) for box in found.bboxes[
                found.labels == label][:2].tolist()]


@pytest.mark.parametrize('by_split', [True, False])
def test_the_stock_config_scores_what_the_phase_did(
        tmp_path, build_swap, randomise_adapter, read_config, by_split):
    """Also where the file lists the categories in another order."""
    model = randomise_adapter(build_swap('mask_rcnn'))
    torch.manual_seed(0)
    with torch.no_grad():  # Rows that were not trained are alike.
        for param, rows in model.class_params().values():
            rows.assign(param, .3 * torch.randn_like(rows.select(param)))
    torch.save(dict(state_dict=model.state_dict()), tmp_path / 'phase.pth')
    names = model.class_table.names
    order = (names[9], *names[1:8], names[8], names[0])

    write_scenes(tmp_path, order)
    cfg = read_config('mask_rcnn', 'learn')
    cfg.test_pipeline[2].with_mask = False
    cfg.val_dataloader = dict(
        batch_size=2, num_workers=0,
        sampler=dict(type='DefaultSampler', shuffle=False),
        dataset=dict(
            type='mmswap.ClassSubset', classes=cfg.classes, keep='all',
            dataset=dict(
                type='CocoDataset', ann_file='val.json', test_mode=True,
                data_root=str(tmp_path), data_prefix=dict(img=''),
                metainfo=dict(classes=names),
                pipeline=cfg.test_pipeline)))
    metric = dict(type='CocoMetric', metric='bbox', classwise=True)
    cfg.val_evaluator.metrics = dict(all=metric, learn=metric) if (
        by_split) else dict(metric, ann_file=str(tmp_path / 'val.json'))
    cfg.test_dataloader = cfg.test_cfg = cfg.test_evaluator = None
    objects = list(best_objects(model.eval(), cfg.val_dataloader.dataset))
    write_scenes(tmp_path, order, objects)
    cfg.work_dir = str(tmp_path / 'phase')
    cfg.load_from = str(tmp_path / 'phase.pth')
    cfg.dump(str(tmp_path / 'phase.py'))
    checkpoint, config = merge_checkpoint(
        tmp_path / 'phase.py', tmp_path / 'phase.pth', tmp_path / 'merged.pth')
    drop_training(cfg)
    wanted = build_runner(cfg).val()

    stock = Config.fromfile(config)
    stock.load_from, stock.work_dir = str(checkpoint), str(tmp_path / 'stock')
    assert stock.val_dataloader.dataset.metainfo.classes == order
    got = build_runner(stock).val()
    for name in (names[8], names[9]):
        key = f'coco/{name}_precision'
        assert wanted[f'all/{key}'] > .1
        # Boxes of other labels round otherwise in the NMS.
        assert got[key] == pytest.approx(wanted[f'all/{key}'], abs=.02)
