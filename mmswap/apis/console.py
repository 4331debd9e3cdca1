"""A console that shows how far a run is and leaves the rest to its log."""
import contextlib
import io
import sys
from typing import Iterator, TextIO

_SHOWN = ('[swap]', 'Iter(train)', 'Iter(val)', 'Epoch(train)', 'Epoch(val)')


@contextlib.contextmanager
def progress_only() -> Iterator[None]:
    """Print only the lines that tell progress; errors are not touched.

    mmengine opens a log with pages on machine, config and hooks. They are in
    the log files of the work dir all the same.
    """
    with contextlib.redirect_stdout(_Progress(sys.stdout)):
        yield


class _Progress(io.TextIOBase):
    """Passes on the lines that tell progress."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._line = ''

    def write(self, text: str) -> int:
        """Pass on what is wanted of the lines that are complete."""
        *lines, self._line = (self._line + text).split('\n')
        for line in lines:
            if any(mark in line for mark in _SHOWN):
                self._stream.write(line + '\n')
        self._stream.flush()
        return len(text)
