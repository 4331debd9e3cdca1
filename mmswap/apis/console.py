"""A console that people read: the rest of a run is in its log file."""
import contextlib
import io
import logging
import os
import textwrap
from typing import Any, List, Optional, TextIO, Tuple

from mmengine.config import Config
from mmengine.logging import MMLogger
from mmengine.registry import RUNNERS
from mmengine.runner import Runner

from mmswap.engine.hooks import ConsoleHook
from mmswap.engine.progress import FOR_CONSOLE, Console

_RANKS = dict(pytorch='RANK', slurm='SLURM_PROCID', mpi='OMPI_COMM_WORLD_RANK')
_WIDTH = 100  # of a warning's lines
_LINES = 8  # of a warning


class ReadableConsole:
    """Shows what is done, how far it is and its scores; and what goes wrong.

    Of mmengine's log the console gets warnings and errors, without those
    that tell developers that something is deprecated. What libraries print,
    and Python's warnings, are in the log file instead.

    Args:
        launcher: The config's; only the first process prints.
        stream: Where to print; by default ``sys.stdout`` as it is on entry.

    Examples:
        >>> with ReadableConsole() as console:
        ...     runner = build_runner(cfg, console)
        ...     runner.train()
    """

    def __init__(self, launcher: str = 'none',
                 stream: Optional[TextIO] = None) -> None:
        self._launcher = launcher
        self._stream = stream

    def __enter__(self) -> 'ReadableConsole':
        """Take over what is printed until the context is left."""
        self.console = Console(
            self._stream, silent=not is_first_process(self._launcher))
        self._log = _LogFile(self.console)
        self._replaced: List[Tuple[MMLogger, logging.Handler,
                                   logging.StreamHandler]] = []
        self._stack = contextlib.ExitStack()
        self._calm(MMLogger.get_current_instance())
        self._stack.enter_context(
            contextlib.redirect_stdout(self._log))
        self._stack.enter_context(_warnings_to(self._log))
        return self

    def __exit__(self, *error: Any) -> None:
        """Print as before."""
        self._stack.close()
        self.console.keep()
        for logger, ours, handler in self._replaced:
            logger.removeHandler(ours)
            if handler.stream is self._log:
                handler.setStream(self.console.stream)
            logger.addHandler(handler)

    def say(self, text: str) -> None:
        """Print a line.

        Args:
            text: The line.
        """
        self.console.say(text)

    def build_runner(self, cfg: Config) -> Runner:
        """Build the Runner of a config, which is shown here.

        Args:
            cfg: The config.
        """
        kind = cfg.get('runner_type', 'Runner')
        kind = RUNNERS.get(kind) if isinstance(kind, str) else kind
        adopt = self.adopt

        class CalmRunner(kind):  # type: ignore[valid-type,misc]
            """Begins its log without pages on machine, config and hooks."""

            def build_logger(self, *args: Any, **kwargs: Any) -> MMLogger:
                """Build it as the Runner does."""
                return adopt(super().build_logger(*args, **kwargs))

        runner = CalmRunner.from_cfg(cfg)
        runner.register_hook(ConsoleHook(self.console))
        return runner

    def adopt(self, logger: MMLogger) -> MMLogger:
        """Let a Runner's logger show little, and take what is printed.

        Args:
            logger: The logger; it is returned.
        """
        self._calm(logger)
        self._log.use(logger)
        return logger

    def _calm(self, logger: MMLogger) -> None:
        """Let a logger show what the console is for, and nothing else."""
        for handler in list(logger.handlers):
            if type(handler) is not logging.StreamHandler or (
                    handler.stream is self.console):
                continue
            ours = logging.StreamHandler(self.console)
            ours.setLevel(handler.level)
            ours.setFormatter(_Plain())
            ours.filters = [_is_shown, *handler.filters]
            logger.removeHandler(handler)
            logger.addHandler(ours)
            self._replaced.append((logger, ours, handler))


def is_first_process(launcher: str) -> bool:
    """Whether this is the process that prints, before they know each other.

    Args:
        launcher: ``'none'``, ``'pytorch'``, ``'slurm'`` or ``'mpi'``.
    """
    return os.environ.get(_RANKS.get(launcher, ''), '0') == '0'


@contextlib.contextmanager
def _warnings_to(log: '_LogFile') -> Any:
    """Send Python's warnings to a log file."""
    logger = logging.getLogger('py.warnings')
    propagates = logger.propagate
    logger.addHandler(log.handler)
    logger.propagate = False
    logging.captureWarnings(True)
    try:
        yield
    finally:
        logging.captureWarnings(False)
        logger.removeHandler(log.handler)
        logger.propagate = propagates


def _is_shown(record: logging.LogRecord) -> bool:
    """Whether the console shows a message of mmengine's logger."""
    if record.levelno < logging.WARNING:
        return all(getattr(record, key, None) == value
                   for key, value in FOR_CONSOLE.items())
    return 'deprecated' not in record.getMessage()


class _Plain(logging.Formatter):
    """A message without time and place, and not as long as a page."""

    def format(self, record: logging.LogRecord) -> str:
        """Write its level before a warning, in lines that fit."""
        text = record.getMessage().strip()
        if record.levelno < logging.WARNING:
            return f'  {text}'
        return textwrap.fill(
            f'{record.levelname}: {text}',
            _WIDTH,
            subsequent_indent='  ',
            max_lines=_LINES,
            placeholder=' ... (all of it is in the log file)')


class _LogFile(io.TextIOBase):
    """Takes what is printed to the log file of the console's last Runner.

    What comes before there is a Runner waits for its file.
    """

    def __init__(self, console: Console) -> None:
        self.handler = _ToFile(self)
        self._console = console
        self._line = ''
        self._files: List[logging.Handler] = []
        self._waiting: List[logging.LogRecord] = []

    def use(self, logger: MMLogger) -> None:
        """Write to the file of a Runner's logger from now on."""
        self._files = [handler for handler in logger.handlers
                       if isinstance(handler, logging.FileHandler)]

    def write(self, text: str) -> int:
        """Take the lines that are complete, and show warnings."""
        *lines, self._line = (self._line + text).split('\n')
        for line in lines:
            if line.startswith('WARNING'):
                self._console.say(line)
            if line.strip():
                self.take(logging.makeLogRecord(dict(
                    name='stdout', msg=line, levelno=logging.INFO,
                    levelname='INFO')))
        return len(text)

    def take(self, record: logging.LogRecord) -> None:
        """Write a record to the file, after those that have waited."""
        self._waiting.append(record)
        if self._files:
            waiting, self._waiting = self._waiting, []
            for each in waiting:
                for file in self._files:
                    file.handle(each)


class _ToFile(logging.Handler):
    """Hands records to a log file."""

    def __init__(self, log: _LogFile) -> None:
        super().__init__()
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        """Hand one on."""
        self._log.take(record)
