"""Swaps of mmseg's configs: folders of images and of semantic maps."""
from pathlib import Path
from typing import Dict, List, Optional

import numpy as np
from mmengine.config import ConfigDict
from mmengine.dataset import BaseDataset

from mmswap.apis.init.data import DataKind, SetNode
from mmswap.apis.init.layout import Call, Code, Node
from mmswap.apis.init.names import Names
from mmswap.apis.init.source import Source, folder_text, prefix_of
from mmswap.apis.init.stock import build_dataset, scope_of
from mmswap.registry import DATASETS
from mmswap.tasks.map_scan import scan_label_maps

# What mmseg's own data sets call their folders.
_IMAGES = ('images', 'img_dir')
_MAPS = ('annotations', 'ann_dir')


class MapData(DataKind):
    """Data sets of mmseg.

    Args:
        stock: The stock config.
    """

    def base_names(self) -> Optional[Names]:
        """See :meth:`DataKind.base_names`."""
        built = build_dataset(self.old[0][1], self.stock.scope)
        if built.label_map is not None:
            raise ValueError(
                'train_dataloader.dataset.metainfo.classes must be all the '
                'classes that its maps are drawn with, as the numbers in the '
                'maps of --new go on from those, got '
                f'{list(built.metainfo["classes"])}')
        return tuple(built.metainfo.get('classes') or ()) or None

    def count_old(self, names: Names) -> int:
        """The number of all images: to know what maps show takes long."""
        del names
        return sum(
            len(build_dataset(dataset, self.stock.scope, full=True))
            for _, dataset in self.old)

    def labelled(self, source: Source, names: Names) -> Dict[str, int]:
        """See :meth:`DataKind.labelled`; the maps are read.

        Raises:
            ValueError: If the source has no images.
        """
        old = self._template(source)
        values = self._values(source, old)
        shown = np.flatnonzero(values.any(0))
        beyond = [v for v in shown.tolist() if v >= len(names) and v != 255]
        if beyond:
            lacking = '; are names missing in --learn?'
            raise ValueError(
                f'{source.option} must be maps with the labels 0 to '
                f'{len(names) - 1} of {list(names[-3:])} and the classes '
                f'before them, and 255 to ignore, got {beyond[:10]} too '
                f'(counted after reduce_zero_label) in {source.path}'
                + ('' if source.option == '--old' else lacking))
        return {
            name: int(values[:, label].sum())
            for label, name in enumerate(names)
        }

    def shows_old(self, source: Source, names: Names) -> bool:
        """See :meth:`DataKind.shows_old`.

        Beside old images it does not count: what a person drew around new
        objects may be called background there, whatever it shows.
        """
        if not self.without_old:
            return False
        values = self._values(source, self._template(source))
        return bool(values[:, :len(names)].any())

    def count_new(self, source: Source, names: Names) -> int:
        """The number of all its images."""
        del names
        return len(self._values(source, self._template(source)))

    def labels_of_new(self, base: Names, learn: Names) -> str:
        """See :meth:`DataKind.labels_of_new`."""
        if not learn:
            return ''
        labels = ', '.join(f'{name} {label}'
                           for label, name in enumerate(learn, len(base)))
        return ('In the maps of `new` the labels go on from the base '
                f'(reduce_zero_label comes before): {labels}.')

    def old_val_names(self, names: Names) -> Names:
        """See :meth:`DataKind.old_val_names`."""
        for _, dataset in self.old_val:
            folder = prefix_of(dataset, 'img_path')
            if not folder.is_dir():
                raise FileNotFoundError(
                    'val_dataloader.dataset.data_prefix.img_path must be a '
                    f'folder that is there, got {folder}; or give data to '
                    'validate on (--val)')
        return names

    def set_of(self, source: Source, ref: Code, old: ConfigDict,
               whole: bool) -> SetNode:
        """See :meth:`DataKind.set_of`.

        A type that has class names of its own takes no others.
        """
        changes = self._changes(source, old)
        built = build_dataset(old, self.stock.scope)
        if not type(built).METAINFO.get('classes'):
            return Call('dict', (ref, ), changes) if whole else changes
        changes.pop('ann_file', None)
        changes.setdefault('data_root', old.get('data_root') or '')
        test_mode = dict(test_mode=True) if built.test_mode else {}
        return dict(
            type='BaseSegDataset', **changes, img_suffix=built.img_suffix,
            seg_map_suffix=built.seg_map_suffix,
            reduce_zero_label=built.reduce_zero_label,
            metainfo=dict(classes=Code("classes['base']")), **test_mode,
            pipeline=Code(f'{ref.text}.pipeline'))

    def _template(self, source: Source) -> ConfigDict:
        return (self.old_val if source.option == '--val' else
                self.old)[0][1]

    def _values(self, source: Source, old: ConfigDict) -> np.ndarray:
        """Which values each map of a source shows, (images, 256)."""
        cfg = {**old.to_dict(), **self._changes(source, old)}
        with scope_of(self.stock.scope):
            built: BaseDataset = DATASETS.build({**cfg, 'ann_file': ''})
            if not len(built):
                raise ValueError(
                    f'{source.option} must hold images (*{built.img_suffix}),'
                    f' got none in {built.data_prefix["img_path"]}')
            return scan_label_maps(built)

    def _changes(self, source: Source, old: ConfigDict) -> Dict[str, Node]:
        """In what a data set of a source differs from an old one."""
        root = source.path
        if not root.is_dir():
            raise FileNotFoundError(
                f'{source.option} must be a folder with images and maps, got '
                f'{root}')
        images = _folder(source, 'images', source.images,
                         [_prefix(old, 'img_path'), *_IMAGES])
        maps = _folder(source, 'maps', source.maps,
                       [_prefix(old, 'seg_map_path'), *_MAPS])
        changes: Dict[str, Node] = {}
        inside = all(root in folder.parents for folder in (images, maps))
        new_root = folder_text(root) if inside else ''
        if Path(new_root) != Path(old.get('data_root') or ''):
            changes['data_root'] = new_root
        changes['data_prefix'] = {
            key: folder_text(f.relative_to(root) if inside else f)
            for key, f in (('img_path', images), ('seg_map_path', maps))
        }
        if old.get('ann_file'):
            changes['ann_file'] = ''
        return changes


def _prefix(dataset: ConfigDict, key: str) -> str:
    return (dataset.get('data_prefix') or {}).get(key, '')


def _folder(source: Source, what: str, given: Optional[Path],
            names: List[str]) -> Path:
    """The folder of the images or the maps of a source."""
    if given is not None:
        looked = [given]
    else:
        looked = [source.path / name for name in dict.fromkeys(names) if name]
    for folder in looked:
        if folder.is_dir():
            return folder
    raise FileNotFoundError(
        f'{source.option}-{what} must be the folder of the {what} of '
        f'{source.option}, but there is no '
        f'{" or ".join(str(folder) for folder in looked)}')
