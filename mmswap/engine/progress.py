"""What a run shows to who watches it: lines, and one bar below them."""
import math
import os
import shutil
import sys
import time
from typing import Any, Callable, Dict, Optional, TextIO

# What marks a message of a log as one for the console, too:
# `logger.info(text, extra=FOR_CONSOLE)`.
FOR_CONSOLE: Dict[str, Any] = dict(for_console=True)
_BAR = 24  # characters
_REDRAW = 0.2  # seconds
_LINES = 10  # in the course of a bar, where nothing can be drawn over
_SILENCE = 600  # seconds after which a line comes in any case


class Console:
    """Prints lines, and keeps a bar in the last line of a terminal.

    Where the stream is no terminal, as in a file or with Slurm, nothing is
    drawn over: a bar is a line every now and then.

    Args:
        stream: Where to print; by default ``sys.stdout`` as it is now.
        clock: Gives the time in seconds.
        width: Columns; by default those of the terminal.
        silent: Print nothing, as all processes of a run but the first.
    """

    def __init__(self,
                 stream: Optional[TextIO] = None,
                 clock: Callable[[], float] = time.monotonic,
                 width: Optional[int] = None,
                 silent: bool = False) -> None:
        self.stream = sys.stdout if stream is None else stream
        self.clock = clock
        self.silent = silent
        self.terminal = self.stream.isatty() and (
            os.environ.get('TERM') != 'dumb')
        self._width = width
        self._drawn = ''

    @property
    def width(self) -> int:
        """Columns that a line of the terminal has now."""
        return self._width or shutil.get_terminal_size().columns

    def say(self, text: str = '') -> None:
        """Print lines, above the bar.

        Args:
            text: One line or more, without the last line's end.
        """
        drawn = self._drawn
        self.clear()
        self._put(f'{text}\n')
        if drawn:
            self.draw(drawn)

    def draw(self, text: str) -> None:
        """Put a line where the last one was drawn; terminals only."""
        if not self.terminal:
            return
        text = text[:self.width - 1]
        self._put('\r' + text.ljust(len(self._drawn)))
        self._drawn = text

    def clear(self) -> None:
        """Take what was drawn away again."""
        if self._drawn:
            self._put('\r' + ' ' * len(self._drawn) + '\r')
            self._drawn = ''

    def keep(self) -> None:
        """Leave what was drawn in its line, and go on below it."""
        if self._drawn:
            self._put('\n')
            self._drawn = ''

    def write(self, text: str) -> int:
        """Print lines as a handler of :mod:`logging` does."""
        self.say(text[:-1] if text.endswith('\n') else text)
        return len(text)

    def flush(self) -> None:
        """Nothing waits to be printed."""

    def _put(self, text: str) -> None:
        if not self.silent:
            self.stream.write(text)
            self.stream.flush()


class Bar:
    """How far something is, and how long it will take still.

    Args:
        console: Where it is shown.
        title: What it is that advances.
        total: How many steps there are.
        done: How many of them were done before.
        patience: Seconds between two lines, at least, where the console is no
            terminal.
    """

    def __init__(self,
                 console: Console,
                 title: str,
                 total: int,
                 done: int = 0,
                 patience: float = 0.) -> None:
        self.console = console
        self.title = title
        self.total = max(total, 1)
        self.patience = patience
        self._done = done
        self._mark: Optional[float] = None  # when `_done` was reached
        self._shown = console.clock()
        self._spent = 0.
        self._steps = 0  # that took `_spent`

    def update(self, done: int, tell: Callable[[], str] = str) -> None:
        """Note that steps were done, and show it if it is time to.

        The first steps, and those after a pause, are not timed: what is
        loaded before them would count.

        Args:
            done: How many steps are done.
            tell: Gives what else to show; called if it is shown.
        """
        now = self.console.clock()
        if self._mark is not None:
            self._spent += now - self._mark
            self._steps += done - self._done
        due = self._is_due(done, now)
        self._mark, self._done = now, done
        if due:
            self._shown = now
            self._show(tell())

    def pause(self) -> None:
        """Something else is done meanwhile, which takes no step."""
        self._mark = None
        if self._done >= self.total:
            self.console.keep()
        else:
            self.console.clear()

    def text(self, tail: str = '') -> str:
        """The bar as a line.

        Args:
            tail: What else to show, such as the loss.
        """
        share = min(self._done / self.total, 1.)
        digits = len(str(self.total))
        parts = [f'{self._done:>{digits}}/{self.total}', tail]
        if self.console.terminal:
            full = math.floor(share * _BAR)
            parts.insert(0, f'[{"=" * full}{" " * (_BAR - full)}]')
        else:
            parts.insert(1, f'{math.floor(100 * share):>3} %')
        if self._done < self.total and self._steps:
            left = self._spent / self._steps * (self.total - self._done)
            parts.append(f'{duration(left)} left')
        return '  '.join([f'  {self.title:<8}', *filter(None, parts)])

    def _is_due(self, done: int, now: float) -> bool:
        since = now - self._shown
        if self.console.terminal:
            return since >= _REDRAW or done >= self.total
        passed = (done * _LINES // self.total >
                  self._done * _LINES // self.total)
        return (passed and since >= self.patience) or since >= _SILENCE

    def _show(self, tail: str) -> None:
        if self.console.terminal:
            self.console.draw(self.text(tail))
        else:
            self.console.say(self.text(tail))


def duration(seconds: float) -> str:
    """Say a time as people do: ``45 s``, ``3 min 20 s``, ``2 h 5 min``.

    Args:
        seconds: The time, in seconds.
    """
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f'{hours} h {minutes} min'
    return f'{minutes} min {rest} s' if minutes else f'{rest} s'
