"""What ``mmswap audit`` makes of its arguments."""
import pytest

from mmswap.apis.cli import build_parser
from mmswap.apis.commands import audit
from mmswap.audit import QUICK, AuditSettings


@pytest.fixture
def told(monkeypatch):
    """(arguments) -> what run_audit is called with."""
    calls = []
    monkeypatch.setattr(audit, 'run_audit', lambda *args: calls.append(args))

    def run(*arguments):
        args = build_parser().parse_args(
            ['audit', 'forget.py', 'phase.pth', *arguments])
        args.run(args)
        return calls.pop()

    return run


def test_nothing_but_a_config_and_a_checkpoint(told):
    config, checkpoint, references, settings, tests, *rest = told()
    assert (config, checkpoint) == ('forget.py', 'phase.pth')
    assert references == (None, [], None, [0, 1], None)
    assert settings == AuditSettings() and tests == []
    assert rest[:3] == [None, None, False]


def test_what_is_given_goes_before_the_short_form(told):
    settings = told('--quick', '--draws', '3', '--steps', '1', '2')[3]
    assert settings == QUICK._replace(draws=3, steps=(1, 2))
    assert told('--lr', '1e-3')[3] == AuditSettings(lr=1e-3)


def test_models_to_compare_with(told):
    references = told(
        '--base', 'b.pth', '--retrained', 'x.pth', 'y.pth', '--stock',
        's.py', '--retrain-seeds', '4', '5', '--stock-options', 'a.b=1')[2]
    assert references == (
        'b.pth', ['x.pth', 'y.pth'], 's.py', [4, 5], {'a.b': 1})
