import copy
import pickle

import pytest
from coco_files import CLASSES, NAMES, PIPELINE
from mmdet.registry import DATASETS as MMDET_DATASETS
from mmengine.dataset import ClassBalancedDataset, ConcatDataset
from mmengine.registry import DATASETS as ROOT_DATASETS
from torch.utils.data import DataLoader

from mmswap.class_table import ClassTable
from mmswap.datasets import ClassSubset
from mmswap.evaluation import SwapEvaluator


def content(subset):
    """(img_id, [(class name, ignore flag), ...]) of each image."""
    result = []
    for idx in range(len(subset)):
        info = subset.get_data_info(idx)
        result.append((info['img_id'],
                       [(NAMES[i['bbox_label']] if i['bbox_label'] >= 0 else
                         None, i['ignore_flag']) for i in info['instances']]))
    return result


@pytest.mark.parametrize('keep, expected', [
    ('retain', [(100, [('cat', 0)]), (103, [('cow', 0)])]),
    ('forget', [(100, [('dog', 0)]), (101, [('dog', 0)])]),
    ('learn', [(102, [('owl', 0)]), (103, [('fox', 0)])]),
    (('retain', 'learn'), [(100, [('cat', 0)]), (102, [('owl', 0)]),
                           (103, [('cow', 0), ('fox', 0)])]),
    ('all', [(100, [('cat', 0), ('dog', 0)]), (101, [('dog', 0)]),
             (102, [('owl', 0)]), (103, [('cow', 0), ('fox', 0)])]),
])
def test_keep_selects_images_and_strips_the_rest(coco, keep, expected):
    cfg = coco([['cat', 'dog'], ['dog'], ['owl'], ['cow', 'fox'], []])
    assert content(ClassSubset(cfg, CLASSES, keep)) == expected


@pytest.mark.parametrize('categories', [
    ('fox', 'cow', 'cat', 'owl', 'dog'),
    ('owl', 'cat', 'zebra', 'dog', 'fox', 'cow'),
])
def test_labels_follow_names_not_file_order(coco, categories):
    cfg = coco([['cat'], ['dog'], ['cow'], ['owl'], ['fox']], categories)
    # mmdet's own labels are wrong here, or the test would show nothing.
    stock = MMDET_DATASETS.build(cfg)
    own = [stock.get_cat_ids(i) for i in range(len(stock))]
    assert own != [[0], [1], [2], [3], [4]]

    subset = ClassSubset(cfg, CLASSES, 'all')
    assert [subset.get_cat_ids(i) for i in range(5)] == [[0], [1], [2], [3],
                                                         [4]]


def test_file_with_only_the_learn_classes(coco):
    cfg = coco([['fox'], ['owl', 'fox']], categories=('fox', 'owl'))
    subset = ClassSubset(cfg, CLASSES, 'learn')
    assert [subset.get_cat_ids(i) for i in range(2)] == [[4], [3, 4]]


def test_metainfo_order_does_not_matter(coco):
    cfg = coco([['cat'], ['fox']], classes=NAMES[::-1])
    subset = ClassSubset(cfg, CLASSES, 'all')
    assert [subset.get_cat_ids(i) for i in range(2)] == [[0], [4]]


def test_names_of_a_data_set_without_category_ids(tmp_path):
    annotations = tmp_path / 'ImageSets.txt'
    annotations.write_text('a\n')
    folder = tmp_path / 'Annotations'
    folder.mkdir()
    objects = ''.join(
        f'<object><name>{name}</name><difficult>0</difficult><bndbox>'
        '<xmin>2</xmin><ymin>2</ymin><xmax>9</xmax><ymax>9</ymax></bndbox>'
        '</object>' for name in ('cow', 'owl', 'dog'))
    folder.joinpath('a.xml').write_text(
        '<annotation><size><width>32</width><height>24</height></size>'
        f'{objects}</annotation>')
    cfg = dict(
        type='XMLDataset',
        data_root=str(tmp_path),
        ann_file='ImageSets.txt',
        data_prefix=dict(sub_data_root=''),
        metainfo=dict(classes=('owl', 'dog', 'cow')))
    subset = ClassSubset(cfg, CLASSES, ['retain', 'learn'])
    labels = [i['bbox_label'] for i in subset.get_data_info(0)['instances']]
    assert labels == [2, 3]


def test_strip_ignore_and_drop(coco):
    names = (*NAMES, 'zebra')
    cfg = coco([['cat', 'dog'], ['cat', 'zebra'], ['cow', 'cat'], ['dog']],
               names, names)

    def subset(others):
        return content(ClassSubset(cfg, CLASSES, 'retain', others))

    assert subset('strip') == [(100, [('cat', 0)]), (101, [('cat', 0)]),
                               (102, [('cow', 0), ('cat', 0)])]
    # A class outside the table has no label to be ignored under.
    assert subset('ignore') == [(100, [('cat', 0), ('dog', 1)]),
                                (101, [('cat', 0), (None, 1)]),
                                (102, [('cow', 0), ('cat', 0)])]
    assert subset('drop') == [(102, [('cow', 0), ('cat', 0)])]


def test_crowds_are_no_examples_but_are_seen_by_drop(coco):
    crowd = dict(iscrowd=1)
    cfg = coco([[dict(name='cat', **crowd)],
                ['cat', dict(name='cat', **crowd)],
                ['cat', dict(name='dog', **crowd)],
                ['cat', dict(name='dog', ignore=1)]])
    assert content(ClassSubset(cfg, CLASSES, 'retain')) == [
        (101, [('cat', 0), ('cat', 1)]), (102, [('cat', 0)]),
        (103, [('cat', 0)])
    ]
    # What mmdet leaves out by the COCO key `ignore` cannot be seen.
    assert content(ClassSubset(cfg, CLASSES, 'retain', 'drop')) == [
        (101, [('cat', 0), ('cat', 1)]), (103, [('cat', 0)])
    ]


@pytest.mark.parametrize('keep, test_mode, count', [
    ('all', True, 4),
    (['learn', 'forget', 'retain'], True, 4),
    ('all', False, 2),
    ('retain', True, 1),
    (['retain', 'learn'], True, 1),
])
def test_empty_images_stay_only_in_a_full_test_set(coco, keep, test_mode,
                                                   count):
    cfg = coco([['cat'], [], ['dog'], [dict(name='cow', iscrowd=1)]],
               test_mode=test_mode)
    subset = ClassSubset(cfg, CLASSES, keep)
    assert subset.test_mode is test_mode
    assert len(subset) == count


def test_drop_holds_in_a_full_test_set_too(coco):
    names = (*NAMES, 'zebra')
    cfg = coco([['cat'], [], ['cat', 'zebra']], names, names, test_mode=True)
    subset = ClassSubset(cfg, CLASSES, 'all', 'drop')
    assert content(subset) == [(100, [('cat', 0)]), (101, [])]


@pytest.mark.parametrize('without, left', [
    (None, [100, 101, 102, 103]), ([], [100, 101, 102, 103]),
    ('forgotten_before', [100, 102]), ('forget', [100, 101]),
    (['forgotten_before', 'forget'], [100]),
])
def test_images_without_a_split(coco, without, left):
    """Those with a fox, which is none of them, stay with others='strip'."""
    table = dict(base=['cat', 'dog', 'cow', 'owl'], forget=['owl'],
                 forgotten_before=['dog'])
    cfg = coco([['cat', 'fox'], ['cat', 'dog'], ['cat', 'owl'],
                ['cow', dict(name='dog', iscrowd=1),
                 dict(name='owl', iscrowd=1)]])
    subset = ClassSubset(cfg, table, 'retain', without=without)
    assert [subset.get_data_info(i)['img_id']
            for i in range(len(subset))] == left
    # With nothing forgotten yet, all stay.
    table = dict(base=table['base'], forget=['owl'])
    subset = ClassSubset(cfg, table, 'retain', without='forgotten_before')
    assert len(subset) == 4


@pytest.mark.parametrize('without', ['all', 'retain', ['forget', 'retain'],
                                     'gone', 3])
def test_unknown_or_kept_without(coco, without):
    with pytest.raises(ValueError, match='without must be None, one of'):
        ClassSubset(coco([['cat']]), CLASSES, 'retain', without=without)


def test_without_a_class_that_the_data_set_hides(coco):
    cfg = coco([['cat', 'dog']], ('cat', 'dog', 'cow'), ('cat', 'cow'))
    with pytest.raises(
            ValueError, match=r"must name \['dog'\] too .*without: \['dog'\]"):
        ClassSubset(
            ROOT_DATASETS.build(cfg), CLASSES, 'retain', without='forget')


def test_no_image_left(coco):
    cfg = coco([['cat'], ['dog']])
    with pytest.raises(
            ValueError, match=r"classes \['owl', 'fox'\] \(keep='learn'\)"):
        ClassSubset(cfg, CLASSES, 'learn')
    with pytest.raises(ValueError, match="none is left with .*without='forg"):
        ClassSubset(coco([['cat', 'dog']]), CLASSES, 'retain',
                    without='forget')


@pytest.mark.parametrize('keep', ['unlearn', ['retain', 'new'], None, 3, []])
def test_unknown_keep(coco, keep):
    with pytest.raises(ValueError, match="keep must be 'all', one of"):
        ClassSubset(coco([['cat']]), CLASSES, keep)


def test_showing_a_class_without_its_labels(coco):
    cfg = coco([['cat', 'dog'], ['dog'], ['owl'], ['cow', 'cat'], []])
    subset = ClassSubset(cfg, CLASSES, 'retain', showing='forget')
    assert content(subset) == [(100, [('cat', 0)]), (101, [])]
    # The stock base classes do not have it; it is to be seen all the same.
    cfg['metainfo'] = dict(classes=('cat', 'cow'))
    subset = ClassSubset(cfg, CLASSES, 'retain', showing='forget')
    assert len(subset) == 2


def test_shots_of_what_is_shown(coco):
    cfg = coco(4 * [['dog']] + [['cat', 'dog'], ['cat']])
    subset = ClassSubset(cfg, CLASSES, 'retain', showing='forget', shots=3)
    assert len(subset) == 3


def test_showing_goes_with_without(coco):
    cfg = coco([['cat', 'dog'], ['dog'], ['owl'], ['owl', 'dog'], []])
    subset = ClassSubset(cfg, CLASSES, 'retain', without='learn',
                         showing=['forget'])
    assert content(subset) == [(100, [('cat', 0)]), (101, [])]


@pytest.mark.parametrize('showing', ['cats', [], 'missing', 'learn'])
def test_unknown_or_unwanted_showing(coco, showing):
    with pytest.raises(ValueError, match='showing must be None, one of'):
        ClassSubset(coco([['cat']]), CLASSES, 'retain', without='learn',
                    showing=showing)


def test_keep_of_a_split_without_classes(coco):
    with pytest.raises(ValueError, match='there must be a class in it'):
        ClassSubset(coco([['cat']]), dict(base=['cat']), 'learn')


def test_unknown_others(coco):
    with pytest.raises(ValueError, match="others must be one of .*'mask'"):
        ClassSubset(coco([['cat']]), CLASSES, 'retain', others='mask')


@pytest.mark.parametrize('shots', [0, -1, 1.5, True, '3'])
def test_unknown_shots(coco, shots):
    with pytest.raises(ValueError, match='shots must be None or a number'):
        ClassSubset(coco([['cat']]), CLASSES, 'retain', shots=shots)


@pytest.mark.parametrize('fraction', [0, -.1, 1.01, True, '0.1'])
def test_unknown_fraction(coco, fraction):
    with pytest.raises(ValueError, match='fraction must be None or a share'):
        ClassSubset(coco([['cat']]), CLASSES, 'retain', fraction=fraction)


def test_fraction_and_shots_are_one_too_many(coco):
    with pytest.raises(ValueError, match='one of shots, fraction and'):
        ClassSubset(coco([['cat']]), CLASSES, 'retain', shots=1, fraction=.5)


def test_a_number_of_images(coco):
    cfg = coco([['cat'], ['dog'], *6 * [['cow']]])
    subset = ClassSubset(cfg, CLASSES, 'retain', num_images=3)
    assert len(subset) == 3
    # No more than there are, and the dog, which is to be forgotten, is none.
    assert len(ClassSubset(cfg, CLASSES, 'retain', num_images=99)) == 7
    with pytest.raises(ValueError, match='num_images must be .*got 0'):
        ClassSubset(cfg, CLASSES, 'retain', num_images=0)


def test_a_fraction_is_of_the_split_s_images(coco, monkeypatch):
    logged = []
    monkeypatch.setattr('mmswap.datasets.class_subset.print_log',
                        lambda text, **kwargs: logged.append(text))
    cfg = coco([['cat'], ['owl']] * 20)
    subset = ClassSubset(cfg, CLASSES, 'retain', fraction=.25)
    chosen = content(subset)
    assert len({number for number, _ in chosen}) == len(subset) == 5
    assert all(objects == [('cat', 0)] for _, objects in chosen)
    assert 'keeps 5 of the 40 images' in logged[0]
    assert 'fraction=0.25' in logged[0]

    def again(**kwargs):
        return content(ClassSubset(cfg, CLASSES, 'retain', **kwargs))

    assert again(fraction=.25) == chosen
    assert again(fraction=.25, seed=1) != chosen
    assert again(fraction=1) == again()


def test_kept_class_that_the_data_set_hides(coco):
    cfg = coco([['cat'], ['owl']], classes=('cat', 'dog', 'cow'))
    with pytest.raises(
            ValueError,
            match=r"metainfo.classes must name \['owl', 'fox'\] too"):
        ClassSubset(ROOT_DATASETS.build(cfg), CLASSES, 'all')
    assert len(ClassSubset(ROOT_DATASETS.build(cfg), CLASSES, 'retain')) == 1


@pytest.mark.parametrize('others', ['ignore', 'drop'])
def test_other_class_that_the_data_set_hides(coco, others):
    cfg = coco([['cat', 'dog']], ('cat', 'dog', 'cow'), ('cat', 'cow'))
    with pytest.raises(ValueError, match=r"must name \['dog'\] too"):
        ClassSubset(ROOT_DATASETS.build(cfg), CLASSES, 'retain', others)


@pytest.mark.parametrize('wrap', [
    lambda d: dict(type='RepeatDataset', dataset=d, times=2),
    lambda d: dict(type='ConcatDataset', datasets=[d]),
    lambda d: dict(
        type='mmswap.ClassSubset', dataset=d, classes=CLASSES, keep='all'),
])
def test_wrappers_are_refused(coco, wrap):
    with pytest.raises(TypeError, match='no dataset wrapper, got .*Dataset|'
                       'no dataset wrapper, got ClassSubset'):
        ClassSubset(wrap(coco([['cat']])), CLASSES, 'all')


def test_what_is_no_dataset_is_refused():
    with pytest.raises(TypeError, match='must be a BaseDataset .* got list'):
        ClassSubset([1, 2], CLASSES, 'all')


def test_class_balanced_dataset_goes_around(coco):
    cfg = coco([['cat'], ['cat'], ['cat'], ['cat'], ['cow']])
    balanced = ClassBalancedDataset(
        dict(
            type='mmswap.ClassSubset',
            dataset=cfg,
            classes=CLASSES,
            keep='retain'),
        oversample_thr=0.8)
    # Repeat factor of the one cow image: sqrt(0.8 / 0.2) = 2.
    assert len(balanced) == 6


def test_built_data_set_is_shared_and_not_changed(coco):
    dataset = MMDET_DATASETS.build(
        coco([['cat', 'dog'], ['fox']],
             categories=NAMES[::-1],
             serialize_data=False))
    before = copy.deepcopy(dataset.data_list)
    metainfo = dataset.metainfo
    subset = ClassSubset(dataset, ClassTable(**CLASSES), 'retain', 'ignore')
    subset.get_data_info(0)['instances'][0]['bbox'][0] = -5
    assert subset.dataset is dataset
    assert dataset.data_list == before
    assert dataset.metainfo == metainfo


def test_config_is_not_changed(coco):
    cfg = coco([['cat']], pipeline=PIPELINE)
    before = copy.deepcopy(cfg)
    ClassSubset(cfg, CLASSES, 'all')
    assert cfg == before


@pytest.mark.parametrize('lazy', [False, True])
@pytest.mark.parametrize('keep, in_part', [
    ('all', False), (('retain', 'forget', 'learn'), False), ('learn', True),
    (('retain', 'forget'), True)])
def test_metainfo_tells_whether_all_classes_are_labelled(
        coco, keep, in_part, lazy):
    cfg = coco([['cat', 'dog'], ['owl']])
    metainfo = ClassSubset(cfg, CLASSES, keep, lazy_init=lazy).metainfo
    assert metainfo.get('swap_labelled_in_part', False) is in_part


def test_a_data_set_without_a_class_is_labelled_in_part(coco):
    cfg = coco([['cat', 'dog']], categories=('cat', 'dog', 'cow'))
    assert ClassSubset(cfg, CLASSES, 'all').metainfo['swap_labelled_in_part']


def test_two_that_are_labelled_in_part_can_be_joined(coco):
    """Old and new classes to validate on, each with images of their own."""
    cfg = coco([['cat'], ['owl']])
    joined = ConcatDataset([
        dict(type='mmswap.ClassSubset', dataset=cfg, classes=CLASSES,
             keep=keep) for keep in (['retain', 'forget'], 'learn')])
    metrics = dict(learn=dict(type='mmdet.CocoMetric'))
    with pytest.raises(ValueError, match="evaluator.images must be 'split'"):
        SwapEvaluator(metrics).dataset_meta = joined.metainfo
    SwapEvaluator(metrics, images='split').dataset_meta = joined.metainfo


def test_metainfo_holds_the_table(coco):
    cfg = coco([['cat']], classes=NAMES[::-1])
    cfg['metainfo']['palette'] = [(i, i, i) for i in range(5)]
    cfg['metainfo']['note'] = 'mine'
    metainfo = ClassSubset(cfg, CLASSES, 'retain').metainfo
    assert metainfo['classes'] == NAMES
    assert metainfo['swap_classes'] == CLASSES
    assert metainfo['note'] == 'mine'
    assert metainfo['palette'] == [(i, i, i) for i in (4, 3, 2, 1, 0)]


def test_lazy_init_reads_on_first_use(coco):
    cfg = coco([['cat'], ['dog']], lazy_init=True)
    subset = ClassSubset(cfg, CLASSES, 'forget', lazy_init=True)
    assert subset.dataset.data_list == []
    assert subset.metainfo['classes'] == NAMES
    assert len(subset) == 1


def test_build_by_type_name_from_the_root_registry(coco):
    subset = ROOT_DATASETS.build(
        dict(
            type='mmswap.ClassSubset',
            dataset=coco([['cat']]),
            classes=CLASSES,
            keep='retain'))
    assert isinstance(subset, ClassSubset)


def test_pipeline_gets_the_mapped_labels(coco):
    cfg = coco([['dog'], ['dog', 'fox']],
               NAMES[::-1],
               pictures=True,
               pipeline=PIPELINE)
    subset = ClassSubset(cfg, CLASSES, 'learn', 'ignore')
    sample = subset[0]
    assert subset.pipeline is subset.dataset.pipeline
    assert sample['inputs'].unique().tolist() == [1]
    assert sample['data_samples'].gt_instances.labels.tolist() == [4]
    assert sample['data_samples'].ignored_instances.labels.tolist() == [1]


def test_training_draws_another_image_where_the_pipeline_gives_none(coco):
    cfg = coco([['cat'], ['cat'], ['cat']],
               pipeline=[
                   lambda info: info if info['img_id'] == 102 else None
               ])
    subset = ClassSubset(cfg, CLASSES, 'retain')
    assert subset[0]['img_id'] == 102


@pytest.mark.parametrize('test_mode, times', [(True, 1), (False, 4)])
def test_pipeline_that_gives_none_only(coco, test_mode, times):
    calls = []
    cfg = coco([['cat'], ['cat']],
               pipeline=[calls.append],
               test_mode=test_mode,
               max_refetch=3)
    subset = ClassSubset(cfg, CLASSES, 'retain')
    with pytest.raises(RuntimeError, match='dataset.pipeline must return'):
        subset[0]
    assert len(calls) == times


def test_index_beyond_the_end(coco):
    subset = ClassSubset(coco([['cat'], ['dog']]), CLASSES, 'retain')
    with pytest.raises(IndexError):
        subset.get_data_info(1)


def test_shots_choose_few_images_by_the_seed(coco):
    images = [['cat'], ['cow'], ['cat'], ['cow'], ['dog'], ['cat'], ['cow']]
    cfg = coco(images)

    def chosen(seed):
        return content(
            ClassSubset(cfg, CLASSES, 'retain', shots=2, seed=seed))

    first = chosen(0)
    kinds = [objects[0][0] for _, objects in first]
    assert sorted(kinds) == ['cat', 'cat', 'cow', 'cow']
    assert chosen(0) == first
    assert any(chosen(seed) != first for seed in range(1, 5))


def test_pickles_for_spawned_workers(coco):
    subset = ClassSubset(coco([['cat', 'dog'], ['owl']]), CLASSES, 'all')
    assert content(pickle.loads(pickle.dumps(subset))) == content(subset)


def test_two_workers_load_it(coco):
    cfg = coco([['cat'], ['dog'], ['cow']], pictures=True, pipeline=PIPELINE)
    loader = DataLoader(
        ClassSubset(cfg, CLASSES, 'retain'),
        num_workers=2,
        collate_fn=lambda items: items)
    labels = [
        item['data_samples'].gt_instances.labels.tolist()
        for items in loader for item in items
    ]
    assert labels == [[0], [2]]
