"""Swap a COCO detector on photographs, with old images and without.

YOLOX-Nano learns `raccoon` and forgets some of VOC's classes; and a detector
of two of the three classes of blood cells learns the third, and forgets one.
The data are those of tools/dataset_converters/photographs.py, and the weights
yolox_nano_coco.safetensors (or .pth), YOLOX-Nano of COCO with mmdet's names of
the keys. What is finished is not run again, and what was interrupted goes on.
After each run the table is written anew.
"""
import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence

from mmengine.config import DictAction
from photo_swaps import SWAPS, Photos, Unlabelled, write_stock, write_swap

from mmswap.apis import build_runner, load_config, run_swap
from mmswap.apis.pseudo import PseudoSettings, pseudo_label
from mmswap.apis.synthesis import synthesize
from mmswap.config.coco_categories import read_categories

CONVERTER = Path(__file__).parents[1] / 'dataset_converters/photographs.py'
SPLITS = ('retain', 'forget', 'learn')
PARTS = ('named', 'renamed', 'unseen')


def parse_args(args: Optional[Sequence[str]] = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        '--data', type=Path, required=True, help='folder of the public sets')
    parser.add_argument(
        '--weights', type=Path, required=True, help='checkpoint of the model')
    parser.add_argument(
        '--swaps', nargs='+', choices=SWAPS, default=list(SWAPS))
    parser.add_argument(
        '--forget', nargs='+', default=['dog'], metavar='NAME',
        help='classes of VOC to forget, one a swap; with --cells those of '
        'blood cells to learn instead')
    parser.add_argument(
        '--cells', action='store_true', help='swap blood cells')
    parser.add_argument('--seeds', nargs='+', type=int, default=[0, 1, 2])
    parser.add_argument(
        '--learn-epochs', type=int, default=10,
        help='length of the learn phases (default: %(default)s, as init '
        'writes for 30 to 400 new images)')
    parser.add_argument(
        '--forget-epochs', type=int, help='length of the forget phases '
        '(default: as init writes, 20 from unlabelled images, 100 of 10)')
    parser.add_argument('--workers', type=int, default=2)
    parser.add_argument(
        '--cfg-options', nargs='+', action=DictAction, default={},
        metavar='KEY=VALUE', help='override settings of all phases')
    parser.add_argument(
        '--work-dir', type=Path, default=Path('work_dirs/photos'))
    return parser.parse_args(args)


def raccoon_photos(root: Path, forget: str) -> Photos:
    """VOC's photographs and raccoons.

    Args:
        root: Their folder.
        forget: The class to forget.
    """
    names = tuple(read_categories(str(root / 'train.json')).values())
    return Photos(root, names, 'train.json', 'learn.json', 'val_all.json',
                  [forget])


def cell_photos(root: Path, new: str) -> Photos:
    """Blood cells.

    Args:
        root: Their folder.
        new: The class to learn; of the others the last one is forgotten.
    """
    names = tuple(read_categories(str(root / f'base_{new}.json')).values())
    return Photos(root, names, f'base_{new}.json', f'learn_{new}.json',
                  f'val_{new}.json', [names[-1]])


def train_cells(stock: Path, weights: Path, folder: Path) -> Path:
    """Train a detector of two classes, from COCO's weights.

    Args:
        stock: Its config.
        weights: Those of COCO; its own classes are drawn anew.
        folder: The work dir.
    """
    out = folder / 'epoch_30.pth'
    if not out.is_file():
        cfg = load_config(str(stock), str(folder), cfg_options={
            'train_cfg.max_epochs': 30, 'train_cfg.val_interval': 30,
            'optim_wrapper.optimizer': dict(
                _delete_=True, type='AdamW', lr=1e-3, weight_decay=.01),
            'load_from': str(weights)})
        cfg.param_scheduler = [dict(type='CosineAnnealingLR', T_max=30)]
        build_runner(cfg).train()
    return out


def find_images(photos: Photos, stock: Path, base: Path, folder: Path,
                synthesized: bool) -> Unlabelled:
    """Let the base model label new images, and old ones as if none were.

    Args:
        photos: The photographs.
        stock: The stock config.
        base: The base checkpoint.
        folder: Where the jsons of the old images go.
        synthesized: Whether it is to make images, too.

    Returns:
        These jsons.
    """
    new, everything = (photos.root / p for p in (photos.learn,
                                                 photos.learn_all))
    pool = folder / 'pool.json'
    found = Unlabelled(folder / 'labelled.json', folder / 'found.json',
                       folder / 'synthesized.json')
    if not pool.is_file():
        train = json.loads((photos.root / photos.train).read_text())
        pool.write_text(json.dumps(dict(train, annotations=[])))
    for out, images, settings in (
            (everything, new, PseudoSettings()),
            (found.labelled, pool, PseudoSettings()),
            (found.showing, pool,
             PseudoSettings(showing=tuple(photos.forget)))):
        if not out.is_file():
            pseudo_label(stock, base, photos.root, out, images, settings)
    if synthesized and not found.synthesized.is_file():
        synthesize(stock, base, photos.root, new, found.synthesized)
    return found


def cells_of(report: Dict[str, Any]) -> List[str]:
    """The figures of a swap: base, learned and forgotten, if it was.

    Args:
        report: What ``run_swap`` gives.
    """
    moments = [report['metrics'][name] for name in report['columns']]
    cells = []
    for split in SPLITS:
        figures = [m.get(f'swap/{split}') for m in moments]
        cells.append(' / '.join('' if f is None else f'{f:.3f}'
                                for f in figures))
    end = moments[-1] if len(moments) > 2 else {}
    return cells + [f'{end[f"forget/{part}"]:.3f}' if end else ''
                    for part in PARTS]


def write_table(rows: Sequence[Sequence[str]], out: Path) -> None:
    """Print the table, and write it.

    Args:
        rows: Its cells.
        out: The file.
    """
    head = ('swap', 'class', 'seed', *(f'AP {s}' for s in SPLITS), *PARTS)
    lines = [head, ('---', ) * len(head), *rows]
    text = '\n'.join(f'| {" | ".join(line)} |' for line in lines)
    print(f'\n{text}\n')
    out.write_text(text + '\n')


def main(given: Optional[Sequence[str]] = None) -> None:
    args = parse_args(given)
    work = args.work_dir
    work.mkdir(parents=True, exist_ok=True)
    subprocess.run([sys.executable, str(CONVERTER), str(args.data),
                    str(work / 'data')], check=True)
    rows: List[List[str]] = []
    for word in args.forget:
        photos = cell_photos(work / 'data/cells', word) if args.cells else (
            raccoon_photos(work / 'data/raccoon', word))
        folder = work / ('cells' if args.cells else 'raccoon') / word
        stock = write_stock(photos, folder / 'site.py', args.workers)
        base = args.weights.resolve()
        if args.cells:
            base = train_cells(stock, base, folder / 'base')
        found = find_images(photos, stock, base, folder,
                            'synthesized' in args.swaps)
        for seed in args.seeds:
            for name in args.swaps:
                configs = write_swap(name, photos, stock, base,
                                     folder / 'configs' / name, found,
                                     dict(learn=args.learn_epochs,
                                          forget=args.forget_epochs))
                report = run_swap(
                    configs, folder / f'{name}_{seed}', cfg_options={
                        'randomness.seed': seed, **args.cfg_options})
                rows.append([SWAPS[name].title, word, str(seed),
                             *cells_of(report)])
                write_table(rows, work / 'table.md')


if __name__ == '__main__':
    main()
