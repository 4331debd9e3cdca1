"""What release 0.1 wrote still loads, and gives the same outputs.

The files of ``tests/data/release_0_1`` were written by that release's own
code (commit 78654d2): a base model, the checkpoints of two requests, and
their adapters.
"""
from pathlib import Path

import pytest
import torch
from mmengine.registry import MODELS
from mmengine.runner import load_checkpoint
from toy_classifier import TOY, make_cfg

import mmswap
from mmswap.models.checkpoints import checkpoint_kind

FOLDER = Path(__file__).parents[1] / 'data' / 'release_0_1'
# The class tables as they are written today.
FIRST = dict(base=('a', 'b', 'c'), learn=('d', 'e'), forget=('b', ))
SECOND = dict(
    base=('a', 'b', 'c'),
    learned_before=('d', 'e'),
    learn=('f', ),
    forget=('d', ),
    forgotten_before=('b', ))
FORGET = dict(type='mmswap.ForgetObjective', bound=10.)
PROTOTYPES = dict(type='mmswap.PrototypeObjective', bound=10.)
CASES = dict(
    phase=(FIRST, 'request1', FORGET),
    phase_of_request=(SECOND, 'request2', PROTOTYPES))


@pytest.fixture(scope='module')
def expected():
    return torch.load(FOLDER / 'expected.pth')


def build(case, file):
    """The model of a case with a checkpoint, loaded as ``load_from``."""
    classes, name, objective = CASES[case]
    cfg = make_cfg(objective, classes, trains='adapter')
    # The stock config has its 3 classes, whatever was learned since.
    cfg.update(model=dict(TOY), adapter=dict(rank=2, name=name))
    torch.manual_seed(99)
    model = MODELS.build(cfg)
    load_checkpoint(model, str(FOLDER / file), map_location='cpu')
    return model.eval()


@torch.no_grad()
def logits(model, expected):
    return model.eval()(expected['inputs'])


@pytest.mark.parametrize('case', CASES)
def test_a_checkpoint(expected, case):
    model = build(case, f'{case}.pth')
    torch.testing.assert_close(logits(model, expected), expected[case])


def test_the_base_model_below_a_phase(expected):
    base = MODELS.build(dict(TOY))
    base.load_state_dict(build('phase', 'phase.pth').base_state_dict())
    torch.testing.assert_close(logits(base, expected), expected['base'])


def test_an_adapter(expected):
    model = build('phase', 'base.pth')
    mmswap.load_adapter(model, FOLDER / 'adapter', 'request1')
    torch.testing.assert_close(logits(model, expected), expected['phase'])


def test_an_adapter_with_prototypes_on_top_of_a_phase(expected):
    model = build('phase_of_request', 'phase.pth')
    mmswap.load_adapter(model, FOLDER / 'adapter_with_prototypes', 'request2')
    torch.testing.assert_close(
        logits(model, expected), expected['phase_of_request'])
    assert model.objective.prototypes.tensors['counts'].sum() == 24


def test_the_first_request_is_taken_back(expected):
    model = build('phase_of_request', 'phase_of_request.pth')
    assert model.history.names == ['request1']
    model.undo('request1')
    torch.testing.assert_close(
        logits(model, expected), expected['phase_of_request_undone'])


@pytest.mark.parametrize('file, kind', [
    ('base', 'base'), ('phase', 'phase'), ('phase_of_request', 'phase')])
def test_its_kind_is_known(file, kind):
    saved = torch.load(FOLDER / f'{file}.pth', weights_only=False)
    state = saved.get('state_dict', saved)
    assert checkpoint_kind(state, saved.get('meta')) == kind
