"""Swaps of mmpretrain's configs: a folder of images for each class."""
from typing import Dict, Optional

from mmengine.config import ConfigDict
from mmengine.dataset import BaseDataset

from mmswap.apis.init.data import DataKind, SetNode
from mmswap.apis.init.layout import Code
from mmswap.apis.init.names import Names
from mmswap.apis.init.source import Source, files_below, folder_text
from mmswap.apis.init.stock import build_dataset

# Those that mmpretrain's CustomDataset reads.
_IMAGES = ('.jpg', '.jpeg', '.png', '.ppm', '.bmp', '.pgm', '.tif')


class FolderData(DataKind):
    """Data sets of mmpretrain.

    Args:
        stock: The stock config.
    """

    labels_several = False

    def base_names(self) -> Optional[Names]:
        """Names by label; a data set of folders is read for them."""
        dataset = self.old[0][1]
        built = build_dataset(dataset, self.stock.scope)
        if not built.metainfo.get('classes') and self.needs_stock:
            built = self._read('train_dataloader', dataset)
        return tuple(built.metainfo.get('classes') or ()) or None

    def count_old(self, names: Names) -> int:
        """See :meth:`DataKind.count_old`."""
        total = 0
        for _, dataset in self.old:
            built = self._read('train_dataloader', dataset)
            wanted = {
                label
                for label, name in enumerate(
                    self.renamed or built.metainfo['classes'])
                if name in names
            }
            labels = (built.get_data_info(i)['gt_label']
                      for i in range(len(built)))
            total += sum(
                not wanted.isdisjoint(label if isinstance(label, list) else
                                      [int(label)]) for label in labels)
        return total

    def labelled(self, source: Source, names: Names) -> Dict[str, int]:
        """See :meth:`DataKind.labelled`.

        Raises:
            FileNotFoundError: If it is no folder.
        """
        del names
        if not source.path.is_dir():
            raise FileNotFoundError(
                f'{source.option} must be a folder with a folder of images '
                f'for each class, got {source.path}')
        return {
            folder.name: len(files_below(folder, _IMAGES))
            for folder in sorted(source.path.iterdir()) if folder.is_dir()
        }

    def count_new(self, source: Source, names: Names) -> int:
        """See :meth:`DataKind.count_new`."""
        found = self.labelled(source, names)
        return sum(found.get(name, 0) for name in names)

    def set_of(self, source: Source, ref: Code, old: ConfigDict,
               whole: bool) -> SetNode:
        """See :meth:`DataKind.set_of`; a data set of folders, always whole."""
        del old, whole
        return dict(
            type='CustomDataset', data_prefix=folder_text(source.path),
            pipeline=Code(f'{ref.text}.pipeline'))

    def old_val_names(self, names: Names) -> Names:
        """See :meth:`DataKind.old_val_names`."""
        for _, dataset in self.old_val:
            self._read('val_dataloader', dataset)
        return names

    def _read(self, loader: str, dataset: ConfigDict) -> BaseDataset:
        """A data set with its annotations."""
        try:
            return build_dataset(dataset, self.stock.scope, full=True)
        except (FileNotFoundError, RuntimeError) as error:
            raise FileNotFoundError(
                f'{loader}.dataset must have its images where it looks for '
                f'them, got {error}') from error
