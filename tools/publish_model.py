"""Turn a stock or merged checkpoint into a small file to hand out.

It holds the weights and the class names. A phase's checkpoint is refused, as
what is in it beside the weights can undo what was forgotten:
tools/merge_adapter.py makes a plain one of it.
"""
import argparse

from mmswap.apis import publish_checkpoint


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        'checkpoint', help='what training or merge_adapter.py wrote')
    parser.add_argument('out', help='file to write, *.safetensors or *.pth')
    parser.add_argument(
        '--full',
        action='store_true',
        help='keep the precision instead of storing floats in half of it')
    parser.add_argument(
        '--trust',
        action='store_true',
        help='load whatever the checkpoint holds, which can run any code')
    return parser.parse_args()


def main() -> None:
    """Publish as the command line says."""
    args = parse_args()
    out = publish_checkpoint(args.checkpoint, args.out, not args.full,
                             args.trust)
    print(f'Published checkpoint: {out}')


if __name__ == '__main__':
    main()
