"""The help says what a newcomer must know, with examples that parse."""
import argparse
import shlex

import pytest

from mmswap.apis.cli import COMMANDS, build_parser
from mmswap.apis.commands import deploy, doctor, phases, results
from mmswap.apis.commands.command import Command
from mmswap.apis.commands.phases import TRAIN
from mmswap.apis.commands.results import UNDO


@pytest.fixture(scope='module')
def parser():
    return build_parser()


@pytest.fixture(scope='module')
def parsers(parser):
    """The parser of each command, by its name."""
    action, = (a for a in parser._actions
               if isinstance(a, argparse._SubParsersAction))
    return action.choices


@pytest.mark.parametrize('command', [None, *COMMANDS])
def test_the_examples_can_be_copied(command, parser, parsers):
    text = (parsers[command] if command else parser).format_help()
    head, _, examples = text.partition('\nexamples:\n')
    lines = [shlex.split(line) for line in examples.strip().splitlines()]
    assert lines and len(head) > 300
    for program, name, *args in lines:
        assert program == 'mmswap' and name == (command or name)
        assert parser.parse_args([name, *args]).run is COMMANDS[name].run


@pytest.mark.parametrize('command', COMMANDS)
def test_each_option_says_its_default(command, parsers):
    silent = [
        action.dest for action in parsers[command]._actions
        if not action.help or (action.option_strings and action.dest != 'help'
                               and 'default:' not in action.help)
    ]
    assert not silent


@pytest.mark.parametrize('command', COMMANDS)
def test_a_paragraph_says_what_it_is_for(command, parsers):
    about = parsers[command].description
    assert len(about.split()) > len(COMMANDS[command].help.split()) + 8
    assert max(map(len, about.splitlines())) < 80


def test_a_command_of_a_line_has_help_too():
    command = Command('does it', TRAIN.add_arguments, TRAIN.run)
    assert command.about == command.examples == ''
    assert UNDO.about and UNDO.examples


@pytest.mark.parametrize('module', [deploy, doctor, phases, results])
def test_every_command_is_listed(module):
    commands = [value for value in vars(module).values()
                if isinstance(value, Command)]
    assert commands and all(c in COMMANDS.values() for c in commands)
