"""The same images at each moment of a swap, as its page shows them."""
import base64
import io
from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Sequence

import mmcv
import numpy as np
import torch
from mmengine.config import Config
from mmengine.dataset import BaseDataset, pseudo_collate
from mmengine.registry import DATASETS, MODELS, init_default_scope
from mmengine.runner import load_checkpoint
from PIL import Image

from mmswap.apis.config import model_config
from mmswap.apis.page.facts import SwapFacts
from mmswap.apis.page.outlines import draw_sample
from mmswap.class_table import ClassTable
from mmswap.config.types import is_mmswap_type
from mmswap.evaluation.split_metric import SplitMetric
from mmswap.registry import EVALUATOR
from mmswap.tasks.base_labels import IGNORE_INDEX
from mmswap.tasks.lookup import samples_of
from mmswap.tasks.naming import Naming

GROUPS = ('forget', 'learn', 'retain')
_SIDE = 480  # pixels of the longer side, as it is embedded
_LEAST = 320
_SCANNED = 500  # images that are looked through for classes of a split
_PER_PICTURE = 3  # candidates, of which the telling ones are shown


class Seen(NamedTuple):
    """What a model says of an image.

    Attributes:
        sample: The data sample as a dict, predictions and ground truth.
        namings: What each object is called; names are labels of the model.
        names: The class names of the model, by label.
    """

    sample: Dict[str, Any]
    namings: List[Naming]
    names: Sequence[str]


def draw_pictures(facts: SwapFacts, count: int) -> List[Dict[str, Any]]:
    """Draw what the model says of the same images at each moment.

    The first and the last moment, and of three the one between.

    Args:
        facts: The swap.
        count: The number of images for each of what is forgotten, learned
            and retained.

    Returns:
        Dicts of ``split`` and ``images``, the telling ones first, each with
        the ``views`` of all moments: ``title``, ``src``, a data URI, and
        ``said``, a line of what objects of the split are called.

    Raises:
        ValueError: If the evaluator is no SwapEvaluator of splits, or the
            data are of a kind of which no objects are known.
    """
    moments = facts.moments
    if len(moments) > 3:
        moments = [moments[0], moments[-1]]
    configs = [moment.config() for moment in moments]
    last = configs[-1]
    if not is_mmswap_type(last.val_evaluator, 'SwapEvaluator'):
        raise ValueError('val_evaluator must be a mmswap.SwapEvaluator for '
                         f'pictures, got {last.val_evaluator.get("type")!r}')
    init_default_scope(last.get('default_scope', 'mmengine'))
    dataset = DATASETS.build(last.val_dataloader.dataset)
    metric = _metric_of(last, dataset)
    wanted = _candidates(dataset, facts.table, count * _PER_PICTURE)
    indices = sorted({i for found in wanted.values() for i in found})
    samples = {i: dataset[i] for i in indices}
    seen = [
        _look(cfg, moment.checkpoint, samples, metric)
        for cfg, moment in zip(configs, moments)
    ]
    titles = [moment.title for moment in moments]
    groups = []
    for split, found in wanted.items():
        labels = facts.table.labels(split)
        order = sorted(found, key=lambda i: -_telling(
            split, [each[i] for each in seen], labels))  # noqa: B023
        images = [
            _views(dataset.get_data_info(i), [each[i] for each in seen],
                   titles, labels, facts.table) for i in order[:count]
        ]
        groups.append(dict(split=split, images=images))
    return groups


def _metric_of(cfg: Config, dataset: BaseDataset) -> Any:
    """A metric of a split, which tells what the samples are, and the rule."""
    evaluator = EVALUATOR.build(cfg.val_evaluator)
    if evaluator.names is None:
        raise ValueError('val_evaluator.metrics must have a metric of a split '
                         'for pictures')
    metric = next(m for m in evaluator.metrics if isinstance(m, SplitMetric))
    metric.dataset_meta = dataset.metainfo
    return metric.metric, evaluator.names.rule


def _candidates(dataset: BaseDataset, table: ClassTable,
                count: int) -> Dict[str, List[int]]:
    """The first images that show a class of each split."""
    found: Dict[str, List[int]] = {
        split: [] for split in GROUPS if getattr(table, split)}
    for index in range(min(len(dataset), _SCANNED)):
        labels = _labels_of(dataset.get_data_info(index))
        for split, indices in found.items():
            if len(indices) < count and labels & set(table.labels(split)):
                indices.append(index)
        if all(len(indices) >= count for indices in found.values()):
            break
    return {split: indices for split, indices in found.items() if indices}


def _labels_of(info: Mapping[str, Any]) -> set:
    """The labels that an image of a ClassSubset shows."""
    if 'segments_info' in info or not (
            {'instances', 'gt_label', 'label_map'} & set(info)):
        raise ValueError('val_dataloader.dataset must give instances, '
                         'semantic maps or labels of images for pictures, '
                         f'got {sorted(info)}')
    if 'instances' in info:
        return {each['bbox_label'] for each in info['instances']
                if not each.get('ignore_flag', 0)}
    if 'gt_label' in info:
        return set(np.atleast_1d(info['gt_label']).tolist())
    return set((info['label_map'] or {}).values()) - {IGNORE_INDEX}


@torch.no_grad()
def _look(cfg: Config, checkpoint: str, samples: Mapping[int, dict],
          metric: Any) -> Dict[int, Seen]:
    """What the model of a moment says of images, by their index."""
    model_cfg = model_config(cfg)
    if model_cfg.get('trains') == 'from_scratch':
        model_cfg.trains = 'all'  # Which loads the checkpoint.
    model = MODELS.build(model_cfg)
    load_checkpoint(model, checkpoint, map_location='cpu')
    if torch.cuda.is_available():
        model = model.cuda()
    model.eval()
    names = ClassTable.from_cfg(model_cfg.classes).names
    found = {}
    for index, sample in samples.items():
        result, = model.test_step(pseudo_collate([sample]))
        told = result.cpu().to_dict()
        kind = samples_of(told, metric[0])
        found[index] = Seen(told, kind.namings(told, *metric) or [], names)
    return found


def _telling(split: str, seen: Sequence[Seen],
             labels: Sequence[int]) -> float:
    """How much an image shows of what became of a split, 0 for nothing.

    A forgotten object that has a new name tells more than one that is gone,
    and one that still has its own most. Of what is learned those tell that
    are found, of what is retained those that were lost.
    """
    points = 0.
    for first, last in zip(seen[0].namings, seen[-1].namings):
        if last.label not in labels:
            continue
        named = last.name == last.label
        if split == 'forget':
            value = 3. if named else 1. if last.name is None else 2.
        elif split == 'learn':
            value = float(named)
        else:
            value = float(first.name == first.label and not named)
        points += value * (last.weight if last.localized is None else 1)
    return points


def _views(info: Mapping[str, Any], seen: Sequence[Seen],
           titles: Sequence[str], labels: Sequence[int],
           table: ClassTable) -> Dict[str, Any]:
    image = mmcv.imread(info['img_path'], channel_order='rgb')
    side = max(image.shape[:2])
    scale = min(_SIDE / side, 1.) if side >= _LEAST else _LEAST / side
    image = mmcv.imrescale(image, scale)
    return dict(views=[
        dict(title=title,
             src=_data_uri(draw_sample(image, scale, each.sample,
                                       each.namings, labels, each.names)),
             said=_said(each, labels, table))
        for title, each in zip(titles, seen)])


def _said(seen: Seen, labels: Sequence[int], table: ClassTable) -> str:
    """Such as ``three is called eight, five is found (1 of 2)``."""
    counts: Dict[tuple, int] = {}
    for each in seen.namings:
        if each.label in labels:
            key = (table.names[each.label],
                   None if each.name is None else seen.names[each.name])
            counts[key] = counts.get(key, 0) + each.weight
    ordered = sorted(counts, key=lambda key: -counts[key])
    return ', '.join(filter(None, (
        _sentence(key[0], key[1], counts[key],
                  sum(n for other, n in counts.items() if other[0] == key[0]))
        for key in ordered)))


def _sentence(true: str, name: Optional[str], count: int, of: int) -> str:
    """What some of the objects, or pixels, of a class are called."""
    if count < .02 * of:
        return ''
    said = ('is not found' if name is None else
            'is found' if name == true else f'is called {name}')
    if count == of:
        return f'{true} {said}'
    share = f'{count} of {of}' if of < 100 else f'{count / of:.0%}'
    return f'{true} {said} ({share})'


def _data_uri(image: np.ndarray) -> str:
    file = io.BytesIO()
    Image.fromarray(image).save(file, 'JPEG', quality=82)
    code = base64.b64encode(file.getvalue()).decode()
    return f'data:image/jpeg;base64,{code}'
