"""Paths of the machine, which are nobody's business in a checkpoint.

mmengine writes the text of the config, and where the last and the best
checkpoint are, with absolute paths. A resumed run believes the latter: in a
copy of a work dir it would remove the best checkpoint of the original, and
with a checkpoint from elsewhere any file or folder.
"""
import os
from pathlib import Path
from typing import Any, Dict, Iterator, List

from mmengine.config import Config


def hide_paths(checkpoint: Dict[str, Any], cfg: Config,
               work_dir: str) -> None:
    """Make the paths in a checkpoint relative, in place.

    Those in the text of the config to the current folder, or only their last
    part is kept; those of checkpoints to the work dir.

    Args:
        checkpoint: What a Runner is about to save.
        cfg: Its config.
        work_dir: Its work dir.
    """
    info = _runtime_info(checkpoint)
    found = sorted(set(_absolute(cfg.to_dict())), key=len, reverse=True)
    for holder in (checkpoint.get('meta') or {}, info):
        for path in found if isinstance(holder.get('cfg'), str) else ():
            # Whole literals, as the text has them.
            holder['cfg'] = holder['cfg'].replace(
                repr(path), repr(_shortened(path)))
    for key in _checkpoint_keys(info):
        info[key] = os.path.relpath(info[key], work_dir)


def restore_paths(checkpoint: Dict[str, Any], work_dir: str) -> None:
    """Undo :func:`hide_paths` for a run that is resumed, in place.

    Args:
        checkpoint: What was loaded. Where it names checkpoints that are not in
            the work dir, the names go, and no file is removed for them.
        work_dir: The work dir of the run.
    """
    info = _runtime_info(checkpoint)
    folder = Path(os.path.abspath(work_dir))
    for key in _checkpoint_keys(info):
        path = Path(os.path.normpath(folder / info.pop(key)))
        if folder in path.parents:
            info[key] = str(path)


def _runtime_info(checkpoint: Dict[str, Any]) -> Dict[str, Any]:
    """What the message hub of a run knows, or an empty dict."""
    hub = checkpoint.get('message_hub')
    info = hub.get('runtime_info') if isinstance(hub, dict) else None
    return info if isinstance(info, dict) else {}


def _checkpoint_keys(info: Dict[str, Any]) -> List[str]:
    return [key for key, value in info.items() if isinstance(value, str)
            and (key == 'last_ckpt' or key.startswith('best_ckpt'))]


def _absolute(value: Any) -> Iterator[str]:
    """The absolute paths in a config."""
    if isinstance(value, dict):
        value = [*value, *value.values()]
    if isinstance(value, (list, tuple)):
        for part in value:
            yield from _absolute(part)
    elif isinstance(value, str) and os.path.isabs(value) and (
            Path(value).name):
        yield value


def _shortened(path: str) -> str:
    """Relative to the current folder, or its last part."""
    here = Path.cwd()
    inside = here == Path(path) or here in Path(path).parents
    short = os.path.relpath(path, here) if inside else Path(path).name
    return short + '/' if path.endswith('/') else short
