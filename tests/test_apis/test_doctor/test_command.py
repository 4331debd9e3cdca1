"""``mmswap doctor``: what it prints, writes and ends with."""
import json

import pytest
from faults import FAULTS

from mmswap.apis.cli import COMMANDS, main
from mmswap.apis.commands.doctor import DOCTOR


def test_a_right_swap_ends_well(swap, capsys):
    main(['doctor', *swap.configs, '--json', 'new/out.json'])
    text = capsys.readouterr().out
    assert text.rstrip().splitlines()[-1].startswith('no errors, no warnings')
    assert max(map(len, text.splitlines())) < 80
    read = json.loads((swap.folder / 'new/out.json').read_text())
    assert read['ok'] and read['phases'] == ['toy_learn', 'toy_forget']


def test_warnings_alone_end_well(swap, capsys):
    FAULTS['the base once more'].plant(swap)
    main(['doctor', *swap.configs])
    assert 'no errors, 1 warning,' in capsys.readouterr().out


def test_an_error_ends_with_1_and_json_is_all_that_is_printed(swap, capsys):
    FAULTS['bound=True'].plant(swap)
    with pytest.raises(SystemExit) as ended:
        main(['doctor', *swap.configs, '--json', '-'])
    assert ended.value.code == 1
    read = json.loads(capsys.readouterr().out)
    assert not read['ok']
    assert read['findings'][0]['key'] == 'model.objective.bound'
    assert read['findings'][0]['phases'] == ['toy_forget']


def test_it_is_a_command():
    assert COMMANDS['doctor'] is DOCTOR


def test_options(swap):
    with pytest.raises(SystemExit):
        main(['doctor', *swap.configs, '--cfg-options',
              'train_cfg.max_iters=0'])
