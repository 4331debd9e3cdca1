"""Curves and heat maps as SVG that takes its colour from the page."""
import io
import re
from typing import Any, Dict, Mapping, Sequence

from matplotlib import rc_context
from matplotlib.figure import Figure

# Becomes the page's text colour, which differs in dark mode.
_INK = '#010203'
COLOURS = ('#3b82c4', '#e08a1e', '#8a63d2', '#2a9d6f', '#c44d6e', '#7a8691')
_WIDTH = 5.2  # inches: text is as large as the page's on a narrow screen
_STYLE: Dict[str, Any] = {
    'svg.fonttype': 'none',
    'font.size': 10,
    'text.color': _INK,
    'axes.edgecolor': _INK,
    'axes.labelcolor': _INK,
    'xtick.color': _INK,
    'ytick.color': _INK,
    'axes.spines.top': False,
    'axes.spines.right': False,
    'legend.frameon': False,
}


def line_plot(name: str, lines: Mapping[str, Sequence[Sequence[float]]],
              x_label: str, y_label: str, log: bool = False) -> str:
    """Draw lines.

    Args:
        name: Tells the plot from the others of the page.
        lines: The x and the y values, by what the legend calls the line.
        x_label: What x is.
        y_label: What y is.
        log: Whether y has a logarithmic axis.

    Returns:
        An ``svg`` element.
    """
    with rc_context(_style(name)):
        figure = Figure(figsize=(_WIDTH, 3), layout='constrained')
        axis = figure.subplots()
        for i, (title, (x, y)) in enumerate(lines.items()):
            axis.plot(x, y, label=title, color=COLOURS[i % len(COLOURS)],
                      marker='o' if len(x) < 30 else None, markersize=3)
        if log:
            axis.set_yscale('log')
        axis.set_xlabel(x_label)
        axis.set_ylabel(y_label)
        axis.grid(alpha=.15, color=_INK)
        axis.legend()
        return _svg(figure, y_label)


def heat_map(name: str, values: Sequence[Sequence[float]],
             rows: Sequence[str], columns: Sequence[str],
             label: str) -> str:
    """Draw a matrix.

    Args:
        name: Tells the plot from the others of the page.
        values: The values, row by row.
        rows: What the rows are called.
        columns: What the columns are called.
        label: What the values are.

    Returns:
        An ``svg`` element.
    """
    with rc_context(_style(name)):
        figure = Figure(figsize=(_WIDTH, 1.2 + .24 * len(rows)),
                        layout='constrained')
        axis = figure.subplots()
        mesh = axis.pcolormesh(values, cmap='viridis', vmin=0)
        axis.invert_yaxis()
        axis.set_xticks([i + .5 for i in range(len(columns))], columns)
        axis.set_yticks([i + .5 for i in range(len(rows))], rows)
        axis.tick_params(length=0)
        for spine in axis.spines.values():
            spine.set_visible(False)
        bar = figure.colorbar(mesh, ax=axis, label=label)
        bar.outline.set_visible(False)
        return _svg(figure, label)


def _style(name: str) -> Any:
    """What matplotlib is told; names in the SVG differ from plot to plot."""
    return {**_STYLE, 'svg.hashsalt': name}


def _svg(figure: Any, label: str) -> str:
    """The figure as an element of a page, without colours of its own."""
    file = io.StringIO()
    figure.savefig(file, format='svg', transparent=True,
                   metadata=dict(Date=None, Creator=None))
    text = file.getvalue()
    text = text[text.index('<svg'):].replace(_INK, 'currentColor')
    text = re.sub(r'<metadata>.*?</metadata>', '', text, flags=re.S)
    # The page gives it its width, and its fonts.
    text = re.sub(r' (?:width|height)="[\d.]+pt"', '', text)
    text = re.sub(r"font: ([\d.]+px) [^;\"]*", r'font-size: \1', text)
    return text.replace(
        '<svg', f'<svg class="plot" role="img" aria-label="{label}"', 1)
