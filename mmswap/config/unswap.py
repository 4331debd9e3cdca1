"""A phase config with nothing of mmswap in it, for a merged model."""
import copy
from pathlib import Path
from typing import Any, Dict

from mmengine.config import Config
from mmengine.logging import print_log

from mmswap.class_table import ClassTable
from mmswap.config.coco_categories import read_categories
from mmswap.config.types import is_mmswap_type, mmswap_types

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


def merged_config(cfg: Config, inner_cfg: Dict[str, Any],
                 table: ClassTable) -> Config:
    """The config of a merged model: nothing of mmswap is in it.

    Args:
        cfg: The phase's config; not changed.
        inner_cfg: The stock model's config as grown to K + N classes.
        table: The class table, whose names become the data sets' classes.

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
        loader['dataset'] = _stock_dataset(loader['dataset'], table)
        key = f'{split}_evaluator'
        kept[key] = _stock_evaluator(kept.get(key))
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
        return len(table.labels(dataset['keep'])) == len(table)
    inner = [*dataset.get('datasets', ())]
    if 'dataset' in dataset:
        inner.append(dataset['dataset'])
    return all(_keeps_every_class(each, table) for each in inner)


def _stock_dataset(dataset: Dict[str, Any],
                   table: ClassTable) -> Dict[str, Any]:
    """Take each ClassSubset off its data set."""
    if is_mmswap_type(dataset, 'ClassSubset'):
        inner = dict(dataset['dataset'])
        metainfo = dict(inner.get('metainfo') or {}, classes=table.names)
        if table.stuff:
            metainfo.update(
                thing_classes=tuple(
                    n for n in table.names if n not in table.stuff),
                stuff_classes=table.stuff)
        inner['metainfo'] = metainfo
        _check_order(inner, table)
        return inner
    dataset = dict(dataset)
    if 'dataset' in dataset:
        dataset['dataset'] = _stock_dataset(dataset['dataset'], table)
    if 'datasets' in dataset:
        dataset['datasets'] = [
            _stock_dataset(each, table) for each in dataset['datasets']
        ]
    return dataset


def _check_order(dataset: Dict[str, Any], table: ClassTable) -> None:
    """Warn where the stock data set would number its labels otherwise.

    mmdet's CocoDataset counts the categories in the order of the file, where
    ClassSubset goes by their names.
    """
    path = Path(dataset.get('data_root') or '') / str(
        dataset.get('ann_file', ''))
    if path.suffix != '.json' or not path.is_file():
        return
    try:
        names = list(read_categories(str(path)).values())
    except (KeyError, TypeError, ValueError):
        return  # A json of another kind.
    listed = tuple(name for name in names if name in table.names)
    if listed != table.names:
        print_log(
            f'WARNING: the categories of {path} are listed as {list(listed)}, '
            f'the model has {list(table.names)}. A stock CocoDataset numbers '
            'its labels in the order of the file: list them there as the '
            'model has them, or the scores of the stock config are wrong.')


def _stock_evaluator(evaluator: Any) -> Any:
    """The metrics for all classes, else those of the first split."""
    if not is_mmswap_type(evaluator, 'SwapEvaluator'):
        return evaluator
    metrics = evaluator['metrics']
    chosen = metrics.get('all', next(iter(metrics.values())))
    if isinstance(chosen, list) and len(chosen) == 1:
        return chosen[0]
    return chosen


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
