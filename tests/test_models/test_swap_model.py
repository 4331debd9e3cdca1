"""SwapModel: what it refuses, what trains, what it hands through."""
import pytest
import torch


def test_training_without_a_checkpoint_is_refused(build_swap, make_batch):
    model = build_swap('mask_rcnn', load=False)
    model.init_weights()
    data = dict(retain=make_batch(), learn=make_batch())
    data = model.data_preprocessor(data, True)
    with pytest.raises(RuntimeError, match='load_from must name a checkpoint'):
        model(**data, mode='loss')


def test_a_missing_branch_is_refused(build_swap, make_batch):
    model = build_swap('mask_rcnn', 'forget')
    data = dict(retain=make_batch(), learn=make_batch())
    data = model.data_preprocessor(data, True)
    with pytest.raises(
            ValueError,
            match=r"must give images of \['forget'\], which ForgetObjective "
            r"needs; got those of \['learn', 'retain'\]"):
        model(**data, mode='loss')


def test_the_model_must_have_the_k_classes_of_the_table(
        build_swap, detector, read_config):
    classes = dict(read_config(detector, 'learn').model.classes)
    classes['base'] = classes['base'][:-1]
    with pytest.raises(
            ValueError, match=r'classes.base .* name 7 and 0, .*classes=8'):
        build_swap(detector, classes=classes)


@pytest.mark.parametrize('changes, error, message', [
    (dict(new_rows='some'), ValueError,
     r"model.new_rows must be one of \('train', 'frozen'\), got 'some'"),
    (dict(adapter=dict(targets='all')), ValueError,
     "adapter.targets must be some of .*, but 'all' matches none of"),
    (dict(adapter=dict(rank=0)), ValueError, 'rank >= 1, .* got rank=0'),
    (dict(objective=dict(type='mmengine.BaseDataPreprocessor')), TypeError,
     'model.objective must be an objective'),
    (dict(model='mask-rcnn.py'), TypeError,
     'model.model must be the config of a stock model, got str'),
    (dict(classes=['a']), TypeError, r'classes must be a dict\(base='),
])
def test_bad_arguments(build_swap, changes, error, message):
    with pytest.raises(error, match=message):
        build_swap('mask_rcnn', load=False, **changes)


def test_what_trains(build_swap, detector):
    model = build_swap(detector)
    trained = {key for key, p in model.named_parameters() if p.requires_grad}
    lora = {key for key, _ in model.named_parameters() if '.lora_' in key}
    rows = {f'model.{key}' for key in model.class_rows}
    assert lora and rows
    assert trained == lora | rows


def test_frozen_rows_do_not_train(build_swap):
    model = build_swap('mask_rcnn', new_rows='frozen')
    trained = [key for key, p in model.named_parameters() if p.requires_grad]
    assert trained and all('.lora_' in key for key in trained)


def test_groups_are_the_blocks(build_swap, detector):
    """Swin has 2 blocks in each of 4 stages; see the configs for the rest."""
    groups = build_swap(detector, load=False).groups
    backbone = [name for name in groups if name.startswith('backbone.')]
    wanted = [f'backbone.stages.{stage}.blocks.{block}.ffn'
              for stage in range(4) for block in range(2)]
    assert backbone == wanted
    # Mask R-CNN: the fully connected layers of its RoI head.
    layers = dict(mask_rcnn=1, mask2former=2 + 3, dino=2 + 3)[detector]
    assert len(groups) == 8 + layers
    for params in groups.values():
        assert [8 in p.shape for p in params] == [True] * 4


def test_validation_is_the_wrapped_models(build_swap, detector, predict,
                                          assert_same_bits):
    model = build_swap(detector).eval()
    assert_same_bits(predict(model), predict(model.model))


def test_preprocessing_of_each_branch_is_the_stock_models(
        build_swap, build_base, make_batch):
    swap, base = build_swap('mask_rcnn'), build_base('mask_rcnn')
    branches = dict(retain=make_batch(2, 1), learn=make_batch(1, 2))
    got = swap.data_preprocessor(branches, True)
    assert list(got) == ['retain', 'learn']
    for branch, seed in (('retain', 1), ('learn', 2)):
        batch = make_batch(2 if branch == 'retain' else 1, seed)
        wanted = base.data_preprocessor(batch, True)
        assert torch.equal(got[branch]['inputs'], wanted['inputs'])
        for a, b in zip(got[branch]['data_samples'], wanted['data_samples']):
            assert a.batch_input_shape == b.batch_input_shape
            assert torch.equal(a.gt_instances.bboxes, b.gt_instances.bboxes)
    wanted = base.data_preprocessor(make_batch(2, 1), False)
    got = swap.data_preprocessor(make_batch(2, 1), False)
    assert torch.equal(got['inputs'], wanted['inputs'])


def test_the_config_is_left_alone(build_stock, read_config):
    cfg = read_config('dino', 'learn').model
    before = cfg.to_dict()
    swap = build_stock(cfg)
    assert cfg.to_dict() == before
    assert swap.inner_cfg.bbox_head.num_classes == 10
    assert 'as_two_stage' not in swap.inner_cfg.bbox_head
