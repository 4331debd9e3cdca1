"""The plots of a page: losses, norms and gradients of each phase."""
from typing import Any, Dict, List, Sequence

from mmswap.apis.page.facts import (
    MomentFacts,
    gradient_sizes,
    group_norms,
    read_curves,
)
from mmswap.apis.page.plots import heat_map, line_plot

_END = '_total'


def loss_plots(moments: Sequence[MomentFacts]) -> List[Dict[str, str]]:
    """The loss of each branch in each phase.

    Args:
        moments: The base and the phases.

    Returns:
        Dicts of ``title`` and ``svg``; phases without a log are left out.
    """
    plots = []
    for moment in moments[1:]:
        curves = read_curves(moment.folder)
        lines = {key[:-len(_END)]: points for key, points in curves.items()
                 if key.endswith(_END)}
        if lines:
            plots.append(dict(title=moment.name, svg=line_plot(
                f'loss of {moment.name}', lines, 'step',
                'loss of the branch')))
    return plots


def adapter_plots(moments: Sequence[MomentFacts]) -> Dict[str, Any]:
    """How much each block of the model was changed.

    Args:
        moments: The base and the phases.

    Returns:
        ``heat``, a map of the norms over blocks and phases; ``norms``, the
        same as lines; ``gradients``, the mean absolute gradient of each
        block; each an ``svg`` or, where there is nothing to draw, empty. And
        ``blocks``, what the numbers of the blocks stand for.
    """
    norms = {m.title: group_norms(m) for m in moments[1:]}
    sizes = {m.title: gradient_sizes(m) for m in moments[1:]}
    norms = {title: found for title, found in norms.items() if found}
    sizes = {title: found for title, found in sizes.items() if found}
    blocks = list(dict.fromkeys(
        name for found in (*norms.values(), *sizes.values())
        for name in found))
    plots: Dict[str, Any] = dict(
        heat='', norms='', gradients='', blocks=blocks)
    if norms:
        values = [[found.get(block, 0.) for found in norms.values()]
                  for block in blocks]
        plots['heat'] = heat_map(
            'heat', values, [str(i) for i in range(1, len(blocks) + 1)],
            list(norms), 'norm of the group')
        plots['norms'] = _by_block('norms', norms, blocks,
                                   'norm of the group')
    if sizes:
        plots['gradients'] = _by_block('gradients', sizes, blocks,
                                       'mean absolute gradient', log=True)
    return plots


def _by_block(name: str, found: Dict[str, Dict[str, float]],
              blocks: Sequence[str], label: str, log: bool = False) -> str:
    numbers = [float(i) for i in range(1, len(blocks) + 1)]
    lines = {
        title: [numbers, [values.get(block, 0.) for block in blocks]]
        for title, values in found.items()
    }
    return line_plot(name, lines, 'block', label, log)
