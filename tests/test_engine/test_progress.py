"""The bar and the lines, with a clock that is set by hand."""
import io

import pytest

from mmswap.engine.progress import Bar, Console, duration


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self):
        return True


class Clock:
    """Shows the time that it was set to."""

    now = 100.

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def terminal(clock, monkeypatch):
    monkeypatch.setenv('TERM', 'xterm')
    return Console(Terminal(), clock, width=68)


@pytest.fixture
def file(clock):
    return Console(io.StringIO(), clock)


def _run(bar, clock, steps, seconds=1., **kwargs):
    for step in steps:
        clock.now += seconds
        bar.update(step, **kwargs)


def _screen(console):
    """What a terminal shows: the text after the last return of each line."""
    lines = []
    for line in console.stream.getvalue().split('\n'):
        shown = ''
        for part in line.split('\r'):
            shown = part + shown[len(part):]
        lines.append(shown.rstrip())
    return lines


def test_a_bar_in_a_terminal(terminal, clock):
    bar = Bar(terminal, 'train', 48)
    _run(bar, clock, range(1, 13), 2., tell=lambda: 'loss 1.5')
    # 11 steps were timed, of 2 s each: 36 to go are 72 s.
    assert _screen(terminal) == [
        '  train     [======                  ]  12/48  loss 1.5  1 min 12 s']


def test_a_bar_is_not_drawn_at_every_step(terminal, clock):
    told = []
    bar = Bar(terminal, 'train', 1000)
    _run(bar, clock, range(1, 101), .01, tell=lambda: told.append(1) or '')
    assert 3 <= len(told) <= 5  # a second in all, five times a second


def test_lines_go_above_the_bar(terminal, clock):
    bar = Bar(terminal, 'train', 4)
    _run(bar, clock, [1])
    terminal.say('saved')
    assert _screen(terminal)[0] == 'saved'
    assert '1/4' in _screen(terminal)[1]
    _run(bar, clock, [2])
    assert _screen(terminal)[0] == 'saved' and '2/4' in _screen(terminal)[1]
    bar.pause()
    assert _screen(terminal) == ['saved', '']


def test_a_bar_that_is_full_stays(terminal, clock):
    bar = Bar(terminal, 'train', 2)
    _run(bar, clock, [1, 2])
    bar.pause()
    terminal.say('table')
    first, second, _ = _screen(terminal)
    assert first == f'  train     [{"=" * 24}]  2/2' and second == 'table'


def test_a_file_gets_a_line_now_and_then(file, clock):
    bar = Bar(file, 'train', 300)
    _run(bar, clock, range(1, 301), tell=lambda: 'loss 2')
    text = file.stream.getvalue()
    assert '\r' not in text and '\x1b' not in text
    lines = text.splitlines()
    assert len(lines) == 10
    assert lines[0] == '  train      30/300   10 %  loss 2  4 min 30 s left'
    assert lines[-1] == '  train     300/300  100 %  loss 2'


@pytest.mark.parametrize('total', [1, 2, 7])
def test_each_of_a_few_steps_has_a_line(file, clock, total):
    _run(Bar(file, 'train', total), clock, range(1, total + 1))
    assert len(file.stream.getvalue().splitlines()) == total


def test_patience_leaves_lines_out(file, clock):
    _run(Bar(file, 'validate', 100, patience=30), clock, range(1, 101))
    # At 30, 60 and 90 s.
    assert [line.split()[1] for line in file.stream.getvalue().splitlines()
            ] == ['30/100', '60/100', '90/100']


def test_a_long_tenth_is_not_silent(file, clock):
    _run(Bar(file, 'train', 100000), clock, range(1, 1001), 2.)
    assert len(file.stream.getvalue().splitlines()) == 3  # of 2000 s


def test_a_pause_takes_no_time(file, clock):
    bar = Bar(file, 'train', 10)
    _run(bar, clock, [1, 2, 3])
    bar.pause()
    clock.now += 1000
    _run(bar, clock, [4, 5])
    assert file.stream.getvalue().splitlines()[-1].endswith('  5 s left')


def test_what_was_done_before_is_not_timed(file, clock):
    bar = Bar(file, 'train', 100, done=89)
    _run(bar, clock, [90, 91], 60.)
    assert file.stream.getvalue() == '  train      90/100   90 %\n'
    _run(bar, clock, [92], 60.)
    assert bar.text().endswith('8 min 0 s left')


def test_a_silent_console_prints_nothing(clock):
    console = Console(Terminal(), clock, silent=True)
    console.say('a line')
    _run(Bar(console, 'train', 2), clock, [1, 2])
    assert console.stream.getvalue() == ''


def test_a_dumb_terminal_is_none(monkeypatch):
    monkeypatch.setenv('TERM', 'dumb')
    assert not Console(Terminal()).terminal


def test_a_log_handler_can_write(file):
    assert file.write('WARNING: x\n') == 11
    assert file.stream.getvalue() == 'WARNING: x\n'


@pytest.mark.parametrize('seconds, text', [
    (0.4, '0 s'), (59.6, '1 min 0 s'), (200, '3 min 20 s'),
    (7500, '2 h 5 min')])
def test_durations(seconds, text):
    assert duration(seconds) == text
