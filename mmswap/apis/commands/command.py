"""What a command of the command line is, and what several have in common."""
import argparse
import contextlib
from typing import Callable, ContextManager, NamedTuple, Optional

from mmswap.apis.console import ReadableConsole
from mmswap.apis.page import IMAGES


class Command(NamedTuple):
    """One command of the command line.

    Attributes:
        help: What it does, in a line.
        add_arguments: Adds its arguments to its parser.
        run: Does what the parsed arguments say.
        about: What a newcomer must know, a paragraph; ``help`` where empty.
        examples: Command lines that can be copied, one a line.
    """

    help: str
    add_arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], None]
    about: str = ''
    examples: str = ''


def add_base_model(parser: argparse.ArgumentParser) -> None:
    """Add ``CONFIG`` and ``CHECKPOINT`` of a base model."""
    parser.add_argument(
        'config', metavar='CONFIG',
        help='the config that the base model was trained with')
    parser.add_argument(
        'checkpoint', metavar='CHECKPOINT',
        help='checkpoint of the base model')


def add_sheet_images(parser: argparse.ArgumentParser, default: int) -> None:
    """Add ``--sheet-images``.

    Args:
        parser: Gets it.
        default: How many images without it.
    """
    parser.add_argument(
        '--sheet-images', type=int, default=default, metavar='N',
        help='images on the contact sheet beside --out; 0 draws none '
        '(default: %(default)s)')


def add_amp(parser: argparse.ArgumentParser) -> None:
    """Add ``--amp``."""
    parser.add_argument(
        '--amp',
        action='store_true',
        help='train with automatic mixed precision, on a GPU (default: as '
        'the config says)')


def add_images(parser: argparse.ArgumentParser) -> None:
    """Add ``--images``."""
    parser.add_argument(
        '--images',
        type=int,
        default=IMAGES,
        metavar='N',
        help='how many images swap_report.html shows of what is forgotten, '
        'learned and retained; 0 runs no model (default: %(default)s)')


def add_trust(parser: argparse.ArgumentParser) -> None:
    """Add ``--trust``."""
    parser.add_argument(
        '--trust',
        action='store_true',
        help='load whatever a checkpoint holds, which can run any code '
        '(default: refuse all but tensors and plain values)')


def add_verbose(parser: argparse.ArgumentParser) -> None:
    """Add ``--verbose``."""
    parser.add_argument(
        '--verbose',
        action='store_true',
        help='print the whole log (default: progress, scores and warnings; '
        'all of it is in <work dir>/<time>/<time>.log)')


def open_console(
        args: argparse.Namespace) -> ContextManager[Optional[ReadableConsole]]:
    """The console that a command line asks for; None with ``--verbose``.

    Args:
        args: Has ``verbose`` and ``launcher``.
    """
    if args.verbose:
        return contextlib.nullcontext()
    return ReadableConsole(args.launcher)
