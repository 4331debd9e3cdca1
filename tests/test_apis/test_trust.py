"""No command runs what is in a file, unless it is told to trust it."""
import shutil
from pathlib import Path

import pytest
import torch

from mmswap.apis.checkpoint import read_checkpoint
from mmswap.apis.cli import COMMANDS, main


class Payload:
    """Makes a file when it is unpickled."""

    def __reduce__(self):
        return open, ('ran', 'w')


@pytest.fixture
def place(swap, monkeypatch):
    """A swap whose files are there with code in them, too, as bad_*.pth."""
    monkeypatch.setenv('LOCAL_RANK', '0')
    for name in ('base', 'phase', '1'):
        good = torch.load(f'{name}.pth')
        torch.save(dict(good, meta=dict(epoch=0, iter=1), code=Payload()),
                   f'bad_{name}.pth')
    return swap


OPTIONS = ('--work-dir', 'work', '--cfg-options')
BASE = 'load_from=bad_base.pth'
FIRST = 'train_dataloader.dataset.phase=forget_first'  # Of a swap.
AUDIT = ('audit', 'forget.py', 'phase.pth', '--quick', '--work-dir', 'work')
CALLS = {
    'train': ('train', 'forget.py', *OPTIONS, BASE),
    'train, resumed': (
        'train', 'forget.py', '--resume', 'bad_phase.pth', *OPTIONS[:2]),
    'train, from weights of another model': (
        'train', 'stock.py', *OPTIONS,
        'model.backbone.init_cfg.type=Pretrained',
        'model.backbone.init_cfg.checkpoint=bad_base.pth'),
    'test': ('test', 'forget.py', 'bad_phase.pth', *OPTIONS[:2]),
    'run': ('run', 'forget.py', '--images', '0', *OPTIONS, BASE, FIRST),
    'merge': ('merge', 'forget.py', 'bad_phase.pth', 'out/merged.pth'),
    'publish': ('publish', 'bad_base.pth', 'out.pth'),
    'export': ('export', 'stock.py', 'bad_base.pth', 'out.onnx'),
    'undo': ('undo', 'forget.py', 'bad_phase.pth', 'first', 'out.pth'),
    'audit': ('audit', 'forget.py', 'bad_phase.pth', *AUDIT[3:]),
    'audit of a base': (*AUDIT, '--base', 'bad_base.pth'),
    'audit beside others': (*AUDIT, '--retrained', 'bad_1.pth', '2.pth'),
    'init': ('init', 'stock.py', '--checkpoint', 'bad_base.pth', '--forget',
             'b'),
}


@pytest.mark.parametrize('call', CALLS.values(), ids=CALLS)
def test_code_does_not_run(place, call):
    with pytest.raises((ValueError, SystemExit),
                       match=r'nothing but tensors .*open in .*--trust'):
        main(list(call))
    assert not (place / 'ran').exists()


def test_every_command_that_reads_a_checkpoint_is_here():
    assert {call[0] for call in CALLS.values()} == set(COMMANDS) - {
        'report', 'pseudo-label', 'synthesize',  # See below.
        'doctor'}  # Among its faults.


@pytest.mark.parametrize('name', [
    'train', 'train, from weights of another model', 'test', 'run', 'merge',
    'publish'])
def test_what_is_trusted_is_loaded(place, name):
    main([*CALLS[name], '--trust'])
    assert (place / 'ran').exists()


def test_a_folder_is_checked_without_running_what_is_in_it(place):
    (place / 'out').mkdir()
    shutil.copy('bad_base.pth', 'out/model.pth')
    with pytest.raises(SystemExit, match='model.pth: cannot be read'):
        main(['publish', '--check', 'out'])
    assert not (place / 'ran').exists()


def test_a_report_shows_no_model_with_code_in_it(place, capsys):
    main(['run', 'forget.py', '--images', '0', *OPTIONS, FIRST,
          'load_from=base.pth'])
    path = place / 'work' / 'forget' / 'iter_3.pth'
    torch.save(dict(read_checkpoint(path), code=Payload()), path)
    capsys.readouterr()
    main(['report', 'work', '--images', '1'])
    assert 'no pictures: ValueError: the checkpoint must hold nothing but' in (
        capsys.readouterr().out)
    assert not (place / 'ran').exists()
    main(['report', 'work', '--images', '1', '--trust'])
    assert (place / 'ran').exists()


@pytest.mark.parametrize('command', ['pseudo-label', 'synthesize'])
def test_no_label_by_a_model_with_code_in_it(command, place, tmp_path):
    config = Path(__file__).parents[2] / 'configs' / 'digits'
    (tmp_path / 'new.json').write_text(
        '{"images": [], "annotations": [], "categories": []}')
    with pytest.raises((ValueError, SystemExit), match='nothing but tensors'):
        main([command, str(config / 'mask2former_swin-nano_base.py'),
              'bad_base.pth', '--images', 'data/images', '--ann', 'new.json',
              '--out', 'out.json'])
    assert not (place / 'ran').exists()


BEST = ['train_cfg.val_interval=1',
        'default_hooks.checkpoint.save_best=swap/retain',
        'default_hooks.checkpoint.rule=greater']


def test_no_file_tells_where_it_was_written(swap, monkeypatch):
    """What a phase, a merge and a record leave, whatever paths are given."""
    monkeypatch.setenv('LOCAL_RANK', '0')
    here = str(swap)
    main(['train', 'forget.py', '--work-dir', f'{here}/work', '--cfg-options',
          f'load_from={here}/base.pth',
          f'test_dataloader.dataset.dataset.data_root={here}/data',
          *BEST])
    main(['merge', f'{here}/forget.py', f'{here}/work/iter_3.pth',
          f'{here}/out/merged.pth', '--record'])
    main(['publish', 'out/merged.pth', f'{here}/out/small.safetensors'])
    files = [path for pattern in ('work/*.pth', 'work/adapter/*', 'out/*')
             for path in swap.glob(pattern)]
    assert len(files) == 2 + 4 + 4
    telling = [path.name for path in files
               if here.encode() in path.read_bytes()]
    assert not telling
    # And a run that goes on knows its best checkpoint.
    main(['train', 'forget.py', '--work-dir', 'work', '--resume',
          '--cfg-options', 'train_cfg.max_iters=4', *BEST])
    saved = read_checkpoint('work/iter_4.pth')
    best = saved['message_hub']['runtime_info']['best_ckpt']
    assert [path.name for path in (swap / 'work').glob('best*')] == [best]
