"""Turn a training checkpoint into a small .safetensors file to hand out.

Keeps the weights alone, in half precision.
"""
import argparse
import sys

from mmengine.runner.checkpoint import CheckpointLoader

from mmswap.models.safetensors_files import save_safetensors


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('checkpoint', help='what training wrote')
    parser.add_argument('out', help='file to write, *.safetensors')
    args = parser.parse_args()
    if not args.out.endswith('.safetensors'):
        sys.exit(f'OUT must end in .safetensors, got {args.out}')
    checkpoint = CheckpointLoader.load_checkpoint(
        args.checkpoint, map_location='cpu')
    save_safetensors(checkpoint['state_dict'], args.out, half=True)


if __name__ == '__main__':
    main()
