"""What goes to the console of a run, and what to its log file alone."""
import io
import logging
import sys
import warnings

import pytest
import toy_swap
from mmengine.logging import MMLogger, print_log

from mmswap.apis import build_runner, load_config, run_swap
from mmswap.apis.console import ReadableConsole, is_first_process


@pytest.fixture
def logger(tmp_path):
    """A run's logger, made inside the console as the Runner does it."""

    def make(console):
        return console.adopt(MMLogger.get_instance(
            f'run in {tmp_path}', log_file=str(tmp_path / 'run.log'),
            logger_name='mmengine'))

    return make


def _log(tmp_path):
    return (tmp_path / 'run.log').read_text()


def test_the_console_shows_what_goes_wrong(logger, tmp_path):
    out = io.StringIO()
    with ReadableConsole(stream=out) as console:
        log = logger(console)
        log.info('Config:\nmodel = dict()')
        log.warning('no image of %s', 'nine')
        log.warning('"FileClient" will be deprecated in future.')
        log.error('trouble')
        console.say('[swap] starts')
    assert out.getvalue().splitlines() == [
        'WARNING: no image of nine', 'ERROR: trouble', '[swap] starts']
    for text in ('model = dict()', 'no image of nine', 'FileClient',
                 'trouble'):
        assert text in _log(tmp_path)


def test_messages_can_be_for_the_console_too(logger, tmp_path):
    from mmswap.engine.progress import FOR_CONSOLE
    out = io.StringIO()
    with ReadableConsole(stream=out) as console:
        logger(console).info('looking for prototypes', extra=FOR_CONSOLE)
    assert out.getvalue() == '  looking for prototypes\n'
    assert 'looking for prototypes' in _log(tmp_path)


def test_what_libraries_print_is_in_the_log_file(logger, tmp_path, capsys):
    with ReadableConsole() as console:
        print('index created!')  # before there is a file
        with warnings.catch_warnings():
            warnings.simplefilter('always')
            warnings.warn('use indexing', UserWarning, stacklevel=1)
            logger(console)
            warnings.warn('pin memory', UserWarning, stacklevel=1)
        print('DONE', end='')
        print(' (t=0.01s)')
    shown = capsys.readouterr()
    assert shown.out == shown.err == ''
    log = _log(tmp_path)
    for text in ('stdout - INFO - index created!', 'UserWarning: use indexing',
                 'UserWarning: pin memory', 'DONE (t=0.01s)'):
        assert log.count(text) == 1


def test_a_warning_that_is_printed_is_shown(capsys):
    with ReadableConsole():
        print_log('WARNING: model.adapter.alpha is 3')
    assert capsys.readouterr().out == 'WARNING: model.adapter.alpha is 3\n'


def test_a_warning_is_not_as_long_as_a_page(logger):
    out = io.StringIO()
    with ReadableConsole(stream=out) as console:
        logger(console).warning('unexpected key: ' + 'a.b.weight, ' * 900)
    lines = out.getvalue().splitlines()
    assert len(lines) == 8 and max(map(len, lines)) <= 100
    assert 'log file' in lines[-1]


def test_all_is_as_before_when_it_is_left(logger, capsys):
    before = sys.stdout, warnings.showwarning
    with ReadableConsole() as console:
        log = logger(console)
    assert (sys.stdout, warnings.showwarning) == before
    handler, = (h for h in log.handlers if type(h) is logging.StreamHandler)
    assert handler.stream is sys.stdout
    log.info('a line as mmengine prints it')
    assert '- mmengine - INFO - a line as' in capsys.readouterr().out


def test_errors_pass_and_leave_all_as_before():
    before = sys.stdout
    with pytest.raises(ValueError, match='key'), ReadableConsole():
        raise ValueError('key')
    assert sys.stdout is before


@pytest.mark.parametrize('launcher, variable', [
    ('pytorch', 'RANK'), ('slurm', 'SLURM_PROCID'),
    ('mpi', 'OMPI_COMM_WORLD_RANK')])
def test_only_the_first_process_prints(launcher, variable, monkeypatch):
    for rank in '01':
        monkeypatch.setenv(variable, rank)
        out = io.StringIO()
        with ReadableConsole(launcher, out) as console:
            console.say('once')
        assert out.getvalue() == ('once\n' if rank == '0' else '')
        assert is_first_process('none')


def test_a_runner_of_its_own_kind(toy):
    from mmengine.registry import RUNNERS
    from mmengine.runner import Runner

    @RUNNERS.register_module(force=True)
    class ToyRunner(Runner):
        pass

    cfg = load_config(toy.learn, str(toy.work_dir))
    cfg.runner_type = 'ToyRunner'
    out = io.StringIO()
    with ReadableConsole(stream=out) as console:
        runner = build_runner(cfg, console)
        assert isinstance(runner, ToyRunner)
        runner.train()
    lines = out.getvalue().splitlines()
    assert lines[0] == '  images: 8; trains 3 of 3 parameters'
    assert lines[1].startswith('  log: ') and len(lines) < 12


def test_a_swap_is_a_few_lines_and_its_logs_have_all(toy):
    out = io.StringIO()
    with ReadableConsole(stream=out) as console:
        run_swap([toy.learn, toy.forget], toy.work_dir, console=console)
    text = out.getvalue()
    lines = text.splitlines()
    assert len(lines) < 50 and max(map(len, lines)) < 200
    assert text.count('| bbox_mAP |  0.') == 3  # one table a validation
    assert '[swap] phase 2 of 2, toy_forget: finished in' in text
    assert '| retain | bbox_mAP | 0.800 |' in text
    logs = [path.read_text() for path in toy.work_dir.glob('*/*/*.log')]
    assert any('load_from = ' in log for log in logs)
    assert any('learn/coco/bbox_mAP: 0.8500' in log for log in logs)
    assert toy_swap.LOG.steps == 8
