"""The model, the trial and what a run needs."""
from collections import namedtuple

import pytest
from faults import FAULTS

from mmswap.apis.doctor import check_files, check_trial, diagnose

Usage = namedtuple('Usage', 'free')
Memory = namedtuple('Memory', 'total')


def by_key(diagnosis, level='note'):
    return {each.key: each for each in diagnosis.of(level)}


@pytest.fixture
def notes(swap):
    """What is noted of the right swap."""
    return by_key(diagnose(swap.configs))


def test_what_trains_and_what_grew(notes):
    adapter = notes['model.adapter'].facts
    assert adapter['groups'] == ['layers.0.ffn', 'layers.1.ffn']
    # Two FFNs of 8 and 16, rank 2; the head of 6 rows and its bias.
    lora = 2 * 2 * 2 * (8 + 16)
    assert adapter['trained'] == lora + 6 * (8 + 1)
    assert notes['model.model'].facts['grown'] == {
        'fc_cls.weight': [4, 6], 'fc_cls.bias': [4, 6]}


def test_the_time_of_all_phases(swap):
    found = [each.facts for each in diagnose(swap.configs).findings
             if each.key == 'train_cfg']
    assert [each.get('steps') for each in found] == [20, 20, None]
    assert found[2]['seconds'] == pytest.approx(
        20 * sum(each['seconds_a_step'] for each in found[:2]))


def test_the_bound_that_is_found(swap):
    """Four times the loss, as it is more than a softmax of six has left."""
    swap.add('forget', "model['objective'] = dict("
             "_delete_=True, type='mmswap.ForgetObjective')")
    facts = by_key(diagnose(swap.configs))['model.objective.bound'].facts
    assert facts['bound'] >= 4 * facts['loss'] * (1 - 1e-5)


def test_a_disk_that_is_too_small(swap, monkeypatch):
    swap.add('learn', "default_hooks['checkpoint'].update(interval=5)")
    monkeypatch.setattr(check_files.shutil, 'disk_usage',
                        lambda folder: Usage(10_000))
    errors = by_key(diagnose(swap.configs), 'error')
    facts = errors['default_hooks.checkpoint'].facts
    # Four of each phase.
    assert facts['checkpoints'] == 8 and facts['free'] == 10_000
    # Those that are there are not written once more.
    for number in range(3):
        path = swap.folder / 'out' / 'toy_learn' / f'iter_{number}.pth'
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    errors = by_key(diagnose(swap.configs, 'out'), 'error')
    assert errors['default_hooks.checkpoint'].facts['checkpoints'] == 5
    swap.add('learn', "default_hooks['checkpoint'].update(max_keep_ckpts=1)")
    monkeypatch.setattr(check_files.shutil, 'disk_usage',
                        lambda folder: Usage(10**9))
    notes = by_key(diagnose(swap.configs))
    assert notes['default_hooks.checkpoint'].facts['checkpoints'] == 2


def test_a_memory_that_is_too_small(swap, monkeypatch):
    monkeypatch.setattr(check_trial.psutil, 'virtual_memory',
                        lambda: Memory(10_000))
    warnings = by_key(diagnose(swap.configs), 'warning')
    assert warnings['train_dataloader.batch_size'].facts['total'] == 10_000


def test_hooks_that_measure_before_the_first_step(swap):
    """Without them no step can be taken, and with them none is."""
    swap.add('forget', "custom_hooks = [dict(type='mmswap.PrototypeHook')]")
    diagnosis = diagnose(swap.configs)
    assert by_key(diagnosis)['custom_hooks'].phase == 'toy_forget'
    tried = [each.phase for each in diagnosis.findings
             if each.key == 'train_cfg']
    assert tried == ['toy_learn']


def test_a_swap_that_learned_already_may_forget(swap):
    """What a phase wrote is no base, whatever comes first."""
    import torch
    from mmengine.config import Config
    from mmengine.registry import MODELS
    assert not diagnose(swap.configs[1:]).is_fine  # No checkpoint.
    cfg = Config.fromfile(swap.configs[0])
    torch.save(dict(state_dict=MODELS.build(cfg.model).state_dict()),
               swap.folder / 'learned.pth')
    options = dict(load_from=str(swap.folder / 'learned.pth'))
    assert diagnose(swap.configs[1:], cfg_options=options).is_fine
    options = dict(load_from=str(swap.base))
    errors = by_key(diagnose(swap.configs[1:], cfg_options=options), 'error')
    assert 'forget_first' in errors[
        'train_dataloader.dataset.phase'].message


@pytest.mark.parametrize('meta', [
    dict(mmswap_version='0.2.0'),
    dict(dataset_meta=dict(classes=['cat', 'dog', 'cow', 'owl', 'fox']))])
def test_a_merged_model_may_have_more_classes(swap, meta):
    """And a published one, which says its names."""
    swap.write_base(5, meta)
    assert diagnose(swap.configs).is_fine
    swap.write_base(5)
    assert not diagnose(swap.configs).is_fine


def test_classes_in_another_order(swap):
    swap.write_base(3, dict(dataset_meta=dict(classes=['dog', 'cat', 'cow'])))
    errors = by_key(diagnose(swap.configs), 'error')
    assert 'other labels' in errors['classes.base'].message


def test_all_weights_may_train(swap):
    swap.add('learn', "model['trains'] = 'all'\n"
             "del model['adapter']\n"
             "optim_wrapper['group_sparse'] = None")
    diagnosis = diagnose(swap.configs[:1])
    assert diagnosis.is_fine
    assert by_key(diagnosis)['model.adapter'].facts['groups'] == []


def test_the_bound_of_single_objects_is_another(swap):
    FAULTS['a bound below the loss'].plant(swap)
    swap.add('forget', "model['objective']['type'] = "
             "'mmswap.ClassForgetObjective'")
    assert 'model.objective.bound' not in by_key(
        diagnose(swap.configs), 'error')
