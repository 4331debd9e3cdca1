"""Run the phases of a swap in order; what is finished is not run again."""
import argparse

from mmswap.apis import add_config_arguments, run_swap, set_local_rank


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        'configs',
        metavar='CONFIG',
        nargs='+',
        help='config files of the phases, in order: learn, then forget; one '
        'may stand there more than once')
    add_config_arguments(parser)
    parser.add_argument(
        '--amp',
        action='store_true',
        help='train with automatic mixed precision')
    parser.add_argument(
        '--new-adapters',
        action='store_true',
        help='give each phase an adapter of its own instead of going on with '
        'that of the phase before')
    return parser.parse_args()


def main() -> None:
    """Run a swap as the command line says."""
    args = parse_args()
    set_local_rank(args)
    run_swap(args.configs, args.work_dir, args.launcher, args.cfg_options,
             args.amp, args.new_adapters)


if __name__ == '__main__':
    main()
