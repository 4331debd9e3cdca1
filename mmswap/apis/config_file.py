"""Config files as they are read, and settings that override them."""
import inspect
from pathlib import Path
from typing import Any, Mapping, Union

from mmengine.config import Config
from mmengine.runner import Runner

from mmswap.config.listing import did_you_mean


def read_config(filename: Union[str, Path]) -> Config:
    """Read a config file.

    Args:
        filename: Its path.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If it is no config.
    """
    path = Path(filename)
    if not path.is_file():
        raise FileNotFoundError(f'CONFIG must be a config file, got {path}')
    if path.suffix not in ('.py', '.yaml', '.yml', '.json'):
        raise ValueError(f'CONFIG must be a config file, a .py, got {path}')
    try:
        return Config.fromfile(str(path))
    except SyntaxError as error:
        raise ValueError(f'CONFIG must be Python, got {error.msg} in line '
                         f'{error.lineno} of {path} or a file that it '
                         'inherits from') from error


def check_options(cfg: Config, options: Mapping[str, Any]) -> None:
    """Refuse settings of a part that nothing reads, and that looks misspelt.

    Args:
        cfg: The config that they override.
        options: The settings, by dotted key.

    Raises:
        ValueError: If the first part of a key is not in the config, nor what
            a Runner takes, and one that is is much like it.
    """
    known = [*cfg.keys(), *inspect.signature(Runner).parameters]
    for key in options:
        part = key.partition('.')[0]
        advice = '' if part in known else did_you_mean([part], known)
        if advice:
            raise ValueError(
                f'--cfg-options must be of settings in the config, got {key}; '
                f'{advice}')
