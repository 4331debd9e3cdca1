"""Finds the class prototypes before a phase begins."""
from typing import (
    Any,
    Dict,
    Iterator,
    List,
    Mapping,
    Optional,
    Sequence,
    Set,
    Tuple,
)

from mmengine.dataset import pseudo_collate
from mmengine.dist import get_dist_info
from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch.utils.data import DataLoader

from mmswap.datasets import ClassSubset, SwapDataset
from mmswap.datasets.shots import choose_shots
from mmswap.engine.progress import FOR_CONSOLE
from mmswap.engine.unwrap import swap_model_of
from mmswap.models.data_preprocessor import part_batch
from mmswap.models.objectives.prototype import PrototypeObjective
from mmswap.models.outputs.prototypes import (
    PrototypeSums,
    classifier_outputs,
    classifier_prototypes,
)
from mmswap.models.swap_model import SwapModel
from mmswap.registry import HOOKS

SOURCES = ('images', 'classifier')


@HOOKS.register_module()
class PrototypeHook(Hook):
    """Gives a ``mmswap.PrototypeObjective`` its prototypes.

    Before the first iteration the model goes once through the images of the
    retain and the forget branch, as they come out of their train pipelines
    and without gradient. A resumed run has the prototypes in its checkpoint.

    Args:
        copies: How often each image goes through its pipeline. More than once
            makes sense where the pipeline draws at random: with few images a
            class, GS-LoRA++ averages over 20 copies by RandAugment.
        images_per_class: Number of images of each class in each branch,
            chosen at random; None for all images. A further image of a class
            may come along with another class.
        seed: Seed of that choice.
        source: ``'images'``: a prototype is the mean over the images.
            ``'classifier'``: the class's row of the classifier's weight, as
            GS-LoRA's detection has it; one batch of images tells which layer
            that is, and it must be a linear one.

    Raises:
        ValueError: If ``copies`` or ``images_per_class`` is not positive, or
            ``source`` is unknown.
    """

    priority = 'NORMAL'

    def __init__(self,
                 copies: int = 1,
                 images_per_class: Optional[int] = None,
                 seed: int = 0,
                 source: str = 'images') -> None:
        if source not in SOURCES:
            raise ValueError(f'PrototypeHook.source must be one of {SOURCES},'
                             f' got {source!r}')
        for key, value in (('copies', copies),
                           ('images_per_class', images_per_class)):
            if value is not None and value < 1:
                raise ValueError(f'PrototypeHook.{key} must be positive, got '
                                 f'{value}')
        self.copies = copies
        self.images_per_class = images_per_class
        self.seed = seed
        self.source = source

    def before_train(self, runner: Runner) -> None:
        """Find the prototypes and hand them over.

        Raises:
            TypeError: If the objective has no use for them, or the data are
                no ``mmswap.SwapDataset``.
            ValueError: If no object of a class to forget is found.
        """
        model = swap_model_of(runner)
        objective = getattr(model, 'objective', None)
        if not isinstance(objective, PrototypeObjective):
            raise TypeError(
                "model.objective must be dict(type='mmswap.PrototypeObjective'"
                ') where custom_hooks has a mmswap.PrototypeHook, got '
                f'{type(objective).__name__}')
        if runner.iter > 0:
            return
        dataset = runner.train_dataloader.dataset
        if not isinstance(dataset, SwapDataset):
            raise TypeError(
                'train_dataloader.dataset must be a mmswap.SwapDataset where '
                'custom_hooks has a mmswap.PrototypeHook, got '
                f'{type(dataset).__name__}')
        runner.logger.info('mmswap: looking for the class prototypes',
                           extra=FOR_CONSOLE)
        if self.source == 'classifier':
            batch, _ = next(self._batches(runner, 'forget', 0))
            objective.set_prototypes(
                classifier_prototypes(model, batch, objective.plan))
            return
        sums = PrototypeSums(len(model.class_table))
        for branch in objective.branches:
            for batch, count in self._batches(
                    runner, branch, runner.train_dataloader.num_workers):
                outputs = classifier_outputs(model, batch, objective.plan)
                sums.add(outputs, count)
        prototypes = sums.means()
        self._check(runner, model, prototypes['counts'].tolist())
        objective.set_prototypes(prototypes)

    def _check(self, runner: Runner, model: SwapModel,
               counts: Sequence[int]) -> None:
        """Tell which classes have none."""
        table = model.class_table
        absent = {
            split: [
                table.names[label] for label in table.labels(split)
                if not counts[label]
            ]
            for split in ('forget', 'retain')
        }
        if absent['forget']:
            raise ValueError(
                'train_dataloader.dataset.branches.forget must show each of '
                'classes.forget, large enough to be classified, but there is '
                f'no object, and so no prototype, of {absent["forget"]}')
        runner.logger.info(
            f'mmswap: prototypes of {sum(map(bool, counts))} classes from '
            f'{sum(counts)} objects')
        if absent['retain']:
            runner.logger.warning(
                f'mmswap: no prototype of {absent["retain"]}, of which the '
                'branches show no object')

    def _batches(self, runner: Runner, branch: str,
                 num_workers: int) -> Iterator[Tuple[Any, bool]]:
        """This rank's batches of a branch, and whether each counts.

        All ranks get as many, as detectors average over ranks in their
        losses. A rank that has no image left gets one that does not count.
        """
        dataset = runner.train_dataloader.dataset
        sampler = runner.train_dataloader.sampler
        sizes = getattr(sampler, 'branch_sizes', {})
        indices = self._indices(dataset, branch) * self.copies
        size = sizes.get(branch, 1)
        rank, world = get_dist_info()
        own = indices[rank::world]
        batches = [
            own[start:start + size]
            for start in range(0, -(-len(indices) // world), size)
        ]
        data = DataLoader(
            dataset,
            batch_sampler=[batch or indices[:1] for batch in batches],
            num_workers=num_workers,
            collate_fn=_collate)
        return zip(data, map(bool, batches))

    def _indices(self, dataset: SwapDataset, branch: str) -> List[int]:
        """The images of a branch to go through."""
        span = dataset.branch_range(branch)
        if self.images_per_class is None:
            return list(span)
        held: Dict[int, Set[int]] = {}
        start = span.start
        for part in dataset.branches[branch]:
            if not isinstance(part, ClassSubset):
                raise TypeError(
                    'train_dataloader.dataset.branches must be made of '
                    'mmswap.ClassSubset, which know the classes of an image, '
                    'where PrototypeHook.images_per_class is given, got a '
                    f'{type(part).__name__} in {branch}')
            held.update((start + i, set(part.get_cat_ids(i)))
                        for i in range(len(part)))
            start += len(part)
        chosen = choose_shots(held, sorted(set().union(*held.values())),
                              self.images_per_class, self.seed)
        return sorted(set().union(*chosen.values()))


def _collate(items: Sequence[Mapping[str, Any]]) -> Any:
    """The samples of one branch, as a step has them."""
    return part_batch(pseudo_collate(items))[items[0]['branch']]
