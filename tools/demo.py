"""Swap the shipped digit detector: learn 8 and 9, forget 3 and 5.

A small Mask2Former that knows the digits 0-7 is shipped with its weights.
The demo makes digit scenes from scikit-learn's handwritten digits, runs the
learn and the forget phase, and shows what became of each split.
"""
import argparse
from pathlib import Path

from mmengine.config import Config

from mmswap.apis import run_swap
from mmswap.apis.console import progress_only
from mmswap.apis.gallery import Moment, draw_gallery
from mmswap.apis.report import format_report
from mmswap.datasets.digits.scenes import make_digit_scenes

STEM = 'configs/digits/mask2former_swin-nano'
STEPS = 200
SCENES = 150
# Shorter than the configs say, and scored on half of the scenes, to be done
# within ten minutes of two cores.
OPTIONS = {
    'train_cfg.max_iters': STEPS,
    'train_cfg.val_interval': STEPS,
    'param_scheduler.0.end': STEPS,
    'default_hooks.checkpoint.interval': STEPS,
    'val_dataloader.dataset.dataset.indices': SCENES,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        '--work-dir', type=Path, default=Path('work_dirs/demo'))
    args = parser.parse_args()
    print('[demo] making the digit scenes (40 s the first time)', flush=True)
    make_digit_scenes(Path('data/digits'))
    print(f'[demo] two phases of about four minutes; full logs below '
          f'{args.work_dir}', flush=True)
    configs = [f'{STEM}_learn.py', f'{STEM}_forget.py']
    learn, forget = (Config.fromfile(config) for config in configs)
    with progress_only():
        report = run_swap(configs, args.work_dir, cfg_options=OPTIONS)
        after_learn, after_forget = report['checkpoints'].values()
        picture = draw_gallery([
            Moment('base', learn, learn.load_from),
            Moment('after learn', learn, after_learn),
            Moment('after forget', forget, after_forget),
        ], args.work_dir / 'before_after.png')
    print(f'\n{format_report(report)}\n')
    print(f'Report: {args.work_dir}/swap_report.json and .md')
    print(f'Picture: {picture}')
    for name, checkpoint in report['checkpoints'].items():
        print(f'Checkpoint of {name}: {checkpoint}')
        print(f'Adapter of {name}: {Path(checkpoint).parent / "adapter"}')


if __name__ == '__main__':
    main()
