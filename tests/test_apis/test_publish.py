"""What is handed out holds weights, and nothing that undoes a forgetting."""
import pytest
import torch
from mmengine.runner.checkpoint import CheckpointLoader

from mmswap.apis import publish_checkpoint, read_checkpoint

WEIGHTS = {
    'backbone.weight': torch.tensor([.1, 2., -3.]),
    'norm.num_batches_tracked': torch.tensor(7),
}
CLASSES = ('cat', 'dog')


@pytest.fixture
def training(tmp_path):
    """(keys of the state dict) -> a checkpoint as a Runner writes it."""

    def write(**keys):
        path = tmp_path / 'iter_4.pth'
        torch.save(
            dict(
                state_dict={**WEIGHTS, **keys},
                ema_state_dict={'module.backbone.weight': torch.zeros(3)},
                optimizer=dict(state={0: dict(momentum=torch.zeros(3))}),
                message_hub=dict(log_scalars={}),
                param_schedulers=[dict(last_step=3)],
                meta=dict(
                    cfg='password = 1', seed=3, experiment_name='mine',
                    dataset_meta=dict(
                        classes=CLASSES, swap_classes=dict(forget=['dog'])))),
            path)
        return path

    return write


@pytest.mark.parametrize('suffix', ['.pth', '.safetensors'])
@pytest.mark.parametrize('half', [True, False])
def test_weights_and_names_only(training, tmp_path, suffix, half):
    out = publish_checkpoint(training(), tmp_path / f'sub/my{suffix}', half)
    assert out == tmp_path / f'sub/my{suffix}'
    for read in (read_checkpoint(out),
                 CheckpointLoader.load_checkpoint(str(out), 'cpu')):
        assert set(read) == {'state_dict', 'meta'}
        assert read['meta'] == dict(dataset_meta=dict(classes=list(CLASSES)))
        assert set(read['state_dict']) == set(WEIGHTS)
        for key, value in read['state_dict'].items():
            wanted = WEIGHTS[key]
            if half and wanted.is_floating_point():
                wanted = wanted.half()
            assert torch.equal(value.double(), wanted.double())
    text = out.read_bytes()
    assert b'password' not in text and b'forget' not in text
    if suffix == '.pth':
        dtype = torch.float16 if half else torch.float32
        state = torch.load(out, weights_only=True)['state_dict']
        assert state['backbone.weight'].dtype == dtype
        assert state['norm.num_batches_tracked'].dtype == torch.int64


@pytest.mark.parametrize('key', [
    'history.1-forget-dog.backbone.lora_A',
    'objective.prototypes.dog',
    'objective.teacher.backbone.weight',
    'model.backbone.lora_A.default.weight',
    '_extra_state',
    'module.history.1-forget-dog.backbone.lora_A',
])
def test_what_undoes_a_forgetting_is_refused(training, tmp_path, key):
    path = training(**{key: torch.zeros(2, dtype=torch.uint8)})
    with pytest.raises(ValueError, match=(
            f'checkpoint must be .* got {key} in .*merge_adapter.py CONFIG '
            f'{path}')):
        publish_checkpoint(path, tmp_path / 'out.pth')
    assert not (tmp_path / 'out.pth').exists()


def test_a_real_phase_is_published_merged(tmp_path, build_swap, read_config,
                                          randomise_adapter, build_stock):
    from mmswap.apis import merge_checkpoint
    model = randomise_adapter(build_swap('mask_rcnn'))
    torch.save(dict(state_dict=model.state_dict()), tmp_path / 'phase.pth')
    read_config('mask_rcnn', 'learn').dump(str(tmp_path / 'phase.py'))
    with pytest.raises(ValueError, match='lora_A.default.weight'):
        publish_checkpoint(tmp_path / 'phase.pth', tmp_path / 'out.pth')
    merged, _ = merge_checkpoint(tmp_path / 'phase.py', tmp_path / 'phase.pth',
                                 tmp_path / 'merged.pth')
    out = publish_checkpoint(merged, tmp_path / 'out.safetensors')
    read = read_checkpoint(out)
    assert tuple(read['meta']['dataset_meta']['classes']) == (
        model.class_table.names)
    build_stock(model.inner_cfg).load_state_dict(read['state_dict'])


def test_weights_that_half_precision_does_not_hold(training, tmp_path):
    path = training(big=torch.tensor([7e4]))
    with pytest.raises(ValueError, match='half must be False .*big.* 70000'):
        publish_checkpoint(path, tmp_path / 'out.pth')
    out = publish_checkpoint(path, tmp_path / 'out.pth', half=False)
    assert read_checkpoint(out)['state_dict']['big'] == 7e4


def test_other_files_and_contents_are_refused(training, tmp_path):
    with pytest.raises(ValueError, match='OUT must end in .*got .*out.bin'):
        publish_checkpoint(training(), tmp_path / 'out.bin')
    with pytest.raises(ValueError, match='state_dict must .* got note in'):
        publish_checkpoint(training(note='text'), tmp_path / 'out.pth')
    torch.save(dict(state_dict=WEIGHTS, model=torch.nn.ReLU()),
               tmp_path / 'foreign.pth')
    with pytest.raises(ValueError, match='checkpoint must hold nothing but'):
        publish_checkpoint(tmp_path / 'foreign.pth', tmp_path / 'out.pth')
    publish_checkpoint(tmp_path / 'foreign.pth', tmp_path / 'out.pth',
                       trust=True)
