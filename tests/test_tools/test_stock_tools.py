"""The tools that the three libraries install run a swap from end to end.

Nothing of mmswap's own tools is used here but the one that merges.
"""
import json
import pickle
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from stock_scripts import ROOT, run, run_in_turn, tool

from mmswap.datasets.digits.scenes import CLASSES, make_digit_scenes

CONFIGS = ROOT / 'configs' / 'digits'
DETECTOR = CONFIGS / 'mask2former_swin-nano_base.safetensors'
OVERRIDES = ('default_hooks.logger.interval=1',
             'default_hooks.checkpoint.interval=2',
             'train_dataloader.num_workers=0',
             'train_dataloader.persistent_workers=False',
             'train_cfg.val_interval=100')
# Of each model its library and the figure that its metric is known by.
BASES = {
    'fcn_r18-nano': ('mmseg', 'mIoU'),
    'mask2former-seg_swin-nano': ('mmseg', 'mIoU'),
    'vit-nano': ('mmpretrain', 'accuracy/top1'),
    'mask2former-panoptic_swin-nano': ('mmdet', 'coco_panoptic/PQ'),
}


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    """A working directory with a few digit scenes where configs look."""
    folder = tmp_path_factory.mktemp('stock')
    make_digit_scenes(folder / 'data/digits', base=40, learn=16, val=12)
    return folder


def _config(model, phase):
    return CONFIGS / f'{model}_{phase}.py'


def _train_args(config, work_dir, iters, *args, load_from=None):
    options = [*OVERRIDES, f'train_cfg.max_iters={iters}']
    if not config.stem.endswith('_base'):
        hook = 'default_hooks.swap_log'
        options += [f'{hook}.type=mmswap.SwapLogHook',
                    f'{hook}.measure_before=False']
    if load_from:
        options.append(f'load_from={load_from}')
    return [config, '--work-dir', work_dir, *args, '--cfg-options', *options]


def _metrics(work_dir):
    """What the stock test.py wrote last."""
    found = sorted(Path(work_dir).glob('*/*.json'))
    return json.loads(found[-1].read_text().splitlines()[-1])


def _precisions(work_dir, prefix):
    """Per-class AP, NaN as None."""
    metrics = _metrics(work_dir)
    return {name: metrics[f'{prefix}coco/{name}_precision']
            for name in CLASSES}


@pytest.mark.slow
def test_stock_tools_swap_and_score_the_merged_model(folder):
    learn, forget = (
        _config('mask2former_swin-nano', phase)
        for phase in ('learn', 'forget'))
    train, test = (tool('mmdet', name) for name in ('train.py', 'test.py'))
    run(folder, train, *_train_args(learn, 'learn', 2))
    log = run_in_turn(
        folder,
        [train, *_train_args(learn, 'learn', 4, '--resume')],
        [train, *_train_args(forget, 'forget', 4,
                             load_from='learn/iter_4.pth')],
        [ROOT / 'tools/merge_adapter.py', forget, 'forget/iter_4.pth',
         'merged.pth'],
        [test, 'merged.py', 'merged.pth', '--work-dir', 'merged'],
        [test, forget, 'forget/iter_4.pth', '--work-dir', 'phase'])
    assert 'resumed epoch: 0, iter: 2' in log
    assert 'forget_total' in log
    assert (folder / 'learn/adapter/adapter_model.safetensors').is_file()
    assert 'mmswap' not in (folder / 'merged.py').read_text()
    names = json.loads(
        next((folder / 'phase').glob('*/vis_data/names.json')).read_text())
    assert names['splits']['forget'] == ['three', 'five']
    merged = _precisions(folder / 'merged', '')
    phase = _precisions(folder / 'phase', 'all/')
    assert merged == pytest.approx(phase, abs=1e-3, nan_ok=True)
    # The shipped base knows the digits, so this compares real figures.
    assert max(value for value in merged.values() if value == value) > 0.3


class Payload:
    """Makes a file when it is unpickled."""

    def __reduce__(self):
        return open, ('ran', 'w')


@pytest.mark.slow
def test_stock_tools_run_no_code_of_a_checkpoint(folder):
    """Whose configs are mmswap's; and none of what resuming would run."""
    learn = _config('mask2former_swin-nano', 'learn')
    state = load_file(DETECTOR)
    torch.save(dict(state_dict=state, code=Payload()), folder / 'bad.pth')
    save_file(state, folder / 'bad.safetensors', dict(
        config="open('ran', 'w')", epoch='0', iter='1'))
    train, test = (tool('mmdet', name) for name in ('train.py', 'test.py'))
    for script, args in (
            (train, _train_args(learn, 'bad', 1, load_from='bad.pth')),
            (test, [learn, 'bad.pth', '--work-dir', 'bad'])):
        log = run(folder, script, *args, ends_with=1)
        assert 'nothing but tensors' in log and 'mmswap publish' in log
        assert not (folder / 'ran').exists()
    # There is no log in it, so that it cannot be resumed in the end.
    log = run(folder, train, *_train_args(
        learn, 'bad', 2, '--resume', 'bad.safetensors'), ends_with=1)
    assert "KeyError: 'message_hub'" in log
    assert not (folder / 'ran').exists()


def _swap(folder, model, phase_options=(), merged_options=(), start=None):
    """Train a base, swap it, merge it, and score phase and merged model.

    Args:
        folder: Working directory.
        model: One of ``BASES``, whose name all work dirs begin with.
        phase_options: Further arguments of the stock test.py for the phase.
        merged_options: And for the merged model.
        start: Checkpoint that the base starts from.

    Returns:
        The figure of the phase checkpoint and that of the merged model.
    """
    library, name = BASES[model]
    train, test = tool(library, 'train.py'), tool(library, 'test.py')
    forget = _config(model, 'forget')
    last = f'{model}/forget/iter_2.pth'
    commands = [
        [train, *_train_args(_config(model, phase), f'{model}/{phase}', 2,
                             load_from=load_from)]
        for phase, load_from in (
            ('base', start), ('learn', f'{model}/base/iter_2.pth'),
            ('forget', f'{model}/learn/iter_2.pth'))
    ]
    commands += [
        [ROOT / 'tools/merge_adapter.py', forget, last,
         f'{model}/merged.pth'],
        [test, forget, last, '--work-dir', f'{model}/phase_tested',
         *phase_options],
        [test, f'{model}/merged.py', f'{model}/merged.pth', '--work-dir',
         f'{model}/merged_tested', *merged_options],
    ]
    log = run_in_turn(folder, *commands)
    assert 'forget_total' in log
    assert 'mmswap' not in (folder / model / 'merged.py').read_text()
    return (_metrics(folder / model / 'phase_tested')[f'all/{name}'],
            _metrics(folder / model / 'merged_tested')[name])


def _add_background(folder, task):
    """The shipped detector, with a class for the background."""
    out = f'{task}_start.pth'
    run(folder, ROOT / 'tools/model_converters/add_background.py', task,
         DETECTOR, out)
    return out


def _semantic_start(folder):
    """It keeps its queries: with fresh ones, after two steps it finds none."""
    out = _add_background(folder, 'semantic')
    state = torch.load(folder / out, weights_only=True)['state_dict']
    for key, value in load_file(DETECTOR).items():
        if '.query_' in key:
            state[key.replace('panoptic_head', 'decode_head')] = value
    torch.save(dict(state_dict=state, meta={}), folder / out)
    return out


@pytest.mark.slow
@pytest.mark.parametrize('model, make_start', [
    ('mask2former-seg_swin-nano', _semantic_start),
    ('fcn_r18-nano', lambda folder: None),
])
def test_semantic_segmentation(folder, model, make_start):
    phase, merged = _swap(folder, model, start=make_start(folder))
    assert merged == pytest.approx(phase, abs=0.01)
    assert phase > 0


@pytest.mark.slow
def test_classification(folder):
    files = [folder / name for name in ('phase.pkl', 'merged.pkl')]
    phase, merged = _swap(folder, 'vit-nano',
                          *(('--out', file) for file in files))
    assert merged == phase
    # After two steps top-1 is chance; the probabilities tell more.
    scores = [[sample['pred_score'].tolist()
               for sample in pickle.loads(file.read_bytes())]
              for file in files]
    assert len(scores[0]) == 12
    for of_phase, of_merged in zip(*scores):
        assert of_merged == pytest.approx(of_phase, abs=1e-5)


@pytest.mark.slow
def test_panoptic_segmentation(folder):
    model = 'mask2former-panoptic_swin-nano'
    phase, merged = _swap(
        folder, model, start=_add_background(folder, 'panoptic'),
        merged_options=[
            '--cfg-options', 'test_evaluator._delete_=True',
            'test_evaluator.type=mmswap.PanopticMetric'])
    assert merged == pytest.approx(phase, abs=0.1)
    assert phase > 10
    # It names what needs panopticapi.
    text = (folder / model / 'merged.py').read_text()
    assert "type='CocoPanopticMetric'" in text
