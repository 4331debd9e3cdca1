"""The data of one phase: a named branch for each stream of batches."""
import bisect
from contextlib import nullcontext
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple, Union

import numpy as np
from mmengine.dataset import force_full_init
from torch.utils.data import Dataset

from mmswap.class_table import ClassTable
from mmswap.datasets.building import build_branches
from mmswap.datasets.phase_branches import given_branches
from mmswap.datasets.reading import naming_branch, sharing_annotations
from mmswap.datasets.seeding import SeededIndex, seeded
from mmswap.registry import DATASETS


@DATASETS.register_module()
class SwapDataset(Dataset):
    """The branches of a phase, end to end in one index space.

    In a learn phase the old images show what is retained and the new ones
    what is learned. In a forget phase old and new images show what is
    retained, and the old ones what is forgotten. What earlier requests
    learned is retained, or forgotten, on the new images.

    Each sample says its branch, so that ``SwapSampler`` can draw a fixed
    number from each and the data preprocessor of a ``SwapModel`` can part
    them again, whatever collated them.

    Args:
        branches: For special cases, in place of the arguments below: for each
            branch, in the order of the batches, a data set or a list of data
            sets, built or as configs. Usually each is a ``ClassSubset``.
        lazy_init: Whether to leave reading the annotations to
            :meth:`full_init`. Defaults to False.
        phase: ``'learn'``, ``'forget'``, or ``'forget_first'`` to forget
            before anything is learned: what is to be learned is not shown.
        classes: The class table.
        old: Images of the base model's classes, usually its training set: a
            data set that ``ClassSubset`` takes, or a wrapper of one. None,
            the default, where there are none any more: ``new`` is a whole
            data set then, whose images show what is retained, too, with
            labels, such as ``mmswap pseudo-label`` gives them.
        new: Images of the learned classes: the same, or what differs from
            ``old``, such as ``dict(ann_file='learn.json')``. Defaults to
            None, for a forget phase without learned classes.
        subset: Further arguments of each ``ClassSubset``, such as
            ``dict(shots=4)``; under ``old`` or ``new``, those of the subsets
            of that data set alone, under the name of a branch those of that
            branch, such as ``dict(retain=dict(others='ignore'))``.
        forgotten: What the retain branch shows of the classes to forget.
            ``'labelled'``, the default of a learn phase: they are retained
            meanwhile, so that they are not taken for what is learned.
            ``'left_out'``, the default of a forget phase and published for
            both, and right for a learn phase after one that forgot (``mmswap
            run`` sees to that): no labels of theirs. ``'background'``, in a
            forget phase: all their images, without these labels.
        new_labels: Which labels of new images count. ``'learned'``
            (published, the default with old images): those of learned
            classes; whatever else is in them is background. ``'all'``: those
            of retained classes too, for images that are labelled with them,
            by hand or by ``mmswap pseudo-label``.

    Attributes:
        branches: The built data sets of each branch, as a dict of lists.
        in_equal_shares: Whether those of a branch are to be seen equally
            often, as old and new ones are; those of ``branches=`` are not.

    Raises:
        TypeError: If ``branches`` is no dict, or a sample is none.
        ValueError: If there is no branch, a branch has no data set or no
            image, a name can be no keyword of ``SwapModel.forward``, the
            data sets have different classes, both or neither of ``branches``
            and ``phase`` are given, or as :func:`phase_branches`.

    Examples:
        >>> dataset = dict(
        ...     type='mmswap.SwapDataset',
        ...     phase='learn',
        ...     classes=classes,
        ...     old=_base_.train_dataloader.dataset,
        ...     new=dict(ann_file='learn.json'))
    """

    def __init__(self,  # noqa: PLR0913
                 branches: Optional[Mapping[str, Any]] = None,
                 lazy_init: bool = False,
                 phase: Optional[str] = None,
                 classes: Union[ClassTable, Mapping[str, Any], None] = None,
                 old: Any = None,
                 new: Any = None,
                 subset: Optional[Mapping[str, Any]] = None,
                 forgotten: Optional[str] = None,
                 new_labels: Optional[str] = None) -> None:
        self.in_equal_shares = branches is None
        branches = given_branches(
            branches, dict(phase=phase, classes=classes, old=old, new=new,
                           subset=subset, forgotten=forgotten,
                           new_labels=new_labels))
        with sharing_annotations():
            self.branches = build_branches(branches)
        self._flat = [d for branch in self.branches.values() for d in branch]
        self._fully_initialized = False
        if not lazy_init:
            self.full_init()

    @property
    def metainfo(self) -> dict:
        """The meta information of the first data set."""
        return self._flat[0].metainfo

    def full_init(self) -> None:
        """Read the annotations of all data sets, once."""
        if self._fully_initialized:
            return
        for name, datasets in self.branches.items():
            for dataset in datasets:
                # Not every torch data set has it.
                if hasattr(dataset, 'full_init'):
                    with naming_branch(name):
                        dataset.full_init()
        self._ends = np.cumsum([len(d) for d in self._flat]).tolist()
        self._ranges: Dict[str, range] = {}
        start = 0
        for name, datasets in self.branches.items():
            stop = start + sum(map(len, datasets))
            if stop == start:
                raise ValueError(f'SwapDataset.branches.{name} must hold an '
                                 'image, got none')
            self._ranges[name] = range(start, stop)
            start = stop
        self._fully_initialized = True

    @force_full_init
    def branch_range(self, branch: str) -> range:
        """The indices of a branch.

        Args:
            branch: Name of the branch.

        Raises:
            KeyError: If there is no such branch.
        """
        if branch not in self._ranges:
            raise KeyError(f'branch must be one of {list(self._ranges)}, got '
                           f'{branch!r}')
        return self._ranges[branch]

    @force_full_init
    def branch_parts(self, branch: str) -> List[range]:
        """The indices of each data set of a branch, in order.

        Args:
            branch: Name of the branch.

        Raises:
            KeyError: If there is no such branch.
        """
        start = self.branch_range(branch).start
        parts = []
        for dataset in self.branches[branch]:
            parts.append(range(start, start + len(dataset)))
            start += len(dataset)
        return parts

    @property
    def pipeline(self) -> Any:
        """The pipeline of the first data set.

        Setting it sets that of all, as mmdet's ``PipelineSwitchHook`` does.
        """
        return self._flat[0].pipeline

    @pipeline.setter
    def pipeline(self, pipeline: Any) -> None:
        for dataset in self._flat:
            dataset.pipeline = pipeline

    def update_skip_type_keys(self, skip_type_keys: Sequence[str]) -> None:
        """Leave transforms out, as mmdet's ``YOLOXModeSwitchHook`` does.

        Args:
            skip_type_keys: Types of transforms that each
                ``MultiImageMixDataset`` is to leave out.
        """
        for dataset in self._flat:
            if hasattr(dataset, 'update_skip_type_keys'):
                dataset.update_skip_type_keys(skip_type_keys)

    @force_full_init
    def __len__(self) -> int:
        """Number of images of all branches."""
        return self._ends[-1]

    def __getitem__(self, idx: int) -> Dict[str, Any]:
        """A sample and the branch it belongs to.

        Args:
            idx: Index of the sample, below zero counted from the end. A
                ``SeededIndex``, as ``SwapSampler`` gives it, seeds the random
                transforms.

        Returns:
            What the data set gives, usually a dict with ``inputs`` and
            ``data_samples``, and the name of the branch as ``branch``.

        Raises:
            IndexError: If there is no such sample.
            TypeError: If the sample is no dict.
        """
        dataset, inner, branch = self._locate(idx)
        with (seeded(idx.seed) if isinstance(idx, SeededIndex) else
              nullcontext()):
            sample = dataset[inner]
        if not isinstance(sample, Mapping):
            raise TypeError(
                'train_dataloader.dataset must be made of data sets whose '
                f'samples are dicts, got a {type(sample).__name__} in '
                f'{branch}')
        return {**sample, 'branch': branch}

    def _locate(self, idx: int) -> Tuple[Any, int, str]:
        """The data set of a sample, the index in it and the branch."""
        idx = range(len(self))[idx]
        which = bisect.bisect_right(self._ends, idx)
        start = self._ends[which - 1] if which else 0
        branch = next(n for n, span in self._ranges.items() if idx in span)
        return self._flat[which], idx - start, branch
