"""What a run that is stopped by Ctrl-C says before it ends."""
import contextlib
import shlex
import sys
from pathlib import Path
from typing import Iterator, List, Optional, Sequence, Union

from mmswap.apis.training import latest_checkpoint

EXIT_CODE = 130  # 128 and the number of SIGINT, as shells have it


class Interrupted(KeyboardInterrupt):
    """Ctrl-C, with what is saved and how to go on.

    Args:
        saved: What is saved, a clause that follows 'Stopped: '.
        resume: Whether ``--resume`` goes on from it.
    """

    def __init__(self, saved: str, resume: bool = False) -> None:
        super().__init__(saved)
        self.saved = saved
        self.resume = resume


@contextlib.contextmanager
def tells_what_is_saved(work_dir: Union[str, Path]) -> Iterator[None]:
    """Let Ctrl-C in a training run tell what it has saved.

    Args:
        work_dir: Where the run saves.

    Raises:
        Interrupted: Instead of KeyboardInterrupt.
    """
    before = _when_saved(work_dir)
    try:
        yield
    except KeyboardInterrupt as error:
        # A checkpoint of an earlier run in the folder is none of this one.
        if _when_saved(work_dir) == before:
            raise Interrupted(
                'this run has not saved a checkpoint yet') from error
        raise Interrupted(f'{latest_checkpoint(str(work_dir))} is saved',
                          resume=True) from error


def command_again(argv: Sequence[str], resume: bool = False) -> str:
    """The command line that was given, ready to be pasted.

    Args:
        argv: The script or program and its arguments, as ``sys.argv``.
        resume: Put ``--resume`` in, in place of one with a path.
    """
    program, *args = argv
    if Path(program).suffix == '.py':
        words = ['python', program]
    elif Path(program).suffix == '.sh':
        words = ['bash', program]
    else:
        words = [Path(program).name]
    return shlex.join([*words, *(_resuming(args) if resume else args)])


def explain(error: KeyboardInterrupt, argv: Sequence[str],
            launcher: str = 'none') -> str:
    """Say in a sentence what is saved, and the command that goes on.

    Args:
        error: What ended the run.
        argv: As ``sys.argv``.
        launcher: What the processes were started with.
    """
    saved = getattr(error, 'saved', 'nothing was begun that could be saved')
    command = command_again(argv, getattr(error, 'resume', False))
    how = 'Go on with' if launcher == 'none' else (
        'Go on by the same launcher with')
    return f'Stopped: {saved}. {how}:\n  {command}'


def stop(error: KeyboardInterrupt, argv: Sequence[str],
         launcher: str = 'none', silent: bool = False) -> SystemExit:
    """End the process as a shell expects it of one that was interrupted.

    Args:
        error: What ended the run.
        argv: As ``sys.argv``.
        launcher: What the processes were started with.
        silent: Say nothing, as all processes but the first.

    Returns:
        What to raise.
    """
    if not silent:
        print(f'\n{explain(error, argv, launcher)}', file=sys.stderr)
    return SystemExit(EXIT_CODE)


def _when_saved(work_dir: Union[str, Path]) -> Optional[int]:
    """When a folder's last checkpoint was saved, in nanoseconds."""
    path = Path(work_dir) / 'last_checkpoint'
    return path.stat().st_mtime_ns if path.is_file() else None


def _resuming(args: Sequence[str]) -> List[str]:
    """The arguments with a plain ``--resume`` at their end."""
    kept: List[str] = []
    skip = False
    for arg in args:
        if arg == '--resume' or arg.startswith('--resume='):
            skip = arg == '--resume'
            continue
        if not (skip and not arg.startswith('-')):
            kept.append(arg)
        skip = False
    return [*kept, '--resume']
