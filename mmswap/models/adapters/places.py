"""Where the modules of a model stand.

One module may stand in several places: RTMDet's head shares its convolutions
between the levels of the pyramid, and DETRs with box refinement may share
their prediction heads between layers.
"""
from typing import Dict, Iterable, List

from torch import nn


def all_places(model: nn.Module) -> Dict[int, List[str]]:
    """All paths of each module below a model, in the model's order.

    Args:
        model: Any module.

    Returns:
        Paths by the ``id`` of the module.
    """
    places: Dict[int, List[str]] = {}
    for path, module in model.named_modules(remove_duplicate=False):
        if path:
            places.setdefault(id(module), []).append(path)
    return places


def put(model: nn.Module, paths: Iterable[str], module: nn.Module) -> None:
    """Put a module into places of a model.

    Args:
        model: The model, changed in place.
        paths: The places.
        module: What is to stand there.
    """
    for path in paths:
        parent, _, name = path.rpartition('.')
        setattr(model.get_submodule(parent), name, module)
