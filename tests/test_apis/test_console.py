import logging
import sys

from mmswap.apis.console import progress_only


def test_progress_is_shown_and_the_rest_is_not(capsys):
    with progress_only():
        log = logging.Logger('run')
        log.addHandler(logging.StreamHandler(sys.stdout))
        log.info('System environment:\n    sys.platform: linux\n')
        log.info('11/21 - Iter(train) [ 50/300]  loss: 1.5')
        log.info('11/21 - Epoch(val) [300][10/38]')
        print('[swap] phase 1 of 2', end='')
        print(', starts')
        print('trouble', file=sys.stderr)
    print('table')
    shown = capsys.readouterr()
    assert shown.out.splitlines() == [
        '11/21 - Iter(train) [ 50/300]  loss: 1.5',
        '11/21 - Epoch(val) [300][10/38]', '[swap] phase 1 of 2, starts',
        'table'
    ]
    assert shown.err == 'trouble\n'
