"""SwapDataset where new images are labelled with old classes too."""
import pytest
from coco_files import CLASSES
from mmengine.registry import DATASETS
from test_phase_branches import names_in

OLD = ('cat', 'dog', 'cow')
NEW = ('fox', 'owl')


@pytest.fixture
def old(coco):
    return coco([['cat', 'dog'], ['cow'], ['dog']], OLD, OLD)


@pytest.fixture
def new(coco):
    """New classes and pseudo-labels of old ones (dog is to be forgotten)."""
    return coco([['owl', 'dog', 'cat'], ['fox'], ['cow'], ['dog']],
                (*NEW, *OLD), OLD)


def build(phase, **kwargs):
    return DATASETS.build(
        dict(type='mmswap.SwapDataset', phase=phase, classes=CLASSES,
             **kwargs))


def test_new_labels_of_retained_classes_count(old, new):
    dataset = build('learn', old=old, new=new, new_labels='all',
                    forgotten='left_out')
    assert names_in(dataset, 'retain') == [[['cat'], ['cow']]]
    assert names_in(dataset, 'learn') == [[['cat', 'owl'], ['fox']]]
    dataset = build('forget', old=old, new=new, new_labels='all')
    assert names_in(dataset, 'retain') == [[['cat'], ['cow']],
                                           [['cat', 'owl'], ['fox']]]
    assert names_in(dataset, 'forget') == [[['dog'], ['dog']]]


def test_with_what_will_be_forgotten(old, new):
    dataset = build('learn', old=old, new=new, new_labels='all',
                    forgotten='labelled')
    assert names_in(dataset, 'learn') == [[['cat', 'dog', 'owl'], ['fox']]]


@pytest.mark.parametrize('forgotten, retain, learn', [
    ('left_out', [[['cat', 'owl'], ['cow']]], [[['cat', 'owl'], ['fox']]]),
    ('labelled', [[['cat', 'dog', 'owl'], ['cow'], ['dog']],
                  [['cat', 'dog', 'owl'], ['dog']]],
     [[['cat', 'dog', 'owl'], ['fox']]]),
])
def test_learning_without_old_images(new, forgotten, retain, learn):
    dataset = build('learn', new=new, forgotten=forgotten)
    assert names_in(dataset, 'retain') == retain
    assert names_in(dataset, 'learn') == learn


def test_forgetting_without_old_images(new):
    dataset = build('forget', new=new, forgotten='background')
    assert names_in(dataset, 'retain') == [
        [['cat', 'owl'], ['cow']], [['cat', 'owl'], ['fox']],
        [['cat', 'owl'], []]]
    assert names_in(dataset, 'forget') == [[['dog'], ['dog']]]


def test_forgetting_from_unlabelled_images(coco):
    """Found by the base model, nothing is learned."""
    found = coco([['dog'], ['cat', 'dog']], OLD, OLD)
    dataset = DATASETS.build(
        dict(type='mmswap.SwapDataset', phase='forget', new=found,
             classes=dict(base=OLD, forget=['dog'])))
    assert [len(d) for d in dataset.branches['forget']] == [2]
    assert [len(d) for d in dataset.branches['retain']] == [1]


def test_requests_without_old_images(new):
    """What an earlier request learned is retained once, not twice."""
    dataset = DATASETS.build(
        dict(type='mmswap.SwapDataset', phase='forget', new=new,
             classes=dict(base=OLD, learn=['fox'], forget=['dog'],
                          learned_before=['owl'])))
    # What shows cat, cow or owl, and what shows the fox.
    assert [len(d) for d in dataset.branches['retain']] == [2, 1]
    assert [len(d) for d in dataset.branches['forget']] == [2]


@pytest.mark.parametrize('kwargs, key', [
    (dict(new_labels='learned'), r'dataset\.new_labels'),
    (dict(new_labels='none'), r'dataset\.new_labels'),
    (dict(new=dict(ann_file='learn.json')), r'dataset\.old'),
    (dict(new=None), r'dataset\.old'),
])
def test_what_cannot_be_without_old_images(new, kwargs, key):
    with pytest.raises(ValueError, match=key):
        build('learn', **{'new': new, **kwargs})
