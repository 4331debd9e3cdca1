"""Where the configs of the installed task libraries are."""
import difflib
import importlib.util
from pathlib import Path
from typing import Optional


def stock_config(name: str) -> str:
    """The path of a config that an OpenMMLab library ships.

    For the ``_base_`` of a config where ``'<library>::<config>'`` itself does
    not work: mmengine looks for a *distribution* of a fixed name, so
    ``'mmseg::...'`` fails with the maintained fork, whose name is another.
    The expression is evaluated as it stands, before anything is imported::

        _base_ = __import__('mmswap').stock_config('mmseg::fcn/fcn_....py')

    The library is found by its module and is not imported.

    Args:
        name: ``<module>::<path below configs>``, such as
            ``'mmdet::detr/detr_r50_8xb2-150e_coco.py'``.

    Returns:
        The absolute path.

    Raises:
        FileNotFoundError: If the library has no configs, or not this one; the
            message names those with similar names.
        ModuleNotFoundError: If the library is not installed.
        ValueError: If ``name`` is not of this form.
    """
    module, separator, config = name.partition('::')
    if not (module.isidentifier() and separator and config.endswith('.py')):
        raise ValueError("name must be '<module>::<path below configs>.py', "
                         f'got {name!r}')
    root = _config_root(module)
    if root is None:
        raise ModuleNotFoundError(
            f'{module} must be installed for the config {name!r}, but there '
            'is no such module', name=module)
    path = root / config
    if not path.is_file():
        raise FileNotFoundError(
            f'{root} must hold {config}, but there is no such file'
            f'{_alike(root, config)}')
    return str(path)


def _config_root(module: str) -> Optional[Path]:
    """The folder of a library's configs; None if it is not installed."""
    spec = importlib.util.find_spec(module)
    if spec is None or spec.origin is None:
        return None
    package = Path(spec.origin).resolve().parent
    installed = package / '.mim' / 'configs'
    # In a source checkout they stand beside the package.
    return installed if installed.is_dir() else package.parent / 'configs'


def _alike(root: Path, config: str) -> str:
    """The configs with similar names, as the end of a message."""
    by_name = {path.name: path for path in sorted(root.rglob('*.py'))}
    found = difflib.get_close_matches(Path(config).name, by_name)
    paths = [by_name[name].relative_to(root).as_posix() for name in found]
    return f'; did you mean {" or ".join(paths)}?' if paths else ''
