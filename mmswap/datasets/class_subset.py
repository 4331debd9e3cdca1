"""One data set, reduced to some classes of the class table."""
from typing import Any, Dict, List, Mapping, Optional, Sequence, Set, Union

import numpy as np
from mmengine.dataset import BaseDataset, Compose, force_full_init
from mmengine.logging import print_log
from torch.utils.data import Dataset

from mmswap.class_table import ClassTable
from mmswap.datasets.reading import none_left, read_annotations
from mmswap.datasets.shots import check_choice, choose
from mmswap.datasets.showing import build_showing, with_truth
from mmswap.datasets.splits import kept_and_unwanted, shown_labels
from mmswap.registry import DATASETS
from mmswap.tasks.label_names import data_source, map_labels, table_metainfo
from mmswap.tasks.lookup import read_labels, task_of_dataset

OTHERS = ('strip', 'ignore', 'drop')


@DATASETS.register_module()
class ClassSubset(Dataset):
    """One data set, reduced to the classes of some splits.

    Labels are mapped by *name* from the data set to the class table. Images
    stay that hold at least one object, or pixel, of a kept class that is not
    to be ignored. A data set in test mode of which every class of the table
    is kept keeps its empty images too, as its metrics count them; and its
    samples carry the ground truth that metrics without ``ann_file`` read.

    A config with the classes of the base model is given those to keep that it
    has: mmdet's COCO-like data sets by their file, mmpretrain's by their
    folders; labels that are numbers are places in the class table.

    Args:
        dataset: An mmengine ``BaseDataset`` that is no wrapper, built or as a
            config: one of mmdet with detection instances or panoptic segments,
            of mmseg with semantic maps, or of mmpretrain with labels of
            images.
        classes: The class table, or ``dict(base=..., learn=...,
            forget=...)``.
        keep: The split to keep, such as ``retain``, ``forget`` or ``learn``,
            or a sequence of them. Defaults to ``all``.
        others: What happens to objects of the other classes, be they in the
            table or not. ``strip`` leaves out the annotation (the published
            method), ``ignore`` flags it as ignored, ``drop`` leaves out
            images that hold any. In a semantic map the first two are the
            same, label 255, and so they are for stuff; an image with a single
            label always goes with it. Defaults to ``strip``.
        without: A split, or a sequence of them, that no image may show,
            whatever ``others`` says. ``forgotten_before`` leaves out images
            in which ``strip`` would show what earlier requests forgot as
            background, which keeps it from coming back when such a request
            is undone. Defaults to None.
        showing: A split, or a sequence of splits, of which an image must show
            an object to stay, instead of one of those to keep: with
            ``keep='retain', showing='forget'`` the images of what is
            forgotten, with the labels of everything else. Defaults to None.
        rename: The class of the table that a class of the data set is taken
            for, such as ``dict(person='background')``: of a semantic map,
            every pixel has to be something, and left to itself a forgotten
            one may become what was learned. Defaults to None.
        shots: Number of images per kept class (per class of ``showing``),
            chosen at random; None for all. An image counts for each such
            class that it holds.
        fraction: Share of the images that stay, chosen at random, above 0 and
            up to 1, at least one image. None for all.
        num_images: Number of images that stay, chosen at random. Of this,
            ``shots`` and ``fraction`` one can be given.
        seed: Seed of the choice.
        allow_empty: Whether it may hold no image, as the images of classes
            that a later request learns do while those are to be retained.
        lazy_init: Whether to leave reading the annotations to
            :meth:`full_init`. Defaults to False.

    Raises:
        FileNotFoundError: If a semantic map is missing.
        TypeError: If ``dataset`` is a dataset wrapper, or holds labels of
            another kind.
        ValueError: If ``keep`` names no class, ``without`` a kept one,
            ``others`` or a choice of images is none of the above, the data
            set hides classes that it would have to show, its labels cannot be
            read, or no image is left and ``allow_empty`` is False.
    """

    def __init__(self,  # noqa: PLR0913
                 dataset: Union[BaseDataset, dict],
                 classes: Union[ClassTable, Mapping[str, Any]],
                 keep: Union[str, Sequence[str]] = 'all',
                 others: str = 'strip',
                 without: Union[str, Sequence[str], None] = None,
                 showing: Union[str, Sequence[str], None] = None,
                 rename: Optional[Mapping[str, str]] = None,
                 shots: Optional[int] = None,
                 fraction: Optional[float] = None,
                 num_images: Optional[int] = None,
                 seed: int = 0,
                 allow_empty: bool = False,
                 lazy_init: bool = False) -> None:
        self.class_table = ClassTable.from_cfg(classes)
        self.keep = keep
        self._keep, self._without = kept_and_unwanted(self.class_table, keep,
                                                      without)
        self._showing = shown_labels(self.class_table, showing, self._without)
        if others not in OTHERS:
            raise ValueError(f'others must be one of {OTHERS}, got {others!r}')
        self.others = others
        self.without = without
        self.showing = showing
        self.rename = dict(rename or {})
        check_choice(shots, fraction, num_images)
        self.shots = shots
        self.fraction = fraction
        self.num_images = num_images
        self.seed = seed
        self.allow_empty = allow_empty
        shown = self._keep | self._without | self._showing
        self.dataset, self._cfg = build_showing(
            dataset, self.class_table, shown, others)
        self._task = task_of_dataset(self.dataset)
        self._fully_initialized = False
        if not lazy_init:
            self.full_init()

    @property
    def metainfo(self) -> dict:
        """The data set's, with the class table in place of its classes."""
        labelled = self._keep
        if self._fully_initialized:
            labelled = labelled & set(self._label_map.values())
        return table_metainfo(self.dataset.metainfo, self.class_table,
                              labelled)

    @property
    def test_mode(self) -> bool:
        """The data set's test mode."""
        return self.dataset.test_mode

    @property
    def pipeline(self) -> Compose:
        """The data set's own."""
        return self.dataset.pipeline

    @pipeline.setter
    def pipeline(self, pipeline: Compose) -> None:
        self.dataset.pipeline = pipeline

    def full_init(self) -> None:
        """Read the annotations and choose the images, once."""
        if self._fully_initialized:
            return
        self.dataset = read_annotations(self.dataset, self._cfg)
        self._label_map = map_labels(self.dataset, self.class_table,
                                     self._keep, self.others, self.rename,
                                     self._without | self._showing)
        held: Dict[int, Set[int]] = {}
        if len(self.dataset):
            self._labels = read_labels(self.dataset, self.class_table)
            held = self._scan()
        if not held and not self.allow_empty:
            names = self.class_table.names
            raise ValueError(none_left(
                self.dataset, [names[label] for label in sorted(self._keep)],
                self.keep, self.others, self.without, self.showing))
        indices = choose(
            self.dataset, self.class_table, held,
            sorted(self._showing or self._keep), self.shots,
            self.num_images or self.fraction and float(self.fraction),
            self.seed)
        # An array, so that the workers share its memory.
        self._indices = np.array(indices, dtype=np.int64)
        self._fully_initialized = True
        print_log(
            f'ClassSubset keeps {len(indices)} of the {len(self.dataset)} '
            f'images of {data_source(self.dataset)} with keep={self.keep!r}, '
            f'fraction={self.fraction}', logger='current')

    @force_full_init
    def __len__(self) -> int:
        """Number of images."""
        return len(self._indices)

    @force_full_init
    def get_data_info(self, idx: int) -> Dict[str, Any]:
        """The annotation of an image, its labels those of the class table.

        Args:
            idx: Index of the image in the subset.
        """
        data_info = self.dataset.get_data_info(int(self._indices[idx]))
        return self._labels.select(data_info, self._label_map, self._keep,
                                   self.others)

    @force_full_init
    def get_cat_ids(self, idx: int) -> List[int]:
        """The class table's labels in an image, for ClassBalancedDataset.

        Args:
            idx: Index of the image in the subset.
        """
        data_info = self.dataset.get_data_info(int(self._indices[idx]))
        return sorted(self._labels.kept(data_info, self._label_map, self._keep,
                                        self.others) or ())

    def __getitem__(self, idx: int) -> Any:
        """An image after the pipeline, as ``BaseDataset`` gives it.

        Args:
            idx: Index of the image in the subset. In training another one
                is drawn where the pipeline returns None.

        Raises:
            RuntimeError: If the pipeline returns None in test mode, or in
                training for ``max_refetch`` retries too.
        """
        retries = 0 if self.test_mode else self.dataset.max_refetch
        for _ in range(retries + 1):
            data_info = self.get_data_info(idx)
            truth = self._task.ground_truth(data_info)
            data = self.pipeline(data_info)
            if data is not None:
                return with_truth(data, truth) if self.test_mode else data
            idx = np.random.randint(len(self))
        raise RuntimeError(
            'dataset.pipeline must return a sample, got None '
            f'with {retries} retries (test_mode={self.test_mode})')

    def _scan(self) -> Dict[int, Set[int]]:
        """The labels for which each image that stays does, by its index."""
        full_test = self.test_mode and len(self._keep) == len(self.class_table)
        held = {}
        for index in range(len(self.dataset)):
            labels = self._held(self.dataset.get_data_info(index))
            if labels or (full_test and labels is not None):
                held[index] = labels
        return held

    def _held(self, data_info: Mapping[str, Any]) -> Optional[Set[int]]:
        """The labels for which an image stays; None if it is to go."""
        kept = self._labels.kept(data_info, self._label_map, self._keep,
                                 self.others)
        if kept is None or not self._without | self._showing:
            return kept
        shown = {
            self._label_map.get(label, -1) for label in
            self._labels.labels_of(data_info, with_ignored=True)
        }
        if shown & self._without:
            return None
        return shown & self._showing or None if self._showing else kept
