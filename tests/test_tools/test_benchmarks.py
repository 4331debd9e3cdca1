"""The benchmark scripts run and print their tables."""
import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from mmengine.registry import MODELS

from mmswap.apis.init.stock import scope_of
from mmswap.apis.plan import plan_phases
from mmswap.class_table import ClassTable
from mmswap.datasets.digits.scenes import make_digit_scenes

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_step_time_prints_its_table(tmp_path):
    make_digit_scenes(tmp_path / 'data/digits', base=8, learn=6, val=2)
    config = ROOT / 'configs/digits/mask-rcnn_swin-nano_fpn_learn.py'
    done = subprocess.run(
        [sys.executable, str(ROOT / 'tools/benchmarks/step_time.py'),
         str(config), '--steps', '1', '--warmup', '0',
         '--variant', 'at once', 'step.early_backward=False',
         '--profile', 'swap'],
        cwd=tmp_path, capture_output=True, text=True,
        env=dict(os.environ, OMP_NUM_THREADS='1', PYTHONPATH=str(ROOT)))
    assert done.returncode == 0, done.stderr
    header, *rows = [
        [cell.strip() for cell in line.strip('|').split('|')]
        for line in done.stdout.splitlines() if line.startswith('| ')
        and '---' not in line]
    table = {row[0]: dict(zip(header, row)) for row in rows}
    assert list(table) == ['full', 'full, by branch', 'peft, lasso in loss',
                           'swap', 'at once']
    full, swap = (int(table[name]['trained parameters'].replace(',', ''))
                  for name in ('full', 'swap'))
    assert 0 < swap < full / 10
    kept = [int(table[name]['kept, MiB'])
            for name in ('swap', 'at once', 'full')]
    assert 0 < kept[0] < .7 * kept[1] < .7 * kept[2]
    assert 'aten::mm' in done.stdout
    assert table['full']['sparsity'] == '0.00%'
    assert 0 < float(table['swap']['sparsity'].rstrip('%')) < 20


@pytest.fixture
def load_benchmark(monkeypatch):
    """(name) -> a script of tools/benchmarks as a module."""
    monkeypatch.syspath_prepend(str(ROOT / 'tools/benchmarks'))

    def load(name):
        spec = importlib.util.spec_from_file_location(
            f'{name}_benchmark', ROOT / f'tools/benchmarks/{name}.py')
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    return load


def test_what_autograd_keeps_is_counted_once_and_let_go(load_benchmark):
    measures = load_benchmark('step_measures')
    model = torch.nn.Linear(10, 20)
    images = torch.randn(5, 10)

    def step(batch):
        # Keeps the images, the output of tanh for both products, and no
        # weights; the second time after the first is freed.
        for _ in range(2):
            output = model(batch).tanh()
            (output * output).sum().backward()

    assert measures.kept_bytes(model, step, images) == 4 * (5 * 10 + 5 * 20)


def test_what_has_no_backward_pass_is_let_go_too(load_benchmark):
    measures = load_benchmark('step_measures')
    model = torch.nn.Linear(10, 20)

    def step(batch):
        for _ in range(3):
            model(batch).sigmoid()  # Keeps its own output.

    images = torch.randn(5, 10)
    assert measures.kept_bytes(model, step, images) == 4 * (5 * 10 + 5 * 20)


@pytest.mark.slow
@pytest.mark.parametrize('name, classes', [
    ('yolox-s', None), ('yolox-s', 7), ('vit-b', None)])
def test_random_images_fit_their_models(load_benchmark, name, classes):
    models = load_benchmark('step_models')
    cfg = models.phase_config(name, 'forget', 64, classes)
    with scope_of(cfg.default_scope):
        swap = MODELS.build(cfg.model)
    known = models.MODELS[name].classes if classes is None else classes
    assert swap.class_table.num_base == known
    batch = next(models.batches(cfg, 64, 1))
    assert batch['branch'] == ['retain', 'forget']
    data = swap.data_preprocessor(batch, True)
    swap._loaded = True
    with scope_of(cfg.default_scope):
        losses = swap.train()(**data, mode='loss')
    assert losses['retain_total'] > 0


@pytest.mark.slow
def test_inference_of_three_models_is_timed(load_benchmark, monkeypatch,
                                            capsys):
    script = load_benchmark('inference_time')
    cfg = script.phase_config('yolox-s', 'learn', 64)
    with scope_of('mmdet'):
        models = script.build_models(cfg)
    stock, merged, swap = (model.bbox_head.multi_level_conv_cls[0].weight
                           for model in (models['stock'], models['merged'],
                                         models['swap'].model))
    assert torch.equal(merged[:80], stock)
    assert len(merged) == len(swap) == 82
    assert not any('lora' in key for key in models['merged'].state_dict())
    monkeypatch.setattr('sys.argv', [
        'inference_time.py', '--model', 'yolox-s', '--size', '64',
        '--images', '2', '--warmup', '0'])
    with scope_of('mmdet'):
        script.main()
    rows = [line.split('|')[1:-1] for line in
            capsys.readouterr().out.splitlines() if line.startswith('| ')]
    assert [row[0].strip() for row in rows[2:]] == ['stock', 'merged', 'swap']
    assert float(rows[2][2]) == 1
    assert all(float(row[1]) > 0 for row in rows[2:])


@pytest.fixture
def requests_benchmark(load_benchmark, monkeypatch):
    monkeypatch.chdir(ROOT)
    return load_benchmark('request_stream')


@pytest.mark.slow
@pytest.mark.parametrize('task, background', [('seg', 0), ('panoptic', 8)])
def test_a_missing_base_starts_from_the_shipped_detector(
        task, background, load_benchmark, tmp_path, monkeypatch):
    for folder in ('configs', 'tools'):
        (tmp_path / folder).symlink_to(ROOT / folder)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv('PYTHONPATH', str(ROOT))
    digits = load_benchmark('digits')
    started = []

    class Runner:

        def __init__(self, cfg):
            self.start = cfg.load_from

        def train(self):
            started.append(torch.load(self.start)['state_dict'])

    monkeypatch.setattr(digits, 'build_runner', Runner)
    digits.train_base(f'mask2former-{task}_swin-nano')
    [bias] = [rows for key, rows in started[0].items()
              if key.endswith('cls_embed.bias')]
    assert len(bias) == 8 + 2
    assert bias[background] == bias[-1]


def test_eight_requests_can_be_met(requests_benchmark, tmp_path):
    (tmp_path / 'base.pth').write_bytes(b'weights')
    plan = requests_benchmark.write_plan(
        tmp_path / 'plan.py', 'vit-nano', requests_benchmark.EIGHT)
    phases = plan_phases(
        [plan], tmp_path, cfg_options=dict(load_from=f'{tmp_path}/base.pth'))
    assert len(phases) == 8
    table = ClassTable.from_cfg(phases[-1].cfg.model.classes)
    assert table.forget == ('four', )
    assert table.learned_before == ('eight', 'nine')
    assert table.retain == ('zero', 'seven', 'eight', 'nine')


def test_share_is_of_the_mean(requests_benchmark):
    now, base = dict(a=.1, b=.5, c=9.), dict(a=.4, b=.6, c=1.)
    assert requests_benchmark.share(now, base, 'ab') == pytest.approx(.6)


@pytest.mark.slow
def test_a_killed_swap_ends_as_one_that_was_left_alone(tmp_path):
    """A longer one: --kills 30, a plan of requests, stock train.py."""
    toys = str(ROOT / 'tests/test_apis')
    code = (
        'import sys; from pathlib import Path; import toy_swap as toy\n'
        'base = toy.write_base(Path("base.pth")).resolve()\n'
        'toy.write_config(Path("a.py"), (.8, .7, .9), base)\n'
        'toy.write_config(Path("b.py"), (.8, 0., .9), base)\n')
    env = dict(os.environ, OMP_NUM_THREADS='1',
               PYTHONPATH=os.pathsep.join((str(ROOT), toys)))
    subprocess.run([sys.executable, '-c', code], cwd=tmp_path, env=env,
                   check=True)
    done = subprocess.run(
        [sys.executable, str(ROOT / 'tools/benchmarks/kills.py'), 'a.py',
         'b.py', '--kills', '2', '--work-dir', 'kills',
         '--cfg-options', 'default_hooks.checkpoint.interval=1'],
        cwd=tmp_path, capture_output=True, text=True, env=env)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r'\| [12] \| 2 \| 2 \| 0 \| 0 \|', done.stdout)


def test_phases_over_a_file_that_is_made_up(load_benchmark, tmp_path):
    coco = load_benchmark('coco_size')
    coco.make_file(tmp_path / 'old.json', 60, 400, coco.CLASSES)
    coco.make_file(tmp_path / 'new.json', 20, 40, ['new'])
    plain, learn = (coco.measure(coco.data_config(tmp_path, name))
                    for name in ('plain', 'learn'))
    # Those with an object of 80 classes, and then those of the new one, too.
    assert 50 < plain.images <= 60 < learn.images
    assert learn.seconds > 0


def test_scores_of_splits_are_timed(load_benchmark, monkeypatch, capsys):
    scores = load_benchmark('split_scores')
    monkeypatch.setattr(sys, 'argv', ['split_scores.py', '--images', '4'])
    scores.main()
    whole, splits = re.findall(r'^\| whole.*\| ([\d.]+) \|$',
                               capsys.readouterr().out, re.M)
    assert float(whole) > .1 and whole == splits
