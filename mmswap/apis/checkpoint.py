"""Checkpoint files, read without running their code and written whole."""
from pathlib import Path
from typing import Any, Dict

import torch

from mmswap.models.checkpoint_reading import read_checkpoint, trusting
from mmswap.whole_file import whole_file

__all__ = ['read_checkpoint', 'trusting', 'write_checkpoint']


def write_checkpoint(checkpoint: Dict[str, Any], path: Path) -> None:
    """Write all of a checkpoint or, if interrupted, nothing of it.

    Args:
        checkpoint: What goes into it.
        path: The file; its folder is made.
    """
    with whole_file(path) as part:
        torch.save(checkpoint, part)
