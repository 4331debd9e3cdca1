"""Compare GS-LoRA with its baselines on a stream of forgetting requests.

Each method forgets four digits in two requests, with all data, with four
images a class, and with a class to keep of which there is no data. What is
finished is not run again, and what was interrupted goes on. After each run the
tables are written anew, of what the command names and is finished by then.
"""
import argparse
import csv
import json
import statistics
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence

from digits import train_base
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from mmengine.registry import MODELS, init_default_scope

from mmswap.apis import run_swap
from mmswap.datasets.digits.scenes import make_digit_scenes

CONFIGS = Path('configs/digits/baselines')
METHODS = ('gs-lora', 'gs-lora-pp', 'full', 'l2', 'ewc', 'mas', 'lwf', 'der',
           'derpp', 'fdr', 'lirf', 'scrub', 'scrub-s', 'retrain')
REQUESTS = ('three,five', 'one,six')
# Of each setting, the images a class, how often each goes into a prototype (20
# as in GS-LoRA++), and the class without data.
SETTINGS: Dict[str, Dict[str, Any]] = dict(
    full={},
    shots4=dict(shots=4, copies=20),
    missing=dict(missing=('seven', )))
SPLITS = ('retain', 'forget', 'forgotten_before', 'missing')
COLUMNS = ('h_mean', *SPLITS, 'trained', 'step')

Row = Dict[str, Any]


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        '--model', default='vit-nano', help='such as mask2former_swin-nano')
    parser.add_argument(
        '--methods',
        nargs='+',
        choices=METHODS,
        help='default: those that the model has a config of')
    parser.add_argument(
        '--settings', nargs='+', choices=SETTINGS, default=list(SETTINGS))
    parser.add_argument('--seeds', nargs='+', type=int, default=[0, 1, 2])
    parser.add_argument(
        '--requests',
        nargs='+',
        default=REQUESTS,
        help='the digits that each is to forget, such as three,five')
    parser.add_argument(
        '--work-dir', type=Path, default=Path('work_dirs/continual_benchmark'))
    return parser.parse_args()


def config_of(model: str, method: str) -> Path:
    """The config of a request with a method."""
    return CONFIGS / f'{model}_{method}.py'


def methods_of(model: str) -> List[str]:
    """The methods that a model has a config of."""
    return [name for name in METHODS if config_of(model, name).is_file()]


def write_plan(config: Path, setting: str, requests: Sequence[str],
               folder: Path) -> Path:
    """The plan of a method's requests, a file that run_swap takes."""
    folder.mkdir(parents=True, exist_ok=True)
    plan = folder / 'requests.py'
    Config(
        dict(
            configs=dict(forget=str(config.resolve())),
            requests=[dict(forget=names.split(',')) for names in requests],
            missing=SETTINGS[setting].get('missing', ()))).dump(str(plan))
    return plan


def setting_options(config: Path, setting: str, seed: int) -> Dict[str, Any]:
    """The settings of a run, by dotted key."""
    options = {'randomness.seed': seed}
    shots = SETTINGS[setting].get('shots')
    cfg = Config.fromfile(config)
    for index, hook in enumerate(cfg.get('custom_hooks', ())):
        if hook.type == 'mmswap.PrototypeHook':
            options[f'custom_hooks.{index}.copies'] = SETTINGS[setting].get(
                'copies', 1)
    branches = cfg.train_dataloader.dataset.get('branches')
    parts = ['subset'] if branches is None else [
        f'branches.{name}' for name in branches]
    for part in parts if shots else ():
        options[f'train_dataloader.dataset.{part}.shots'] = shots
    return options


def trained_parameters(config: Path) -> int:
    """How many parameters a method moves."""
    cfg = Config.fromfile(config)
    init_default_scope(cfg.default_scope)
    optim = build_optim_wrapper(MODELS.build(cfg.model), cfg.optim_wrapper)
    return sum(param.numel() for group in optim.optimizer.param_groups
               if group['lr'] > 0 for param in group['params'])


def step_seconds(folder: Path) -> Optional[float]:
    """The median of the step times that a phase logged."""
    times = [
        json.loads(line)['time'] for log in folder.glob(
            '*/vis_data/scalars.json')
        for line in log.read_text().splitlines() if '"loss"' in line
    ]
    return statistics.median(times) if times else None


def rows_of(report: Dict[str, Any], folder: Path) -> List[Row]:
    """One row for each request of a run."""
    rows = []
    for number, name in enumerate(report['checkpoints'], 1):
        metrics = report['metrics'][report['columns'][number]]
        row: Row = {key: metrics.get(f'swap/{key}')
                    for key in ('h_mean', *SPLITS)}
        rows.append(
            dict(row, request=number, step=step_seconds(folder / name)))
    return rows


def write_tables(rows: List[Row], folder: Path) -> None:
    """All rows as CSV; the end of the runs, by method, as Markdown."""
    keys = ('setting', 'method', 'seed', 'request', *COLUMNS)
    with open(folder / 'continual.csv', 'w', newline='') as file:
        writer = csv.DictWriter(file, keys)
        writer.writeheader()
        writer.writerows(rows)
    # Accuracy is given in per cent, AP is not.
    form = '.1f' if any((row['retain'] or 0) > 1 for row in rows) else '.3f'
    lines = []
    for setting in dict.fromkeys(row['setting'] for row in rows):
        lines += [
            f'\n{setting}, mean over the seeds; H-mean over the requests '
            'too, the rest at the last one:\n',
            '| method | H-mean | retain | forgotten now | forgotten earlier '
            '| missing | trained parameters | seconds a step |',
            '| --- | --- | --- | --- | --- | --- | --- | --- |'
        ]
        of_setting = [row for row in rows if row['setting'] == setting]
        last = max(row['request'] for row in of_setting)
        for method in dict.fromkeys(row['method'] for row in of_setting):
            own = [row for row in of_setting if row['method'] == method]
            ends = [row for row in own if row['request'] == last]
            cells = [mean(own, 'h_mean', form)]
            cells += [mean(ends, split, form) for split in SPLITS]
            cells += [mean(ends, 'trained', ',.0f'), mean(own, 'step', '.3f')]
            lines.append(f'| {method} | ' + ' | '.join(cells) + ' |')
    text = '\n'.join(lines) + '\n'
    (folder / 'continual.md').write_text(text)


def mean(rows: Sequence[Row], key: str, form: str) -> str:
    """The mean of what was measured, for a table."""
    values = [row[key] for row in rows if row[key] is not None]
    return format(statistics.mean(values), form) if values else '-'


def main() -> None:
    args = parse_args()
    make_digit_scenes(Path('data/digits'))
    train_base(args.model)
    top = args.work_dir / args.model
    rows: List[Row] = []
    for setting in args.settings:
        for method in args.methods or methods_of(args.model):
            config = config_of(args.model, method)
            trained = trained_parameters(config)
            for seed in args.seeds:
                folder = top / setting / method / f'seed{seed}'
                plan = write_plan(config, setting, args.requests, folder)
                report = run_swap(
                    [plan],
                    folder,
                    cfg_options=setting_options(config, setting, seed))
                rows += [
                    dict(row, setting=setting, method=method, seed=seed,
                         trained=trained) for row in rows_of(report, folder)
                ]
                write_tables(rows, top)
    print((top / 'continual.md').read_text())


if __name__ == '__main__':
    main()
