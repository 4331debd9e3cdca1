"""Kill a run again and again, and compare it with one that was left alone.

A swap of phase configs or of a plan of requests, by `mmswap run`; with
--train one phase, by that train.py and its --resume. Each process is killed
(SIGKILL) at a random moment after it has begun to work, and started again
until the run has ended; and there are as many runs as it takes for that many
kills. All tensors of the checkpoints at the end, and what the report says,
must be those of the run that was left alone.
"""
import argparse
import json
import random
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Dict, List, Sequence

import torch

from mmswap.apis.checkpoint import read_checkpoint
from mmswap.engine.saved_files import LAST, newest_checkpoint


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('configs', nargs='+', metavar='CONFIG')
    parser.add_argument('--kills', type=int, default=30)
    parser.add_argument('--seed', type=int, default=0, help='of the moments')
    parser.add_argument(
        '--train', metavar='TRAIN_PY',
        help='train the one config with this script, such as mmdet\'s '
        '(default: mmswap run)')
    parser.add_argument(
        '--work-dir', type=Path, default=Path('work_dirs/kills'))
    parser.add_argument(
        '--cfg-options', nargs='+', default=[], metavar='KEY=VALUE')
    args = parser.parse_args()
    if args.train and len(args.configs) > 1:
        parser.error('--train must go with one CONFIG, got '
                     f'{len(args.configs)}')
    return args


def command(args: argparse.Namespace, folder: Path) -> List[str]:
    """What starts the run, or goes on with it.

    Args:
        args: The command line.
        folder: The work dir.
    """
    if args.train:
        words = [sys.executable, args.train, *args.configs]
        # Without a checkpoint, mmdet's --resume forgets load_from.
        if (folder / LAST).is_file():
            words.append('--resume')
    else:
        words = [sys.executable, '-m', 'mmswap.apis.cli', 'run',
                 *args.configs, '--images', '0']
    options = ['--cfg-options', *args.cfg_options] if args.cfg_options else []
    return [*words, '--work-dir', str(folder), *options]


def begins(folder: Path, process: 'subprocess.Popen[bytes]',
           started: float) -> None:
    """Wait until a process has written a log, or has ended."""
    while process.poll() is None:
        logs = [path for path in folder.rglob('*.log')
                if path.stat().st_mtime >= started]
        if logs:
            return
        time.sleep(.05)


def run(args: argparse.Namespace, folder: Path, kills: int = 0,
        longest: float = 0.) -> Dict[str, float]:
    """Run to the end.

    Args:
        args: The command line.
        folder: The work dir.
        kills: How often to kill the run on the way at most.
        longest: How many seconds after its beginning a process is killed at
            most.

    Returns:
        How many processes were killed, and how many seconds the last one
        took from its beginning.
    """
    folder.mkdir(parents=True)
    moments = random.Random(f'{args.seed} {folder.name}')
    processes = killed = 0
    while True:
        started = time.time()
        with (folder / f'process_{processes}.txt').open('wb') as out:
            process = subprocess.Popen(
                command(args, folder), stdout=out, stderr=subprocess.STDOUT)
        processes += 1
        begins(folder, process, started)
        began = time.time()
        if killed < kills:
            try:
                process.wait(moments.uniform(0, longest))
            except subprocess.TimeoutExpired:
                process.kill()
                killed += 1
        code = process.wait()
        if code > 0:
            raise RuntimeError(f'process {processes - 1} ended with {code}, '
                               f'see process_{processes - 1}.txt in {folder}')
        if code == 0:
            return dict(killed=killed, seconds=time.time() - began)


def outcome(args: argparse.Namespace, folder: Path) -> Dict[str, Any]:
    """The checkpoints at the end, and what the report says.

    Args:
        args: The command line.
        folder: The work dir.
    """
    if args.train:
        return dict(checkpoints=[newest_checkpoint(folder)], metrics=None)
    report = json.loads((folder / 'swap_report.json').read_text())
    return dict(checkpoints=[Path(path) for path in
                             report['checkpoints'].values()],
                metrics=report['metrics'])


def other_tensors(one: Path, other: Path) -> Sequence[str]:
    """Names of the tensors that differ in a bit.

    Args:
        one: A checkpoint.
        other: A checkpoint.
    """
    first, second = (read_checkpoint(path)['state_dict']
                     for path in (one, other))
    return [key for key in {**first, **second}
            if key not in first or key not in second
            or not torch.equal(first[key], second[key])]


def main() -> int:
    args = parse_args()
    calm = args.work_dir / 'calm'
    # Of a process by half of that, so that most are killed on the way.
    longest = run(args, calm)['seconds'] / 2
    wanted = outcome(args, calm)
    killed, differ, reports = 0, [], 0
    runs = 0
    while killed < args.kills:
        folder = args.work_dir / f'killed_{runs}'
        killed += int(run(args, folder, args.kills - killed,
                          longest)['killed'])
        runs += 1
        found = outcome(args, folder)
        differ += [f'{path}: {key}' for path, twin in zip(
            found['checkpoints'], wanted['checkpoints'])
            for key in other_tensors(path, twin)]
        reports += found['metrics'] != wanted['metrics']
    print('| runs | kills | checkpoints of a run | tensors that differ | '
          'reports that differ |')
    print('| --- | --- | --- | --- | --- |')
    print(f'| {runs} | {killed} | {len(wanted["checkpoints"])} | '
          f'{len(differ)} | {reports} |')
    print('\n'.join(differ[:5]))
    return int(bool(differ) or bool(reports))


if __name__ == '__main__':
    sys.exit(main())
