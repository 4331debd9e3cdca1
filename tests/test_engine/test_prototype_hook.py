"""PrototypeHook on a toy; on a real Runner see test_prototype_runs.py."""
import logging

import pytest
import torch
from prototype_toy import make_dataset, make_model, make_runner
from two_ranks import run_on_two_ranks

from mmswap.engine import PrototypeHook


def prototypes_by_hand(model, dataset):
    """Class means over all samples of both branches, one by one."""
    model.eval()
    wanted = {label: [] for label in range(4)}
    for index in range(len(dataset)):
        sample = dataset[index]
        with torch.no_grad():
            feature = model.model.features([sample['inputs']])[0]
        wanted[int(sample['data_samples'])].append(feature)
    return {label: torch.stack(found).mean(0)
            for label, found in wanted.items() if found}


def test_prototypes_are_the_means_of_the_model_at_rest():
    model, dataset = make_model(), make_dataset()
    modes = {name: m.training for name, m in model.named_modules()}
    PrototypeHook().before_train(make_runner(model, dataset))
    assert {name: m.training for name, m in model.named_modules()} == modes
    assert modes['model.drop']
    assert all(p.grad is None for p in model.parameters())
    kept = model.objective.prototypes.tensors
    assert kept['counts'].tolist() == [2, 2, 3, 1]
    wanted = prototypes_by_hand(model, dataset)
    with torch.no_grad():
        for label, feature in wanted.items():
            torch.testing.assert_close(kept['features'][label], feature)
            torch.testing.assert_close(kept['logits'][label],
                                       model.model.head.fc(feature))
    # And the objective takes a step with them.
    batch = {
        name: dict(
            inputs=[dataset[i]['inputs'] for i in span],
            data_samples=[dataset[i]['data_samples'] for i in span])
        for name, span in (('retain', range(2)), ('forget', range(5, 8)))
    }
    losses = model.train()(**batch, mode='loss')
    assert losses['forget_prototype_loss'].requires_grad
    assert losses['forget_prototype_distance'] > 0  # Dropout.


def test_copies_are_drawn_anew():
    model = make_model()
    PrototypeHook(copies=50).before_train(
        make_runner(model, make_dataset(noise=.5)))
    kept = model.objective.prototypes.tensors
    assert kept['counts'].tolist() == [100, 100, 150, 50]
    PrototypeHook().before_train(make_runner(model, make_dataset(noise=.5)))
    once = model.objective.prototypes.tensors['features']
    clean = prototypes_by_hand(model, make_dataset())[3]
    assert (kept['features'][3] - clean).norm() < (once[3] - clean).norm()


def test_a_resumed_run_keeps_what_it_has():
    model = make_model()
    PrototypeHook().before_train(make_runner(model, None, start=7))
    assert not model.objective.prototypes.tensors


def test_a_missing_class_is_told(caplog):
    model = make_model()
    with caplog.at_level(logging.INFO):
        PrototypeHook().before_train(
            make_runner(model, make_dataset(retain=(2, 2))))
    assert "no prototype of ['a']" in caplog.text
    assert 'prototypes of 3 classes from 5 objects' in caplog.text
    with pytest.raises(ValueError, match=r"classes.forget.* of \['b'\]"):
        PrototypeHook().before_train(
            make_runner(model, make_dataset(forget=(3, 3))))


@pytest.mark.parametrize('kwargs, message', [
    (dict(copies=0), 'copies must be positive, got 0'),
    (dict(images_per_class=-1), 'images_per_class must be positive, got -1'),
])
def test_bad_arguments_are_refused(kwargs, message):
    with pytest.raises(ValueError, match=f'PrototypeHook.{message}'):
        PrototypeHook(**kwargs)


def test_what_it_cannot_serve_is_refused():
    runner = make_runner(
        make_model(type='mmswap.ForgetObjective'), make_dataset())
    with pytest.raises(TypeError, match='objective must be .*got ForgetObj'):
        PrototypeHook().before_train(runner)
    runner = make_runner(make_model(), make_dataset().branches['retain'][0])
    with pytest.raises(TypeError, match='SwapDataset where .*got Vectors'):
        PrototypeHook().before_train(runner)
    runner = make_runner(make_model(), make_dataset())
    with pytest.raises(TypeError, match='ClassSubset.*got a Vectors in ret'):
        PrototypeHook(images_per_class=1).before_train(runner)


# In the second the other process has no image to retain.
CASES = dict(uneven=dict(), short=dict(retain=(0, ), forget=(1, 3, 3)))


def find_prototypes(case):
    model = make_model()
    PrototypeHook().before_train(make_runner(model, make_dataset(**case)))
    return model.objective.prototypes.tensors


def find_cases(rank, world):
    del rank, world
    return {name: find_prototypes(case) for name, case in CASES.items()}


@pytest.fixture(scope='module')
def two_ranks(tmp_path_factory):
    """What each of two processes found, by case."""
    return run_on_two_ranks(find_cases, tmp_path_factory.mktemp('ranks'))


@pytest.mark.slow
@pytest.mark.parametrize('case', CASES)
def test_two_processes_equal_one(two_ranks, case, assert_same_bits):
    assert_same_bits(two_ranks[0][case], two_ranks[1][case])
    alone = find_prototypes(CASES[case])
    assert torch.equal(two_ranks[0][case]['counts'], alone['counts'])
    for key in ('features', 'logits'):
        torch.testing.assert_close(two_ranks[0][case][key], alone[key])


def test_the_classifiers_rows_are_prototypes():
    model = make_model()
    PrototypeHook(source='classifier').before_train(
        make_runner(model, make_dataset()))
    kept = model.objective.prototypes.tensors
    assert torch.equal(kept['features'], model.model.head.fc.weight)
    assert kept['counts'].tolist() == [1] * len(model.class_table)


def test_the_classifiers_rows_are_features():
    with pytest.raises(ValueError, match='objective.space .*PrototypeHook.so'):
        PrototypeHook(source='classifier').before_train(
            make_runner(make_model(space='logits'), make_dataset()))
    with pytest.raises(ValueError, match='PrototypeHook.source'):
        PrototypeHook(source='head')
