"""Test a model of mmdet, mmseg or mmpretrain, swaps included."""
import argparse

from mmswap.apis import (
    DumpHook,
    add_config_arguments,
    build_runner,
    enable_painting,
    enable_tta,
    load_config,
    set_local_rank,
)


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('config', help='path of the config file')
    parser.add_argument('checkpoint', help='path of the checkpoint')
    add_config_arguments(parser)
    parser.add_argument('--out', help='write the predictions to this .pkl')
    parser.add_argument(
        '--show', action='store_true', help='show each painted image')
    parser.add_argument('--show-dir', help='folder for painted images')
    parser.add_argument(
        '--wait-time',
        type=float,
        default=2,
        help='seconds that each image of --show stays (default: 2)')
    parser.add_argument(
        '--tta', action='store_true', help='augment at test time')
    return parser.parse_args()


def main() -> None:
    """Test as the command line says."""
    args = parse_args()
    set_local_rank(args)
    cfg = load_config(args.config, args.work_dir, args.launcher,
                      args.cfg_options)
    cfg.load_from = args.checkpoint
    cfg.resume = False
    if args.show or args.show_dir:
        enable_painting(cfg, args.show, args.show_dir, args.wait_time)
    if args.tta:
        enable_tta(cfg)
    runner = build_runner(cfg)
    if args.out:
        runner.register_hook(DumpHook(args.out, cfg.get('default_scope')))
    runner.test()


if __name__ == '__main__':
    main()
