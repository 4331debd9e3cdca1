"""Data loaders that are built to be looked at."""
from typing import Any, Mapping

from mmengine.runner import Runner
from torch.utils.data import DataLoader

_OF_WORKERS = ('num_workers', 'persistent_workers', 'prefetch_factor',
               'pin_memory')


def build_loader(cfg: Mapping[str, Any]) -> DataLoader:
    """A data loader as a Runner builds it, but without workers.

    Args:
        cfg: Config of the loader, not changed.
    """
    kept = {key: value for key, value in cfg.items()
            if key not in _OF_WORKERS}
    return Runner.build_dataloader(dict(kept, num_workers=0), seed=0)
