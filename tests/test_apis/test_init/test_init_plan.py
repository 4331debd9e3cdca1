"""The plan that ``mmswap init`` writes for several requests to forget."""
import shutil
from pathlib import Path

import pytest
from init_bases import config
from mmengine.config import Config
from mmengine.registry import DefaultScope

from mmswap.apis import run_swap
from mmswap.apis.checkpoint import read_checkpoint
from mmswap.apis.cli import main
from mmswap.apis.init import Settings, Source, init_swap
from mmswap.apis.plan import plan_phases
from mmswap.models.checkpoints import EXTRA, unpack_extra
from mmswap.registry import DATASETS

DETECTOR, CLASSIFIER = 'mask2former_swin-nano', 'vit-nano'
ANNOTATIONS = Path('data/digits/annotations')
LEARN = Source('--new', ANNOTATIONS / 'learn.json')
VAL = Source('--val', ANNOTATIONS / 'val.json')
REQUESTS = (('three', 'five'), ('zero', ))
FORGET_FIRST = Settings(order='forget-learn')


def write(digits, new=LEARN, forget=REQUESTS, val=VAL, **kwargs):
    """Path of the plan."""
    paths = init_swap(config(DETECTOR), digits(DETECTOR), new, forget, val,
                      **kwargs)
    assert all(path.is_file() for path in paths)
    return paths[-1]


@pytest.fixture
def single(digits):
    """The options for single digits, with all ten to validate on."""
    for folder in ('base', 'learn'):
        shutil.copytree(f'data/digits/single/{folder}', 'all',
                        dirs_exist_ok=True)
    return [config(CLASSIFIER), '--checkpoint', str(digits(CLASSIFIER)),
            '--new', 'data/digits/single/learn', '--val', 'all',
            '--forget', *REQUESTS[0], '--forget', *REQUESTS[1]]


@pytest.mark.parametrize('settings, kinds', [
    (Settings(), ['learn', 'forget', 'forget']),
    (FORGET_FIRST, ['forget', 'forget', 'learn']),
])
def test_each_request_has_its_classes_and_images(digits, settings, kinds):
    phases = plan_phases([write(digits, settings=settings)], Path('w'))
    assert [phase.name[2:].split('-')[0] for phase in phases] == kinds
    forgotten, learned = [], []
    requests = iter(REQUESTS)
    for kind, phase in zip(kinds, phases):
        cfg = phase.cfg
        names = ['eight', 'nine'] if kind == 'learn' else list(next(requests))
        table = cfg.model.classes
        assert list(table[kind]) == names
        assert list(table.get('forgotten_before', ())) == forgotten
        assert list(table.get('learned_before', ())) == learned
        assert cfg.model.objective.type == 'mmswap.' + dict(
            learn='LearnObjective', forget='ClassForgetObjective')[kind]
        assert cfg.load_from == str(digits(DETECTOR))
        with DefaultScope.overwrite_default_scope('mmdet'):
            branches = DATASETS.build(cfg.train_dataloader.dataset).branches
        assert set(branches) == {'retain', kind}
        # What was learned is retained from the new images.
        assert sum(len(part) for part in branches['retain'][1:]
                   if part.showing is None) == 6 * bool(learned)
        # What is forgotten is shown without its label, and no longer then.
        shown = [len(part) for part in branches['retain'] if part.showing]
        assert bool(shown) == (kind == 'forget')
        assert sum(shown) == sum(map(len, branches.get('forget', ())))
        (learned if kind == 'learn' else forgotten).extend(names)


def test_without_classes_to_learn(digits):
    plan = Config.fromfile(write(digits, new=None, val=None))
    assert list(plan.configs) == ['forget']
    assert [each['forget'] for each in plan.requests] == [
        list(names) for names in REQUESTS]
    cfg = Config.fromfile(plan.configs['forget'])
    assert 'new' not in cfg.train_dataloader.dataset


def test_a_request_of_fewer_images_trains_for_less(digits, monkeypatch):
    monkeypatch.setattr('mmswap.apis.init.schedule.LEAST', 1)
    first, second = (phase.cfg for phase in plan_phases(
        [write(digits, new=None, val=None)], Path('w')))
    for cfg in (first, second):
        with DefaultScope.overwrite_default_scope('mmdet'):
            data = DATASETS.build(cfg.train_dataloader.dataset)
        steps = 20 * -(-len(data.branch_range('forget')) // 2)
        assert cfg.train_cfg.max_iters == cfg.train_cfg.val_interval == steps
        assert cfg.param_scheduler[0].T_max == steps
    assert first.train_cfg.max_iters > second.train_cfg.max_iters


def test_a_single_request_is_a_swap(digits):
    plain = init_swap(config(DETECTOR), digits(DETECTOR), LEARN,
                      ('three', 'five'), VAL, 'plain')
    listed = init_swap(config(DETECTOR), digits(DETECTOR), LEARN,
                       (('three', 'five'), ), VAL, 'listed')
    assert len(plain) == 2
    assert [path.read_text() for path in plain] == [
        path.read_text() for path in listed]


@pytest.mark.parametrize('key, changes', [
    ('--forget.*three', dict(forget=(('three', ), ('five', 'three')))),
    ('--forget.*three', dict(forget=(('three', 'three'), ('five', )))),
    ('--forget.*owl', dict(forget=(('three', ), ('owl', )))),
    ('--order', dict(settings=Settings(order='learn-forget-learn'))),
    ('--val.*eight', dict(val=LEARN._replace(option='--val'))),
])
def test_what_cannot_be_is_refused(digits, key, changes):
    with pytest.raises(ValueError, match=key):
        write(digits, **changes)
    assert not list(Path().glob('*.py'))


def test_the_command_says_what_to_run(single, capsys):
    main(['init', *single, '--out', 'swap'])
    printed = capsys.readouterr().out
    assert f'mmswap run swap/{CLASSIFIER}_base_requests.py ' in printed
    assert 'three, five: ' in printed and 'zero: ' in printed


@pytest.mark.slow
@pytest.mark.parametrize('order', ['learn-forget', 'forget-learn'])
def test_it_runs(single, order):
    main(['init', *single, '--order', order])
    report = run_swap(
        [f'{CLASSIFIER}_base_requests.py'], 'w',
        cfg_options={'train_cfg.max_iters': 2, 'train_cfg.val_interval': 2,
                     'train_dataloader.num_workers': 0,
                     'train_dataloader.persistent_workers': False})
    last = read_checkpoint(list(report['checkpoints'].values())[-1])
    table = unpack_extra(last['state_dict'][EXTRA])
    forgotten = ['three', 'five']
    if order == 'learn-forget':
        assert table['learned_before'] == ['eight', 'nine']
        assert table['forget'] == ['zero']
    else:
        forgotten.append('zero')
        assert table['learn'] == ['eight', 'nine']
    assert table['forgotten_before'] == forgotten
    assert 'forgotten_before' in Path('w/swap_report.md').read_text()
