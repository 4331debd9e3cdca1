"""Ctrl-C says what is saved, and the command that goes on does."""
import shlex
import sys

import pytest
import toy_swap

from mmswap.apis.cli import build_parser, main
from mmswap.apis.interruption import (
    Interrupted,
    command_again,
    explain,
    stop,
    tells_what_is_saved,
)


@pytest.fixture(autouse=True)
def _one_process(monkeypatch):
    monkeypatch.setenv('LOCAL_RANK', '0')


def _stopped(monkeypatch, capsys, *args):
    """The words of the command that a stopped one says, without 'mmswap'."""
    monkeypatch.setattr(sys, 'argv', ['/env/bin/mmswap', *map(str, args)])
    with pytest.raises(SystemExit) as ended:
        main(sys.argv[1:])
    assert ended.value.code == 130
    said, command = capsys.readouterr().err.strip().splitlines()
    assert said.startswith('Stopped: ')
    program, *words = shlex.split(command)
    assert program == 'mmswap'
    return said, words


def test_a_swap(toy, monkeypatch, capsys):
    toy_swap.LOG.clear(fail_at=7)  # of two phases of four steps
    said, words = _stopped(monkeypatch, capsys, 'run', toy.learn, toy.forget,
                           '--work-dir', toy.work_dir)
    assert 'toy_learn is finished' in said
    assert f'{toy.work_dir}/toy_forget/iter_2.pth is saved' in said
    toy_swap.LOG.clear()
    main(words)
    assert toy_swap.LOG.steps == 2
    assert '| retain | bbox_mAP | 0.800 |' in capsys.readouterr().out


def test_a_swap_that_saved_nothing(toy, monkeypatch, capsys):
    toy_swap.LOG.clear(fail_at=1)
    said, _ = _stopped(monkeypatch, capsys, 'run', toy.learn, toy.forget,
                       '--work-dir', toy.work_dir)
    assert 'toy_learn nothing is saved' in said and 'forget' not in said


def test_a_training(toy, monkeypatch, capsys):
    toy_swap.LOG.clear(fail_at=4)
    said, words = _stopped(monkeypatch, capsys, 'train', toy.learn,
                           '--work-dir', toy.work_dir)
    assert f'{toy.work_dir}/iter_2.pth is saved' in said
    toy_swap.LOG.clear()
    main(words)
    assert toy_swap.LOG.steps == 2


def test_what_another_run_left_is_not_this_one(toy, monkeypatch, capsys):
    command = ['train', toy.learn, '--work-dir', toy.work_dir]
    main([*map(str, command)])
    toy_swap.LOG.clear(fail_at=1)
    said, words = _stopped(monkeypatch, capsys, *command)
    assert 'has not saved' in said and '--resume' not in words


def test_before_there_is_anything(toy, monkeypatch, capsys):
    def interrupt(*args):
        raise KeyboardInterrupt
    monkeypatch.setattr('mmswap.apis.commands.phases.load_config', interrupt)
    said, words = _stopped(monkeypatch, capsys, 'train', toy.learn)
    assert 'nothing' in said and words == ['train', str(toy.learn)]


@pytest.mark.parametrize('argv, resume, wanted', [
    (['/bin/mmswap', 'run', 'a b.py'], False, "mmswap run 'a b.py'"),
    (['tools/train.py', 'a.py'], True, 'python tools/train.py a.py --resume'),
    (['tools/demo.sh', '--steps', '2'], False,
     'bash tools/demo.sh --steps 2'),
    (['mmswap', 'train', 'a.py', '--resume', 'x.pth', '--amp'], True,
     'mmswap train a.py --amp --resume'),
    (['mmswap', 'train', '--resume=x.pth', 'a.py'], True,
     'mmswap train a.py --resume'),
    (['mmswap', 'train', 'a.py', '--resume', 'x.pth'], False,
     'mmswap train a.py --resume x.pth'),
])
def test_the_command_that_goes_on(argv, resume, wanted):
    assert command_again(argv, resume) == wanted


def test_the_resuming_command_parses():
    argv = ['mmswap', 'train', 'a.py', '--cfg-options', 'x=1']
    args = build_parser().parse_args(
        shlex.split(command_again(argv, True))[1:])
    assert args.resume == 'auto' and args.cfg_options == dict(x=1)


def test_a_launcher_has_to_be_used_again():
    said = explain(Interrupted('x is saved', True), ['mmswap', 'train', 'a'],
                   'pytorch')
    assert 'launcher' in said and said.endswith('mmswap train a --resume')


def test_one_process_speaks(capsys):
    assert stop(KeyboardInterrupt(), ['mmswap'], silent=True).code == 130
    assert capsys.readouterr().err == ''


def test_other_errors_pass(tmp_path):
    with pytest.raises(ValueError, match='key'), tells_what_is_saved(tmp_path):
        raise ValueError('key')
