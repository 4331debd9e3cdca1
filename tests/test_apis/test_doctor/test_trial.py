"""A few steps: what they have to reach, and what they leave alone."""
import pytest
import torch
from doctor_swap import DIM

from mmswap.apis.doctor.check_model import load_base
from mmswap.apis.doctor.examined import Examined, in_scope
from mmswap.apis.doctor.trial import try_steps
from mmswap.apis.plan import plan_phases


@pytest.fixture
def examine(swap):
    """(lines of the learn config) -> the Trial and the model."""

    def examine(*lines):
        for line in lines:
            swap.add('learn', line)
        phase, = plan_phases(swap.configs[:1], swap.folder / 'out')
        examined = Examined([phase], swap.folder / 'out')
        with in_scope(phase):
            model = examined.model(phase)
            load_base(examined, model)
            return try_steps(examined, phase, model), model

    return examine


def test_all_groups_are_reached(examine):
    trial, model = examine()
    assert not trial.dead and set(model.groups) == {
        'layers.0.ffn', 'layers.1.ffn'}
    assert set(trial.losses) >= {'retain_total', 'learn_total', 'loss'}
    assert trial.seconds > 0 and trial.memory > 10**7


def test_a_group_behind_a_cut_is_not(examine):
    assert examine("model['model']['cut'] = True")[0].dead == ['layers.0.ffn']


def test_stochastic_depth_is_off(examine):
    """It would leave the group without a gradient for another reason."""
    trial, model = examine("model['model']['drop'] = .9999")
    assert not trial.dead
    # And on again.
    assert all(module.training for module in model.modules()
               if type(module).__name__ == 'DropPath')


def test_a_head_that_begins_at_zero(swap, examine):
    """It passes nothing on before the first update."""
    swap.write_base(3, **{'fc_cls.weight': torch.zeros(4, DIM),
                          'fc_cls.bias': torch.zeros(4)})
    assert not examine()[0].dead


def test_without_a_gpu_there_is_no_mixed_precision(examine, monkeypatch):
    monkeypatch.setattr('mmswap.apis.doctor.trial.get_device', lambda: 'cpu')
    assert not examine("optim_wrapper.update(type='AmpOptimWrapper', "
                       "loss_scale='dynamic')")[0].dead


def test_the_loss_is_that_of_the_model(examine):
    """Of the first batch, before anything has moved."""
    trial, model = examine("optim_wrapper['optimizer']['lr'] = 0.")
    terms = trial.losses
    assert terms['loss'] == pytest.approx(
        terms['retain_total'] + .9 * terms['learn_total'])
