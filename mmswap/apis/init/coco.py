"""Swaps of mmdet's configs: COCO jsons."""
from pathlib import Path
from typing import Dict, List, Optional

from mmengine.config import ConfigDict

from mmswap.apis.init.coco_file import CocoFile, read_coco
from mmswap.apis.init.data import DataKind, SetNode
from mmswap.apis.init.layout import Call, Code, Node
from mmswap.apis.init.names import Names
from mmswap.apis.init.source import Source, find_folder, place, prefix_of
from mmswap.apis.init.stock import Stock, build_dataset, dataset_type
from mmswap.class_table import ClassTable
from mmswap.config.category_order import category_order
from mmswap.config.coco_categories import read_category_list

_PANOPTIC = 'CocoPanopticDataset'


class CocoData(DataKind):
    """Data sets of mmdet.

    Args:
        stock: The stock config.
    """

    def __init__(self, stock: Stock) -> None:
        super().__init__(stock)
        self._files: Dict[Path, CocoFile] = {}

    def base_names(self) -> Optional[Names]:
        """Names by label, which data sets number as their file does."""
        dataset = self.old[0][1]
        built = build_dataset(dataset, self.stock.scope)
        names = tuple(built.metainfo.get('classes') or ())
        if not names or not self._is_coco(dataset):
            return names or None
        file = self._file(dataset)
        if not self.needs_stock and not file.is_file():
            # Those of the data set's type would be COCO's.
            given = (dataset.get('metainfo') or {}).get('classes')
            return tuple(given) if given else None
        if not file.is_file():
            raise FileNotFoundError(
                'train_dataloader.dataset.ann_file must be a file that is '
                f'there, as a swap trains on the old images too, got {file}; '
                'mmswap pseudo-label labels other images, which can take '
                'their place (--old), or the new ones, for --without-old')
        listed = [c['name'] for c in read_category_list(str(file))]
        if not set(names) <= set(listed):
            return names
        return category_order(dict(train=dataset.to_dict()),
                              ClassTable(names))

    def stuff(self, source: Optional[Source]) -> Names:
        """See :meth:`DataKind.stuff`."""
        dataset = self.old[0][1]
        if dataset_type(dataset) != _PANOPTIC:
            return ()
        meta = build_dataset(dataset, self.stock.scope).metainfo
        stuff = list(meta.get('stuff_classes') or ())
        if source is not None:
            new = self._read(source)
            stuff += [n for n in new.images
                      if n not in new.things and n not in meta['classes']]
        return tuple(stuff)

    def count_old(self, names: Names) -> int:
        """See :meth:`DataKind.count_old`."""
        total = 0
        for _, dataset in self.old:
            if self._is_coco(dataset):
                file = self._file(dataset)
                key = 'train_dataloader.dataset.ann_file'
                total += len(read_coco(file, key).showing(names))
            else:
                total += len(build_dataset(dataset, self.stock.scope, True))
        return total

    def labelled(self, source: Source, names: Names) -> Dict[str, int]:
        """See :meth:`DataKind.labelled`."""
        del names
        found = self._read(source)
        return {name: len(images) for name, images in found.images.items()}

    def count_new(self, source: Source, names: Names) -> int:
        """See :meth:`DataKind.count_new`."""
        return len(self._read(source).showing(names))

    def shows_old(self, source: Source, names: Names) -> bool:
        """See :meth:`DataKind.shows_old`."""
        return bool(self._read(source).showing(names))

    def is_synthesized(self, source: Source) -> bool:
        """See :meth:`DataKind.is_synthesized`."""
        return self._read(source).is_synthesized

    def set_of(self, source: Source, ref: Code, old: ConfigDict,
               whole: bool) -> SetNode:
        """See :meth:`DataKind.set_of`."""
        changes = self._changes(source, old)
        if self._is_coco(old):
            return Call('dict', (ref, ), changes) if whole else changes
        use = (dict(test_mode=True) if source.option == '--val' else
               dict(filter_cfg=dict(filter_empty_gt=True)))
        return dict(type='CocoDataset', **changes, **use,
                    pipeline=Code(f'{ref.text}.pipeline'))

    def old_val_names(self, names: Names) -> Names:
        """See :meth:`DataKind.old_val_names`."""
        found: List[str] = []
        for _, dataset in self.old_val:
            if not self._is_coco(dataset):
                return names
            file = self._file(dataset)
            if not file.is_file():
                raise FileNotFoundError(
                    'val_dataloader.dataset.ann_file must be a file that is '
                    f'there, got {file}; or give data to validate on (--val)')
            found += [c['name'] for c in read_category_list(str(file))]
        return tuple(found)

    def stock_set(self, loader: str) -> Node:
        """See :meth:`DataKind.stock_set`; without maps that nothing reads."""
        ref = super().stock_set(loader)
        prefix = _plain_prefix(self.stock.cfg[loader].dataset)
        if prefix is None:
            return ref
        return Call('dict', (ref, ), dict(data_prefix=prefix))

    @staticmethod
    def _file(dataset: ConfigDict) -> Path:
        """Its annotation file."""
        return Path(dataset.get('data_root') or '') / dataset.ann_file

    def _is_coco(self, dataset: ConfigDict) -> bool:
        """Whether it reads a COCO json."""
        built = build_dataset(dataset, self.stock.scope)
        return hasattr(type(built), 'COCOAPI')

    def _read(self, source: Source) -> CocoFile:
        """The annotation file of a source, which is read once."""
        if source.path not in self._files:
            self._files[source.path] = read_coco(source.path, source.option)
        return self._files[source.path]

    def _changes(self, source: Source, old: ConfigDict) -> Dict[str, Node]:
        """In what a data set of a source differs from an old one."""
        file, option = source.path, source.option
        content = self._read(source)
        beside = file.parent
        folders = dict(img=find_folder(
            f'{option}-images', f'images that {file} lists', content.files,
            source.images,
            [prefix_of(old, 'img'), beside, beside / 'images',
             file.with_suffix('')],
            content.sizes))
        if source.images is None:
            self.looked_up[option] = folders['img']
        if content.maps:
            # As COCO's own are named.
            folders['seg'] = find_folder(
                f'{option}-maps', f'maps that {file} lists', content.maps,
                source.maps,
                [file.with_suffix(''), prefix_of(old, 'seg')])
        coco = self._is_coco(old)
        old_root = old.get('data_root') or '' if coco else ''
        root, ann_file, prefix = place(old_root, file, folders)
        changes: Dict[str, Node] = {}
        if root != old_root:
            changes['data_root'] = root
        changes['ann_file'] = ann_file
        if root != old_root or _plain_prefix(old) is not None or any(
                folders[key] != prefix_of(old, key) for key in prefix):
            changes['data_prefix'] = prefix
        return changes


def _plain_prefix(dataset: ConfigDict) -> Optional[Dict[str, str]]:
    """``data_prefix`` without maps that are not read; None if it is plain.

    mmdet's Mask2Former for instances inherits those of the panoptic one.
    """
    prefix = dataset.get('data_prefix') or {}
    read = any(step.get('with_seg') for step in dataset.get('pipeline', ()))
    if 'seg' not in prefix or read or dataset_type(dataset) == _PANOPTIC:
        return None
    return {key: value for key, value in prefix.items() if key != 'seg'}
