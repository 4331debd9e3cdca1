"""The arguments that every tool with a Runner has; they are mmdet's."""
import argparse
import os
from typing import Any, Optional

from mmengine.config import DictAction


class KeyValueAction(DictAction):
    """mmengine's, with an error that names the argument."""

    def __call__(self, parser: argparse.ArgumentParser, namespace: Any,
                 values: Any, option_string: Optional[str] = None) -> None:
        """Read ``KEY=VALUE ...``; see argparse."""
        wrong = [text for text in values if '=' not in text]
        if wrong:
            parser.error(f'{self.option_strings[0]} must be KEY=VALUE, such '
                         f'as train_cfg.max_iters=300, got {wrong[0]!r}')
        super().__call__(parser, namespace, values, option_string)


def add_config_arguments(
        parser: argparse.ArgumentParser,
        work_dir: str = 'work_dirs/<name of the config file>') -> None:
    """Add the arguments that every tool with a Runner has.

    Args:
        parser: Gets ``--work-dir``, ``--cfg-options``, ``--launcher`` and
            ``--local_rank``.
        work_dir: The default work dir, as the help calls it.
    """
    parser.add_argument(
        '--work-dir',
        metavar='DIR',
        help=f'folder for logs and checkpoints (default: {work_dir})')
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=KeyValueAction,
        metavar='KEY=VALUE',
        help='override settings of the config (default: none); a list is '
        'key="[a,b]" or key=a,b, nested ones key="[(a,b),(c,d)]", quoted and '
        'without blanks')
    parser.add_argument(
        '--launcher',
        choices=['none', 'pytorch', 'slurm', 'mpi'],
        default='none',
        help='how the processes were started (default: %(default)s)')
    # torch.distributed.launch of torch >= 2.0 says --local-rank.
    parser.add_argument(
        '--local_rank',
        '--local-rank',
        type=int,
        default=0,
        metavar='RANK',
        help='set by torch.distributed.launch (default: %(default)s)')


def set_local_rank(args: argparse.Namespace) -> None:
    """Export ``--local_rank``, where the launcher has not, for mmengine."""
    os.environ.setdefault('LOCAL_RANK', str(args.local_rank))
