"""Whether it is forgotten: ``audit``."""
import argparse

from mmengine.config import DictAction

from mmswap.apis.audit import References, run_audit
from mmswap.apis.commands.command import (
    Command,
    add_trust,
    add_verbose,
    open_console,
)
from mmswap.audit.settings import QUICK, AuditSettings


def _add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        'config',
        metavar='CONFIG',
        help='config file of the phase that forgot')
    parser.add_argument(
        'checkpoint',
        metavar='CHECKPOINT',
        help='checkpoint that the phase wrote, or one merged from it')
    parser.add_argument(
        '--base',
        metavar='CHECKPOINT',
        help='the base model (default: what the adapter in CHECKPOINT is '
        'on; a merged one has none)')
    parser.add_argument(
        '--retrained',
        nargs='+',
        default=[],
        metavar='CHECKPOINT',
        help='models that never saw the class, two or more (default: none)')
    parser.add_argument(
        '--stock',
        metavar='CONFIG',
        help='the config that the base model was trained with; trains such '
        'models from scratch by its schedule (default: train none)')
    parser.add_argument(
        '--retrain-seeds',
        nargs='+',
        type=int,
        default=[0, 1],
        metavar='SEED',
        help='seeds of those (default: 0 1)')
    parser.add_argument(
        '--stock-options',
        nargs='+',
        action=DictAction,
        metavar='KEY=VALUE',
        help='override settings of --stock, such as a shorter schedule '
        '(default: none)')
    parser.add_argument(
        '--tests',
        nargs='+',
        default=[],
        metavar='NAME',
        help='adapter, membership, probe, prototype, relearning, survival, '
        'or what a plugin has registered (default: all but membership)')
    parser.add_argument(
        '--quick',
        action='store_true',
        help='fewer images, draws and steps (default: as below)')
    _add_settings(parser)
    parser.add_argument(
        '--work-dir',
        metavar='DIR',
        help='gets the folder audit (default: the work dir of the swap that '
        'CHECKPOINT lies in, or work_dirs/<name of the config file>_audit)')
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=DictAction,
        metavar='KEY=VALUE',
        help='override settings of the config (default: none)')
    add_trust(parser)
    add_verbose(parser)


def _add_settings(parser: argparse.ArgumentParser) -> None:
    """Each field of AuditSettings as an option."""
    helps = dict(
        images='held-out images to measure on',
        shots='images of each forgotten class to relearn from',
        draws='how often these are drawn',
        steps='training steps after which relearning is measured',
        lr="AdamW's learning rate to relearn with",
        batch='images a step to relearn with',
        seed='seed of every choice')
    for name, default in AuditSettings()._asdict().items():
        several = isinstance(default, tuple)
        one = default[0] if several else default
        shown = ' '.join(map(str, default)) if several else default
        parser.add_argument(
            f'--{name}', type=type(one), nargs='+' if several else None,
            metavar='N', help=f'{helps[name]} (default: {shown})')


def _audit(args: argparse.Namespace) -> None:
    settings = QUICK if args.quick else AuditSettings()
    given = {
        key: value for key, value in vars(args).items()
        if key in settings._fields and value is not None
    }
    if 'steps' in given:
        given['steps'] = tuple(given['steps'])
    references = References(
        args.base, args.retrained, args.stock, args.retrain_seeds,
        args.stock_options)
    args.launcher = 'none'
    with open_console(args) as console:
        run_audit(
            args.config, args.checkpoint, references,
            settings._replace(**given), args.tests, args.work_dir,
            args.cfg_options, args.trust, console)


AUDIT = Command(
    'test whether the forgotten classes can be found again',
    _add_arguments,
    _audit,
    about='Test a forgetting beside models for which the answer is known: '
    'the base model, one that only hides the classes, and models that never '
    'saw them. Each figure has an interval and a verdict of its own: '
    'forgotten, hidden, between or inconclusive; there is no single score. '
    'Without two retrained models all verdicts are inconclusive. The tables '
    'go to audit/audit.json and .md of the work dir; given again, the same '
    'command goes on where it was stopped. See docs/audit.md.',
    examples='mmswap audit site_forget.py '
    'work_dirs/swap/site_forget/epoch_6.pth --stock site.py\n'
    'mmswap audit site_forget.py merged.pth --quick --base '
    'work_dirs/site/epoch_12.pth --retrained without_0.pth without_1.pth')
