"""A swap on a machine that gets killed, with files that got damaged."""
import json
import shutil

import pytest
import torch
from mmengine.registry import MODELS
from toy_swap import LOG, ToySwapModel, write_base, write_config

from mmswap.apis import run_swap
from mmswap.apis.config import enable_resume, load_config


@MODELS.register_module(force=True)
class ToyWiderModel(ToySwapModel):
    """Another model, of the same arguments."""

    def __init__(self, target, classes):
        super().__init__(target, classes)
        self.more = torch.nn.Parameter(torch.zeros(2))


EVERY_STEP = {'default_hooks.checkpoint.interval': 1}


def run(toy, fail_at=None, **options):
    LOG.clear(fail_at)
    return run_swap([toy.learn, toy.forget], toy.work_dir,
                    cfg_options={**EVERY_STEP, **options})


@pytest.fixture
def killed(toy):
    """A swap that ended in the fourth step of its second phase."""
    with pytest.raises(KeyboardInterrupt):
        run(toy, fail_at=8)
    assert (toy.work_dir / 'toy_forget/iter_3.pth').is_file()
    return toy


@pytest.fixture
def weights(toy, tmp_path):
    """What a swap without a fault ends with."""
    return final(run(toy._replace(work_dir=tmp_path / 'undisturbed')))


def final(report):
    path = report['checkpoints']['toy_forget']
    return torch.load(path, weights_only=False)['state_dict']['weights']


def cut(path):
    path.write_bytes(path.read_bytes()[:-100])


def empty(path):
    path.write_bytes(b'')


def flip(path):
    """Change a byte of the weights, which torch.load would not see."""
    value = torch.load(path, weights_only=False)['state_dict']['weights']
    content = bytearray(path.read_bytes())
    at = bytes(content).index(value.numpy().tobytes())
    content[at + 2] ^= 16
    path.write_bytes(content)
    other = torch.load(path, weights_only=False)['state_dict']['weights']
    assert not torch.equal(value, other)


def scribble(path):
    path.write_bytes(b'no checkpoint at all')


@pytest.mark.parametrize('harm', [cut, empty, flip, scribble])
def test_the_checkpoint_before_a_damaged_one_is_used(
        killed, weights, harm, capsys):
    harm(killed.work_dir / 'toy_forget/iter_3.pth')
    capsys.readouterr()
    assert torch.equal(final(run(killed)), weights)
    assert LOG.steps == 2  # from iter_2.pth on
    said = capsys.readouterr().out
    assert 'iter_3.pth is damaged' in said
    assert 'goes on from iter_2.pth' in said


@pytest.mark.parametrize('text', ['', '\0\0', '/no/such/iter_9.pth', '[]'])
def test_a_note_that_names_nothing(killed, weights, text):
    (killed.work_dir / 'toy_forget/last_checkpoint').write_text(text)
    assert torch.equal(final(run(killed)), weights)
    assert LOG.steps == 1  # from iter_3.pth on


def test_an_earlier_run_s_checkpoints_are_not_gone_on_from(killed):
    write_config(killed.forget, (.8, .1, .9), killed.base)
    with pytest.raises(KeyboardInterrupt):
        run(killed, fail_at=2)  # overwrites iter_1.pth
    cut(killed.work_dir / 'toy_forget/iter_1.pth')
    (killed.work_dir / 'toy_forget/last_checkpoint').write_text('')
    run(killed)
    assert LOG.steps == 4


@pytest.mark.parametrize('harm', [cut, flip])
def test_a_finished_phase_whose_checkpoint_is_damaged(toy, harm, capsys):
    first = run(toy)
    harm(toy.work_dir / 'toy_learn/iter_4.pth')
    capsys.readouterr()
    assert run(toy) == first
    assert LOG.steps == 1  # The second phase had what it needed.
    assert 'its checkpoint is damaged' in capsys.readouterr().out


def test_a_copy_reads_nothing_from_the_original(killed, weights, tmp_path):
    copy = tmp_path / 'copy'
    shutil.copytree(killed.work_dir, copy)
    original = killed.work_dir / 'toy_forget/iter_3.pth'
    state = torch.load(original, weights_only=False)
    state['state_dict']['weights'] += 1
    torch.save(state, original)
    assert torch.equal(final(run(killed._replace(work_dir=copy))), weights)
    assert LOG.steps == 1


def test_train_resumes_from_the_newest_good_one(toy, capsys):
    folder = str(toy.work_dir)

    def config():
        return load_config(toy.learn, folder, cfg_options=EVERY_STEP)

    from mmswap.apis.launch import build_runner
    from mmswap.apis.training import train
    LOG.clear()
    train(build_runner(config()))
    cut(toy.work_dir / 'iter_4.pth')
    cfg = config()
    enable_resume(cfg, 'auto')
    assert cfg.load_from == str(toy.work_dir / 'iter_3.pth')
    # And mmengine's own --resume, which goes by what was noted.
    stock = config()
    stock.resume, stock.load_from = True, None
    runner = build_runner(stock)
    LOG.clear()
    train(runner)
    assert LOG.steps == 1


@pytest.mark.parametrize('content', [
    '[]', 'null', '3', '{}', '{"records": {"base": 3}}', '{"records": []}x'])
def test_a_state_file_of_something_else(toy, content):
    toy.work_dir.mkdir()
    (toy.work_dir / 'swap_state.json').write_text(content)
    with pytest.raises(ValueError, match='swap_state.json must be what'):
        run(toy)
    assert LOG.steps == 0


def test_weights_that_are_not_finite_are_not_forgetting(toy):
    """Left to itself, the swap ended well: it found nothing any more."""
    with pytest.raises(FloatingPointError, match='optimizer.lr should be'):
        run(toy, **{'optim_wrapper.optimizer.lr': 1e30,
                    'train_cfg.max_iters': 8})
    assert not (toy.work_dir / 'swap_report.json').exists()
    state = json.loads((toy.work_dir / 'swap_state.json').read_text())
    assert 'metrics' not in state['records']['toy_learn']
    saved = sorted((toy.work_dir / 'toy_learn').glob('*.pth'))
    assert saved
    for path in saved:
        weights = torch.load(path, weights_only=False)['state_dict']
        assert torch.isfinite(weights['weights']).all()


def test_nothing_is_trained_from_weights_that_are_not_finite(toy):
    write_base(toy.base, (.8, float('nan'), .1))
    with pytest.raises(ValueError, match='finite weights; .*weights'):
        run(toy)
    assert LOG.steps == 0


@pytest.mark.parametrize('harm, says', [
    ('model["nothing"] = 1', 'model: .*nothing'),
    ('model["type"] = "ToyWiderModel"', 'model.model must .*other are more'),
    ('train_dataloader["dataset"] = dict(type="None")', 'train_dataloader: '),
    ('train_dataloader["sampler"]["no"] = 1', 'train_dataloader: .*no'),
    ('val_evaluator["no"] = 1', 'val_evaluator: .*no'),
    ('optim_wrapper["optimizer"]["no"] = 1', 'optim_wrapper: .*no'),
])
def test_the_second_phase_is_checked_before_the_first_trains(toy, harm, says):
    text = toy.forget.read_text()
    toy.forget.write_text(f'{text}\n{harm}\n')
    with pytest.raises(ValueError, match=f'phase 2 of 2, toy_forget.*{says}'):
        run(toy)
    assert LOG.steps == 0
