"""What a person gets for a wrong config or command line, before a step.

With faults.py this is the table of wrong inputs: those faults that
`mmswap run` refuses, and these. Nothing is trained, and none goes on.
"""
import re
from typing import Any, Callable, List, NamedTuple

import pytest
from doctor_swap import Swap
from faults import FAULTS

from mmswap.apis.cli import main
from mmswap.apis.swap import run_swap
from mmswap.apis.swap_phases import SwapPhases

LEARN, FORGET = 'toy_learn.py', 'toy_forget.py'
RUN = ['run', LEARN, FORGET]
# Seen when the base is loaded, which comes first in a run, or when a step is
# taken: `mmswap doctor` does that before.
LATER = ('a base of more classes', 'a base of other classes',
         'a bound below the loss', 'a group without a gradient',
         'an infinite rate')


class Begun(Exception):
    """The swap was about to be run."""


@pytest.fixture(autouse=True)
def _does_not_run(monkeypatch):
    def begin(self, gates=()):
        raise Begun
    monkeypatch.setattr(SwapPhases, 'run', begin)


def nothing(swap: Swap) -> None:
    """All is right in the files."""


def learn(text: str) -> Callable[[Swap], Any]:
    return lambda swap: swap.add('learn', text)


def forget(text: str) -> Callable[[Swap], Any]:
    return lambda swap: swap.add('forget', text)


def file(name: str, text: str) -> Callable[[Swap], Any]:
    return lambda swap: (swap.folder / name).write_text(text)


def plan(text: str) -> Callable[[Swap], Any]:
    return file('plan.py', 'configs = dict(learn="toy_learn.py", '
                           f'forget="toy_forget.py")\n{text}\n')


class Wrong(NamedTuple):
    """A wrong input, the command line, and what its error says."""

    plant: Callable[[Swap], Any]
    argv: List[str]
    says: str


WRONG = {
    # Command lines.
    'no config': Wrong(nothing, ['run'], 'CONFIG'),
    'a config that is not there': Wrong(
        nothing, ['run', 'nope.py'], 'CONFIG must be .*nope.py'),
    'an image for a config': Wrong(
        nothing, ['run', 'images/old0.jpg'], 'CONFIG must be .*old0.jpg'),
    'a json for a config': Wrong(
        file('x.json', '{}'), ['run', 'x.json'], 'model must be .*x.json'),
    'no Python': Wrong(
        file('x.py', 'a = ('), ['run', 'x.py'], 'CONFIG must be .*x.py'),
    'a stock config': Wrong(
        file('x.py', 'a = 1'), ['run', 'x.py'], 'model must be .*x.py'),
    'an option without a value': Wrong(
        nothing, [*RUN, '--cfg-options', 'x'], "KEY=VALUE.*'x'"),
    'a misspelt option': Wrong(
        nothing, [*RUN, '--cfg-options', 'modle.objective.bound=3'],
        "did you mean 'model'"),
    'gates that compare nothing': Wrong(
        nothing, [*RUN, '--require', 'forget under 5'], '--require must'),
    'a gate of no split': Wrong(
        nothing, [*RUN, '--require', 'forgot<=.05'], '--require must name'),
    'a gate without a number': Wrong(
        nothing, [*RUN, '--require', 'forget<=x'], "number.*'forget<=x'"),
    'fewer than no images': Wrong(
        nothing, [*RUN, '--images', '-1'], '--images must be 0 or more'),
    'images that are no number': Wrong(
        nothing, [*RUN, '--images', 'x'], '--images'),
    'no launcher': Wrong(
        nothing, [*RUN, '--launcher', 'torchrun'], '--launcher'),
    'a work dir that is a file': Wrong(
        file('wd', ''), [*RUN, '--work-dir', 'wd'], '--work-dir must be a'),
    'no command': Wrong(nothing, ['swap', LEARN], "COMMAND.*'swap'"),
    'the phases in another order': Wrong(
        nothing, ['run', FORGET, LEARN], 'load_from must be'),
    'the second phase alone': Wrong(
        nothing, ['run', FORGET], 'load_from must be'),
    'what was forgotten, learned again': Wrong(
        file('again.py', "_base_ = './toy_learn.py'\ntrain_dataloader = "
             "dict(dataset=dict(forgotten='labelled'))"),
        [*RUN, 'again.py'], 'forgotten must be .*again.py'),
    'a base checkpoint to merge': Wrong(
        nothing, ['merge', LEARN, 'base.pth', 'out.pth'], 'checkpoint must'),
    'a config to merge into': Wrong(
        nothing, ['merge', LEARN, 'base.pth', 'out.py'], 'OUT must be'),
    'a report of no run': Wrong(
        nothing, ['report', 'images'], 'WORK_DIR must be'),
    'nothing to publish': Wrong(
        nothing, ['publish', 'no.pth', 'x.pth'], 'checkpoint must be a file'),
    'an audit without a base': Wrong(
        nothing, ['audit', FORGET, 'base.pth'], 'base must be given'),
    'a phase to export': Wrong(
        nothing, ['export', LEARN, 'base.pth', 'x.onnx'], 'model.type must'),
    # Plans.
    'a plan without requests': Wrong(
        plan('requests = []'), ['run', 'plan.py'], 'requests must be'),
    'request for requests': Wrong(
        plan('request = [dict(forget=["dog"])]'), ['run', 'plan.py'],
        "requests must be .*'request'"),
    'a request of no kind': Wrong(
        plan('requests = [dict(forgt=["dog"])]'), ['run', 'plan.py'],
        r'requests\[0\] must be'),
    'a request to forget what is not there': Wrong(
        plan('requests = [dict(forget=["dig"])]'), ['run', 'plan.py'],
        "'dig'.* not"),
    'a request to undo what is not there': Wrong(
        plan('requests = [dict(forget=["dog"]), dict(undo="x")]'),
        ['run', 'plan.py'], r'requests\[1\].undo must'),
    'a plan without its config': Wrong(
        file('plan.py', 'configs = dict(learn="toy_learn.py")\n'
             'requests = [dict(forget=["dog"])]'),
        ['run', 'plan.py'], "configs must .*'forget'"),
    # The adapter.
    'half a rank': Wrong(
        learn("model['adapter']['rank'] = 8.5"), RUN, 'rank=8.5'),
    'no rank': Wrong(learn("model['adapter']['rank'] = 0"), RUN, 'rank=0'),
    'a rank in words': Wrong(
        learn("model['adapter']['rank'] = 'eight'"), RUN, 'rank=eight'),
    'an alpha that is no number': Wrong(
        learn("model['adapter']['alpha'] = float('nan')"), RUN, 'alpha=nan'),
    'all is dropped': Wrong(
        learn("model['adapter']['dropout'] = 1."), RUN, 'dropout=1.0'),
    'targets that match nothing': Wrong(
        learn("model['adapter']['targets'] = ['nothing']"), RUN,
        'adapter.targets must'),
    'a misspelt key of the adapter': Wrong(
        learn("model['adapter']['ranks'] = 8"), RUN, "'ranks'"),
    'a name with a dot': Wrong(
        learn("model['adapter']['name'] = 'a.b'"), RUN, 'adapter.name must'),
    # The objective.
    'no objective': Wrong(
        learn("model['objective'] = dict(type='mmswap.LernObjective')"), RUN,
        'LernObjective'),
    'a misspelt key of the objective': Wrong(
        learn("model['objective']['wieght'] = 1"), RUN, "'wieght'"),
    'a weight below 0': Wrong(
        learn("model['objective']['weight'] = -1"), RUN,
        'objective.weight must not be negative'),
    'a weight that is no number': Wrong(
        learn("model['objective']['weight'] = float('nan')"), RUN,
        'objective.weight must be finite'),
    'what cannot be held': Wrong(
        learn("model['objective']['hold_weight'] = 1"), RUN,
        'hold_weight must be 0'),
    'a negative bound': Wrong(
        forget("model['objective']['bound'] = -1"), RUN,
        "phase 2.*objective.bound must.*-1"),
    'an infinite bound': Wrong(
        forget("model['objective']['bound'] = float('inf')"), RUN,
        'objective.bound must.*inf'),
    'a bound in words': Wrong(
        forget("model['objective']['bound'] = 'car'"), RUN,
        "objective.bound must.*'car'"),
    # The optimizer, hooks and scores.
    'no optimizer': Wrong(
        learn("optim_wrapper['optimizer']['type'] = 'Adamm'"), RUN,
        "optimizer.type must.*'Adamm'"),
    'no optimizer in the second phase': Wrong(
        forget("optim_wrapper = dict(optimizer=dict(type='Adamm'))"), RUN,
        "phase 2.*optimizer.type must.*'Adamm'"),
    'negative sparsity': Wrong(
        learn("optim_wrapper['group_sparse'] = dict(alpha=-1)"), RUN,
        'group_sparse.alpha must'),
    'a misspelt key of sparsity': Wrong(
        learn("optim_wrapper['group_sparse'] = dict(alhpa=1)"), RUN,
        "group_sparse must .*'alhpa'"),
    'no hook': Wrong(
        forget("custom_hooks = [dict(type='mmswap.NoHook')]"), RUN,
        'phase 2.*custom_hooks: .*NoHook'),
    'another evaluator': Wrong(
        learn("val_evaluator = dict(type='CocoMetric')"), RUN,
        'val_evaluator must be a mmswap.SwapEvaluator'),
    'no metric': Wrong(
        learn("val_evaluator['metrics'] = dict(type='CoccoMetric')"), RUN,
        'val_evaluator: .*CoccoMetric'),
    # Classes.
    'a class that is known and learned': Wrong(
        learn("classes['learn'] = ('owl', 'cat')"), RUN,
        "classes.learn must.*'cat'"),
    'a class twice': Wrong(
        learn("classes['base'] = ('cat', 'dog', 'dog')"), RUN,
        "classes.base must.*'dog'"),
    'a class to forget that is not known': Wrong(
        learn("classes['forget'] = ('dig', )"), RUN, "classes.forget.*'dig'"),
    'everything is forgotten': Wrong(
        learn("classes['forget'] = ('cat', 'dog', 'cow')"), RUN,
        'classes.forget must leave'),
    'a misspelt split': Wrong(
        learn("classes['forgets'] = ('dog', )"), RUN, "classes .*'forgets'"),
    'a text for a list of names': Wrong(
        learn("classes['forget'] = 'dog'"), RUN, "classes.forget.*'dog'"),
    'more classes than the model has': Wrong(
        learn("classes['base'] = ('cat', 'dog', 'cow', 'pig')"), RUN,
        'classes.base must.*num_classes=3'),
    'a capital letter': Wrong(
        learn("classes['learn'] = ('Owl', 'fox')"), RUN,
        "'Owl'.*did you mean 'owl'"),
    'two class tables': Wrong(
        forget("train_dataloader['dataset']['classes'] = dict(base=('cat', "
               "'dog', 'cow'), learn=('owl', 'fox'), forget=('cat', ))"),
        RUN, 'train_dataloader.dataset.classes must'),
    # Data.
    'no phase': Wrong(
        learn("train_dataloader['dataset']['phase'] = 'lern'"), RUN,
        'train_dataloader.dataset.phase must'),
    'nothing new': Wrong(
        learn("train_dataloader['dataset'].pop('new')"), RUN,
        "classes.learn must.*'owl'"),
    'nothing old': Wrong(
        learn("train_dataloader['dataset'].pop('old')"), RUN,
        'train_dataloader.dataset.old must'),
    'what is forgotten, shown in no way': Wrong(
        learn("train_dataloader['dataset']['forgotten'] = 'hidden'"), RUN,
        "dataset.forgotten must.*'hidden'"),
    'labels of some': Wrong(
        learn("train_dataloader['dataset']['new_labels'] = 'some'"), RUN,
        "dataset.new_labels must.*'some'"),
    'a misspelt key of the data': Wrong(
        learn("train_dataloader['dataset']['olds'] = 1"), RUN, "'olds'"),
    'a misspelt key of the new data': Wrong(
        learn("train_dataloader['dataset']['new']['ann_fil'] = 'new.json'"),
        RUN, "'ann_fil'"),
    'no image to retain': Wrong(
        learn("train_dataloader['sampler']['retain'] = 0"), RUN,
        'sampler.retain must'),
    'shares of other data sets': Wrong(
        learn("train_dataloader['sampler']['shares'] = "
              'dict(retain=(1, 2, 3))'), RUN, 'sampler.shares.retain must'),
    'the branch of another phase': Wrong(
        learn("train_dataloader['sampler'] = dict(type='mmswap.SwapSampler', "
              'branch_sizes=dict(retain=2, forget=2))'), RUN,
        'sampler.branch_sizes must'),
    'no transform': Wrong(
        learn("pipeline[2] = dict(type='PackDetInput')"), RUN,
        'PackDetInput'),
    # Where it begins.
    'no base': Wrong(learn('load_from = None'), RUN, 'load_from must'),
    'a base that is not there': Wrong(
        learn("load_from = 'no.pth'"), RUN, "load_from must.*'no.pth'"),
}
REFUSED = [name for name, fault in FAULTS.items()
           if fault.level == 'error' and name not in LATER]


def test_there_are_eighty_at_least():
    assert len(WRONG) + len(REFUSED) >= 80


@pytest.mark.parametrize('name', WRONG)
def test_it_says_what_would_be_right(swap, capsys, name):
    wrong = WRONG[name]
    wrong.plant(swap)
    with pytest.raises((Exception, SystemExit)) as ended:
        main(wrong.argv)
    said = str(ended.value)
    if isinstance(ended.value, SystemExit):
        assert ended.value.code
        said = capsys.readouterr().err + said
    assert not isinstance(ended.value, Begun)
    assert re.search(wrong.says, said, re.DOTALL), said


@pytest.mark.parametrize('name', REFUSED)
def test_a_run_refuses_what_the_doctor_finds(swap, name):
    FAULTS[name].plant(swap)
    with pytest.raises(ValueError):
        run_swap(swap.configs, swap.folder / 'out')


def test_a_run_that_is_right_begins(swap):
    with pytest.raises(Begun):
        main(RUN)
