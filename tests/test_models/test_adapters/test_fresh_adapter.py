"""A fresh adapter changes no output bit, whatever the Runner did before.

The reference is the unmodified mmdet model with the same checkpoint.
"""
import pytest
import torch
from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch.utils.data import Dataset


class OneStep(Dataset):
    """The batches of one step, as swap_collate gives them."""

    def __init__(self, branches):
        self.branches = branches

    def __len__(self):
        return 1

    def __getitem__(self, index):
        return self.branches


class LookBeforeTraining(Hook):
    """Calls a function on the model when training is about to begin.

    That is after the Runner's ``init_weights`` and ``load_from``.
    """

    def __init__(self, look):
        self.look = look

    def before_train(self, runner):
        self.seen = self.look(runner.model)


@pytest.fixture
def run_training(tmp_path, read_config, base_state, make_batch):
    """(detector, classes, look) -> what ``look`` saw before the first step,
    and the runner after one step."""

    def run(name, classes, look):
        torch.save(dict(state_dict=base_state(name)), tmp_path / 'base.pth')
        cfg = read_config(name, 'learn')
        cfg.model.classes = classes
        step = {
            branch: make_batch(1, seed)
            for seed, branch in enumerate(('retain', 'learn'))
        }
        hook = LookBeforeTraining(look)
        runner = Runner(
            model=cfg.model,
            work_dir=str(tmp_path),
            train_dataloader=dict(
                dataset=OneStep(step),
                batch_size=1,
                sampler=dict(type='InfiniteSampler'),
                collate_fn=lambda items: items[0]),
            train_cfg=dict(type='IterBasedTrainLoop', max_iters=1),
            optim_wrapper=cfg.optim_wrapper,
            custom_hooks=[hook],
            load_from=str(tmp_path / 'base.pth'),
            default_scope='mmdet',
            log_level='ERROR',
            randomness=dict(seed=1),
            experiment_name=tmp_path.name)
        runner.train()
        return hook.seen, runner

    return run


def test_no_output_bit_changes(run_training, detector, no_new_classes,
                               build_base, predict, assert_same_bits):
    seen, runner = run_training(detector, no_new_classes, predict)
    assert_same_bits(seen, predict(build_base(detector)))
    # The step that followed did change something, so the test can fail.
    after = predict(runner.model)
    assert any(not torch.equal(after[k].float(), seen[k].float())
               for k in seen if after[k].shape == seen[k].shape)


def test_features_are_the_same_with_new_classes(run_training, detector,
                                                read_config, build_base,
                                                make_batch, assert_same_bits):

    def features(model):
        inputs = model.data_preprocessor(make_batch(2), False)['inputs']
        with torch.no_grad():
            found = getattr(model, 'model', model).eval().extract_feat(inputs)
        return {str(i): level for i, level in enumerate(found)}

    classes = read_config(detector, 'learn').model.classes
    seen, _ = run_training(detector, classes, features)
    assert_same_bits(seen, features(build_base(detector)))
    assert len(seen) >= 3


def test_init_weights_makes_the_adapter_fresh_again(build_swap,
                                                    randomise_adapter):
    model = randomise_adapter(build_swap('mask_rcnn'))
    before = model.base_state_dict()
    before = {key: value.clone() for key, value in before.items()}
    drawn = [p.clone() for group in model.groups.values() for p in group[::2]]
    model.init_weights()
    for group in model.groups.values():
        assert all(not b.any() for b in group[1::2])
        assert all(a.any() for a in group[::2])
    again = [p for group in model.groups.values() for p in group[::2]]
    assert not any(torch.equal(*pair) for pair in zip(drawn, again))
    after = model.base_state_dict()
    assert all(torch.equal(after[key], before[key]) for key in before)
