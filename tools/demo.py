"""Swap the shipped digit detector: learn 8 and 9, forget 3 and 5.

A small Mask2Former that knows the digits 0-7 is shipped with its weights.
The demo makes digit scenes from scikit-learn's handwritten digits, runs the
learn and the forget phase, and shows what became of each split.
"""
import argparse
import sys
from pathlib import Path

from mmengine.config import Config

from mmswap.apis import run_swap
from mmswap.apis.console import ReadableConsole
from mmswap.apis.gallery import Moment, draw_gallery
from mmswap.apis.interruption import stop
from mmswap.datasets.digits.scenes import make_digit_scenes

STEM = 'configs/digits/mask2former_swin-nano'
SCENES = 150


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        '--work-dir',
        type=Path,
        default=Path('work_dirs/demo'),
        help='folder for logs and checkpoints (default: %(default)s)')
    parser.add_argument(
        '--steps',
        type=int,
        default=200,
        help='training steps of a phase (default: %(default)s)')
    args = parser.parse_args()
    try:
        demo(args.work_dir, args.steps)
    except KeyboardInterrupt as error:
        raise stop(error, ['tools/demo.sh', *sys.argv[1:]]) from None


def demo(work_dir: Path, steps: int) -> None:
    """Make the scenes, swap, and draw a picture."""
    print('[demo] making the digit scenes (40 s the first time)', flush=True)
    make_digit_scenes(Path('data/digits'))
    print('[demo] two phases, about four minutes each with 200 steps',
          flush=True)
    configs = [f'{STEM}_learn-retaining.py', f'{STEM}_forget-unnamed.py']
    learn, forget = (Config.fromfile(config) for config in configs)
    with ReadableConsole() as console:
        report = run_swap(configs, work_dir, cfg_options=options(steps),
                          console=console)
        after_learn, after_forget = report['checkpoints'].values()
        picture = draw_gallery([
            Moment('base', learn, learn.load_from),
            Moment('after learn', learn, after_learn),
            Moment('after forget', forget, after_forget),
        ], work_dir / 'before_after.png')
    print(f'Picture: {picture}')
    for name, checkpoint in report['checkpoints'].items():
        print(f'Adapter of {name}: {Path(checkpoint).parent / "adapter"}')


def options(steps: int) -> dict:
    """Shorter than the configs say, and scored on half of the scenes.

    So that it is done within ten minutes of two cores.
    """
    return {
        'train_cfg.max_iters': steps,
        'train_cfg.val_interval': steps,
        'param_scheduler.0.end': steps,
        'default_hooks.checkpoint.interval': steps,
        'default_hooks.logger.interval': 10,
        'val_dataloader.dataset.dataset.indices': SCENES,
    }


if __name__ == '__main__':
    main()
