"""The stock config of a merged model."""
import copy

import pytest
from coco_files import write_coco
from mmengine.config import Config

from mmswap.class_table import ClassTable
from mmswap.config.unswap import merged_config, merged_order

TABLE = ClassTable(base=('a', 'b'), learn=('c', ), forget=('b', ))
DATASET = dict(
    type='CocoDataset',
    ann_file='val.json',
    metainfo=dict(classes=('a', 'b')),
    pipeline=[])


def _subset(dataset=DATASET, keep='all'):
    return dict(
        type='mmswap.ClassSubset',
        dataset=dataset,
        classes=TABLE.as_dict(),
        keep=keep)


def _phase(dataset=None, **changes):
    """A phase's config; nothing of it is built."""
    loader = dict(batch_size=1, dataset=dataset or _subset())
    metrics = dict(retain=dict(type='CocoMetric', metric='bbox'))
    evaluator = dict(type='mmswap.SwapEvaluator', metrics=metrics)
    cfg = dict(
        default_scope='mmdet',
        custom_imports=dict(imports=['mmswap', 'mine'], extra=1),
        classes=TABLE.as_dict(),
        some_set=_subset(keep='learn'),
        model=dict(type='mmswap.SwapModel'),
        train_dataloader=dict(dataset=dict(type='mmswap.SwapDataset')),
        train_cfg=dict(max_iters=1),
        optim_wrapper=dict(constructor='mmswap.C'),
        val_dataloader=loader,
        val_cfg=dict(type='ValLoop'),
        val_evaluator=evaluator,
        test_dataloader=copy.deepcopy(loader),
        test_cfg=dict(type='TestLoop'),
        test_evaluator=copy.deepcopy(evaluator),
        default_hooks=dict(
            logger=dict(type='LoggerHook'),
            mine=dict(type='mmswap.SwapLogHook')),
        custom_hooks=[dict(type='mmswap.AdapterHook'), dict(type='Mine')],
        load_from='base.pth',
        work_dir='w')
    cfg.update(changes)
    return Config(cfg)


def test_what_is_kept_and_what_goes():
    given = _phase()
    before = given.to_dict()
    stock = merged_config(given, dict(type='Stock', n=3), TABLE).to_dict()
    assert given.to_dict() == before
    inner = dict(DATASET, metainfo=dict(classes=('a', 'b', 'c')))
    metric = dict(type='CocoMetric', metric='bbox', ann_file='val.json')
    assert stock == dict(
        default_scope='mmdet',
        custom_imports=dict(imports=['mine'], extra=1),
        model=dict(type='Stock', n=3),
        val_dataloader=dict(batch_size=1, dataset=inner),
        val_cfg=dict(type='ValLoop'),
        val_evaluator=metric,
        test_dataloader=dict(batch_size=1, dataset=inner),
        test_cfg=dict(type='TestLoop'),
        test_evaluator=metric,
        default_hooks=dict(logger=dict(type='LoggerHook')),
        custom_hooks=[dict(type='Mine')])


def test_without_anything_else_no_import_and_no_hook_is_left():
    stock = merged_config(
        _phase(
            custom_imports=dict(imports='mmswap'),
            custom_hooks=[dict(type='mmswap.AdapterHook')]), dict(type='M'),
        TABLE)
    assert 'custom_imports' not in stock
    assert 'custom_hooks' not in stock


def test_metrics_of_all_classes_come_first():
    metrics = dict(retain=dict(type='A'), all=[dict(type='B')])
    evaluator = dict(type='mmswap.SwapEvaluator', metrics=metrics)
    stock = merged_config(
        _phase(val_evaluator=evaluator, test_evaluator=dict(type='C')),
        dict(type='M'), TABLE)
    assert stock.val_evaluator == dict(type='B')
    assert stock.test_evaluator == dict(type='C')


def test_subsets_within_wrappers():
    dataset = dict(
        type='ConcatDataset',
        datasets=[dict(type='RepeatDataset', times=1, dataset=_subset())])
    stock = merged_config(_phase(dataset), dict(type='M'), TABLE)
    inner = stock.test_dataloader.dataset.datasets[0].dataset
    assert inner.type == 'CocoDataset'


def test_panoptic_parts_become_those_of_mmdet():
    table = ClassTable(['a', 'sky'], ['b'], ['a'], stuff=['sky'])
    loader = dict(type='mmswap.LoadPanopticAnnotations', with_seg=False)
    inner = dict(DATASET, type='CocoPanopticDataset', pipeline=[loader],
                 data_prefix=dict(seg='s/'))
    cfg = _phase(_subset(inner))
    cfg.test_evaluator = dict(
        type='mmswap.SwapEvaluator',
        metrics=dict(all=[dict(type='mmswap.PanopticMetric', prefix='p')]))
    stock = merged_config(cfg, dict(type='M'), table)
    assert stock.test_evaluator == dict(
        type='CocoPanopticMetric', prefix='p', ann_file='val.json',
        seg_prefix='s/')
    dataset = stock.test_dataloader.dataset
    assert dataset.pipeline == [dict(loader, type='LoadPanopticAnnotations')]
    assert dataset.metainfo == dict(
        classes=('a', 'b', 'sky'), thing_classes=('a', 'b'),
        stuff_classes=('sky', ))


def test_every_split_is_all():
    merged_config(
        _phase(_subset(keep=['retain', 'forget', 'learn'])), dict(type='M'),
        TABLE)


@pytest.mark.parametrize('dataset', [
    _subset(keep='retain'),
    dict(type='ConcatDataset',
         datasets=[_subset(keep=['retain', 'forget']), _subset(keep='learn')])
])
def test_data_of_some_classes_is_left_out(dataset):
    stock = merged_config(_phase(dataset), dict(type='M'), TABLE)
    assert stock.model == dict(type='M')
    assert not [key for key in stock if key.startswith(('val_', 'test_'))]


def test_what_needs_mmswap_is_named():
    cfg = _phase()
    cfg.test_dataloader.collate_fn = dict(type='mmswap.swap_collate')
    with pytest.raises(
            ValueError,
            match=r"test_dataloader.collate_fn.type = 'mmswap.swap_collate'"):
        merged_config(cfg, dict(type='M'), TABLE)


def test_the_order_of_the_files_is_asked_for_and_written(tmp_path):
    data = dict(DATASET, data_root=str(tmp_path))
    cfg = _phase(_subset(data))
    assert merged_order(cfg, TABLE) == ('a', 'b', 'c')  # There is no file.
    write_coco(tmp_path / 'val.json', [], ('c', 'x', 'a', 'b'))
    order = merged_order(cfg, TABLE)
    assert order == ('c', 'a', 'b')
    stock = merged_config(cfg, dict(type='M'), TABLE, order)
    assert stock.val_dataloader.dataset.metainfo.classes == order
    # A plain data set of the same classes is named anew, too, no other.
    plain = dict(data, metainfo=dict(classes=('a', 'b', 'c')))
    other = dict(data, metainfo=dict(classes=('a', 'b')))
    for given, wanted in ((plain, order), (other, ('a', 'b'))):
        stock = merged_config(_phase(given), dict(type='M'), TABLE, order)
        assert stock.val_dataloader.dataset.metainfo.classes == wanted


def test_data_that_is_left_out_has_no_say_in_the_order(tmp_path):
    write_coco(tmp_path / 'val.json', [], ('c', 'a', 'b'))
    data = dict(DATASET, data_root=str(tmp_path))
    cfg = _phase(_subset(data, keep='retain'))
    assert merged_order(cfg, TABLE) == TABLE.names


def test_a_stock_evaluator_reads_the_files_of_the_merged_data_set():
    """It came with the base model's, which has fewer classes."""
    stock = dict(type='CocoMetric', ann_file='old.json', metric='bbox')
    evaluator = dict(type='mmswap.SwapEvaluator', metrics=stock)
    dataset = _subset(dict(DATASET, data_root='new/'))
    merged = merged_config(
        _phase(dataset, val_evaluator=evaluator, test_evaluator=evaluator),
        dict(type='Stock'), TABLE)
    for key in ('val_evaluator', 'test_evaluator'):
        assert merged[key] == dict(stock, ann_file='new/val.json')


JSON = _subset(dict(DATASET, ann_file='x.json'))
LIST = _subset(dict(DATASET, ann_file='x.txt'))
PACKED = _subset(dict(DATASET, ann_file='x.txt', pipeline=[
    dict(type='PackDetInputs', meta_keys=('img_id', 'instances'))]))


@pytest.mark.parametrize('dataset, warned', [
    (JSON, False), (LIST, True), (PACKED, False),
    (dict(type='ConcatDataset', datasets=[JSON, JSON]), True)])
@pytest.mark.parametrize('by_split', [True, False])
def test_a_metric_without_ground_truth_is_named(dataset, warned, by_split,
                                                capsys):
    metric = dict(type='CocoMetric', metric='bbox')
    evaluator = dict(type='mmswap.SwapEvaluator',
                     metrics=dict(all=metric) if by_split else metric)
    cfg = _phase(dataset, val_evaluator=evaluator,
                 test_evaluator=dict(type='VOCMetric'))
    stock = merged_config(cfg, dict(type='M'), TABLE)
    assert ('WARNING: val_evaluator' in capsys.readouterr().out) is warned
    assert stock.val_evaluator.get('ann_file') == (
        'x.json' if dataset is JSON else None)
    assert stock.test_evaluator == dict(type='VOCMetric')
