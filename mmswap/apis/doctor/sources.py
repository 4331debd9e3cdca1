"""The data sets that a phase is made of, with where their files are."""
import os
from pathlib import Path
from typing import Any, Dict, Iterator, Mapping, NamedTuple, Optional

from mmengine.config import Config
from mmengine.registry import DATASETS

from mmswap.config.types import is_mmswap_type, type_name
from mmswap.datasets.phase_branches import filled

LOADERS = ('train_dataloader', 'val_dataloader', 'test_dataloader')


class Source(NamedTuple):
    """A data set with files of its own, no wrapper of another one.

    Attributes:
        key: Its dotted config key, such as ``train_dataloader.dataset.old``.
        cfg: Its config.
    """

    key: str
    cfg: Mapping[str, Any]

    @property
    def is_train(self) -> bool:
        """Whether the phase trains on it."""
        return self.key.startswith('train_')

    @property
    def is_local(self) -> bool:
        """Whether its files are on a disk, and not in some other store."""
        return not self.cfg.get('backend_args') and not any(
            '://' in str(path) for path in
            (self.cfg.get('data_root'), self.cfg.get('ann_file'),
             *self.prefixes.values()))

    @property
    def ann_file(self) -> Optional[Path]:
        """Its annotation file; None where it has none."""
        file = self.cfg.get('ann_file')
        return Path(self.joined(file)) if file else None

    @property
    def is_coco(self) -> bool:
        """Whether that is a json as COCO's are, and is read as one."""
        if not str(self.cfg.get('ann_file') or '').endswith('.json'):
            return False
        kind = self.cfg['type']
        if isinstance(kind, str):
            with DATASETS.switch_scope_and_registry(None) as registry:
                kind = registry.get(kind)
        return hasattr(kind, 'COCOAPI')

    @property
    def prefixes(self) -> Dict[str, str]:
        """The folders of ``data_prefix``, below ``data_root``."""
        given = self.cfg.get('data_prefix') or {}
        if isinstance(given, str):
            given = dict(img_path=given)
        return {key: self.joined(folder) for key, folder in given.items()
                if isinstance(folder, str)}

    @property
    def images(self) -> str:
        """The folder that the names of its images are relative to."""
        found = self.prefixes
        return found.get('img', found.get('img_path', self.joined('')))

    @property
    def reads_images(self) -> bool:
        """Whether its pipeline reads image files as mmcv does."""
        return any(type_name(step.get('type')) == 'LoadImageFromFile'
                   for step in self.cfg.get('pipeline') or ()
                   if isinstance(step, Mapping))

    @property
    def identity(self) -> str:
        """What two data sets of the same files have in common."""
        return repr((str(self.cfg.get('type')), str(self.ann_file),
                     sorted(self.prefixes.items()), self.joined('')))

    def joined(self, path: str) -> str:
        """A path as mmengine's data sets join it to ``data_root``.

        Args:
            path: Of ``ann_file`` or ``data_prefix``.
        """
        root = self.cfg.get('data_root') or ''
        if not root or os.path.isabs(path) or '://' in path:
            return path
        return os.path.join(root, path)


def sources_of(cfg: Config) -> Iterator[Source]:
    """The data sets of a phase, those of the same files once.

    Args:
        cfg: The config of the phase.

    Raises:
        ValueError: If ``new`` says what differs from ``old``, and there is
            nothing that it could differ from.
    """
    seen = set()
    for loader in LOADERS:
        key = f'{loader}.dataset'
        for source in _parts(key, (cfg.get(loader) or {}).get('dataset')):
            # What is validated on may be what is trained on.
            known = (source.is_train, source.identity)
            if known not in seen:
                seen.add(known)
                yield source


def _parts(key: str, part: Any) -> Iterator[Source]:
    """The data sets below a part of a config."""
    if isinstance(part, (list, tuple)):
        for number, each in enumerate(part):
            yield from _parts(f'{key}[{number}]', each)
    if not isinstance(part, Mapping):
        return
    if is_mmswap_type(part, 'SwapDataset'):
        for name, branch in (part.get('branches') or {}).items():
            yield from _parts(f'{key}.branches.{name}', branch)
        yield from _parts(f'{key}.old', part.get('old'))
        new = part.get('new')
        if new is not None:
            yield from _parts(f'{key}.new', filled(new, part.get('old')))
    elif 'dataset' in part:
        yield from _parts(f'{key}.dataset', part['dataset'])
    elif 'datasets' in part:
        yield from _parts(f'{key}.datasets', part['datasets'])
    elif 'type' in part:
        yield Source(key, part)
