from pathlib import Path

import pytest
from coco_files import write_coco
from mmengine.config import Config
from toy_swap import write_base

from mmswap.apis.plan import (
    _check_data,
    common_start,
    default_work_dir,
    plan_phases,
)
from mmswap.class_table import ClassTable


def _prints(toy, **options):
    phases = plan_phases([toy.learn, toy.forget], toy.work_dir, **options)
    return [phase.fingerprint for phase in phases]


def _append(path, text):
    path.write_text(path.read_text() + text)


def test_names_and_folders(toy):
    phases = plan_phases([toy.learn, toy.forget, toy.learn], toy.work_dir)
    assert [p.name for p in phases
            ] == ['toy_learn', 'toy_forget', 'toy_learn-2']
    assert [Path(p.cfg.work_dir) for p in phases
            ] == [toy.work_dir / p.name for p in phases]
    assert len({p.fingerprint for p in phases}) == 3


def test_a_config_called_base_leaves_its_folder_to_the_base(toy):
    base = toy.learn.rename(toy.learn.with_name('base.py'))
    assert plan_phases([base], toy.work_dir)[0].name == 'base-2'


def test_what_is_not_the_training_leaves_the_fingerprint(toy):
    same = _prints(toy)
    assert _prints(toy) == same
    assert _prints(toy, launcher='pytorch') == same
    _append(toy.forget, "load_from = 'elsewhere.pth'\n")
    _append(toy.learn, "work_dir = 'elsewhere'\n")
    assert _prints(toy) == same


def test_what_changes_the_training_changes_the_fingerprint(toy):
    before = _prints(toy)
    changed = _prints(toy, cfg_options={'optim_wrapper.optimizer.lr': .1})
    assert not set(changed) & set(before)
    assert not set(_prints(toy, amp=True)) & set(before)
    _append(toy.forget, 'train_cfg.update(max_iters=5)\n')
    after = _prints(toy)
    assert after[0] == before[0] and after[1] != before[1]
    write_base(toy.base, (.1, .1, .1))
    assert not set(_prints(toy)) & set(after)


def test_amp_reaches_every_phase(toy):
    phases = plan_phases([toy.learn, toy.forget], toy.work_dir, amp=True)
    assert [p.cfg.optim_wrapper.type for p in phases
            ] == ['AmpOptimWrapper'] * 2


@pytest.mark.parametrize('text, message', [
    ('del model["classes"]', 'model must be a mmswap.SwapModel'),
    ('model["classes"] = dict(base=("a", "b"))',
     'model.classes must be the same in every phase'),
    ('model["classes"] = dict(base=("a", "a"))', 'name each class once'),
    ('val_evaluator = dict(type="CocoMetric")',
     'val_evaluator must be a mmswap.SwapEvaluator'),
    ('train_cfg = None', 'train_cfg must be set'),
    ('val_dataloader = None', 'val_dataloader must be set'),
    ('default_hooks["checkpoint"]["save_last"] = False',
     'default_hooks.checkpoint must save the last step'),
    ('default_hooks["checkpoint"] = None',
     'default_hooks.checkpoint must save the last step'),
])
def test_a_later_phase_that_cannot_run(toy, text, message):
    _append(toy.forget, text + '\n')
    with pytest.raises(ValueError, match=message):
        plan_phases([toy.learn, toy.forget], toy.work_dir)
    assert not toy.work_dir.exists()


@pytest.mark.parametrize('load_from', [None, 'absent.pth'])
def test_a_base_that_is_not_there(toy, load_from):
    _append(toy.learn, f'load_from = {load_from!r}\n')
    with pytest.raises(ValueError, match='load_from must be the checkpoint'):
        plan_phases([toy.learn], toy.work_dir)


def test_a_base_may_be_a_url(toy):
    _append(toy.learn, "load_from = 'https://example.com/base.pth'\n")
    assert len(plan_phases([toy.learn], toy.work_dir)) == 1


def test_no_phases(toy):
    with pytest.raises(ValueError, match='one config at least'):
        plan_phases([], toy.work_dir)


def test_default_names():
    assert common_start(['m_s_learn', 'm_s_forget']) == 'm_s_'
    assert common_start(['learn', 'forget']) == ''
    assert default_work_dir(['c/m_learn.py', 'c/m_forget.py']) == Path(
        'work_dirs/m_swap')
    assert default_work_dir(['learn.py', 'forget.py']) == Path(
        'work_dirs/mmswap_swap')
    assert default_work_dir(['m_requests.py']) == Path(
        'work_dirs/m_requests_swap')


def test_each_phase_can_have_an_adapter_of_its_own(toy):
    phases = plan_phases([toy.learn, toy.forget, toy.learn], toy.work_dir,
                         new_adapters=True)
    assert [phase.cfg.model.adapter.name for phase in phases
            ] == ['toy_learn', 'toy_forget', 'toy_learn-2']
    assert all('adapter' not in phase.cfg.model
               for phase in plan_phases([toy.learn], toy.work_dir))
    assert not set(_prints(toy, new_adapters=True)) & set(_prints(toy))


def test_adapters_of_two_configs_with_one_name(toy):
    """They would go on with each other's instead of having their own."""
    dotted = toy.learn.rename(toy.learn.with_name('a.b.py'))
    lined = toy.forget.rename(toy.forget.with_name('a_b.py'))
    with pytest.raises(ValueError, match="'a.b' and 'a_b'"):
        plan_phases([dotted, lined], toy.work_dir, new_adapters=True)
    assert len(plan_phases([dotted, lined], toy.work_dir)) == 2


def test_a_model_that_cannot_be_merged_is_told_of_before_training(
        tmp_path, capsys):
    """Two files in two orders: no stock model is right for both."""
    classes = dict(base=['a', 'b'])
    cfg = dict(model=dict(type='mmswap.SwapModel', classes=classes))
    for split, names in (('val', ('a', 'b')), ('test', ('b', 'a'))):
        write_coco(tmp_path / f'{split}.json', [], names)
        cfg[f'{split}_dataloader'] = dict(dataset=dict(
            type='mmswap.ClassSubset', classes=classes, keep='all',
            dataset=dict(type='CocoDataset', data_root=str(tmp_path),
                         ann_file=f'{split}.json')))
    table = ClassTable(**classes)
    _check_data(Config(cfg), table)
    assert 'cannot be merged: test_dataloader' in capsys.readouterr().out
    cfg['test_dataloader'] = cfg['val_dataloader']
    _check_data(Config(cfg), table)
    assert 'merged' not in capsys.readouterr().out
