"""Where a swap's figures come from: files, versions, commands."""
import hashlib
import shlex
from pathlib import Path
from typing import Any, Dict, Iterator, List, Mapping, Tuple

from mmengine.config import Config

from mmswap.apis.page.facts import SwapFacts
from mmswap.config.types import walk

_CHUNK = 1 << 20


def file_rows(facts: SwapFacts) -> List[Dict[str, Any]]:
    """The files that a swap came from and those it wrote.

    Args:
        facts: The swap.

    Returns:
        Dicts of ``what``, ``path``, ``size`` in bytes and ``sha256``, the
        last two None of a file that is not there.
    """
    named: List[Tuple[str, str]] = []
    for moment in facts.moments:
        is_base = moment is facts.moments[0]
        what = 'base model' if is_base else f'checkpoint of {moment.name}'
        named.append((what, moment.checkpoint))
        if not is_base:
            named.append((f'config of {moment.name}',
                          str(moment.config_file())))
    for moment in facts.moments[1:]:
        named += [('annotations', path)
                  for path in annotation_files(moment.config())]
    return [_file_row(what, path) for what, path in dict.fromkeys(named)]


def annotation_files(cfg: Config) -> List[str]:
    """The annotation files that a config names, of training and validation.

    Args:
        cfg: The config of a phase.

    Returns:
        Their paths, each once. One that has no ``data_root`` beside it is
        looked for in those of the other data sets.
    """
    parts = {key: cfg.get(key) for key in ('train_dataloader',
                                           'val_dataloader')}
    sets = [part for _, part in walk(parts) if isinstance(part, Mapping)]
    roots = [part['data_root'] for part in sets if part.get('data_root')]
    found = []
    for part in sets:
        file = part.get('ann_file')
        if isinstance(file, str) and file:
            candidates = [str(Path(root) / file) for root in (
                [part['data_root']] if part.get('data_root') else roots)]
            there = [path for path in candidates if Path(path).is_file()]
            found.append((there or candidates or [file])[0])
    return list(dict.fromkeys(found))


def commands(facts: SwapFacts) -> List[str]:
    """The command lines that reproduce a swap and take it further.

    Args:
        facts: The swap.

    Returns:
        The run, if it is known how it was started, and the merging of what
        the last phase wrote.
    """
    how, found = facts.how, []
    if how:
        line = ['mmswap', 'run', *how['configs'], '--work-dir',
                str(facts.work_dir)]
        line += ['--amp'] * how['amp']
        line += ['--new-adapters'] * how['new_adapters']
        if how['cfg_options']:
            line += ['--cfg-options', *(
                f'{k}={v}' for k, v in how['cfg_options'].items())]
        found.append(shlex.join(line))
    last = facts.moments[-1]
    if last.checkpoint and len(facts.moments) > 1:
        found.append(shlex.join(['mmswap', 'merge', str(last.config_file()),
                                 last.checkpoint, 'merged.pth']))
    return found


def seeds(facts: SwapFacts) -> List[str]:
    """The seed of each phase, as its config has it.

    Args:
        facts: The swap.
    """
    return [f'{moment.name}: {seed}' for moment, seed in (
        (moment, (moment.config().get('randomness') or {}).get('seed'))
        for moment in facts.moments[1:])]


def _file_row(what: str, path: str) -> Dict[str, Any]:
    file = Path(path).expanduser()
    if not file.is_file():
        return dict(what=what, path=path, size=None, sha256=None)
    digest = hashlib.sha256()
    for chunk in _chunks(file):
        digest.update(chunk)
    return dict(what=what, path=path, size=file.stat().st_size,
                sha256=digest.hexdigest())


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open('rb') as file:
        while True:
            chunk = file.read(_CHUNK)
            if not chunk:
                return
            yield chunk
