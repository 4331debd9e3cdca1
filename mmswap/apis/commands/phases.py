"""The commands that train and score: ``train``, ``test`` and ``run``."""
import argparse
import time
from pathlib import Path

from mmswap.apis.arguments import add_config_arguments, set_local_rank
from mmswap.apis.commands.command import (
    Command,
    add_amp,
    add_images,
    add_trust,
    add_verbose,
    open_console,
)
from mmswap.apis.config import (
    enable_amp,
    enable_auto_scale_lr,
    enable_resume,
    load_config,
)
from mmswap.apis.console import is_first_process
from mmswap.apis.export import use_onnx
from mmswap.apis.gates import gate_line
from mmswap.apis.interruption import tells_what_is_saved
from mmswap.apis.launch import build_runner
from mmswap.apis.swap import run_swap
from mmswap.apis.testing import DumpHook, enable_painting, enable_tta
from mmswap.apis.training import latest_checkpoint
from mmswap.engine.progress import duration
from mmswap.export.runtime import SUFFIX


def _add_train_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('config', metavar='CONFIG', help='the config file')
    add_config_arguments(parser)
    add_amp(parser)
    parser.add_argument(
        '--auto-scale-lr',
        action='store_true',
        help="scale the learning rate with the batch size, by the config's "
        'auto_scale_lr (default: take it as it is)')
    parser.add_argument(
        '--resume',
        nargs='?',
        metavar='CHECKPOINT',
        const='auto',
        help='go on from this checkpoint; without a path from the last one '
        'in the work dir (default: start anew)')
    add_trust(parser)
    add_verbose(parser)


def _train(args: argparse.Namespace) -> None:
    set_local_rank(args)
    started = time.monotonic()
    with open_console(args) as console:
        cfg = load_config(args.config, args.work_dir, args.launcher,
                          args.cfg_options)
        if args.amp:
            enable_amp(cfg)
        if args.auto_scale_lr:
            enable_auto_scale_lr(cfg)
        if args.resume is not None:
            enable_resume(cfg, args.resume)
        if console is not None:
            console.say(f'[train] {args.config}, to {cfg.work_dir}')
        with tells_what_is_saved(cfg.work_dir):
            build_runner(cfg, console).train()
        if console is not None:
            console.say(
                f'[train] finished in {duration(time.monotonic() - started)}; '
                f'checkpoint: {latest_checkpoint(cfg.work_dir)}')


TRAIN = Command(
    'train one phase, or any other config',
    _add_train_arguments,
    _train,
    about='Train one phase of a swap: the config says which classes are '
    'learned or forgotten, and load_from what it begins with. Any other '
    "config of mmdet, mmseg or mmpretrain is trained as by the library's own "
    'train.py. Checkpoints, the adapter and the log go to the work dir.',
    examples='mmswap train site_learn.py\n'
    'mmswap train site_learn.py --resume\n'
    'mmswap train site_learn.py --work-dir work_dirs/long --cfg-options '
    'train_cfg.max_epochs=12')


def _add_test_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument('config', metavar='CONFIG', help='the config file')
    parser.add_argument(
        'checkpoint',
        metavar='CHECKPOINT',
        help='the checkpoint to score, or an ONNX file of mmswap export')
    add_config_arguments(parser)
    parser.add_argument(
        '--out',
        metavar='FILE',
        help='write the predictions to this .pkl (default: nowhere)')
    parser.add_argument(
        '--show',
        action='store_true',
        help='show each painted image in a window (default: paint none)')
    parser.add_argument(
        '--show-dir',
        metavar='DIR',
        help='folder for painted images (default: paint none)')
    parser.add_argument(
        '--wait-time',
        type=float,
        metavar='SECONDS',
        default=2,
        help='how long each image of --show stays (default: %(default)s)')
    parser.add_argument(
        '--tta',
        action='store_true',
        help="augment at test time, by the config's tta_model (default: each "
        'image once)')
    add_trust(parser)
    add_verbose(parser)


def _test(args: argparse.Namespace) -> None:
    set_local_rank(args)
    with open_console(args) as console:
        cfg = load_config(args.config, args.work_dir, args.launcher,
                          args.cfg_options)
        cfg.load_from = args.checkpoint
        cfg.resume = False
        if Path(args.checkpoint).suffix == SUFFIX:
            use_onnx(cfg, args.checkpoint)
        if args.show or args.show_dir:
            enable_painting(cfg, args.show, args.show_dir, args.wait_time)
        if args.tta:
            enable_tta(cfg)
        if console is not None:
            console.say(f'[test] {args.checkpoint}, log to {cfg.work_dir}')
        runner = build_runner(cfg, console)
        if args.out:
            runner.register_hook(DumpHook(args.out, cfg.get('default_scope')))
        runner.test()


TEST = Command(
    'score a checkpoint',
    _add_test_arguments,
    _test,
    about="Score a checkpoint on the config's test_dataloader. With a phase's "
    'config there is a column for what is retained, what is forgotten and '
    'what is learned. A base, a phase or a merged checkpoint will do, and an '
    'ONNX file.',
    examples='mmswap test site_forget.py work_dirs/site_forget/epoch_6.pth\n'
    'mmswap test merged.py merged.pth --show-dir work_dirs/painted\n'
    'mmswap test site_forget.py model_int8.onnx')


def _add_run_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        'configs',
        metavar='CONFIG',
        nargs='+',
        help='config files of the phases, in order: learn, then forget; one '
        'may stand there more than once. Or the file of a plan of requests')
    add_config_arguments(
        parser, 'work_dirs/<what the config names begin with>_swap')
    add_amp(parser)
    parser.add_argument(
        '--new-adapters',
        action='store_true',
        help='give each phase an adapter of its own (default: go on with '
        'that of the phase before; a plan of requests always does this)')
    parser.add_argument(
        '--require',
        default='',
        metavar='GATES',
        help="end with an error if a gate is missed: 'forget<=0.05 "
        "renamed<=0.1 retain>=0.95 learn>=0.8' (default: require nothing); "
        'retain, forget and learn are shares of what the base scored, named, '
        'renamed, unseen and recall those of the objects to forget, and any '
        'metric has its full name')
    add_images(parser)
    add_trust(parser)
    add_verbose(parser)


def _run(args: argparse.Namespace) -> None:
    set_local_rank(args)
    with open_console(args) as console:
        report = run_swap(args.configs, args.work_dir, args.launcher,
                          args.cfg_options, args.amp, args.new_adapters,
                          console, args.require, args.images)
    missed = [gate for gate in report.get('gates', ()) if not gate['met']]
    if missed:
        lines = '\n'.join(f'  {gate_line(gate)}' for gate in missed)
        raise SystemExit(
            f'--require: {len(missed)} of {len(report["gates"])} gates '
            f'missed\n{lines}' if is_first_process(args.launcher) else 1)


RUN = Command(
    'run the phases of a swap, or the requests of a plan, in order; what '
    'is finished is not run again',
    _add_run_arguments,
    _run,
    about='Run a whole swap. The base model is scored, then each phase is '
    'trained from what the one before it wrote, whatever its load_from says, '
    'and scored; at the end there is a table, also in swap_report.json and '
    '.md of the work dir, and a page, swap_report.html. Given again, the '
    'same command goes on: what is finished is not run again, and a phase '
    'that was interrupted goes on from its last checkpoint. A phase whose '
    'config was changed, and what follows it, is run anew.',
    examples='mmswap run site_learn.py site_forget.py --work-dir '
    'work_dirs/swap\n'
    "mmswap run site_learn.py site_forget.py --require 'named<=0.05 "
    "retain>=0.95'\n"
    'mmswap run site_plan.py')
