"""The command ``mmswap``: what ``tools/`` does, wherever it is installed.

Launchers start it as they start a script::

    torchrun --nproc_per_node=2 --no-python mmswap train CONFIG \\
        --launcher pytorch
"""
import argparse
from typing import Callable, Dict, NamedTuple, Optional, Sequence

from mmswap.apis.config import (
    add_config_arguments,
    enable_amp,
    enable_auto_scale_lr,
    enable_resume,
    load_config,
    set_local_rank,
)
from mmswap.apis.init.command import INIT_HELP, add_init_arguments, run_init
from mmswap.apis.launch import build_runner
from mmswap.apis.merge import merge_checkpoint
from mmswap.apis.publish import publish_checkpoint
from mmswap.apis.swap import run_swap
from mmswap.apis.testing import DumpHook, enable_painting, enable_tta
from mmswap.version import __version__


class Command(NamedTuple):
    """One command of the command line.

    Attributes:
        help: What it does, in a line.
        add_arguments: Adds its arguments to its parser.
        run: Does what the parsed arguments say.
    """

    help: str
    add_arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], None]


def _add_train_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('config', help='path of the config file')
    add_config_arguments(parser)
    _add_amp(parser)
    parser.add_argument(
        '--auto-scale-lr',
        action='store_true',
        help='scale the learning rate with the batch size')
    parser.add_argument(
        '--resume',
        nargs='?',
        const='auto',
        help='checkpoint to resume from; without a path the last one in the '
        'work dir')


def _train(args: argparse.Namespace) -> None:
    set_local_rank(args)
    cfg = load_config(args.config, args.work_dir, args.launcher,
                      args.cfg_options)
    if args.amp:
        enable_amp(cfg)
    if args.auto_scale_lr:
        enable_auto_scale_lr(cfg)
    if args.resume is not None:
        enable_resume(cfg, args.resume)
    build_runner(cfg).train()


def _add_test_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('config', help='path of the config file')
    parser.add_argument('checkpoint', help='path of the checkpoint')
    add_config_arguments(parser)
    parser.add_argument('--out', help='write the predictions to this .pkl')
    parser.add_argument(
        '--show', action='store_true', help='show each painted image')
    parser.add_argument('--show-dir', help='folder for painted images')
    parser.add_argument(
        '--wait-time',
        type=float,
        default=2,
        help='seconds that each image of --show stays (default: 2)')
    parser.add_argument(
        '--tta', action='store_true', help='augment at test time')


def _test(args: argparse.Namespace) -> None:
    set_local_rank(args)
    cfg = load_config(args.config, args.work_dir, args.launcher,
                      args.cfg_options)
    cfg.load_from = args.checkpoint
    cfg.resume = False
    if args.show or args.show_dir:
        enable_painting(cfg, args.show, args.show_dir, args.wait_time)
    if args.tta:
        enable_tta(cfg)
    runner = build_runner(cfg)
    if args.out:
        runner.register_hook(DumpHook(args.out, cfg.get('default_scope')))
    runner.test()


def _add_run_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        'configs',
        metavar='CONFIG',
        nargs='+',
        help='config files of the phases, in order: learn, then forget; one '
        'may stand there more than once')
    add_config_arguments(parser)
    _add_amp(parser)
    parser.add_argument(
        '--new-adapters',
        action='store_true',
        help='give each phase an adapter of its own instead of going on with '
        'that of the phase before')


def _run(args: argparse.Namespace) -> None:
    set_local_rank(args)
    run_swap(args.configs, args.work_dir, args.launcher, args.cfg_options,
             args.amp, args.new_adapters)


def _add_merge_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('config', help='config file of the phase')
    parser.add_argument('checkpoint', help='checkpoint that the phase wrote')
    parser.add_argument(
        'out',
        help='merged checkpoint to write; the config goes beside it, with the '
        'ending .py')
    _add_trust(parser)


def _merge(args: argparse.Namespace) -> None:
    checkpoint, config = merge_checkpoint(args.config, args.checkpoint,
                                          args.out, args.trust)
    print(f'Merged checkpoint: {checkpoint}\nStock config: {config}')


def _add_publish_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('checkpoint', help='what training or merging wrote')
    parser.add_argument('out', help='file to write, *.safetensors or *.pth')
    parser.add_argument(
        '--full',
        action='store_true',
        help='keep the precision instead of storing floats in half of it')
    _add_trust(parser)


def _publish(args: argparse.Namespace) -> None:
    out = publish_checkpoint(args.checkpoint, args.out, not args.full,
                             args.trust)
    print(f'Published checkpoint: {out}')


COMMANDS: Dict[str, Command] = dict(
    init=Command(INIT_HELP, add_init_arguments, run_init),
    train=Command('train one phase, or any other config',
                  _add_train_arguments, _train),
    test=Command('score a checkpoint', _add_test_arguments, _test),
    run=Command(
        'run the phases of a swap, or the requests of a plan, in order; what '
        'is finished is not run again', _add_run_arguments, _run),
    merge=Command(
        'turn a phase checkpoint into a plain one, with the stock config '
        'for it', _add_merge_arguments, _merge),
    publish=Command(
        'write the weights of a stock or merged checkpoint to a small file '
        'to hand out', _add_publish_arguments, _publish))


def build_parser() -> argparse.ArgumentParser:
    """Build the parser of the whole command line.

    What it parses has the chosen command's ``run``.
    """
    parser = argparse.ArgumentParser(
        prog='mmswap',
        description='Learn new classes, forget chosen ones, retain the rest.')
    parser.add_argument('--version', action='version', version=__version__)
    subparsers = parser.add_subparsers(
        title='commands', metavar='COMMAND', dest='command', required=True)
    for name, command in COMMANDS.items():
        subparser = subparsers.add_parser(
            name, help=command.help, description=command.help)
        command.add_arguments(subparser)
        subparser.set_defaults(run=command.run)
    return parser


def main(argv: Optional[Sequence[str]] = None) -> None:
    """Do what a command line says.

    Args:
        argv: The arguments; by default those of the process.
    """
    args = build_parser().parse_args(argv)
    args.run(args)


def _add_amp(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        '--amp',
        action='store_true',
        help='train with automatic mixed precision')


def _add_trust(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        '--trust',
        action='store_true',
        help='load whatever the checkpoint holds, which can run any code')


if __name__ == '__main__':
    main()
