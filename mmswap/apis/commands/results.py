"""What is done with a swap's results: merge, publish, undo, report."""
import argparse
from pathlib import Path

from mmengine.config import Config

from mmswap.apis.commands.command import Command, add_images, add_trust
from mmswap.apis.console import ReadableConsole
from mmswap.apis.evidence import check_folder, write_record
from mmswap.apis.merge import merge_checkpoint
from mmswap.apis.page.page import check_images, write_page
from mmswap.apis.publish import publish_checkpoint
from mmswap.apis.state import read_report, write_report
from mmswap.apis.undo import undo_request
from mmswap.config.requests import adapter_name
from mmswap.config.types import is_mmswap_type


def _add_merge_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        'config', metavar='CONFIG', help='config file of the phase')
    parser.add_argument(
        'checkpoint',
        metavar='CHECKPOINT',
        help='checkpoint that the phase wrote')
    parser.add_argument(
        'out',
        metavar='OUT',
        help='merged checkpoint to write; the config goes beside it, with the '
        'ending .py')
    parser.add_argument(
        '--record',
        nargs='?',
        const='',
        metavar='AUDIT',
        help='write forgetting.json beside OUT, with the results of this '
        'audit.json, if one is given (default: write none)')
    parser.add_argument(
        '--prune',
        action='store_true',
        help='leave the forgotten classes out of the model, of its config and '
        'of its class names (default: they keep their slots)')
    add_trust(parser)


def _merge(args: argparse.Namespace) -> None:
    checkpoint, config = merge_checkpoint(args.config, args.checkpoint,
                                          args.out, args.trust, args.prune)
    print(f'Merged checkpoint: {checkpoint}\nStock config: {config}')
    if args.record is not None:
        record = write_record(args.config, args.checkpoint, checkpoint,
                              args.record or None, args.trust)
        print(f'Record of the forgetting: {record}')


MERGE = Command(
    'turn a phase checkpoint into a plain one, with the stock config '
    'for it',
    _add_merge_arguments,
    _merge,
    about='Fold the adapter into the weights: a plain checkpoint and a stock '
    'config with K+N classes and no mmswap in it, which run as fast as the '
    'base model. Only such a checkpoint, handed out without its base, ships '
    'forgetting: an adapter can be taken off. --prune takes the slots of what '
    'was forgotten away too, so that K+N-F classes are left. --record says '
    'beside it what was tested, and what undoes the forgetting and must be '
    'destroyed.',
    examples='mmswap merge site_forget.py work_dirs/site_forget/epoch_6.pth '
    'merged.pth\n'
    'mmswap merge site_forget.py work_dirs/swap/site_forget/epoch_6.pth '
    'out/merged.pth --prune --record work_dirs/swap/audit/audit.json')


def _add_publish_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        'checkpoint',
        nargs='?',
        metavar='CHECKPOINT',
        help='what training a stock config, or merging, wrote')
    parser.add_argument(
        'out',
        nargs='?',
        metavar='OUT',
        help='file to write, *.safetensors or *.pth')
    parser.add_argument(
        '--check',
        metavar='FOLDER',
        help='instead of writing a file, name those in a folder that undo a '
        'forgetting, and end with code 1 if there is one (default: no check)')
    parser.add_argument(
        '--full',
        action='store_true',
        help='keep the precision (default: store floats in half of it)')
    add_trust(parser)


def _publish(args: argparse.Namespace) -> None:
    if (args.check is None) == (args.out is None):
        raise ValueError('publish must be given CHECKPOINT and OUT, or '
                         f'--check FOLDER, got {args.checkpoint}, {args.out} '
                         f'and --check {args.check}')
    if args.check is not None:
        found = check_folder(args.check)
        if found:
            raise SystemExit('\n'.join(
                [f'{args.check} must not hold:', *found]))
        print(f'{args.check} holds nothing that undoes a forgetting')
        return
    out = publish_checkpoint(args.checkpoint, args.out, not args.full,
                             args.trust)
    print(f'Published checkpoint: {out}')


PUBLISH = Command(
    'write the weights of a stock or merged checkpoint to a small file '
    'to hand out',
    _add_publish_arguments,
    _publish,
    about='Keep the weights and the class names of a checkpoint, and nothing '
    'else: no optimizer, no log, no paths. A phase checkpoint is refused, as '
    'the forgotten classes can be brought back with what is in it; merge it '
    'first. --check looks through a folder by content: for adapters, phase '
    'checkpoints and, by the hash in its forgetting.json, the base model.',
    examples='mmswap publish merged.pth model.safetensors\n'
    'mmswap publish --check out')


def _add_undo_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        'config',
        metavar='CONFIG',
        help='config file of the last phase; with a plan, that of a request')
    parser.add_argument(
        'checkpoint',
        metavar='CHECKPOINT',
        help='checkpoint that the last phase wrote')
    parser.add_argument(
        'name',
        metavar='NAME',
        help='the phase to take out: what its folder in the work dir is '
        'called')
    parser.add_argument('out', metavar='OUT', help='checkpoint to write')
    add_trust(parser)


def _undo(args: argparse.Namespace) -> None:
    cfg = Config.fromfile(args.config)
    if not is_mmswap_type(cfg.get('model'), 'SwapModel'):
        raise ValueError("model.type must be 'mmswap.SwapModel', got "
                         f'{(cfg.get("model") or {}).get("type")!r} in '
                         f'{args.config}')
    # A new one, so that all that the checkpoint has count as earlier ones.
    cfg.merge_from_dict({'model.adapter.name': 'undo'})
    out = Path(args.out)
    undo_request(cfg, args.checkpoint, adapter_name(args.name), out)
    print(f'Checkpoint without {args.name}: {out}')


UNDO = Command(
    'take the adapter of one phase out of a checkpoint again',
    _add_undo_arguments,
    _undo,
    about='Subtract what one phase did and keep what the others did, without '
    'training. Each phase must have had an adapter of its own: mmswap run '
    '--new-adapters, or a plan of requests, where an undo can also be a '
    'request. The class table stays that of the config.',
    examples='mmswap undo site_forget.py '
    'work_dirs/swap/site_forget/epoch_6.pth site_learn undone.pth')


def _add_report_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        'work_dir', metavar='WORK_DIR', help='the work dir of mmswap run')
    add_images(parser)
    add_trust(parser)


def _report(args: argparse.Namespace) -> None:
    check_images(args.images)
    folder = Path(args.work_dir)
    # What models say while they are built is no part of a report.
    with ReadableConsole() as console:
        write_report(folder, read_report(folder), say=console.say)
        write_page(folder, args.images, say=console.say)


REPORT = Command(
    'write the table and the page of a swap again, as far as it is',
    _add_report_arguments,
    _report,
    about='Print what each finished phase scored, and write swap_report.json, '
    '.md and .html of the work dir anew: after the folder was moved, or while '
    'the later phases are still to be run. Nothing is trained or scored; the '
    'models are run on the few images that the page shows.',
    examples='mmswap report work_dirs/swap\n'
    'mmswap report work_dirs/swap --images 0')
