"""The swap that is looked at, and what several checks need of it."""
from pathlib import Path
from typing import Any, Collection, Dict, List, Optional

from mmengine.registry import MODELS, DefaultScope
from torch.utils.data import DataLoader

from mmswap.apis.checkpoint import read_checkpoint
from mmswap.apis.config import model_config
from mmswap.apis.doctor.contents import (
    Content,
    built_content,
    coco_content,
    read_coco,
)
from mmswap.apis.doctor.sources import Source, sources_of
from mmswap.apis.loaders import build_loader
from mmswap.apis.plan import Phase
from mmswap.class_table import ClassTable
from mmswap.config.types import is_mmswap_type


class Examined:
    """A swap. What is read or built of it is kept for the next check.

    What cannot be read raises each time that it is asked for; the check that
    it belongs to says so, and the others do without.

    Args:
        phases: Its phases.
        work_dir: Its work dir.
        finished: Names of the phases that are not run again, whose data may
            be gone.
    """

    def __init__(self, phases: List[Phase], work_dir: Path,
                 finished: Collection[str] = ()) -> None:
        self.phases = phases
        self.work_dir = work_dir
        self.to_run = [each for each in phases if each.name not in finished]
        self._files: Dict[str, Dict[str, Any]] = {}
        self._contents: Dict[str, Content] = {}
        self._loaders: Dict[str, DataLoader] = {}
        self._checkpoint: Optional[Dict[str, Any]] = None

    def sources(self, phase: Phase) -> List[Source]:
        """The data sets of a phase; none where they cannot be told.

        Args:
            phase: The phase.
        """
        try:
            return list(sources_of(phase.cfg))
        except ValueError:
            return []  # Building the data says so.

    def coco(self, source: Source) -> Dict[str, Any]:
        """What is in the annotation file of a COCO-like data set.

        Args:
            source: The data set.

        Raises:
            OSError: If there is no such file.
            ValueError: If it is no COCO json.
        """
        file = source.ann_file
        if file is None:
            raise ValueError(f'must be a COCO json, got none in {source.cfg}')
        if str(file) not in self._files:
            self._files[str(file)] = read_coco(file)
        return self._files[str(file)]

    def content(self, source: Source, phase: Phase) -> Content:
        """What a data set shows.

        Args:
            source: The data set.
            phase: The phase that it is of.

        Raises:
            OSError: If a file is missing.
            ValueError: If it cannot be read.
        """
        table = table_of(phase)
        # A later request may know more classes.
        key = source.identity + ('' if source.is_coco else repr(table.names))
        if key not in self._contents:
            self._contents[key] = (
                coco_content(source, self.coco(source)) if source.is_coco else
                built_content(source, table))
        return self._contents[key]

    def loader(self, phase: Phase) -> DataLoader:
        """The data loader of a phase's training, without workers.

        Args:
            phase: The phase.
        """
        if phase.name not in self._loaders:
            self._loaders[phase.name] = build_loader(
                phase.cfg.train_dataloader)
        return self._loaders[phase.name]

    def has_data(self, phase: Phase) -> bool:
        """Whether the data of a phase's training can be loaded.

        Args:
            phase: The phase.
        """
        try:
            return self.loader(phase) is not None
        except Exception:  # Said where the data is what is looked at.
            return False

    def model(self, phase: Phase) -> Any:
        """The model of a phase, built anew, without a checkpoint.

        Args:
            phase: The phase.
        """
        return MODELS.build(model_config(phase.cfg))

    @property
    def checkpoint(self) -> Dict[str, Any]:
        """What the swap begins with; empty where it is not on this machine.

        Raises:
            FileNotFoundError: If there is no such file.
            ValueError: If it is none, or may run code.
        """
        if self._checkpoint is None:
            load_from = self.phases[0].cfg.get('load_from')
            if not isinstance(load_from, str) or '://' in load_from:
                return {}
            self._checkpoint = read_checkpoint(load_from)
        return self._checkpoint


def table_of(phase: Phase) -> ClassTable:
    """The class table of a phase.

    Args:
        phase: The phase.
    """
    return ClassTable.from_cfg(phase.cfg.model.classes)


def target_of(phase: Phase) -> str:
    """What a phase is about: ``'learn'``, ``'forget'``, or empty.

    Args:
        phase: The phase.
    """
    return phase_of(phase).split('_')[0]


def phase_of(phase: Phase) -> str:
    """``phase`` of its data set, or what its branches say; may be empty.

    Args:
        phase: The phase.
    """
    data = phase.cfg.train_dataloader.dataset
    if not is_mmswap_type(data, 'SwapDataset'):
        return ''
    if data.get('phase'):
        return str(data.phase)
    branches = [name for name in data.get('branches') or ()
                if name in ('learn', 'forget')]
    return branches[0] if len(branches) == 1 else ''


def is_examined(phase: Phase) -> bool:
    """Whether a phase trains a SwapModel, and has what one needs for that.

    What is missing is an error already; no check has to say it again.

    Args:
        phase: The phase.
    """
    cfg = phase.cfg
    if phase.undo or not is_mmswap_type(cfg.get('model'), 'SwapModel'):
        return False
    try:
        ClassTable.from_cfg(cfg.model.get('classes'))
    except (TypeError, ValueError):
        return False
    loader = cfg.get('train_dataloader') or {}
    return isinstance(loader.get('dataset'), dict) and isinstance(
        cfg.get('train_cfg'), dict)


def in_scope(phase: Phase) -> Any:
    """A context in which the names of a phase's types are found.

    Args:
        phase: The phase.
    """
    return DefaultScope.overwrite_default_scope(
        phase.cfg.get('default_scope') or 'mmengine')
