"""The text of the configs of a swap."""
import textwrap
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence, Tuple

from mmswap.apis.init.facts import Swap, phase_kind
from mmswap.apis.init.hooks import default_hooks, usable_hooks
from mmswap.apis.init.layout import WIDTH, Code, Node, assignment
from mmswap.apis.init.names import find_reference
from mmswap.apis.init.optimizer import optim_wrapper
from mmswap.apis.init.plan_file import plan_statements
from mmswap.datasets.phase_branches import forgotten_by_default

# Class names that take more lines than this get a file of their own.
_NAME_LINES = 3
_NAMES_KEY = 'base_classes'
# Why the labels of old classes in new images count.
_LABELLED = 'New images are labelled with old classes too.'
# Why old images show what they show of the classes to forget.
_SHOWN = dict(
    left_out='',
    labelled='What will be forgotten is retained until then, so that it is '
    'not taken for what is learned. ',
    background='Some old images show what is forgotten without its label, so '
    'that it becomes no object.')


def config_files(swap: Swap, out: Path) -> Dict[str, str]:
    """Write the configs of a swap, in memory.

    Args:
        swap: The swap.
        out: The folder that they are for.

    Returns:
        The text of each file by its name.
    """
    files = {}
    first = swap.whole
    base: Node = swap.stock.base(out)
    names: Node = find_reference(swap.stock.cfg, swap.base) or swap.base
    table = _table(swap, names)
    if len(assignment('classes', table)) > _NAME_LINES:
        stem = f'{swap.stock.stem}_classes'
        files[f'{stem}.py'] = _text([
            ('The classes of the base model, in the order of its labels.',
             _NAMES_KEY, swap.base)
        ])
        base = [base, f'./{stem}.py']
        table = _table(swap, Code(f'_base_.{_NAMES_KEY}'))
    files[swap.name(first)] = _text(_whole(swap, first, base, table))
    for phase in dict.fromkeys(swap.phases):
        if phase != first:
            files[swap.name(phase)] = _text(_later(swap, phase, first))
    if swap.requests:
        files[swap.plan] = _text(plan_statements(swap))
    return files


_Statement = Tuple[Optional[str], str, Node]


def _whole(swap: Swap, phase: str, base: Node,
           table: Node) -> List[_Statement]:
    """The config that says all of a swap."""
    cfg = swap.stock.cfg
    model: Dict[str, Any] = dict(
        _delete_=True, type='mmswap.SwapModel', model=Code('_base_.model'),
        classes=Code('classes'))
    if swap.adapter:
        model['adapter'] = swap.adapter
    model['objective'] = swap.objective(phase)
    length = swap.length(phase)
    statements: List[_Statement] = [
        (_title(swap, phase), '_base_', base),
        (None, 'custom_imports',
         dict(imports=['mmswap'], allow_failed_imports=False)),
        ('Labels are counted through base, then learn; the base stands in '
         'the order of its labels.', 'classes', table),
        ('LoRA in the last blocks alone costs less.' if swap.adapter else None,
         'model', model),
        (f'{_step(swap, phase)} {_SHOWN[swap.forgotten(phase)]}'
         f'{swap.labels}{_LABELLED if swap.all_labels else ""}',
         'train_dataloader',
         _train_dataloader(swap, phase)),
        (swap.val.why, 'val_dataloader = test_dataloader',
         dict(dataset=swap.val.dataset)),
        (None, 'val_evaluator = test_evaluator', _evaluator(swap)),
        (('The first request: ' if swap.requests else '') + length.why(),
         'train_cfg', length.train_cfg()),
        ('Instead of the stock schedule, whose warm-up may outlast a phase.',
         'param_scheduler', [length.scheduler()]),
        ('A learning rate for LoRA; weights as a whole would not bear it.',
         'optim_wrapper', optim_wrapper(cfg)),
        (None, 'default_hooks',
         default_hooks(cfg, length.total, length.by_epoch)),
    ]
    hooks = usable_hooks(cfg)
    if hooks is not None:
        statements.append(('The others work on the stock model alone.',
                           'custom_hooks', hooks))
    return [*statements, _start(swap, phase)]


def _later(swap: Swap, phase: str, first: str) -> List[_Statement]:
    """A config that says only what differs from the first."""
    length = swap.length(phase)
    objective = dict(_delete_=True, **swap.objective(phase))
    dataset = dict(
        phase=_data_phase(phase), **_shown(swap, phase, **_shown(swap, first)))
    loader: Dict[str, Any] = dict(dataset=dataset)
    if swap.batch(phase) != swap.batch(first):
        loader['sampler'] = _branch_sizes(swap, phase)
    statements: List[_Statement] = [
        (_title(swap, phase), '_base_', f'./{swap.name(first)}'),
        (None, 'model', dict(objective=objective)),
        (f'{length.why()} {_SHOWN[swap.forgotten(phase)]}',
         'train_dataloader', loader),
    ]
    if length.total != swap.length(first).total:
        statements += [
            (None, 'train_cfg', length.train_cfg()),
            (None, 'param_scheduler', [length.scheduler()]),
        ]
    if swap.requests:
        return statements
    return [*statements, _start(swap, phase)]


def _step(swap: Swap, phase: str) -> str:
    """A sentence on the images of a step."""
    if not swap.batch(phase)[0]:
        return ('Each step has new images alone (target); what the base model '
                'says of them is held.')
    retained = ('some' if swap.old is None else 'synthesized images' if
                swap.old_is_synthesized else 'old images')
    return (f'Each step has images to {phase_kind(phase)} (target) and '
            f'{retained} of what is to be retained.')


def _title(swap: Swap, phase: str) -> str:
    stock = Path(swap.stock.given).name
    if swap.requests:
        return (f'A request to {phase_kind(phase)} ({stock}); {swap.plan} '
                'says which classes. Paths are relative to the folder that '
                'commands are run in.')
    what = swap.learn if phase == 'learn' else swap.forget
    place = len(swap.phases) > 1 and (
        f', phase {swap.phases.index(phase) + 1} of {len(swap.phases)}')
    return (f'{phase_kind(phase).capitalize()} {_listed(what)} '
            f'({stock}{place or ""}). Paths are relative to the folder that '
            'commands are run in.')


def _start(swap: Swap, phase: str) -> _Statement:
    place = 0 if swap.requests else swap.phases.index(phase)
    comment = f'The base model, {len(swap.base)} classes.' if not place else (
        f'What {swap.name(swap.phases[place - 1])} ends with.')
    return comment, 'load_from', swap.load_from(phase)


def _data_phase(phase: str) -> str:
    """The argument ``phase`` of ``SwapDataset``."""
    return 'forget_first' if phase == 'forget-first' else phase_kind(phase)


def _listed(names: Sequence[str]) -> str:
    if len(names) > 6:
        return f'{len(names)} classes'
    return ' and '.join(filter(None, [', '.join(names[:-1]), names[-1]]))


def _table(swap: Swap, names: Node) -> Node:
    table: Dict[str, Node] = dict(base=names)
    for key, given in (('learn', swap.learn), ('forget', swap.forget)):
        if given:
            table[key] = list(given)
    if swap.stuff:
        table['stuff'] = swap.stuff
    return table


def _train_dataloader(swap: Swap, phase: str) -> Node:
    workers = swap.stock.cfg.train_dataloader.get('num_workers', 2)
    dataset: Dict[str, Node] = dict(
        type='mmswap.SwapDataset', phase=_data_phase(phase),
        classes=Code('classes'))
    for key, value in (('old', swap.old), ('new', swap.new)):
        if value is not None:
            dataset[key] = value
    if swap.all_labels and swap.old is not None:
        dataset['new_labels'] = 'all'
    dataset.update(_shown(swap, phase))
    return dict(
        _delete_=True, batch_size=sum(swap.batch(phase)), num_workers=workers,
        persistent_workers=workers > 0,
        sampler=dict(
            type='mmswap.SwapSampler', **_branch_sizes(swap, phase)),
        dataset=dataset)


def _branch_sizes(swap: Swap, phase: str) -> Dict[str, int]:
    retain, target = swap.batch(phase)
    return dict(retain=retain, target=target)


def _shown(swap: Swap, phase: str,
           forgotten: Optional[str] = None) -> Dict[str, str]:
    """The argument ``forgotten``, where it is not inherited or the default."""
    wanted = swap.forgotten(phase)
    there = forgotten or forgotten_by_default(phase_kind(phase), swap.forget)
    return {} if wanted == there else dict(forgotten=wanted)


def _evaluator(swap: Swap) -> Node:
    evaluator: Dict[str, Node] = dict(
        type='mmswap.SwapEvaluator', metrics=Code('_base_.val_evaluator'))
    if swap.val.images != 'all':
        evaluator['images'] = swap.val.images
    if isinstance(swap.stock.cfg.val_evaluator, dict):
        return dict(_delete_=True, **evaluator)
    return evaluator


def _text(statements: Sequence[_Statement]) -> str:
    lines: List[str] = []
    for comment, target, value in statements:
        if comment and lines:
            lines.append('')
        if comment:
            lines += textwrap.wrap(
                comment, WIDTH, initial_indent='# ', subsequent_indent='# ',
                break_long_words=False, break_on_hyphens=False)
        lines += assignment(target, value)
    return '\n'.join(lines) + '\n'
