"""Measures how much each weight matters, for EWC and MAS."""
from typing import Any, Dict, Iterator, List

from mmengine.dataset import pseudo_collate
from mmengine.dist import all_reduce, get_dist_info
from mmengine.hooks import Hook
from mmengine.runner import Runner

from mmswap.engine.unwrap import swap_model_of
from mmswap.models import SwapModel
from mmswap.models.objectives.baselines import ImportanceObjective
from mmswap.models.objectives.baselines.importance import summed_importance
from mmswap.registry import HOOKS


@HOOKS.register_module()
class ImportanceHook(Hook):
    """Measures the importance of each weight before a phase begins.

    It takes images of the retain branch one by one, through the training
    pipeline, with each process taking its share. A resumed phase has the
    importances in its checkpoint.

    Args:
        num_images: How many images, evenly spread over the branch; all
            where it has fewer.

    Raises:
        ValueError: If ``num_images`` is not positive.
    """

    def __init__(self, num_images: int = 1000) -> None:
        if num_images < 1:
            raise ValueError('ImportanceHook.num_images must be positive, '
                             f'got {num_images}')
        self.num_images = num_images

    def before_train(self, runner: Runner) -> None:
        """Measure.

        Raises:
            TypeError: If the objective knows no importances.
        """
        model = swap_model_of(runner)
        objective = model.objective
        if not isinstance(objective, ImportanceObjective):
            raise TypeError(
                'model.objective must be a mmswap.ImportanceObjective with '
                f'the ImportanceHook, got {type(objective).__name__}')
        if not objective.measures:
            return
        indices = self._chosen(runner)
        rank, world = get_dist_info()
        batches = _batches(model, runner.train_dataloader.dataset,
                           indices[rank::world])
        sums = summed_importance(model.model, batches, objective.params,
                                 objective.method, objective.plan)
        for total in sums.values():
            all_reduce(total)
        objective.importance.keep(
            {key: total / len(indices) for key, total in sums.items()})
        runner.logger.info('mmswap: importances measured on '
                           f'{len(indices)} images')

    def _chosen(self, runner: Runner) -> List[int]:
        """Indices of the images, the same in all processes."""
        span = runner.train_dataloader.dataset.branch_range('retain')
        count = min(self.num_images, len(span))
        return [span[i * len(span) // count] for i in range(count)]


def _batches(model: SwapModel, dataset: Any,
             indices: List[int]) -> Iterator[Dict[str, Any]]:
    """One image each, preprocessed as the retain branch is."""
    for index in indices:
        batch = pseudo_collate([dataset[index]])
        yield model.data_preprocessor(batch, False)['retain']
