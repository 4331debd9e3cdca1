"""What SwapDataset(phase, old, new) shows, by hand, on tiny COCO files."""
from pathlib import Path

import pytest
from coco_files import CLASSES, NAMES
from mmdet.registry import DATASETS
from mmengine.registry import DATASETS as ROOT_DATASETS

from mmswap.datasets import ClassSubset, SwapDataset

OLD = ('cat', 'dog', 'cow')


def names_in(dataset, branch):
    """The names in each image of a branch, a list a data set."""
    found = []
    for part in dataset.branches[branch]:
        found.append([
            sorted(NAMES[o['bbox_label']]
                   for o in part.get_data_info(i)['instances'])
            for i in range(len(part))
        ])
    return found


@pytest.fixture
def old(coco):
    return coco([['cat', 'dog'], ['cow'], ['dog']], OLD, OLD)


@pytest.fixture
def new(coco):
    return coco([['owl', 'dog'], ['fox']], ('fox', 'dog', 'owl'), OLD)


def build(phase, old, new, classes=CLASSES, **kwargs):
    return ROOT_DATASETS.build(
        dict(
            type='mmswap.SwapDataset',
            phase=phase,
            classes=classes,
            old=old,
            new=new,
            **kwargs))


def test_a_learn_phase(old, new):
    """The new images have the base's classes in their config, as inherited."""
    dataset = build('learn', old, new, forgotten='left_out')
    assert list(dataset.branches) == ['retain', 'learn']
    assert names_in(dataset, 'retain') == [[['cat'], ['cow']]]
    assert names_in(dataset, 'learn') == [[['owl'], ['fox']]]
    assert dataset.metainfo['classes'] == NAMES


def test_a_forget_phase(old, new):
    dataset = build('forget', old, new)
    assert list(dataset.branches) == ['retain', 'forget']
    assert names_in(dataset, 'retain') == [[['cat'], ['cow']],
                                           [['owl'], ['fox']]]
    assert names_in(dataset, 'forget') == [[['dog'], ['dog']]]
    assert dataset.in_equal_shares


def test_forgotten_as_background(old, new):
    dataset = build('forget', old, new, forgotten='background')
    assert names_in(dataset, 'retain') == [[['cat'], ['cow']],
                                           [['owl'], ['fox']], [['cat'], []]]
    assert names_in(dataset, 'forget') == [[['dog'], ['dog']]]


def test_forgotten_are_retained_meanwhile(old, new):
    dataset = build('learn', old, new, forgotten='labelled')
    # All old images, and as often those of what will be forgotten.
    assert names_in(dataset, 'retain') == [
        [['cat', 'dog'], ['cow'], ['dog']], [['cat', 'dog'], ['dog']]]
    assert names_in(dataset, 'learn') == [[['owl'], ['fox']]]


def test_what_is_to_be_forgotten_is_retained_by_default(old, new):
    shown = names_in(build('learn', old, new), 'retain')
    assert shown == names_in(
        build('learn', old, new, forgotten='labelled'), 'retain')
    assert shown != names_in(
        build('learn', old, new, forgotten='left_out'), 'retain')


def test_without_a_class_to_forget_nothing_is_shown_of_any(old, new):
    table = dict(base=OLD, learn=('owl', 'fox'))
    assert names_in(build('learn', old, new, classes=table), 'retain') == [
        [['cat', 'dog'], ['cow'], ['dog']]]


def test_a_later_request_shows_what_was_learned_as_background(old, new):
    table = dict(base=OLD, learned_before=('owl', 'fox'), forget=('owl', ))
    dataset = build('forget', old, new, classes=table, forgotten='background')
    assert names_in(dataset, 'retain') == [
        [['cat', 'dog'], ['cow'], ['dog']], [['dog'], ['fox']],
        [], [['dog']]]


@pytest.mark.parametrize('phase, forgotten', [
    ('learn', 'background'), ('forget', 'labelled'), ('forget', 'gone')])
def test_unknown_forgotten(old, new, phase, forgotten):
    with pytest.raises(ValueError, match='dataset.forgotten must be one of'):
        build(phase, old, new, forgotten=forgotten)


def test_new_says_only_what_differs(coco, old, new):
    whole = build('learn', old, new)
    differs = dict(ann_file=new['ann_file'], data_root=new['data_root']) \
        if 'data_root' in new else dict(ann_file=new['ann_file'])
    part = build('learn', old, differs)
    assert names_in(part, 'learn') == names_in(whole, 'learn')
    wrapped = build('learn', dict(type='RepeatDataset', times=2, dataset=old,
                                  _scope_='mmdet'), differs)
    assert [len(d) for d in wrapped.branches['learn']] == [4]
    with pytest.raises(ValueError, match='dataset.new must be a whole'):
        build('learn', dict(type='ConcatDataset', datasets=[old, old]),
              differs)
    with pytest.raises(ValueError, match='dataset.new must be a whole'):
        build('learn', DATASETS.build(old), differs)


def test_requests_take_what_was_learned_before_from_the_new_images(old, new):
    table = dict(base=list(OLD), learned_before=['owl', 'fox'],
                 forget=['owl'], learn=[])
    dataset = build('forget', old, new, table)
    assert names_in(dataset, 'retain') == [
        [['cat', 'dog'], ['cow'], ['dog']], [['dog'], ['fox']]]
    assert names_in(dataset, 'forget') == [[], [['owl']]]
    # Nobody learned anything yet: the new images have no part in it.
    first = dict(base=list(OLD), forget=['dog'], learn=[])
    assert names_in(build('forget', old, None, first), 'retain') == [
        [['cat'], ['cow']]]


@pytest.fixture
def unseen(coco):
    """New images of which mmdet's filter leaves none that show old classes."""
    return coco([['owl'], ['fox']], NAMES, OLD,
                filter_cfg=dict(filter_empty_gt=True))


def test_new_images_need_not_show_what_a_later_request_is_about(old, unseen):
    """mmdet filters them all out, and mmengine fails on such a data set."""
    with pytest.raises(ValueError, match='at least one array'):
        DATASETS.build(unseen)
    table = dict(base=list(OLD), learned_before=['owl', 'fox'],
                 forget=['dog'])
    dataset = build('forget', old, unseen, table)
    assert names_in(dataset, 'forget') == [[['dog'], ['dog']], []]
    assert names_in(dataset, 'retain') == [[['cat'], ['cow']],
                                           [['owl'], ['fox']]]


@pytest.mark.parametrize('lazy', [True, False])
@pytest.mark.parametrize('objects, filter_cfg, key', [
    ('dog', dict(filter_empty_gt=True), 'others'),  # None to retain.
    ('cat', dict(filter_empty_gt=True, min_size=64), 'filter_cfg=.*64'),
])
def test_a_branch_whose_images_are_all_filtered(coco, new, lazy, objects,
                                                filter_cfg, key):
    old = coco([[objects]], OLD, OLD, filter_cfg=filter_cfg)
    with pytest.raises(ValueError, match=(
            r"train_dataloader\.dataset, branch 'retain'.*"
            rf"\['cat', 'cow'\].*{key}")) as error:
        build('learn', old, new, lazy_init=lazy,
              forgotten='left_out').full_init()
    assert str(Path(old['data_root'], 'ann.json')) in str(error.value)


def test_what_is_wrong_with_a_file_is_said_as_it_is(coco):
    """Not taken for a data set without images."""
    cfg = coco([['cat']], OLD, OLD)
    path = Path(cfg['data_root'], cfg['ann_file'])
    path.write_text(path.read_text()[:-9])
    with pytest.raises(ValueError, match='delimiter|Expecting'):
        ClassSubset(cfg, CLASSES, 'retain')


def test_further_arguments_of_the_subsets(old, new):
    both = build('forget', old, new, subset=dict(others='drop'))
    assert names_in(both, 'retain') == [[['cow']], [['fox']]]
    own = build('forget', old, new, subset=dict(forget=dict(others='drop')))
    assert names_in(own, 'retain') == [[['cat'], ['cow']], [['owl'], ['fox']]]
    assert names_in(own, 'forget') == [[['dog']]]
    assert all(isinstance(p, ClassSubset) for p in own.branches['retain'])


@pytest.mark.parametrize('change, message', [
    (dict(phase='unlearn'), 'dataset.phase must be one of'),
    (dict(phase=None), 'dataset must have phase'),
    (dict(classes=None), 'dataset must have phase'),
    (dict(new=None), 'dataset.new must be the data set'),
    (dict(phase='forget', classes=dict(CLASSES, forget=[])),
     'dataset.classes must have a class to forget'),
    (dict(subset=dict(keep='all')), 'dataset.subset must have further'),
    (dict(subset=dict(showing='forget')), 'dataset.subset must have further'),
    (dict(subset=dict(retain=3)), 'dataset.subset must have further'),
    (dict(branches=dict(retain=[])), r"dataset.branches must be left out .*"),
])
def test_what_cannot_be(old, new, change, message):
    given = {**dict(phase='learn', classes=CLASSES, old=old, new=new),
             **change}
    with pytest.raises(ValueError, match=f'train_dataloader.{message}'):
        SwapDataset(**given)


def test_mosaic_sees_the_images_of_its_branch_alone(coco):
    """mmdet's own wrapper and Mosaic, around or as part of ``old``."""
    pipeline = [dict(type='LoadImageFromFile'),
                dict(type='LoadAnnotations', with_bbox=True)]
    old = coco([['cat'], ['dog'], ['cow']], OLD, OLD, pictures=True,
               pipeline=pipeline)
    new = coco([['owl'], ['fox']], ('owl', 'fox'), OLD, pictures=True,
               pipeline=pipeline)
    mix = dict(
        type='mmdet.MultiImageMixDataset',
        dataset=old,
        pipeline=[
            dict(type='mmdet.Mosaic', img_scale=(32, 32)),
            dict(type='mmdet.PackDetInputs')
        ])
    dataset = build('learn', mix, dict(ann_file=new['ann_file'],
                                       data_prefix=new.get('data_prefix', {}),
                                       data_root=new.get('data_root', '')),
                    forgotten='left_out')
    for branch, allowed in (('retain', {'cat', 'cow'}),
                            ('learn', {'owl', 'fox'})):
        seen = [
            NAMES[label] for i in dataset.branch_range(branch)
            for label in dataset[i]['data_samples'].gt_instances.labels
        ]
        assert len(seen) > len(dataset.branch_range(branch))
        assert set(seen) <= allowed
    dataset.update_skip_type_keys(['mmdet.Mosaic'])
    index = dataset.branch_range('learn')[0]
    assert len(dataset[index]['data_samples'].gt_instances) == 1


def test_a_hook_that_switches_the_pipeline_reaches_all(old, new):
    dataset = build('forget', old, new)
    dataset.pipeline = 'another'
    assert {part.pipeline for parts in dataset.branches.values()
            for part in parts} == {'another'}
    assert dataset.branches['forget'][0].dataset.pipeline == 'another'
