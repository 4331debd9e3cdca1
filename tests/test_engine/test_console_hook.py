"""What the hook shows of a run, read from a real Runner."""
import io
import re
from pathlib import Path
from types import SimpleNamespace

import pytest
from mmengine.evaluator import Evaluator
from mmengine.hooks import Hook, LoggerHook
from mmengine.model import BaseModel
from mmengine.registry import HOOKS
from mmengine.runner import Runner
from mmengine.structures import BaseDataElement
from torch import nn, ones
from torch.utils.data import DataLoader

from mmswap.datasets import SwapDataset
from mmswap.engine.hooks import ConsoleHook
from mmswap.engine.hooks.console_hook import describe_training
from mmswap.engine.progress import Console


class Toy(BaseModel):
    """Its loss is 2 at every step."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(ones(3))
        self.frozen = nn.Parameter(ones(4), requires_grad=False)

    def forward(self, inputs, data_samples=None, mode='loss'):
        if mode == 'loss':
            return dict(loss=(self.weight * 0).sum() + 2)
        return [BaseDataElement()]


class ToyEvaluator(Evaluator):
    """Gives two figures."""

    def __init__(self):
        super().__init__([])

    def process(self, data_samples, data_batch=None):
        pass

    def evaluate(self, size):
        return {'coco/bbox_mAP': .25, 'coco/nine_precision': .5}


TABLE = ['  | metric        | value |', '  | ------------- | ----- |',
         '  | coco/bbox_mAP | 0.250 |']


def _loader(images=4):
    return DataLoader([dict(inputs=0)] * images, batch_size=2)


@pytest.fixture
def runner(tmp_path, monkeypatch):
    """(train_cfg) -> a Runner of the toy."""
    monkeypatch.setattr('mmengine.runner.runner.collect_env', dict)
    return lambda train_cfg, images=4: Runner(
        Toy(), str(tmp_path), train_dataloader=_loader(images),
        val_dataloader=_loader(), test_dataloader=_loader(),
        train_cfg=train_cfg, val_cfg=dict(), test_cfg=dict(),
        optim_wrapper=dict(optimizer=dict(type='SGD', lr=.1)),
        val_evaluator=ToyEvaluator(), test_evaluator=ToyEvaluator(),
        default_hooks=dict(checkpoint=None), experiment_name=tmp_path.name)


def _printed(runner, method):
    out = io.StringIO()
    runner.register_hook(ConsoleHook(Console(out)))
    getattr(runner, method)()
    return out.getvalue().splitlines()


def _without_time(lines):
    return [line.partition('loss')[0] + 'loss 2' if 'loss' in line else line
            for line in lines]


def test_a_training_by_iterations(runner):
    lines = _printed(
        runner(dict(type='IterBasedTrainLoop', max_iters=3, val_interval=3),
               images=6), 'train')
    assert lines[0] == '  images: 6; trains 3 of 7 parameters'
    assert lines[1].startswith('  log: ') and lines[1].endswith('.log')
    assert Path(lines[1][len('  log: '):]).is_file()
    assert _without_time(lines[2:]) == [
        '  train     1/3   33 %  loss 2', '  train     2/3   66 %  loss 2',
        '  train     3/3  100 %  loss 2', *TABLE]


def test_a_training_by_epochs(runner):
    lines = _printed(runner(dict(by_epoch=True, max_epochs=2)), 'train')
    assert _without_time(lines[2:]) == [
        '  train     1/4   25 %  epoch 1 of 2  loss 2',
        '  train     2/4   50 %  epoch 1 of 2  loss 2', *TABLE,
        '  train     3/4   75 %  epoch 2 of 2  loss 2',
        '  train     4/4  100 %  epoch 2 of 2  loss 2', *TABLE]


@pytest.mark.parametrize('method', ['val', 'test'])
def test_a_score_is_a_table(runner, method):
    lines = _printed(runner(dict(by_epoch=True, max_epochs=1)), method)
    assert lines[-3:] == TABLE


def test_the_loss_is_read_when_it_is_shown(runner):
    """And not at every step: what shows it may wait for a GPU."""
    run = runner(dict(type='IterBasedTrainLoop', max_iters=200,
                      val_interval=500), images=400)
    read = []

    class Buffer:
        def mean(self, window):
            read.append(window)
            return 1.

    class Reader(Hook):
        priority = 'HIGH'  # after mmengine's own hook has written it

        def after_train_iter(self, runner, *args, **kwargs):
            runner.message_hub.log_scalars['train/loss'] = Buffer()

        def before_train_iter(self, runner, *args, **kwargs):
            runner.message_hub.log_scalars.pop('train/loss', None)

    run.register_hook(Reader())
    run._hooks = [h for h in run.hooks if not isinstance(h, LoggerHook)]
    _printed(run, 'train')
    assert len(read) == 10


def test_a_swap_says_its_classes_and_images(swap_runner):
    lines = describe_training(swap_runner).splitlines()
    assert lines[0] == ('  classes: retain zero, one, two, four, six, seven; '
                        'forget three, five; learn eight, nine')
    assert re.fullmatch(
        r'  images: 6 retain, 4 learn; trains [\d,]+ of [\d,]+ parameters, '
        r'\d+ adapter groups', lines[1])


@pytest.fixture
def swap_runner(build_swap, tmp_path):
    """What describe_training asks of a Runner."""
    dataset = SwapDataset(dict(retain=[Images(6)], learn=[Images(4)]))
    return SimpleNamespace(
        model=build_swap('mask_rcnn', 'learn', load=False), iter=0,
        max_iters=4, train_dataloader=SimpleNamespace(dataset=dataset),
        log_dir=str(tmp_path), timestamp='now')


class Images(list):
    """A data set of some images."""

    metainfo: dict = {}

    def __init__(self, count):
        super().__init__(range(count))


def test_a_resumed_run_says_where_it_goes_on(swap_runner):
    swap_runner.iter = 2
    assert describe_training(swap_runner).endswith('after step 2 of 4')


def test_it_can_stand_in_a_config():
    hook = HOOKS.build(dict(type='mmswap.ConsoleHook'))
    assert isinstance(hook, ConsoleHook)
