"""Turn a phase checkpoint into a plain one, with the stock config for it."""
import argparse

from mmswap.apis import merge_checkpoint


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('config', help='config file of the phase')
    parser.add_argument('checkpoint', help='checkpoint that the phase wrote')
    parser.add_argument(
        'out',
        help='merged checkpoint to write; the config goes beside it, with the '
        'ending .py')
    parser.add_argument(
        '--trust',
        action='store_true',
        help='load whatever the checkpoint holds, which can run any code')
    return parser.parse_args()


def main() -> None:
    """Merge as the command line says."""
    args = parse_args()
    checkpoint, config = merge_checkpoint(args.config, args.checkpoint,
                                          args.out, args.trust)
    print(f'Merged checkpoint: {checkpoint}\nStock config: {config}')


if __name__ == '__main__':
    main()
