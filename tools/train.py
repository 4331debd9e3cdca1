"""Train a model of mmdet, mmseg or mmpretrain, swaps included."""
import argparse

from mmswap.apis import (
    add_config_arguments,
    build_runner,
    enable_amp,
    enable_auto_scale_lr,
    enable_resume,
    load_config,
    set_local_rank,
)


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('config', help='path of the config file')
    add_config_arguments(parser)
    parser.add_argument(
        '--amp',
        action='store_true',
        help='train with automatic mixed precision')
    parser.add_argument(
        '--auto-scale-lr',
        action='store_true',
        help='scale the learning rate with the batch size')
    parser.add_argument(
        '--resume',
        nargs='?',
        const='auto',
        help='checkpoint to resume from; without a path the last one in the '
        'work dir')
    return parser.parse_args()


def main() -> None:
    """Train as the command line says."""
    args = parse_args()
    set_local_rank(args)
    cfg = load_config(args.config, args.work_dir, args.launcher,
                      args.cfg_options)
    if args.amp:
        enable_amp(cfg)
    if args.auto_scale_lr:
        enable_auto_scale_lr(cfg)
    if args.resume is not None:
        enable_resume(cfg, args.resume)
    build_runner(cfg).train()


if __name__ == '__main__':
    main()
