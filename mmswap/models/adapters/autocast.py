"""Which precision autocast has a device compute in."""
from typing import Optional

import torch


def autocast_dtype(device: str) -> Optional[torch.dtype]:
    """The type that matrix products are computed in under autocast.

    Args:
        device: Type of a device, such as ``'cuda'``.

    Returns:
        None where autocast is off.
    """
    if hasattr(torch, 'get_autocast_dtype'):  # From torch 2.4 on.
        enabled = torch.is_autocast_enabled(device)
        return torch.get_autocast_dtype(device) if enabled else None
    if device == 'cpu':
        enabled = torch.is_autocast_cpu_enabled()
        return torch.get_autocast_cpu_dtype() if enabled else None
    return (torch.get_autocast_gpu_dtype() if torch.is_autocast_enabled()
            else None)
