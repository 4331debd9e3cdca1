import pytest
import torch

from mmswap.audit.subject import (
    Subject,
    hash_states,
    hide_classes,
    level_bias,
)

FORGOTTEN = (3, 5)


def subject_of(name, read_config, base_state):
    cfg = read_config(name, 'base').model
    return Subject('base', 'base', cfg, base_state(name))


def test_only_the_bias_of_the_classes_is_lowered(detector, read_config,
                                                 base_state):
    base = subject_of(detector, read_config, base_state)
    hidden = hide_classes(base, FORGOTTEN, 8, lambda model: 0.)
    changed = {key for key, value in base.state.items()
               if not torch.equal(value, hidden.state[key])}
    assert changed and all(key.endswith('bias') for key in changed)
    for key in changed:
        away = hidden.state[key] - base.state[key]
        wanted = torch.zeros(len(away))
        wanted[list(FORGOTTEN)] = -2
        torch.testing.assert_close(away, wanted)
    assert hidden.role == 'hidden' and hidden.adapter == dict(offset=2)


def test_the_first_offset_that_hides_is_taken(read_config, base_state):
    base = subject_of('mask_rcnn', read_config, base_state)
    key = 'roi_head.bbox_head.fc_cls.bias'
    start = float(base.state[key][3])

    def is_named(model):
        """A share that falls with the bias."""
        return 1. if float(model.state_dict()[key][3]) > start - 10 else 0.

    hidden = hide_classes(base, FORGOTTEN, 8, is_named)
    assert hidden.adapter == dict(offset=16)
    with pytest.raises(ValueError, match='classes.forget'):
        hide_classes(base, FORGOTTEN, 8, lambda model: 1.)


def test_the_hash_is_of_names_shapes_types_and_bytes():
    state = dict(a=torch.arange(4.), b=torch.zeros(()))
    assert hash_states(state) == hash_states(
        dict(reversed(list(state.items()))))
    others = [
        dict(state, a=state['a'].reshape(2, 2)), dict(state, a=-state['a']),
        dict(state, a=state['a'].half()), dict(c=state['a'], b=state['b'])]
    assert len({hash_states(each) for each in (state, *others)}) == 5


def test_roles_are_known():
    with pytest.raises(ValueError, match='role must be'):
        Subject('x', 'oracle', {}, {})


def test_a_lowered_bias_is_levelled_again(detector, read_config, base_state):
    """To the mean of the classes that were not: others stay."""
    base = subject_of(detector, read_config, base_state)
    hidden = hide_classes(base, FORGOTTEN, 8, lambda model: 0.)
    model = hidden.build()
    level_bias(model, FORGOTTEN, 8)
    levelled = model.state_dict()
    changed = {key for key, value in base.state.items()
               if not torch.equal(value, levelled[key])}
    assert changed and all(key.endswith('bias') for key in changed)
    rest = [0, 1, 2, 4, 6, 7]
    for key in changed:
        mean = base.state[key][rest].mean()
        for label in FORGOTTEN:
            torch.testing.assert_close(levelled[key][label], mean)
        assert torch.equal(levelled[key][rest], base.state[key][rest])
