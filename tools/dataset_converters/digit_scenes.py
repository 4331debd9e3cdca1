"""Make the digit scenes that the demo, the tests and the docs run on."""
import argparse
from pathlib import Path

from mmswap.datasets.digits.scenes import make_digit_scenes


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('out', nargs='?', type=Path,
                        default=Path('data/digits'))
    parser.add_argument('--seed', type=int, default=0)
    parser.add_argument('--base', type=int, default=2000,
                        help='scenes with the digits 0-7')
    parser.add_argument('--learn', type=int, default=500,
                        help='scenes with the digits 8 and 9')
    parser.add_argument('--val', type=int, default=300,
                        help='scenes with all ten digits')
    parser.add_argument('--size', type=int, default=128,
                        help='side of a scene in pixels')
    args = parser.parse_args()
    make_digit_scenes(args.out, args.seed, args.base, args.learn, args.val,
                      args.size)
    print(f'digit scenes in {args.out}')


if __name__ == '__main__':
    main()
