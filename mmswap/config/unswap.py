"""A phase config with nothing of mmswap in it, for a merged model."""
import copy
from typing import Any, Dict, Sequence, Tuple

from mmengine.config import Config
from mmengine.logging import print_log

from mmswap.class_table import ClassTable
from mmswap.config.category_order import category_order
from mmswap.config.split_metrics import (
    is_by_split,
    lacks_truth,
    stock_metrics,
    with_files,
)
from mmswap.config.types import is_mmswap_type, mmswap_types, walk

# What testing and inference read of a config. Everything else, helper
# variables too, belongs to the swap's training.
_KEPT = ('default_scope', 'data_preprocessor', 'custom_imports',
         'default_hooks', 'custom_hooks', 'env_cfg', 'vis_backends',
         'visualizer', 'log_processor', 'log_level', 'randomness',
         'val_dataloader', 'val_cfg', 'val_evaluator', 'test_dataloader',
         'test_cfg', 'test_evaluator', 'tta_model', 'tta_pipeline')
# Types of mmswap that do what mmdet's do, for those without panopticapi.
_TWINS = {
    'mmswap.LoadPanopticAnnotations': 'LoadPanopticAnnotations',
    'mmswap.PanopticMetric': 'CocoPanopticMetric',
}


def merged_order(cfg: Config, table: ClassTable) -> Tuple[str, ...]:
    """The order of classes with which a merged model is scored rightly.

    It is that of the annotation files, by which the data sets of the merged
    config number their labels.

    Args:
        cfg: The phase's config.
        table: Its class table.

    Raises:
        ValueError: As :func:`~mmswap.config.category_order.category_order`.
    """
    parts = {}
    for split in ('val', 'test'):
        loader = cfg.get(f'{split}_dataloader')
        if loader is not None and _keeps_every_class(loader['dataset'], table):
            for key in (f'{split}_dataloader', f'{split}_evaluator'):
                parts[key] = cfg.get(key)
    return category_order(parts, table)


def merged_config(cfg: Config,
                  inner_cfg: Dict[str, Any],
                  table: ClassTable,
                  names: Sequence[str] = ()) -> Config:
    """The config of a merged model: nothing of mmswap is in it.

    Args:
        cfg: The phase's config; not changed.
        inner_cfg: The stock model's config as grown to K + N classes.
        table: The class table.
        names: Its names in the order of the merged model, without those that
            were pruned, which become the data sets' classes; by default the
            table's own order.

    Returns:
        A config to test with, or to infer; what trains is left out.

    Raises:
        ValueError: If a type of mmswap remains.
    """
    kept = {
        key: copy.deepcopy(value)
        for key, value in cfg.to_dict().items()
        if key in _KEPT and value is not None
    }
    kept['model'] = Config(dict(model=inner_cfg)).to_dict()['model']
    for split in ('val', 'test'):
        loader = kept.get(f'{split}_dataloader')
        if loader is None:
            continue
        if not _keeps_every_class(loader['dataset'], table):
            print_log(
                f'WARNING: {split}_dataloader shows some classes only, which '
                'stock data sets cannot: it is left out of the merged '
                "config. A ClassSubset with keep='all' would stay.")
            for key in ('dataloader', 'cfg', 'evaluator'):
                kept.pop(f'{split}_{key}', None)
            continue
        loader['dataset'] = _stock_dataset(loader['dataset'], table,
                                           tuple(names) or table.names)
        key = f'{split}_evaluator'
        kept[key] = _stock_evaluator(kept.get(key), loader['dataset'], key)
    _drop_mmswap_parts(kept)
    kept = _with_twins(kept)
    left = [f'{path} = {value!r}' for path, value in mmswap_types(kept)]
    if left:
        raise ValueError(
            'the config of a merged model must not need mmswap, but these do:'
            f' {", ".join(left)}')
    return Config(kept)


def _keeps_every_class(dataset: Dict[str, Any], table: ClassTable) -> bool:
    """Whether each ClassSubset in a data set's config is one of all classes.

    Others, such as the parts of a concatenation of data sets that know
    different classes, mean nothing without mmswap.
    """
    if is_mmswap_type(dataset, 'ClassSubset'):
        return len(table.labels(dataset.get('keep', 'all'))) == len(table)
    inner = [*dataset.get('datasets', ())]
    if 'dataset' in dataset:
        inner.append(dataset['dataset'])
    return all(_keeps_every_class(each, table) for each in inner)


def _stock_dataset(dataset: Dict[str, Any], table: ClassTable,
                   names: Tuple[str, ...]) -> Dict[str, Any]:
    """Take each ClassSubset off its data set, and name the classes."""
    subset = is_mmswap_type(dataset, 'ClassSubset')
    dataset = dict(dataset['dataset'] if subset else dataset)
    metainfo = dataset.get('metainfo') or {}
    if subset or sorted(
            metainfo.get('classes', ())) == sorted(table.names):
        dataset['metainfo'] = dict(metainfo, classes=names)
        if table.stuff:
            dataset['metainfo'].update(
                thing_classes=tuple(n for n in names if n not in table.stuff),
                stuff_classes=tuple(n for n in names if n in table.stuff))
    if subset:
        return dataset
    if 'dataset' in dataset:
        dataset['dataset'] = _stock_dataset(dataset['dataset'], table, names)
    if 'datasets' in dataset:
        dataset['datasets'] = [
            _stock_dataset(each, table, names) for each in dataset['datasets']
        ]
    return dataset


def _stock_evaluator(evaluator: Any, dataset: Dict[str, Any],
                     key: str) -> Any:
    """The metrics for all classes, else those of the first split.

    They read the files of the data set of the merged config, as a stock
    pipeline does not pack the ground truth that a ClassSubset gives.
    """
    if not is_mmswap_type(evaluator, 'SwapEvaluator'):
        return evaluator
    metrics = evaluator['metrics']
    if is_by_split(metrics):
        metrics = metrics.get('all', next(iter(metrics.values())))
    chosen = [with_files(each, dataset) for each in stock_metrics(metrics)]
    if any(map(lacks_truth, chosen)) and not _packs_truth(dataset):
        print_log(
            f'WARNING: {key} of the merged config has no ann_file, as '
            f'{key.replace("evaluator", "dataloader")}.dataset names no COCO '
            'json of its own: set it to one that lists the ground truth of '
            'all images before the merged model is scored')
    return chosen[0] if len(chosen) == 1 else chosen


def _packs_truth(dataset: Dict[str, Any]) -> bool:
    """Whether a pipeline gives metrics the annotations of each image."""
    packed = [key for _, part in walk(dataset) if isinstance(part, dict)
              for key in part.get('meta_keys') or ()]
    return bool({'instances', 'segments_info'}.intersection(packed))


def _with_twins(value: Any) -> Any:
    """A part of a config with mmdet's types for mmswap's that have a twin."""
    if isinstance(value, dict):
        return {key: _with_twins(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(_with_twins(item) for item in value)
    return _TWINS.get(value, value) if isinstance(value, str) else value


def _drop_mmswap_parts(cfg: Dict[str, Any]) -> None:
    """Take mmswap's hooks and its import out."""
    for name, hook in list((cfg.get('default_hooks') or {}).items()):
        if any(mmswap_types(hook)):
            del cfg['default_hooks'][name]
    hooks = [h for h in cfg.pop('custom_hooks', []) if not any(
        mmswap_types(h))]
    if hooks:
        cfg['custom_hooks'] = hooks
    imports = cfg.pop('custom_imports', {})
    names = imports.get('imports', [])
    names = [names] if isinstance(names, str) else list(names)
    names = [name for name in names if name.split('.')[0] != 'mmswap']
    if names:
        cfg['custom_imports'] = dict(imports, imports=names)
    if 'data_preprocessor' in cfg['model']:
        cfg.pop('data_preprocessor', None)
