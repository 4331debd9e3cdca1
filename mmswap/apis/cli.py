"""The command ``mmswap``: what ``tools/`` does, wherever it is installed.

Launchers start it as they start a script::

    torchrun --nproc_per_node=2 --no-python mmswap train CONFIG \\
        --launcher pytorch
"""
import argparse
import sys
import textwrap
from typing import Any, Dict, Optional, Sequence

from mmswap.apis.checkpoint import trusting
from mmswap.apis.commands.audit import AUDIT
from mmswap.apis.commands.command import Command
from mmswap.apis.commands.deploy import EXPORT
from mmswap.apis.commands.doctor import DOCTOR
from mmswap.apis.commands.phases import RUN, TEST, TRAIN
from mmswap.apis.commands.pseudo import PSEUDO_LABEL
from mmswap.apis.commands.results import MERGE, PUBLISH, REPORT, UNDO
from mmswap.apis.commands.synthesis import SYNTHESIZE
from mmswap.apis.console import is_first_process
from mmswap.apis.init.command import INIT
from mmswap.apis.interruption import stop
from mmswap.version import __version__

COMMANDS: Dict[str, Command] = dict(
    init=INIT,
    doctor=DOCTOR,
    train=TRAIN,
    test=TEST,
    run=RUN,
    merge=MERGE,
    publish=PUBLISH,
    export=EXPORT,
    undo=UNDO,
    audit=AUDIT,
    report=REPORT,
    synthesize=SYNTHESIZE,
    **{'pseudo-label': PSEUDO_LABEL})

_ABOUT = """
Learn new classes, forget chosen ones, retain the rest: with a detector,
segmentor or classifier that was trained with mmdet, mmseg or mmpretrain. A
swap is two configs that inherit from the model's own: one to learn, one to
forget. Run them in order, look at the table, and merge what came out into a
plain checkpoint.
"""
_EXAMPLES = """
mmswap run site_learn.py site_forget.py --work-dir work_dirs/swap
mmswap merge site_forget.py work_dirs/swap/site_forget/epoch_6.pth merged.pth
mmswap publish merged.pth model.safetensors
"""


def build_parser() -> argparse.ArgumentParser:
    """Build the parser of the whole command line.

    What it parses has the chosen command's ``run``.
    """
    parser = argparse.ArgumentParser(
        prog='mmswap', **_texts(_ABOUT, _EXAMPLES))
    parser.add_argument('--version', action='version', version=__version__)
    subparsers = parser.add_subparsers(
        title='commands (mmswap COMMAND --help says more)',
        metavar='COMMAND',
        dest='command',
        required=True)
    for name, command in COMMANDS.items():
        subparser = subparsers.add_parser(
            name,
            help=command.help,
            **_texts(command.about or command.help, command.examples))
        command.add_arguments(subparser)
        subparser.set_defaults(run=command.run)
    return parser


def _texts(about: str, examples: str) -> Dict[str, Any]:
    """What stands before and after the options, laid out as it is."""
    lines = textwrap.indent(examples.strip(), '  ')
    return dict(
        description=textwrap.fill(' '.join(about.split()), 79),
        epilog=f'examples:\n{lines}' if lines else None,
        formatter_class=argparse.RawDescriptionHelpFormatter)


def main(argv: Optional[Sequence[str]] = None) -> None:
    """Do what a command line says.

    Args:
        argv: The arguments; by default those of the process.

    Raises:
        SystemExit: If the arguments are wrong, or on Ctrl-C.
    """
    args = build_parser().parse_args(argv)
    try:
        # For what a Runner reads as well, which takes no such argument.
        with trusting(getattr(args, 'trust', False)):
            args.run(args)
    except KeyboardInterrupt as error:
        launcher = getattr(args, 'launcher', 'none')
        raise stop(error, sys.argv, launcher,
                   silent=not is_first_process(launcher)) from None


if __name__ == '__main__':
    main()
