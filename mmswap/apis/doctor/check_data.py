"""Whether the data of a phase can be built as a run builds it."""
from typing import Any, Iterator

from mmswap.apis.doctor.examined import Examined
from mmswap.apis.doctor.finding import Finding, refusal
from mmswap.apis.loaders import build_loader
from mmswap.apis.plan import Phase


def check_data(swap: Examined, phase: Phase) -> Iterator[Finding]:
    """The loaders of training and validation, and a sample of each.

    Args:
        swap: The swap.
        phase: The phase.
    """
    yield from _tried('train_dataloader', lambda: swap.loader(phase))
    val = phase.cfg.get('val_dataloader')
    if val is None:
        return
    yield from _tried('val_dataloader', lambda: build_loader(val).dataset[0])


def _tried(key: str, build: Any) -> Iterator[Finding]:
    """What building raises, as a finding."""
    try:
        build()
    except Exception as raised:  # Whatever the libraries raise.
        yield refusal(key, raised)
