"""Checkpoint files, read without running their code and written whole."""
import os
from pathlib import Path
from typing import Any, Dict

import torch

from mmswap.models.checkpoint_reading import read_checkpoint, trusting

__all__ = ['read_checkpoint', 'trusting', 'write_checkpoint']


def write_checkpoint(checkpoint: Dict[str, Any], path: Path) -> None:
    """Write all of a checkpoint or, if interrupted, nothing of it.

    Args:
        checkpoint: What goes into it.
        path: The file.
    """
    part = path.with_name(path.name + '.part')
    torch.save(checkpoint, part)
    os.replace(part, path)
