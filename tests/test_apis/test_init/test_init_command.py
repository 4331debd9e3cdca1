"""The command ``mmswap init``."""
import pytest
from init_bases import config

from mmswap.apis.cli import COMMANDS, main
from mmswap.apis.init.command import run_init

NEW = ('--new', 'data/digits/annotations/learn.json')


def test_it_says_what_was_found_and_what_to_run(digits, capsys):
    name = 'mask2former_swin-nano'
    main(['init', config(name), '--checkpoint', str(digits(name)), *NEW,
          '--forget', 'three', '--out', 'swap'])
    printed = capsys.readouterr().out
    run = [line for line in printed.splitlines() if 'mmswap run' in line][0]
    assert run.split()[2:4] == [f'swap/{name}_base_learn.py',
                                f'swap/{name}_base_forget.py']
    assert 'tools/train.py' in printed and 'eight, nine' in printed


def test_a_refusal_is_a_sentence(digits):
    name = 'mask2former_swin-nano'
    with pytest.raises(SystemExit, match='mmswap init: --forget'):
        main(['init', config(name), '--checkpoint', str(digits(name)),
              '--forget', 'owl'])
    with pytest.raises(SystemExit, match='--val must be given'):
        main(['init', config(name), '--checkpoint', str(digits(name)),
              *NEW, '--val-images', 'x'])


def test_it_is_a_command():
    assert COMMANDS['init'].run is run_init
