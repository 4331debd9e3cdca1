"""The command ``mmswap``, in this process, on the toy swap."""
import json
import re
import runpy
import sys
from pathlib import Path

import pytest
import torch
import toy_swap
from safetensors.torch import load_file

from mmswap.apis.cli import COMMANDS, main
from mmswap.version import __version__

ROOT = Path(__file__).parents[2]
TOOLS = dict(
    init='init_swap.py',
    train='train.py',
    test='test.py',
    run='swap.py',
    merge='merge_adapter.py',
    publish='publish_model.py')


@pytest.fixture(autouse=True)
def _one_process(monkeypatch):
    """Commands export LOCAL_RANK, which later tests are not to see."""
    monkeypatch.setenv('LOCAL_RANK', '0')


def _mmswap(*args):
    main([str(arg) for arg in args])


def _printed(capsys, call, *args):
    """What is printed by a call that ends the process well."""
    with pytest.raises(SystemExit) as stopped:
        call(*args)
    assert not stopped.value.code
    return capsys.readouterr().out


def test_every_tool_of_a_phase_has_its_command():
    called = {
        path.name: re.search(r"main\(\['(\w+)'", path.read_text())
        for path in (ROOT / 'tools').glob('*.py')
    }
    assert TOOLS == {found[1]: name for name, found in called.items() if found}
    assert set(TOOLS) <= set(COMMANDS)


@pytest.mark.parametrize('command', list(TOOLS))
def test_a_command_takes_what_its_tool_takes(command, capsys, monkeypatch):
    ours = _printed(capsys, _mmswap, command, '--help')
    monkeypatch.setattr(sys, 'argv', ['tool', '--help'])
    tool = _printed(
        capsys, lambda: runpy.run_path(
            str(ROOT / 'tools' / TOOLS[command]), run_name='__main__'))
    options = [set(re.findall(r'--[\w-]+', text)) for text in (tool, ours)]
    assert '--help' in options[0] and options[0] <= options[1]


def test_help_names_every_command(capsys):
    told = _printed(capsys, _mmswap, '--help')
    for command in COMMANDS:
        assert re.search(rf'^    {command}\s', told, re.M)


def test_version(capsys):
    assert _printed(capsys, _mmswap, '--version').strip() == __version__


@pytest.mark.parametrize('args', [[], ['--work-dir', 'x'], ['retrain']])
def test_without_a_command_there_is_nothing_to_do(args, capsys):
    with pytest.raises(SystemExit) as stopped:
        _mmswap(*args)
    assert stopped.value.code == 2
    assert 'COMMAND' in capsys.readouterr().err


def test_train_resume_and_test(toy):
    work_dir = ['--work-dir', toy.work_dir]
    _mmswap('train', toy.learn, *work_dir, '--cfg-options',
            'train_cfg.max_iters=2')
    _mmswap('train', toy.learn, *work_dir, '--resume')
    assert toy_swap.LOG.steps == 4
    checkpoint = toy.work_dir / 'iter_4.pth'
    state = torch.load(checkpoint, weights_only=False)['state_dict']
    # Four halvings of the way from 0.1 to 0.9.
    assert state['weights'][2].item() == pytest.approx(.85)
    pickled = toy.work_dir / 'predictions.pkl'
    _mmswap('test', toy.learn, checkpoint, *work_dir, '--out', pickled)
    # Runners of one second share a logger, and so what it prints to.
    scores = [json.loads(path.read_text())
              for path in toy.work_dir.glob('*/*.json')]
    assert scores[-1]['learn/coco/bbox_mAP'] == pytest.approx(.85)
    assert pickled.is_file()


def test_run(toy, capsys):
    _mmswap('run', toy.learn, toy.forget, '--work-dir', toy.work_dir)
    assert '| learn  | bbox_mAP | 0.100 |' in capsys.readouterr().out
    assert (toy.work_dir / 'swap_report.md').is_file()


def test_report_is_that_of_the_run(toy, capsys):
    _mmswap('run', toy.learn, toy.forget, '--work-dir', toy.work_dir)
    wanted = capsys.readouterr().out.partition('\n\n')[2]
    (toy.work_dir / 'swap_report.md').unlink()
    _mmswap('report', toy.work_dir)
    assert capsys.readouterr().out.strip() == wanted.strip()
    assert (toy.work_dir / 'swap_report.md').is_file()


@pytest.mark.parametrize('args, key', [
    (['undo', '{toy}', 'x.pth', 'toy_learn', 'out.pth'], 'model.type'),
    (['report', 'nowhere'], 'WORK_DIR'),
    (['train', '{toy}', '--auto-scale-lr'], 'auto_scale_lr.base_batch_size'),
    (['test', '{toy}', 'x.pth', '--tta'], 'tta_model'),
    (['test', '{toy}', 'x.pth', '--show'], 'default_hooks.visualization'),
    (['merge', '{toy}', 'x.pth', 'out.pth'], 'model.type'),
    (['publish', 'x.pth', 'out.bin'], '.safetensors'),
])
def test_options_are_heard(args, key, toy):
    """Each is refused with the key of the toy's config that it needs."""
    with pytest.raises(ValueError, match=re.escape(key)):
        _mmswap(*(arg.format(toy=toy.learn) for arg in args))


def test_publish_writes_the_weights_in_half_precision(toy, tmp_path):
    out = tmp_path / 'small.safetensors'
    _mmswap('publish', toy.base, out)
    weights = load_file(out)['weights']
    assert weights.dtype == torch.float16
    assert weights.tolist() == pytest.approx(toy_swap.BASE, abs=1e-3)
    _mmswap('publish', toy.base, out, '--full')
    assert load_file(out)['weights'].dtype == torch.float32
