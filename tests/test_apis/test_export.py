"""What was forgotten is measured again on the file that is deployed."""
import json
from pathlib import Path

import pytest
from mmengine.registry import MODELS

from mmswap.apis.cli import main
from mmswap.apis.config import load_config
from mmswap.apis.evidence import check_folder
from mmswap.apis.export import SUFFIX, export_onnx, use_onnx

pytest.importorskip('onnx')
pytest.importorskip('onnxruntime')


@pytest.fixture(autouse=True)
def _one_process(monkeypatch):
    monkeypatch.setenv('LOCAL_RANK', '0')


@pytest.fixture
def merged(swap):
    """A merged classifier, the whole one and the pruned one."""
    main(['merge', 'forget.py', 'phase.pth', 'out/merged.pth', '--record'])
    main(['merge', 'forget.py', 'phase.pth', 'out/pruned.pth', '--prune'])
    return swap


def scores(config, checkpoint, folder):
    main(['test', config, checkpoint, '--work-dir', folder])
    path, = Path(folder).glob('*/*.json')
    return json.loads(path.read_text())


def test_a_file_scores_what_the_phase_did(merged, capsys):
    main(['export', 'out/merged.py', 'out/merged.pth', 'out/model.onnx',
          '--int8'])
    told = capsys.readouterr().out
    assert 'out/model.onnx, image of 16 x 16' in told
    assert 'out/model_int8.onnx' in told
    wanted = scores('forget.py', 'phase.pth', 'torch')
    got = scores('forget.py', 'out/model.onnx', 'onnx')
    keys = [key for key in wanted if key.split('/')[0] in (
        'retain', 'forget', 'learn', 'all')]
    assert 'forget/accuracy/top1' in keys and 'forget/named' in keys
    for key in keys:
        assert got[key] == pytest.approx(wanted[key], abs=1e-4), key
    # The stock config scores it as a whole.
    (merged / 'out/average.py').write_text(
        "_base_ = './merged.py'\ncustom_hooks = [dict(type='EMAHook')]\n")
    stock = scores('out/average.py', 'out/model.onnx', 'stock')
    assert stock['accuracy/top1'] == pytest.approx(wanted['all/accuracy/top1'])
    assert 'forget/named' in scores('forget.py', 'out/model_int8.onnx', 'int8')


def test_a_pruned_file_never_says_the_name(merged):
    files = export_onnx('out/pruned.py', 'out/pruned.pth', 'out/less.onnx')
    assert [path.suffix for path in files] == [SUFFIX]
    got = scores('forget.py', 'out/less.onnx', 'onnx')
    assert got['forget/named'] == got['forget/accuracy/top1'] == 0
    whole = scores('forget.py', 'phase.pth', 'torch')
    assert got['retain/named'] >= whole['retain/named']


def test_the_base_is_found_in_a_folder_to_hand_out(merged):
    for name in ('merged', 'pruned'):
        export_onnx(f'out/{name}.py', f'out/{name}.pth', f'out/{name}.onnx')
    assert check_folder('out') == []
    export_onnx('stock.py', 'base.pth', 'out/old.onnx', int8=True)
    found = check_folder('out')
    assert [line.split(':')[0] for line in found] == [
        'old.onnx', 'old_int8.onnx']
    assert 'base model' in found[0]


@pytest.mark.parametrize('args, key', [
    (('forget.py', 'phase.pth', 'a.onnx'), 'model.type'),
    (('stock.py', 'phase.pth', 'a.onnx'), 'phase checkpoint'),
    (('stock.py', 'base.pth', 'a.pt'), 'OUT must end in .onnx')])
def test_what_is_no_stock_model_is_refused(swap, args, key):
    with pytest.raises(ValueError, match=key):
        export_onnx(*args)


def test_without_data_the_size_is_given(swap):
    text = (swap / 'stock.py').read_text()
    (swap / 'bare.py').write_text(
        text + 'test_dataloader = test_evaluator = test_cfg = None\n')
    with pytest.raises(ValueError, match='--size H W'):
        export_onnx('bare.py', 'base.pth', 'a.onnx')
    found = export_onnx('bare.py', 'base.pth', 'a.onnx', (16, 16))
    assert max(next(iter(found.values())).values()) < 1e-4
    # Nor is there anything then that names the classes, for a phase.
    cfg = load_config('forget.py')
    use_onnx(cfg, 'a.onnx')
    with pytest.raises(ValueError, match='must name its classes'):
        MODELS.build(cfg.model)
