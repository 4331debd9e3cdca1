"""Every key of a checkpoint lands, or an error says which does not.

All through mmengine's own ``load_checkpoint`` from files, as ``load_from``
does it, which by itself only warns.
"""
import pytest
import torch
from mmengine.runner import load_checkpoint

import mmswap
from mmswap.models.checkpoints import checkpoint_kind
from mmswap.models.outputs.phase_buffers import PhaseBuffers


@pytest.fixture
def load_file(tmp_path):
    """(model, state dict) -> load it as ``load_from`` would."""

    def load(model, state):
        file = tmp_path / 'checkpoint.pth'
        torch.save(dict(state_dict=state, meta={}), file)
        load_checkpoint(model, str(file), map_location='cpu')
        return model

    return load


def inner_state(model):
    return {k: v.clone() for k, v in model.model.state_dict().items()}


def test_base_checkpoint(build_swap, base_state, detector, load_file,
                         assert_same_bits):
    state = base_state(detector)
    model = load_file(build_swap(detector, load=False), base_state(detector))
    assert_same_bits(model.base_state_dict(), state)


def test_merged_checkpoint(build_swap, detector, load_file, assert_same_bits,
                           randomise_adapter):
    merged = mmswap.merge_adapter(randomise_adapter(build_swap(detector)))
    wanted = {key: value.clone() for key, value in merged.state_dict().items()}
    model = load_file(build_swap(detector, load=False), wanted)
    got = {
        key.replace('.base_layer.', '.'): value
        for key, value in inner_state(model).items() if '.lora_' not in key
    }
    assert_same_bits(got, merged.state_dict())
    for group in model.groups.values():
        assert not any(b.any() for b in group[1::2])


def test_phase_checkpoint(build_swap, detector, load_file, assert_same_bits,
                          randomise_adapter):
    """What a learn phase wrote is what a forget phase begins with."""
    learned = randomise_adapter(build_swap(detector))
    model = build_swap(detector, 'forget', load=False)
    load_file(model, learned.state_dict())
    assert_same_bits(inner_state(model), inner_state(learned))


def without(state, key):
    del state[key]
    return state


def renamed(state):
    return {f'student.{key}': value for key, value in state.items()}


BROKEN = {
    'a missing key': (
        lambda s: without(s, 'backbone.norm1.weight'),
        'keys it lacks: backbone.norm1.weight$'),
    'a missing class key': (
        lambda s: without(s, 'roi_head.bbox_head.fc_cls.bias'),
        'keys it lacks: roi_head.bbox_head.fc_cls.bias$'),
    'an extra key': (
        lambda s: dict(s, odd=torch.zeros(1)),
        'keys the model has no place for: odd$'),
    'another prefix': (renamed, 'keys it lacks: .* and [0-9]+ more'),
    'another width': (
        lambda s: dict(s, **{'neck.fpn_convs.0.conv.bias': torch.zeros(9)}),
        r'neck.fpn_convs.0.conv.bias: \(9,\) in the checkpoint, \(64,\)'),
    'other classes': (
        lambda s: dict(s, **{
            'roi_head.mask_head.conv_logits.bias': torch.zeros(5)}),
        r'conv_logits.bias: \(5,\) in the checkpoint, \(10,\)'),
    'nothing': (lambda s: {}, 'keys it lacks: .* and [0-9]+ more'),
}


@pytest.mark.parametrize('change, message', BROKEN.values(), ids=BROKEN)
def test_a_checkpoint_that_does_not_fit(build_swap, base_state, load_file,
                                        make_batch, change, message):
    model = build_swap('mask_rcnn', load=False)
    with pytest.raises(RuntimeError, match=f'load_from must be .*{message}'):
        load_file(model, change(base_state('mask_rcnn')))
    data = dict(retain=make_batch(), learn=make_batch())
    with pytest.raises(RuntimeError, match='load_from must name'):
        model(**model.data_preprocessor(data, True), mode='loss')


def test_a_failed_load_stops_a_model_that_was_loaded(build_swap, base_state,
                                                     load_file, make_batch):
    model = build_swap('mask_rcnn')
    state = without(base_state('mask_rcnn'), 'backbone.norm1.weight')
    with pytest.raises(RuntimeError, match='keys it lacks: backbone.norm1'):
        load_file(model, state)
    data = dict(retain=make_batch(), learn=make_batch())
    with pytest.raises(RuntimeError, match='load_from must name'):
        model(**model.data_preprocessor(data, True), mode='loss')


def test_the_checkpoint_of_another_model(build_swap, base_state, load_file):
    with pytest.raises(RuntimeError, match='load_from must be a checkpo'):
        load_file(build_swap('dino', load=False), base_state('mask_rcnn'))


def test_a_phase_of_another_class_table(build_swap, read_config, load_file):
    classes = dict(read_config('mask_rcnn', 'learn').model.classes)
    saved = build_swap('mask_rcnn').state_dict()
    other = dict(classes, learn=('nine', 'eight'))
    with pytest.raises(RuntimeError, match='classes.learn must be those of'):
        load_file(build_swap('mask_rcnn', load=False, classes=other), saved)
    # Which are to be forgotten may change from phase to phase.
    other = dict(classes, forget=('one', ))
    load_file(build_swap('mask_rcnn', load=False, classes=other), saved)


def test_a_phase_of_another_rank_or_without_new_classes(
        build_swap, load_file, no_new_classes):
    saved = build_swap('mask_rcnn').state_dict()
    thin = build_swap('mask_rcnn', load=False, adapter=dict(rank=4))
    with pytest.raises(RuntimeError, match=r'adapter.rank .* 8 .*, got 4'):
        load_file(thin, dict(saved))
    other = build_swap('mask_rcnn', load=False, classes=no_new_classes)
    with pytest.raises(RuntimeError, match='load_from must be a checkpoint'):
        load_file(other, dict(saved))


def test_a_phase_of_another_scale(build_swap, load_file, randomise_adapter):
    """Its matrices at four times the scale are four times the update."""
    trained = build_swap('mask_rcnn', adapter=dict(alpha=16))
    saved = randomise_adapter(trained).state_dict()
    other = build_swap('mask_rcnn', load=False, adapter=dict(alpha=64))
    with pytest.raises(
            RuntimeError,
            match='model.adapter.rank and model.adapter.alpha must be 8 and '
            '16, .* got 8 and 64'):
        load_file(other, dict(saved))
    # Of another rank and the same scale.
    other = build_swap('mask_rcnn', load=False,
                       adapter=dict(rank=4, alpha=8))
    with pytest.raises(RuntimeError, match='8 and 16, .* got 4 and 8'):
        load_file(other, dict(saved))
    # What is folded in is folded at its own scale.
    fresh = build_swap(
        'mask_rcnn', load=False, adapter=dict(name='next', alpha=64))
    load_file(fresh, dict(saved))
    wanted = mmswap.merge_adapter(trained).state_dict()
    got = mmswap.merge_adapter(fresh).state_dict()
    for key, value in wanted.items():
        torch.testing.assert_close(got[key], value, rtol=0, atol=1e-6)


def test_the_kind_of_a_checkpoint(build_swap, base_state):
    assert checkpoint_kind(base_state('mask_rcnn')) == 'base'
    assert checkpoint_kind(base_state('mask_rcnn'), dict(epoch=3)) == 'base'
    model = build_swap('mask_rcnn')
    state = model.state_dict()
    assert checkpoint_kind(state) == 'phase'
    # Whatever its meta says; its config was written by mmswap too.
    assert checkpoint_kind(state, dict(mmswap_version='0.1')) == 'phase'
    merged = mmswap.merge_adapter(model).state_dict()
    meta = dict(mmswap_version='0.1')  # What merging writes beside it.
    assert checkpoint_kind(merged, meta) == 'merged'
    whole = build_swap('mask_rcnn', load=False, trains='all', adapter=None)
    assert checkpoint_kind(whole.state_dict()) == 'phase'


def test_a_phase_checkpoint_that_lost_a_lora_key(build_swap, load_file):
    saved = build_swap('mask_rcnn').state_dict()
    key = next(key for key in saved if '.lora_B.' in key)
    with pytest.raises(RuntimeError, match='keys it lacks: backbone.*lora_B'):
        load_file(build_swap('mask_rcnn', load=False), without(saved, key))


def test_what_an_objective_kept_is_there_again(build_swap, base_state,
                                               load_file):
    """In a resumed phase; with another objective or adapter it is dropped."""
    kept = {'of.any.name': torch.arange(3.)}
    model = build_swap('mask_rcnn')
    model.objective.kept = PhaseBuffers()
    model.objective.kept.keep(kept)
    state = model.state_dict()

    resumed = build_swap('mask_rcnn', load=False)
    resumed.objective.kept = PhaseBuffers()
    load_file(resumed, state)
    assert torch.equal(resumed.objective.kept.tensors['of.any.name'],
                       kept['of.any.name'])
    load_file(build_swap('mask_rcnn', 'forget', load=False), state)
    other = build_swap(
        'mask_rcnn', load=False, adapter=dict(name='another'))
    other.objective.kept = PhaseBuffers()
    load_file(other, state)
    assert not other.objective.kept.tensors
