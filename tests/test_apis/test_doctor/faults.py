"""Faults to plant in the toy swap, each with what is to be found."""
import math
from pathlib import PurePath
from typing import Any, Callable, Dict, NamedTuple

import torch
from doctor_swap import DIM, Swap


class Fault(NamedTuple):
    """A fault.

    Attributes:
        plant: Plants it in a swap.
        level: What it is found as.
        key: The key that it is found at.
        says: A part of the message that no other fault of that key has.
        alone: Whether it hides what others would show, so that it cannot be
            one of many.
    """

    plant: Callable[[Swap], Any]
    level: str
    key: str
    says: str
    alone: bool = False


OLD = 'train_dataloader.dataset.old'
NEW = 'train_dataloader.dataset.new'
VAL = 'val_dataloader.dataset.dataset'


def _annotation(name: str, number: int, **changes: Any) -> Callable:
    return lambda swap: swap.edit(
        name, lambda c: c['annotations'][number].update(changes))


def _image(name: str, number: int, **changes: Any) -> Callable:
    return lambda swap: swap.edit(
        name, lambda c: c['images'][number].update(changes))


def _line(phase: str, text: str) -> Callable:
    return lambda swap: swap.add(phase, text)


def _bytes(name: str, number: int, change: Callable) -> Callable:
    def plant(swap: Swap) -> None:
        path = swap.image(name, number)
        path.write_bytes(change(path.read_bytes()))
    return plant


def _class_without_objects(swap: Swap, name: str, category: int) -> None:
    def change(content: Dict[str, Any]) -> None:
        content['annotations'] = [
            each for each in content['annotations']
            if each['category_id'] != category]
    swap.edit(name, change)


def _text(name: str, text: str) -> Callable:
    return lambda swap: (swap.folder / f'{name}.json').write_text(text)


def _empty(name: str, key: str) -> Callable:
    return lambda swap: swap.edit(name, lambda c: c.update({key: []}))


def _again(name: str, key: str) -> Callable:
    return lambda swap: swap.edit(
        name, lambda c: c[key][1].update(id=c[key][0]['id']))


def _pickle(swap: Swap) -> None:
    torch.save(dict(state_dict={}, meta=dict(run=PurePath('x'))),
               swap.base)


FAULTS = {
    # Annotation files.
    'an unknown category': Fault(
        _annotation('old', 0, category_id=99), 'error', f'{OLD}.ann_file',
        'category_id 99'),
    'an unknown image': Fault(
        _annotation('old', 1, image_id=77), 'warning', f'{OLD}.ann_file',
        'image_id 77'),
    'a box without area': Fault(
        _annotation('new', 1, bbox=[2, 3, 0, 15]), 'warning',
        f'{NEW}.ann_file', 'of a pixel'),
    'a box outside': Fault(
        _annotation('val', 2, bbox=[40, 3, 20, 15]), 'warning',
        f'{VAL}.ann_file', 'within their'),
    'a box over the edge': Fault(
        _annotation('val', 3, bbox=[20, 3, 20, 15]), 'warning',
        f'{VAL}.ann_file', 'image ends'),
    'a box that is none': Fault(
        _annotation('old', 2, bbox=[2, 3, 20]), 'error', f'{OLD}.ann_file',
        'four finite numbers', alone=True),
    'an image id twice': Fault(
        _again('val', 'images'), 'error', f'{VAL}.ann_file',
        'each of its images an id'),
    'an annotation id twice': Fault(
        _again('old', 'annotations'), 'error', f'{OLD}.ann_file',
        'each of its annotations an id', alone=True),
    'a category id twice': Fault(
        _again('new', 'categories'), 'error', f'{NEW}.ann_file',
        'each of its categories an id', alone=True),
    'no json': Fault(_text('new', '{'), 'error', f'{NEW}.ann_file',
                     'no json', alone=True),
    'a list': Fault(_text('new', '[]'), 'error', f'{NEW}.ann_file',
                    'a list in', alone=True),
    'an empty file': Fault(_text('old', ''), 'error', f'{OLD}.ann_file',
                           'empty file', alone=True),
    'no images': Fault(_empty('new', 'images'), 'error', f'{NEW}.ann_file',
                       'images, got an empty list', alone=True),
    'no annotations': Fault(
        _empty('new', 'annotations'), 'error', f'{NEW}.ann_file',
        'annotations, got an empty list', alone=True),
    # Images.
    'a truncated image': Fault(
        _bytes('old', 3, lambda b: b[:len(b) // 2]), 'error', OLD,
        'truncated', alone=True),
    'a missing image': Fault(
        lambda swap: swap.image('new', 3).unlink(), 'error', NEW,
        'file of each'),
    'no image': Fault(_bytes('val', 3, lambda b: b'text'), 'error', VAL,
                      '(no image)'),
    'an empty image': Fault(_bytes('val', 4, lambda b: b''), 'error', VAL,
                            '(an empty file)'),
    'another size': Fault(_image('old', 4, width=64), 'warning', OLD,
                          'as large as'),
    # Paths.
    'no annotation file': Fault(
        _line('learn', "test_dataloader = dict(val_dataloader, dataset=dict("
              "old, ann_file='lost.json'))"), 'error',
        'test_dataloader.dataset.ann_file', 'lost.json'),
    'no folder of images': Fault(
        _line('learn', "train_dataloader['dataset']['new'].update("
              "data_prefix=dict(img='lost/'))"), 'error',
        f'{NEW}.data_prefix.img', 'lost', alone=True),
    # Classes.
    'a class that the data does not have': Fault(
        _line('learn', "classes['learn'] = ('owl', 'fox', 'Owls')"), 'error',
        'classes.learn', "mean 'owl'"),
    'a retained class that is written otherwise': Fault(
        lambda swap: [swap.edit(name, lambda c: c['categories'][2].update(
            name='Cow')) for name in ('old', 'val')], 'error',
        'classes.base', 'got cow for Cow'),
    'nothing to learn from': Fault(
        lambda swap: _class_without_objects(swap, 'new', 14), 'error',
        'classes.learn', 'fox has none'),
    'nothing to forget': Fault(
        lambda swap: _class_without_objects(swap, 'old', 11), 'error',
        'classes.forget', 'dog has none', alone=True),
    'nothing to score': Fault(
        lambda swap: _class_without_objects(swap, 'val', 11), 'warning',
        'classes.forget', 'cannot be scored'),
    # Batches.
    'a stock sampler': Fault(
        _line('learn', "train_dataloader['sampler'] = "
              "dict(type='DefaultSampler', shuffle=True)"), 'error',
        'train_dataloader.sampler', 'DefaultSampler', alone=True),
    'another batch size': Fault(
        _line('learn', "train_dataloader['batch_size'] = 8"), 'error',
        'train_dataloader.batch_size', 'must be 4'),
    'a batch sampler': Fault(
        _line('learn', "train_dataloader['batch_sampler'] = "
              "dict(type='AspectRatioBatchSampler')"), 'error',
        'train_dataloader.batch_sampler', 'Aspect', alone=True),
    'a branch of the wrong split': Fault(
        _line('learn', "train_dataloader['dataset'] = dict("
              "type='mmswap.SwapDataset', branches={split: dict("
              "type='mmswap.ClassSubset', classes=classes, keep='retain', "
              "dataset=old) for split in ('retain', 'learn')})"), 'error',
        'train_dataloader.dataset.branches.learn.keep', "must be 'learn'",
        alone=True),
    'the objective of another phase': Fault(
        _line('forget', "train_dataloader['dataset']['phase'] = 'learn'"),
        'error', 'model.objective', 'ForgetObjective', alone=True),
    'no branch to retain': Fault(
        _line('learn', "train_dataloader['dataset'] = dict("
              "type='mmswap.SwapDataset', branches=dict(learn=dict("
              "type='mmswap.ClassSubset', classes=classes, keep='learn', "
              "dataset=dict(old, ann_file='new.json'))))"),
        'error', 'model.objective', "needs ['retain']", alone=True),
    # Schedule.
    'no step': Fault(
        _line('forget', 'train_cfg = dict(max_iters=0)'), 'error',
        'train_cfg.max_iters', 'at least 1'),
    'epochs in a loop of iterations': Fault(
        _line('learn', "train_cfg['max_epochs'] = 2"), 'error',
        'train_cfg.max_epochs', 'left out'),
    'a schedule by epochs': Fault(
        _line('learn', "param_scheduler.append(dict(type='LinearLR', "
              'start_factor=.1, end=5))'), 'error',
        'param_scheduler[1].by_epoch', 'must be False'),
    'a schedule that is too long': Fault(
        _line('learn', "param_scheduler[0]['T_max'] = 90"), 'warning',
        'param_scheduler[0].T_max', 'must be 20'),
    'a schedule that is too short': Fault(
        _line('learn', "param_scheduler[0]['T_max'] = 5"), 'warning',
        'param_scheduler[0].T_max', 'rises again', alone=True),
    'a schedule behind the end': Fault(
        _line('learn', "param_scheduler[0]['begin'] = 20"), 'warning',
        'param_scheduler[0].begin', 'below 20', alone=True),
    'milestones behind the end': Fault(
        _line('learn', "param_scheduler = [dict(type='MultiStepLR', "
              'by_epoch=False, milestones=[30])]'), 'warning',
        'param_scheduler[0].milestones', 'below 20', alone=True),
    # Objective and scores.
    'bound=True': Fault(
        _line('forget', "model['objective']['bound'] = True"), 'error',
        'model.objective.bound', 'got True'),
    'a bound below the loss': Fault(
        _line('forget', "model['objective']['bound'] = .001"), 'error',
        'model.objective.bound', 'above the forget loss', alone=True),
    'scores in percent': Fault(
        _line('learn', "val_evaluator['before'] = dict(forget=50.)"),
        'error', 'val_evaluator.before', '0 to 1'),
    'scores as fractions': Fault(
        _line('learn', "val_evaluator = dict(val_evaluator, metrics=dict("
              "type='VOCMetric'), before=dict(forget=.5))\n"
              "val_evaluator['metrics'] = dict(type='mmpretrain.Accuracy')"),
        'error', 'val_evaluator.before', '0 to 100', alone=True),
    # Order.
    'to forget first, at last': Fault(
        _line('forget', "train_dataloader['dataset']['phase'] = "
              "'forget_first'"), 'error', 'train_dataloader.dataset.phase',
        "must be 'forget' after"),
    'the base once more': Fault(
        lambda swap: swap.add('forget', f'load_from = {str(swap.base)!r}'),
        'warning', 'load_from', 'mmswap train'),
    # Checkpoint and model.
    'NaN in the base': Fault(
        lambda swap: swap.write_base(
            3, **{'stem.bias': torch.full((DIM, ), math.nan)}), 'error',
        'load_from', 'stem.bias'),
    'a base of more classes': Fault(
        lambda swap: swap.write_base(5), 'error', 'load_from',
        'no swap has made', alone=True),
    'a base of other classes': Fault(
        lambda swap: swap.write_base(7), 'error', 'load_from', '(8, 8)',
        alone=True),
    'a base that runs code': Fault(_pickle, 'error', 'load_from', 'trust',
                                   alone=True),
    'a base that is cut off': Fault(
        lambda swap: swap.base.write_bytes(swap.base.read_bytes()[:900]),
        'error', 'load_from', '', alone=True),
    'a group without a gradient': Fault(
        _line('learn', "model['model']['cut'] = True"), 'error',
        'model.adapter.targets', 'layers.0.ffn', alone=True),
    'an infinite rate': Fault(
        _line('learn', "optim_wrapper['optimizer']['lr'] = 1e30"), 'error',
        'optim_wrapper.optimizer.lr', 'after the first', alone=True),
    'an alpha that is no number': Fault(
        _line('learn', "model['adapter']['alpha'] = float('nan')"), 'error',
        'model', '', alone=True),
}
