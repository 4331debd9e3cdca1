"""A request that is taken back: its adapter comes out of the weights."""
from pathlib import Path
from typing import Union

from mmengine.config import Config

from mmswap.apis.merge import load_model, write_checkpoint


def undo_request(cfg: Config, checkpoint: Union[str, Path], name: str,
                 out: Path) -> None:
    """Write a checkpoint without the adapter of one request.

    What the other requests did stays, to rounding.

    Args:
        cfg: Config of a phase that comes after it, with an adapter of its
            own.
        checkpoint: What the last phase wrote.
        name: The adapter to take out.
        out: File to write, a checkpoint that phases load.

    Raises:
        KeyError: If the checkpoint has no such adapter.
    """
    model = load_model(cfg, checkpoint)
    model.undo(name)
    out.parent.mkdir(parents=True, exist_ok=True)
    write_checkpoint(dict(state_dict=model.state_dict(), meta={}), out)
