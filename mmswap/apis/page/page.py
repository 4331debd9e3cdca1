"""Writes the page of a swap, which opens without a network."""
import os
import traceback
from pathlib import Path
from typing import Any, Callable, Dict, List

from jinja2 import Environment, FileSystemLoader
from mmengine.dist import is_main_process

from mmswap.apis.page.adapter import adapter_plots, loss_plots
from mmswap.apis.page.called import class_rows, name_matrix, share_bars
from mmswap.apis.page.facts import SwapFacts, classes_of, read_facts
from mmswap.apis.page.origin import commands, file_rows, seeds
from mmswap.apis.page.summary import cost_rows, summary
from mmswap.engine.progress import duration
from mmswap.evaluation.name_counts import PARTS
from mmswap.evaluation.score_tables import cell
from mmswap.version import __version__
from mmswap.whole_file import write_text

PAGE_FILE = 'swap_report.html'
IMAGES = 4
_TEMPLATES = Path(__file__).parent / 'templates'


def write_page(work_dir: Path, images: int = IMAGES,
               say: Callable[[str], None] = print) -> Path:
    """Write a swap's report as one page.

    Args:
        work_dir: The swap's work dir.
        images: The number of images that are drawn for each of what is
            forgotten, learned and retained, at each moment; 0 to run no
            model.
        say: Prints lines.

    Returns:
        The page, ``swap_report.html`` of the work dir.

    Raises:
        ValueError: If there is no swap in the folder, or ``images`` is
            negative.
        FileNotFoundError: If the config of a phase is gone.
    """
    check_images(images)
    facts = read_facts(work_dir)
    pictures, no_pictures = _pictures(facts, images, say)
    page = _render(facts, pictures=pictures, no_pictures=no_pictures)
    out = work_dir / PAGE_FILE
    write_text(out, page)
    say(f'Page: {out}')
    return out


def try_to_write_page(work_dir: Path, images: int,
                      say: Callable[[str], None]) -> None:
    """Write the page at the end of a run, which it cannot spoil.

    Args:
        work_dir: The swap's work dir.
        images: See :func:`write_page`.
        say: Prints lines.
    """
    if not is_main_process():
        return
    try:
        write_page(work_dir, images, say)
    except Exception as error:
        say(f'The page {work_dir / PAGE_FILE} could not be written, all other '
            f'results are there: {type(error).__name__}: {error}\n'
            f'Try again with: mmswap report {work_dir}')


def check_images(images: int) -> None:
    """Refuse a number of images that cannot be drawn.

    Args:
        images: The number.

    Raises:
        ValueError: If it is negative.
    """
    if images < 0:
        raise ValueError(f'--images must be 0 or more, got {images}')


def _pictures(facts: SwapFacts, images: int,
              say: Callable[[str], None]) -> Any:
    """The pictures, or why there are none."""
    if not images:
        return [], 'They were left out (--images 0).'
    # Here, as it takes what draws and loads images.
    from mmswap.apis.page.pictures import draw_pictures
    try:
        return draw_pictures(facts, images), ''
    except Exception as error:
        # A model that cannot be run any more is no reason to have no page.
        why = f'{type(error).__name__}: {error}'
        if not isinstance(error, (ValueError, FileNotFoundError)):
            why += f' ({_where(error)})'
        say(f'The page has no pictures: {why}')
        return [], f'They could not be drawn: {why}'


def _where(error: BaseException) -> str:
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f'{Path(last.filename).name}, line {last.lineno}'


def _render(facts: SwapFacts, **more: Any) -> str:
    env = Environment(
        loader=FileSystemLoader(str(_TEMPLATES)), autoescape=True,
        trim_blocks=True, lstrip_blocks=True)
    env.filters.update(cell=cell, percent=percent, duration=duration,
                       size=file_size)
    return env.get_template('page.html').render(**_context(facts), **more)


def _context(facts: SwapFacts) -> Dict[str, Any]:
    """All that the template shows."""
    moments, table = facts.moments, facts.table
    return dict(
        title=facts.work_dir.resolve().name,
        version=__version__,
        classes=classes_of(table),
        summary=summary(facts),
        report=facts.report,
        moments=moments,
        bars=share_bars(moments),
        matrix=name_matrix(moments[-1], table),
        rows=class_rows(moments, table),
        losses=loss_plots(moments),
        adapter=adapter_plots(moments),
        audit=audit_table(facts.audit.get('results', [])),
        # Audits of earlier releases do not say it.
        called=[each for each in facts.audit.get('models', [])
                if 'called' in each],
        parts=PARTS,
        costs=cost_rows(moments),
        versions=_versions(facts),
        files=file_rows(facts),
        commands=commands(facts),
        seeds=seeds(facts),
        cwd=os.getcwd())


def audit_table(results: List[Dict[str, Any]]) -> Dict[str, Any]:
    """The results of an audit, a row for each figure.

    Args:
        results: The ``results`` of ``audit.json``, see docs/audit.md.

    Returns:
        ``models``, their names, and ``rows``: each with ``figure``,
        ``title``, ``says``, ``verdict`` and ``why`` (None where there is no
        verdict), and ``values``, the result of each model or None.
    """
    models = list(dict.fromkeys(each['subject'] for each in results))
    rows: Dict[str, Dict[str, Any]] = {}
    for each in results:
        row = rows.setdefault(each['figure'], dict(
            figure=each['figure'], title=each['title'], says=each['says'],
            verdict=None, why=None, values=[None] * len(models)))
        row['values'][models.index(each['subject'])] = each
        if each['verdict'] is not None:
            row.update(verdict=each['verdict'], why=each['why'])
    return dict(models=models, rows=list(rows.values()))


def _versions(facts: SwapFacts) -> Dict[str, str]:
    for moment in reversed(facts.moments):
        if moment.cost.get('versions'):
            return moment.cost['versions']
    return {}


def percent(value: Any) -> str:
    """A share as a whole number of percent, a dash for a missing one.

    Args:
        value: The share, from 0 to 1, or None.
    """
    if value is None:
        return '–'
    return '<1%' if 0 < value < .005 else f'{value:.0%}'


def file_size(value: Any) -> str:
    """A size in bytes as it is read, a dash for a missing one.

    Args:
        value: The number of bytes, or None.
    """
    if value is None:
        return '–'
    for unit, factor in (('MB', 1e6), ('kB', 1e3)):
        if value >= factor:
            return f'{value / factor:.1f} {unit}'
    return f'{value} bytes'
