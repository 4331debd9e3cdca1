"""The images of an audit, and what is measured of a model on them."""
from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Tuple

import torch
from mmengine.config import Config
from mmengine.model import BaseModel
from mmengine.runner import Runner

from mmswap.audit.datasets import (
    forget_table,
    held_out,
    trained_objects,
    training_branches,
)
from mmswap.audit.features import Features, object_features
from mmswap.audit.settings import AuditSettings
from mmswap.evaluation.name_counts import PARTS
from mmswap.registry import EVALUATOR
from mmswap.tasks.naming import Naming


class Scores(NamedTuple):
    """What a model scores on the classes to be forgotten.

    Attributes:
        metric: The primary metric of the split ``forget``, in the metric's
            own unit.
        named: How many of their objects (images, pixels) are called by their
            name, in each image.
        objects: How many there are, in each image.
        retained: The primary metric of the split ``retain``; None without.
        called: The shares of all these objects that are named, renamed and
            unseen, as the evaluator's ``forget/named`` and so on.
    """

    metric: float
    named: List[int]
    objects: List[int]
    retained: Optional[float] = None
    called: Dict[str, float] = {}


class AuditData:
    """The images of an audit.

    Args:
        cfg: The config of the phase that forgot.
        settings: How much is measured.

    Attributes:
        table: The class table.
        labels: The labels of the classes to be forgotten.
        settings: As given.

    Raises:
        ValueError: As :func:`~mmswap.audit.datasets.forget_table`.
    """

    def __init__(self, cfg: Config, settings: AuditSettings) -> None:
        self.cfg = cfg
        self.settings = settings
        self.table = forget_table(cfg)
        self.labels = self.table.labels('forget')
        self._sets: Dict[str, Any] = {}

    @torch.no_grad()
    def score(self, model: BaseModel) -> Scores:
        """Score a model on the held-out images, with the config's metrics.

        Args:
            model: A stock model with K + N classes.

        Raises:
            ValueError: If the config has no metric of the split ``forget``,
                or the images have no object of it.
        """
        dataset = self._held_out()
        evaluator = EVALUATOR.build(self.cfg.val_evaluator)
        evaluator.dataset_meta = dataset.datasets[0].metainfo
        model.eval()
        for batch in self._loader(dataset, self.cfg.val_dataloader):
            outputs = model.test_step(batch)
            evaluator.process(data_samples=outputs, data_batch=batch)
        called = evaluator.names and list(evaluator.names.results)
        metrics = evaluator.evaluate(len(dataset))
        wanted = {'swap/forget', *(f'forget/{part}' for part in PARTS)}
        if not wanted <= set(metrics) or not called:
            raise ValueError(
                'val_evaluator must be a mmswap.SwapEvaluator with a metric '
                'of the split forget, and its images must show an object of '
                f'that, got {sorted(metrics)}')
        found = [self._count(namings) for namings in called]
        return Scores(metrics['swap/forget'], [named for named, _ in found],
                      [objects for _, objects in found],
                      metrics.get('swap/retain'),
                      {part: metrics[f'forget/{part}'] for part in PARTS})

    def _count(self, namings: List[Naming]) -> Tuple[int, int]:
        """How many objects are named, and how many there are."""
        of_class = [each for each in namings if each.label in self.labels]
        return (sum(n.weight for n in of_class if n.name == n.label),
                sum(n.weight for n in of_class))

    def features(self, model: BaseModel) -> Features:
        """What the layers of a model give for held-out objects.

        Args:
            model: A stock model with K + N classes.
        """
        return object_features(
            model, self._single(self._held_out(labelled=True)),
            len(self.table))

    def trained_features(self, model: BaseModel) -> Features:
        """The same for objects of forgotten classes that were trained on.

        Args:
            model: A stock model with K + N classes.
        """
        return object_features(
            model, self._single(trained_objects(
                self.cfg, self.table, self.settings.images,
                self.settings.seed)), len(self.table))

    def training_batches(self, shots: Optional[int],
                         seed: int) -> Iterator[Dict[str, Any]]:
        """Batches to train a stock model with, without end.

        Args:
            shots: Images of each forgotten class, which are half of each
                batch; None for retained images alone.
            seed: Seed of the choice and of the order.
        """
        dataset = training_branches(self.cfg, self.table, shots, seed)
        size = self.settings.batch // len(dataset.branches)
        sizes = {name: size for name in dataset.branches}
        loader = Runner.build_dataloader(dict(
            self._plain(self.cfg.train_dataloader),
            batch_size=sum(sizes.values()),
            sampler=dict(type='mmswap.SwapSampler', branch_sizes=sizes,
                         seed=seed),
            dataset=dataset), seed=seed)
        loader.sampler.endless = True
        for batch in loader:
            yield {key: batch[key] for key in batch if key != 'branch'}

    def _held_out(self, labelled: bool = False) -> Any:
        key = f'held_out {labelled}'
        if key not in self._sets:
            self._sets[key] = held_out(
                self.cfg, self.table, self.settings.images,
                self.settings.seed, labelled)
        return self._sets[key]

    def _single(self, dataset: Any) -> Any:
        """Images one by one, so that it is known what is of which."""
        return self._loader(dataset, dict(
            self.cfg.val_dataloader, batch_size=1))

    def _loader(self, dataset: Any, cfg: Any) -> Any:
        return Runner.build_dataloader(dict(
            self._plain(cfg), dataset=dataset,
            sampler=dict(type='DefaultSampler', shuffle=False)))

    @staticmethod
    def _plain(cfg: Any) -> Dict[str, Any]:
        """The config of a loader in this process, without its sampler."""
        dropped = ('sampler', 'batch_sampler', 'dataset', 'prefetch_factor')
        kept = {k: v for k, v in cfg.items() if k not in dropped}
        return dict(kept, num_workers=0, persistent_workers=False)

