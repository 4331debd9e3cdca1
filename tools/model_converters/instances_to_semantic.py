"""Turn mmdet's Mask2Former for instances into a start for mmseg's.

The background, which is stuff to a semantic model, becomes its first class.
It starts as no object does. The queries are left out: a detector's stand for
single objects, a semantic model's for classes.
"""
import argparse
import sys
from pathlib import Path
from typing import Dict

import torch
from mmengine.runner.checkpoint import CheckpointLoader
from torch import Tensor

import mmswap  # noqa: F401  (loads .safetensors files)

HEAD = 'panoptic_head.'
QUERIES = (f'{HEAD}query_embed.', f'{HEAD}query_feat.')


def convert(state: Dict[str, Tensor]) -> Dict[str, Tensor]:
    """The state dict of an ``EncoderDecoder`` with one class more, no queries.

    Args:
        state: State dict of a ``Mask2Former`` of mmdet.
    """
    if not any(key.startswith(f'{HEAD}cls_embed.') for key in state):
        sys.exit(f'the checkpoint must be of a Mask2Former, with keys '
                 f'{HEAD}cls_embed.*, got {len(state)} others')
    new = {}
    for key, value in state.items():
        if key.startswith(QUERIES):
            continue
        if key.startswith(f'{HEAD}cls_embed.'):
            # The last row is no object's.
            value = torch.cat((value[-1:], value))
        if key.startswith(HEAD):
            key = 'decode_head.' + key[len(HEAD):]
        new[key] = value
    return new


def main() -> None:
    """Write the checkpoint that the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('checkpoint', help='checkpoint of the detector')
    parser.add_argument('out', type=Path, help='checkpoint to write, *.pth')
    args = parser.parse_args()
    checkpoint = CheckpointLoader.load_checkpoint(
        args.checkpoint, map_location='cpu')
    state = convert(checkpoint.get('state_dict', checkpoint))
    args.out.parent.mkdir(parents=True, exist_ok=True)
    torch.save(dict(state_dict=state, meta={}), args.out)


if __name__ == '__main__':
    main()
