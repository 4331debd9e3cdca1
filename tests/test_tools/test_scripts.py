"""The shell scripts, as far as nothing is installed."""
import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPTS = sorted((ROOT / 'tools').glob('*.sh')) + [ROOT / '.ci' / 'run']


def _run(*command, **env):
    return subprocess.run(
        [str(part) for part in command],
        env=dict(os.environ, **env),
        capture_output=True,
        text=True)


@pytest.fixture
def echo(tmp_path):
    """An executable that prints its arguments, one a line."""

    def make(name='echo'):
        path = tmp_path / name
        path.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return path

    return make


@pytest.mark.parametrize('script', SCRIPTS, ids=lambda path: path.name)
def test_scripts_parse_and_stop_at_errors(script):
    assert _run('bash', '-n', script).returncode == 0
    assert 'set -euo pipefail' in script.read_text()
    assert os.access(script, os.X_OK)


def test_dist_train_keeps_arguments_whole(echo):
    done = _run(
        'bash', ROOT / 'tools' / 'dist_train.sh', 'a b.py', 3,
        '--cfg-options', 'x=[1, 2]', PYTHON=str(echo()), PORT='1234')
    lines = done.stdout.splitlines()
    assert lines[:2] == ['-m', 'torch.distributed.run']
    assert '--nproc_per_node=3' in lines and '--master_port=1234' in lines
    assert lines[-5:] == ['a b.py', '--launcher', 'pytorch', '--cfg-options',
                          'x=[1, 2]']


def test_dist_test_keeps_arguments_whole(echo):
    done = _run(
        'bash', ROOT / 'tools' / 'dist_test.sh', 'a b.py', 'c d.pth', 2,
        '--tta', PYTHON=str(echo()))
    assert done.stdout.splitlines()[-5:] == ['a b.py', 'c d.pth',
                                             '--launcher', 'pytorch', '--tta']


@pytest.mark.parametrize('script, fourth', [
    ('slurm_train.sh', 'work dir'),
    ('slurm_test.sh', 'c d.pth'),
])
def test_slurm_keeps_arguments_whole(echo, script, fourth):
    folder = echo('srun').parent
    done = _run(
        'bash', ROOT / 'tools' / script, 'part', 'my job', 'a b.py', fourth,
        '--cfg-options', 'x=[1, 2]', GPUS='4', SRUN_ARGS='--qos high',
        PATH=f'{folder}{os.pathsep}{os.environ["PATH"]}')
    lines = done.stdout.splitlines()
    for part in ('--job-name=my job', '--ntasks=4', '--gres=gpu:4', '--qos',
                 'high', 'a b.py', '--launcher=slurm', 'x=[1, 2]'):
        assert part in lines
    assert {fourth, f'--work-dir={fourth}'} & set(lines)


@pytest.mark.parametrize('args, message', [
    (['--stack', 'none'], '--stack must be a file of requirements/'),
    (['--stack', 'runtime'], '--stack must be a file of requirements/'),
    (['--other'], 'Usage: tools/setup_env.sh'),
    (['--venv'], 'Usage: tools/setup_env.sh'),
])
def test_set_up_refuses_wrong_arguments(args, message):
    done = _run('bash', ROOT / 'tools' / 'setup_env.sh', *args)
    assert done.returncode == 2
    assert message in done.stderr


@pytest.mark.parametrize('least, most', [('99.0', '99.1'), ('2.6', '2.7')])
def test_set_up_refuses_a_python_of_no_pin(tmp_path, least, most):
    other = tmp_path / 'python'
    other.write_text(f'#!/bin/sh\nexec {sys.executable} - {least} {most}\n')
    other.chmod(0o755)
    done = _run('bash', ROOT / 'tools' / 'setup_env.sh', '--venv',
                tmp_path / 'venv', PYTHON=str(other))
    assert done.returncode == 1
    assert f'Python {least} to {most} is needed' in done.stderr
    assert not (tmp_path / 'venv').exists()


@pytest.mark.parametrize('given, venv, passed', [
    ([], '.venv', []),
    (['--fast'], '.venv', ['-m', 'not slow']),
    (['--stack', 'openmmlab'], '.venv-openmmlab', []),
    (['--stack', 'openmmlab', '--fast', '-k', 'a b'], '.venv-openmmlab',
     ['-m', 'not slow', '-k', 'a b']),
    (['--fast', '--stack', 'onedl', 'tests/x'], '.venv',
     ['-m', 'not slow', 'tests/x']),
    (['tests/x', '--fast'], '.venv', ['tests/x', '--fast']),
])
def test_tests_are_started(echo, given, venv, passed):
    """In a folder that has nothing but the script and echoes."""
    root = echo().parent
    (root / 'tools').mkdir()
    shutil.copy(ROOT / 'tools' / 'test.sh', root / 'tools')
    (root / 'tools' / 'setup_env.sh').write_text('echo "set up $*"\n')
    (root / venv / 'bin').mkdir(parents=True)
    shutil.copy(root / 'echo', root / venv / 'bin' / 'python')
    done = _run('bash', root / 'tools' / 'test.sh', *given)
    assert done.returncode == 0, done.stderr
    first, *lines = done.stdout.splitlines()
    stack = 'openmmlab' if 'openmmlab' in venv else 'onedl'
    assert first == f'set up --stack {stack} --venv {venv}'
    common = lines.index('--no-loadscope-reorder') + 1
    assert lines[:2] == ['-m', 'pytest'] and lines[common:] == passed
