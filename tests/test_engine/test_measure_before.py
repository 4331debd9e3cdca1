"""What SwapLogHook does before the first step."""
from collections import Counter
from pathlib import Path

import pytest
from mmengine.config import Config
from mmengine.fileio import load
from mmengine.runner import Runner

from mmswap.datasets.digits.scenes import make_digit_scenes

VAL = 'data/digits/annotations/val.json'
CONFIG = Path(__file__).parents[2] / (
    'configs/digits/mask2former_swin-nano_learn.py')


@pytest.fixture
def build_runner(tmp_path, monkeypatch, det_scope):
    """(name, measure_before) -> a Runner for one step on a few scenes."""
    monkeypatch.chdir(tmp_path)
    make_digit_scenes(tmp_path / 'data/digits', base=12, learn=6, val=8)

    def build(name, measure_before):
        cfg = Config.fromfile(str(CONFIG))
        cfg.work_dir = str(tmp_path / name)
        cfg.experiment_name = f'{tmp_path.name}_{name}'
        cfg.log_level = 'ERROR'
        cfg.train_cfg.update(max_iters=1, val_interval=100)
        cfg.train_dataloader.update(num_workers=0, persistent_workers=False)
        cfg.val_dataloader.update(num_workers=0, persistent_workers=False)
        cfg.custom_hooks = [dict(type='mmswap.SwapLogHook',
                                 measure_before=measure_before)]
        return Runner.from_cfg(cfg)

    return build


def check_names_file(folder, metrics):
    """``names.json`` counts each object of the scenes once."""
    names = load(folder / 'names.json')
    truth = Counter(
        each['category_id'] for each in load(VAL)['annotations']
        if not each['iscrowd'])
    ids = {c['name']: c['id'] for c in load(VAL)['categories']}
    found = Counter(names['unseen'])
    for name, by_name in names['called'].items():
        found[name] += sum(by_name.values())
    assert {ids[name]: n for name, n in found.items()} == truth
    assert sum(truth.values()) > 8
    forget = names['splits']['forget']
    total = sum(found[name] for name in forget)
    unseen = sum(names['unseen'].get(name, 0) for name in forget)
    assert metrics['forget/unseen'] == pytest.approx(unseen / total)


@pytest.mark.slow
def test_the_base_is_measured_and_the_scores_know_it(build_runner):
    # An untrained swap is the base; the stock validation measures it too.
    base_runner = build_runner('base', False)
    base = base_runner.val()
    check_names_file(Path(base_runner.work_dir), base)
    runner = build_runner('measured', True)
    runner.train()
    metrics = runner.val_loop.evaluator
    before = metrics.before
    assert before == {
        split: pytest.approx(base[f'swap/{split}'])
        for split in ('retain', 'forget', 'learn')
    }
    after = runner.val_loop.run()
    drop = max(before['forget'] - after['swap/forget'], 0)
    retain = after['swap/retain']
    wanted = 2 * retain * drop / (retain + drop) if drop else 0
    assert after['swap/h_mean'] == pytest.approx(wanted)
