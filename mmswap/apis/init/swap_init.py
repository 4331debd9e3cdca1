"""From a stock config, a checkpoint and annotations to the phase configs."""
from pathlib import Path
from typing import Dict, List, Optional, Sequence, Tuple, Type, Union

from mmswap.apis.checkpoint import read_checkpoint
from mmswap.apis.init.coco import CocoData
from mmswap.apis.init.data import DataKind
from mmswap.apis.init.data_checks import (
    check_plain,
    names_to_learn,
    set_up_kind,
    take_as_old,
)
from mmswap.apis.init.facts import ForgetRequest, Swap
from mmswap.apis.init.folders import FolderData
from mmswap.apis.init.maps import MapData
from mmswap.apis.init.model import check_fits, find_facts
from mmswap.apis.init.names import (
    Names,
    base_names,
    check_known,
    checkpoint_names,
    shown,
    unique_names,
)
from mmswap.apis.init.optimizer import check_wrapper
from mmswap.apis.init.schedule import (
    Length,
    images_of_step,
    images_to_learn,
    passes_to_learn,
)
from mmswap.apis.init.settings import (
    ORDERS,
    PLAN_ORDERS,
    Settings,
    check_request,
    forget_requests,
)
from mmswap.apis.init.source import Source
from mmswap.apis.init.stock import read_stock
from mmswap.apis.init.validation import choose_val
from mmswap.apis.init.writing import config_files
from mmswap.class_table import ClassTable

# By default scope: the kind of data sets, and the images of a step. Those of
# classifiers are small.
_KINDS: Dict[str, Tuple[Type[DataKind], int]] = dict(
    mmdet=(CocoData, 4), mmseg=(MapData, 4), mmpretrain=(FolderData, 32))


def init_swap(stock_config: Union[str, Path],
              checkpoint: Union[str, Path],
              new: Optional[Source] = None,
              forget: Sequence[Sequence[str]] = (),
              val: Optional[Source] = None,
              out: Union[str, Path] = '.',
              settings: Settings = Settings(),  # noqa: B008
              force: bool = False) -> List[Path]:
    """Write the configs of a swap.

    Args:
        stock_config: The config that the base model was trained with: a path,
            or ``'mmdet::...'``, a config of an installed library.
        checkpoint: The base model's checkpoint.
        new: Images of what is to be learned.
        forget: Names of the classes to forget; for a plan of requests
            (:mod:`mmswap.config.requests`) a list of names for each.
        val: Images to validate on.
        out: Folder for the configs.
        settings: See :class:`Settings`.
        force: Overwrite files that are there already.

    Returns:
        Paths of the config files; the last one of a plan is the plan itself.

    Raises:
        FileExistsError: If one is there already.
        FileNotFoundError: If data, config or checkpoint are not there.
        ValueError: If the swap cannot be; nothing is written then.
    """
    swap = plan_swap(stock_config, checkpoint, new, forget, val, settings)
    return write_swap(swap, out, force)


def plan_swap(stock_config: Union[str, Path],
              checkpoint: Union[str, Path],
              new: Optional[Source] = None,
              forget: Sequence[Sequence[str]] = (),
              val: Optional[Source] = None,
              settings: Settings = Settings()) -> Swap:  # noqa: B008
    """Find out all that a swap is made from, and write nothing.

    Args:
        stock_config: See :func:`init_swap`, as for the rest.
        checkpoint: The base model's checkpoint.
        new: Images of what is to be learned.
        forget: Names of the classes to forget.
        val: Images to validate on.
        settings: See :class:`Settings`.

    Raises:
        FileNotFoundError: See :func:`init_swap`.
        ValueError: See :func:`init_swap`.
    """
    requests = forget_requests(forget)
    check_request(new, requests, settings)
    names = tuple(name for request in requests for name in request)
    stock = read_stock(stock_config)
    check_wrapper(stock.cfg)
    if stock.scope not in _KINDS:
        raise ValueError(
            f'default_scope of STOCK_CONFIG must be one of {list(_KINDS)}, '
            f'got {stock.scope!r} in {stock.given}')
    kind_type, batch_size = _KINDS[stock.scope]
    path = Path(checkpoint)
    loaded = read_checkpoint(path, settings.trust)
    kind = kind_type(stock)
    set_up_kind(kind, settings)
    base = base_names(checkpoint_names(loaded), kind.base_names(), str(path))
    if stock.scope == 'mmpretrain' and len(set(base)) < len(base):
        base = kind.renamed = unique_names(base)
        check_plain(kind)
    check_known('--forget', names, base, 'the classes of the base model')
    if settings.old is not None:
        take_as_old(kind, settings.old, base)
    learn, notes = names_to_learn(kind, new, base, settings.learn)
    table = ClassTable(base, learn, names, stuff=kind.stuff(new))
    all_labels = new is not None and kind.shows_old(new, base)
    if new is not None and kind.without_old and not all_labels:
        raise ValueError(
            '--new must be labelled with old classes too with --without-old, '
            f'got none in {new.path}; mmswap pseudo-label labels them')
    facts = find_facts(stock, len(base))
    check_fits(stock, table, settings.adapter, loaded, path)
    size = settings.batch_size or batch_size
    synthesized = settings.old is not None and kind.is_synthesized(
        settings.old)
    batches = dict(
        learn=images_to_learn(size, facts.is_dense, kind.without_old,
                              synthesized),
        forget=images_of_step(size, facts.is_dense))
    lengths = _lengths(kind, new, learn, requests, settings.old, batches)
    plan = [ForgetRequest(*request) for request in zip(
        requests, lengths['forget'])] if len(requests) > 1 else []
    new_set = new and kind.new_set(new)
    val_set = choose_val(kind, val, base, learn, bool(plan))
    return Swap(
        stock, path, base, learn, names, table.stuff, facts.targets,
        settings.adapter,
        stock.scope == 'mmdet' and facts.has_class_loss, facts.is_dense,
        None if kind.without_old else kind.old_set(), synthesized,
        new_set, all_labels,
        kind.labels_of_new(base, learn),
        val_set, batches,
        {each: found[0] for each, found in lengths.items()},
        _phases(PLAN_ORDERS if plan else ORDERS, settings.order, learn, names),
        (*notes, *kind.notes()), tuple(plan))


def write_swap(swap: Swap, out: Union[str, Path],
               force: bool = False) -> List[Path]:
    """Write the configs of a swap.

    Args:
        swap: What :func:`plan_swap` gives.
        out: Folder for the configs.
        force: Overwrite files that are there already.

    Returns:
        Paths of the config files.

    Raises:
        FileExistsError: If one is there already.
    """
    out = Path(out)
    files = {out / name: text
             for name, text in config_files(swap, out).items()}
    there = [str(path) for path in files if path.exists()]
    if there and not force:
        raise FileExistsError(
            f'--out must have no {shown(there)} yet; --force overwrites')
    out.mkdir(parents=True, exist_ok=True)
    for path, text in files.items():
        path.write_text(text)
    return list(files)


def _lengths(kind: DataKind, new: Optional[Source], learn: Names,
             requests: Sequence[Names], old: Optional[Source],
             batches: Dict[str, Tuple[int, int]]) -> Dict[str, List[Length]]:
    """How long what is to be learned, and each request to forget, trains."""
    by_epoch = kind.stock.by_epoch
    lengths: Dict[str, List[Length]] = {}
    if new is not None:
        lengths['learn'] = [
            Length(kind.count_new(new, learn), batches['learn'][1], by_epoch,
                   passes_to_learn(*batches['learn']))]
    for names in requests:
        if kind.without_old and new is not None:
            images, where = kind.count_new(new, names), f'{new.path}'
        else:
            images = kind.count_old(names)
            where = f'{old.path}' if old else 'train_dataloader.dataset'
        if not images:
            raise ValueError(
                f'--forget must name classes that {where} has images of, got '
                f'{shown(names)}')
        lengths.setdefault('forget', []).append(
            Length(images, batches['forget'][1], by_epoch))
    return lengths


def _phases(orders: Dict[str, Tuple[str, ...]], order: str, learn: Names,
            forget: Names) -> Tuple[str, ...]:
    if learn and forget:
        return orders[order]
    if learn:
        return ('learn', )
    return ('forget', ) if orders is ORDERS else ('request-forget', )
