"""Give mmdet's Mask2Former for instances a class for the background.

The result is what a semantic model of mmseg, or a panoptic one of mmdet, is
trained from. The new class starts as no object does. In a semantic model the
background comes first, and the queries are left out: a detector's stand for
single objects, a semantic model's for classes. In a panoptic model it comes
last, as stuff does.
"""
import argparse
import sys
from pathlib import Path
from typing import Dict

import torch
from torch import Tensor

from mmswap.apis.checkpoint import read_checkpoint
from mmswap.apis.commands.command import add_trust

HEAD = 'panoptic_head.'
QUERIES = (f'{HEAD}query_embed.', f'{HEAD}query_feat.')
CLASSES = f'{HEAD}cls_embed.'


def to_semantic(state: Dict[str, Tensor]) -> Dict[str, Tensor]:
    """The state dict of mmseg's ``EncoderDecoder``, without queries."""
    new = {}
    for key, value in state.items():
        if key.startswith(QUERIES):
            continue
        if key.startswith(CLASSES):
            # The last row is no object's.
            value = torch.cat((value[-1:], value))
        if key.startswith(HEAD):
            key = 'decode_head.' + key[len(HEAD):]
        new[key] = value
    return new


def to_panoptic(state: Dict[str, Tensor]) -> Dict[str, Tensor]:
    """The state dict of mmdet's ``Mask2Former`` with one class of stuff."""
    return {
        key: torch.cat((value, value[-1:]))
        if key.startswith(CLASSES) else value
        for key, value in state.items()
    }


CONVERT = dict(semantic=to_semantic, panoptic=to_panoptic)


def main() -> None:
    """Write the checkpoint that the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('task', choices=CONVERT)
    parser.add_argument('checkpoint', help='checkpoint of the detector')
    parser.add_argument('out', type=Path, help='checkpoint to write, *.pth')
    add_trust(parser)
    args = parser.parse_args()
    checkpoint = read_checkpoint(args.checkpoint, args.trust)
    state = checkpoint['state_dict']
    if not any(key.startswith(CLASSES) for key in state):
        sys.exit(f'the checkpoint must be of a Mask2Former, with keys '
                 f'{CLASSES}*, got {len(state)} others')
    args.out.parent.mkdir(parents=True, exist_ok=True)
    torch.save(
        dict(state_dict=CONVERT[args.task](state), meta={}), args.out)


if __name__ == '__main__':
    main()
