"""The command lines, in this process, on the toy swap."""
import runpy
import sys
from pathlib import Path

import pytest
import torch

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / 'tests' / 'test_apis'))

import toy_swap  # noqa: E402


@pytest.fixture
def run(monkeypatch):
    """(tool, *arguments) runs a tool."""
    monkeypatch.setattr('mmengine.runner.runner.collect_env', dict)
    monkeypatch.setenv('LOCAL_RANK', '0')

    def run_tool(tool, *args):
        monkeypatch.setattr(sys, 'argv', [tool, *map(str, args)])
        runpy.run_path(str(ROOT / 'tools' / tool), run_name='__main__')

    return run_tool


@pytest.fixture
def config(tmp_path):
    toy_swap.LOG.clear()
    base = toy_swap.write_base(tmp_path / 'base.pth')
    return toy_swap.write_config(tmp_path / 'toy.py', (.8, .7, .9), base)


def _weights(path):
    return torch.load(path, weights_only=False)['state_dict']['weights']


def test_train_resume_and_test(run, config, tmp_path, capsys):
    out = tmp_path / 'out'
    run('train.py', config, '--work-dir', out, '--cfg-options',
        'train_cfg.max_iters=2')
    assert toy_swap.LOG.steps == 2
    assert (out / 'iter_2.pth').is_file()
    run('train.py', config, '--work-dir', out, '--resume')
    assert toy_swap.LOG.steps == 4
    # Four halvings of the way from 0.1 to 0.9.
    assert _weights(out / 'iter_4.pth')[2].item() == pytest.approx(.85)
    capsys.readouterr()
    run('test.py', config, out / 'iter_4.pth', '--work-dir', tmp_path / 't',
        '--out', tmp_path / 'predictions.pkl')
    assert '| bbox_mAP |  0.800 |  0.700 | 0.850 |' in capsys.readouterr().out
    assert (tmp_path / 'predictions.pkl').is_file()


def test_train_resumes_from_a_path(run, config, tmp_path):
    run('train.py', config, '--work-dir', tmp_path / 'one', '--cfg-options',
        'train_cfg.max_iters=2')
    run('train.py', config, '--work-dir', tmp_path / 'two', '--resume',
        tmp_path / 'one' / 'iter_2.pth')
    assert toy_swap.LOG.steps == 4


def test_train_without_anything_to_resume_loads_the_base(
        run, config, tmp_path):
    run('train.py', config, '--work-dir', tmp_path / 'out', '--resume')
    assert _weights(tmp_path / 'out' /
                    'iter_4.pth')[0].item() == pytest.approx(.8)


def test_swap(run, config, tmp_path, capsys):
    run('swap.py', config, '--work-dir', tmp_path / 'out')
    out = capsys.readouterr().out
    assert '| learn  | bbox_mAP | 0.100 |     0.850 |' in out
    assert (tmp_path / 'out' / 'swap_report.md').is_file()


def test_merge_names_what_is_wrong(run, config, tmp_path):
    with pytest.raises(ValueError, match="model.type must be 'mmswap.Swap"):
        run('merge_adapter.py', config, tmp_path / 'base.pth',
            tmp_path / 'merged.pth')


def test_publish(run, config, tmp_path, capsys):
    out = tmp_path / 'model.pth'
    run('publish_model.py', tmp_path / 'base.pth', out)
    assert f'Published checkpoint: {out}' in capsys.readouterr().out
    assert _weights(out).dtype == torch.float16
    run('publish_model.py', tmp_path / 'base.pth', out, '--full')
    assert _weights(out).dtype == torch.float32


@pytest.mark.parametrize('tool', [
    'train.py', 'test.py', 'swap.py', 'merge_adapter.py', 'publish_model.py'
])
def test_help(run, tool, capsys):
    with pytest.raises(SystemExit) as stopped:
        run(tool, '--help')
    assert stopped.value.code == 0
    assert 'usage: ' in capsys.readouterr().out
