"""The models of an audit: the subject, and those that it is held against."""
from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Union

from mmengine.config import Config

from mmswap.apis.audit.records import AuditRecords, fingerprint_of
from mmswap.apis.audit.retrain import retrain
from mmswap.apis.audit.subjects import SubjectReader
from mmswap.apis.console import ReadableConsole
from mmswap.audit.data import AuditData
from mmswap.audit.subject import Subject, hide_classes, lower_classes

PathLike = Union[str, Path]


class References(NamedTuple):
    """The models that an audit compares with.

    Attributes:
        base: Checkpoint of the base model; None for what the adapter of the
            subject is on.
        retrained: Checkpoints of models that never saw the class.
        stock: Config file that the base model was trained with, to train
            such models; None for none.
        seeds: Of those that are trained.
        stock_options: Settings of ``stock`` to override, by dotted key.
    """

    base: Optional[PathLike] = None
    retrained: Sequence[PathLike] = ()
    stock: Optional[PathLike] = None
    seeds: Sequence[int] = (0, 1)
    stock_options: Optional[Dict[str, Any]] = None


class AuditModels:
    """Reads, makes and trains the models of an audit.

    Args:
        cfg: The config of the phase that forgot.
        data: The images to measure on.
        folder: The folder of the audit.
        trust: Unpickle whatever is in a checkpoint. That can run any code.
        console: Shows a training.

    Attributes:
        described: What is told of each model in ``audit.json``.
    """

    def __init__(self, cfg: Config, data: AuditData, folder: Path,
                 trust: bool = False,
                 console: Optional[ReadableConsole] = None) -> None:
        self._cfg = cfg
        self._data = data
        self._folder = folder
        self._reader = SubjectReader(cfg, trust)
        self._console = console
        self.described: List[Dict[str, Any]] = []

    def build(self, checkpoint: PathLike,
              references: References) -> List[Subject]:
        """All models, the subject first.

        Args:
            checkpoint: Of the subject.
            references: The others.
        """
        subjects = [self._keep(
            self._reader.subject(checkpoint), str(checkpoint))]
        for i, path in enumerate(self._retrained(references)):
            subjects.append(self._keep(
                self._reader.reference(f'retrained {i}', 'retrained', path),
                str(path)))
        base = self._reader.base(references.base)
        hidden = self._hidden(base)
        subjects.append(self._keep(
            hidden, 'the base model, the bias of the classes lowered by '
            f'{(hidden.adapter or {})["offset"]:g}'))
        subjects.append(self._keep(
            base, str(references.base or 'below the adapter of the subject')))
        return subjects

    def _keep(self, subject: Subject, origin: str) -> Subject:
        self.described.append(dict(
            name=subject.name, role=subject.role, origin=origin,
            sha256=subject.fingerprint))
        return subject

    def _retrained(self, references: References) -> List[PathLike]:
        paths = list(references.retrained)
        for seed in references.seeds if references.stock else ():
            paths.append(retrain(
                self._cfg, str(references.stock), seed,
                self._folder / f'retrained_{seed}', references.stock_options,
                self._console))
        return paths

    def _hidden(self, base: Subject) -> Subject:
        """The base model with its answer changed, found once."""
        data = self._data

        def is_named(model: Any) -> float:
            scores = data.score(model)
            return sum(scores.named) / max(sum(scores.objects), 1)

        def find_offset() -> float:
            hidden = hide_classes(
                base, data.labels, len(data.table), is_named)
            return (hidden.adapter or {})['offset']

        offset = AuditRecords(self._folder / 'results').value(
            'hidden', fingerprint_of(base.fingerprint, data.settings,
                                     data_config(self._cfg)),
            find_offset)
        return lower_classes(base, data.labels, len(data.table), offset)


def data_config(cfg: Config) -> Any:
    """What of a config figures depend on, beside the weights.

    Args:
        cfg: The config.
    """
    keys = ('train_dataloader', 'val_dataloader', 'val_evaluator')
    return [cfg.to_dict().get(key) for key in keys]
