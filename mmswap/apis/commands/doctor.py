"""Whether a swap can be run: ``doctor``."""
import argparse
from pathlib import Path

from mmengine.config import DictAction

from mmswap.apis.commands.command import Command
from mmswap.apis.doctor import diagnose

_STDOUT = '-'


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        'configs',
        metavar='CONFIG',
        nargs='+',
        help='config files of the phases, in order, or the file of a plan of '
        'requests, as mmswap run takes them')
    parser.add_argument(
        '--json',
        metavar='FILE',
        help='write all findings to this file as json, or print that instead '
        'of the text with - (default: print the text)')
    parser.add_argument(
        '--work-dir',
        metavar='DIR',
        help='the work dir of the run, for the room on its disk; nothing is '
        'written there (default: as of mmswap run)')
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=DictAction,
        metavar='KEY=VALUE',
        help='override settings of the configs, as of mmswap run (default: '
        'none)')


def _run(args: argparse.Namespace) -> None:
    diagnosis = diagnose(args.configs, args.work_dir, args.cfg_options)
    if args.json == _STDOUT:
        print(diagnosis.as_json())
    else:
        print(diagnosis.as_text())
        if args.json:
            path = Path(args.json)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(diagnosis.as_json() + '\n', encoding='utf-8')
    if not diagnosis.is_fine:
        raise SystemExit(1)


DOCTOR = Command(
    'check a swap before it is run: all problems at once',
    _add_arguments,
    _run,
    about='Look at configs, annotation files, images, classes, schedule, '
    'checkpoint and model of a swap, and take two steps of each phase on its '
    'own images, of which nothing is kept. All that is wrong is told at '
    'once, each with its key and what would be right, and how it is: the '
    'images of each split, what trains, how long it takes and how much '
    'memory and disk it needs. Ends with code 1 if there is an error, with 0 '
    'if there are warnings alone. mmswap run does the quick part by itself.',
    examples='mmswap doctor site_learn.py site_forget.py\n'
    'mmswap doctor site_plan.py --json doctor.json\n'
    'mmswap doctor site_learn.py site_forget.py --cfg-options '
    'train_cfg.max_epochs=6')
