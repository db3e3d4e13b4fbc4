"""Pictures of models and of training runs."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from cornu.errors import explain
from cornu.visualization.diagram import Details, Diagram, diagram
from cornu.visualization.layout import Point, layered
from cornu.visualization.pens import PngPen, SvgPen, text_width

_MARGIN, _PADDING = 24.0, 9.0
_TITLE, _LINE = 9.5, 8.5  # heights of capital letters
_TITLE_ROW, _LINE_ROW = 28.0, 19.0
_INK, _WHITE, _GRAY, _DARK = (40, 40, 40), (255, 255, 255), (140, 140, 140), (38, 50, 64)
_PENS: dict[str, Any] = {".png": PngPen, ".svg": SvgPen}


def plot_model(
    model: Any,
    to_file: str | os.PathLike = "model.png",
    show_shapes: bool = False,
    show_dtype: bool = False,
    show_layer_names: bool = False,
    rankdir: str = "TB",
    expand_nested: bool = False,
    dpi: int = 200,
    show_layer_activations: bool = False,
    show_trainable: bool = False,
) -> Any:
    """Draws a model's graph: a box for each layer, arrows for what it takes from others.

    Args:
        model: a built model; one without a graph is a single box.
        to_file: the file; its ending says of which kind: .png, .svg, .dot (text in Graphviz's language), or, where
            Graphviz is installed, whatever else that can write, .pdf for example.
        show_shapes: whether to show the shapes of inputs and outputs.
        show_dtype: whether to show dtypes.
        show_layer_names: whether to show names beside kinds.
        rankdir: "TB" from top to bottom, "LR" from left to right.
        expand_nested: whether inner models show their own layers, in a frame.
        dpi: dots per inch.
        show_layer_activations: whether to show activations.
        show_trainable: whether to tell which layers are trained.

    Returns:
        The path; in a notebook the picture. Raises ValueError for an unbuilt model, a wrong `rankdir` or ending.

    Difference from Keras: nothing has to be installed for it.
    """
    path = Path(to_file)
    _check_direction(rankdir)
    details = Details(show_shapes, show_dtype, show_layer_names, show_layer_activations, show_trainable)
    chart = diagram(model, details, expand_nested)
    ending = path.suffix.lower()
    if ending in (".dot", ".gv"):
        path.write_text(_dot(chart, rankdir, dpi), encoding="utf-8")
    elif ending in _PENS:
        _draw(chart, path, rankdir == "LR", dpi / 96)
    else:
        _by_graphviz(_dot(chart, rankdir, dpi), path)
    return _shown(path)


def model_to_dot(
    model: Any,
    show_shapes: bool = False,
    show_dtype: bool = False,
    show_layer_names: bool = True,
    rankdir: str = "TB",
    expand_nested: bool = False,
    dpi: int = 200,
    show_layer_activations: bool = False,
    show_trainable: bool = False,
) -> str:
    """A model's graph as text in Graphviz's language, DOT; the arguments are those of `plot_model`.

    Difference from Keras, which gives a pydot object: `pydot.graph_from_dot_data(text)` makes one of this.
    """
    _check_direction(rankdir)
    details = Details(show_shapes, show_dtype, show_layer_names, show_layer_activations, show_trainable)
    return _dot(diagram(model, details, expand_nested), rankdir, dpi)


def _check_direction(rankdir: str) -> None:
    if rankdir not in ("TB", "LR"):
        raise ValueError(explain("plot_model: argument `rankdir` is wrong.", expected='"TB" or "LR"', got=rankdir))


# Drawing -------------------------------------------------------------------------------------------------------------


def _draw(chart: Diagram, path: Path, across: bool, scale: float) -> None:
    sizes = [_size(title, lines) for title, lines in zip(chart.titles, chart.lines, strict=True)]
    deepest = max(map(len, chart.groups), default=0)
    margin = _MARGIN + 20 * deepest
    layout = layered(sizes, chart.edges, gap=34 + 22 * deepest, room=26 + 22 * deepest, across=across)
    pen = _PENS[path.suffix.lower()](layout.width + 2 * margin, layout.height + 2 * margin, scale)
    centers = [(x + margin, y + margin) for x, y in layout.centers]
    _draw_frames(pen, chart, sizes, centers)
    for line in layout.lines.values():
        _draw_arrow(pen, [(x + margin, y + margin) for x, y in line])
    for size, center, title, lines in zip(sizes, centers, chart.titles, chart.lines, strict=True):
        _draw_box(pen, size, center, title, lines)
    pen.save(path)


def _size(title: str, lines: Sequence[str]) -> tuple[float, float]:
    widest = max([text_width(title, _TITLE), *(text_width(line, _LINE) for line in lines)])
    rows = _TITLE_ROW + _LINE_ROW * len(lines) + (6 if lines else 0)
    return max(widest + 2 * _PADDING + 4, 70.0), rows


def _draw_box(pen: Any, size: tuple[float, float], center: Point, title: str, lines: Sequence[str]) -> None:
    (width, height), (x, y) = size, center
    left, top = x - width / 2, y - height / 2
    pen.box(left, top, width, height, _WHITE, _DARK)
    pen.box(left, top, width, _TITLE_ROW, _DARK, _DARK)
    pen.text(x, top + (_TITLE_ROW + _TITLE) / 2, title, _TITLE, _WHITE, "center", bold=True)
    for i, line in enumerate(lines):
        base = top + _TITLE_ROW + 3 + i * _LINE_ROW + (_LINE_ROW + _LINE) / 2
        pen.text(x, base, line, _LINE, _INK, "center")


def _draw_arrow(pen: Any, line: Sequence[Point]) -> None:
    pen.line(line, _INK, 1.3)
    (x0, y0), (x1, y1) = line[-2:]
    length = ((x1 - x0) ** 2 + (y1 - y0) ** 2) ** 0.5 or 1.0
    dx, dy = (x1 - x0) / length, (y1 - y0) / length
    for side in (-1, 1):
        pen.line([(x1 - 7 * dx + side * 4 * dy, y1 - 7 * dy - side * 4 * dx), (x1, y1)], _INK, 1.6)


def _draw_frames(pen: Any, chart: Diagram, sizes: Sequence[tuple[float, float]], centers: Sequence[Point]) -> None:
    """A dashed frame, with its name, around the layers of each inner model."""
    deepest = max(map(len, chart.groups), default=0)
    groups = dict.fromkeys(group[:level] for group in chart.groups for level in range(1, len(group) + 1))
    for group in groups:
        inside = [i for i, own in enumerate(chart.groups) if own[: len(group)] == group]
        wide = 14.0 + 14 * (deepest - len(group))
        left = min(centers[i][0] - sizes[i][0] / 2 for i in inside) - wide
        right = max(centers[i][0] + sizes[i][0] / 2 for i in inside) + wide
        top = min(centers[i][1] - sizes[i][1] / 2 for i in inside) - wide - 8
        bottom = max(centers[i][1] + sizes[i][1] / 2 for i in inside) + wide
        corners = [(left, top), (right, top), (right, bottom), (left, bottom), (left, top)]
        for side in pairwise(corners):
            pen.line(side, _GRAY, 1.0, dashed=True)
        pen.text(left + 6, top + 13, group[-1], 7.5, _GRAY, "left")


# Graphviz ------------------------------------------------------------------------------------------------------------


def _dot(chart: Diagram, rankdir: str, dpi: int) -> str:
    def quoted(text: str) -> str:
        return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'

    out = [f"digraph {quoted(chart.name)} {{", f"  rankdir={rankdir}; dpi={dpi};", "  node [shape=box];"]
    for i, (title, lines) in enumerate(zip(chart.titles, chart.lines, strict=True)):
        label = quoted("\n".join([title, *lines])).replace("\n", "\\n")
        out.append(f"  n{i} [label={label}];")
    groups = dict.fromkeys(group[:level] for group in chart.groups for level in range(1, len(group) + 1))
    for number, group in enumerate(group for group in groups if len(group) == 1):
        out.append(_cluster(chart, group, f"{number}", quoted))
    out += [f"  n{start} -> n{end};" for start, end in chart.edges]
    return "\n".join([*out, "}", ""])


def _cluster(chart: Diagram, group: tuple[str, ...], number: str, quoted: Any) -> str:
    own = [f"n{i};" for i, held in enumerate(chart.groups) if held == group]
    level = len(group)
    deeper = dict.fromkeys(g[: level + 1] for g in chart.groups if g[:level] == group and len(g) > level)
    inner = [_cluster(chart, g, f"{number}_{i}", quoted) for i, g in enumerate(deeper)]
    return f"  subgraph cluster_{number} {{ label={quoted(group[-1])}; style=dashed; {' '.join([*own, *inner])} }}"


def _by_graphviz(dot: str, path: Path) -> None:
    program = shutil.which("dot")
    if program is None:
        raise ValueError(
            explain(
                f"plot_model can't write {path.name}.",
                expected="a name ending in .png, .svg or .dot",
                got=path.suffix or "no ending",
                fix="Choose one of these, or install Graphviz, which writes others.",
            )
        )
    done = subprocess.run([program, f"-T{path.suffix[1:]}", "-o", str(path)], input=dot, text=True, capture_output=True)
    if done.returncode:
        raise ValueError(explain(f"Graphviz can't write {path.name}.", got=done.stderr.strip()))


def _shown(path: Path) -> Any:
    """The picture, where a notebook would show it; else its path."""
    if "ipykernel" in sys.modules and path.suffix.lower() in _PENS:
        from IPython import display

        return display.SVG(str(path)) if path.suffix.lower() == ".svg" else display.Image(str(path))
    return path


# Curves --------------------------------------------------------------------------------------------------------------


def plot_history(
    history: Any, path: str | os.PathLike | None = None, metrics: Sequence[str] | None = None, title: str = ""
) -> Any:
    """Draws learning curves, training and validation of a metric in one panel.

    Args:
        history: what `fit` returned, or a dict of lists.
        path: a file; .png needs nothing installed, other kinds need Matplotlib. None shows the curves with Matplotlib.
        metrics: names without "val_"; default: all.
        title: of the whole.

    Returns:
        The path, or the Matplotlib figure where no path is given. Raises ValueError for a name that isn't in the
        history, ImportError where Matplotlib is needed and missing.
    """
    values = dict(getattr(history, "history", history))
    chosen = list(metrics) if metrics is not None else [name for name in values if not name.startswith("val_")]
    missing = [name for name in chosen if name not in values]
    if missing or not chosen:
        raise ValueError(
            explain(
                f"plot_history: there is no {missing[0]!r} in the history." if missing else "The history is empty.",
                expected=f"one of {', '.join(values) or 'none'}",
            )
        )
    curves = {name: values[name] for base in chosen for name in (base, f"val_{base}") if name in values}
    if path is not None and Path(path).suffix.lower() == ".png":
        from cornu.visualization.charts import learning_curves

        return _shown(learning_curves(curves, path, title))
    return _by_matplotlib(curves, chosen, path, title)


def _by_matplotlib(curves: dict[str, Sequence[float]], chosen: list[str], path: Any, title: str) -> Any:
    try:
        from matplotlib import pyplot
    except ImportError:
        raise ImportError(
            explain(
                "plot_history needs Matplotlib to show curves, or to write anything but a .png file.",
                fix="pip install 'cornu[plot]', or pass a path that ends in .png.",
            )
        ) from None
    figure, panels = pyplot.subplots(1, len(chosen), figsize=(5.2 * len(chosen), 4), squeeze=False)
    for panel, name in zip(panels[0], chosen, strict=True):
        for label, key in (("training", name), ("validation", f"val_{name}")):
            if key in curves:
                panel.plot(range(1, len(curves[key]) + 1), curves[key], label=label)
        panel.set(title=name, xlabel="epoch")
        panel.legend()
    figure.suptitle(title)
    figure.tight_layout()
    if path is None:
        if pyplot.isinteractive() or "ipykernel" not in sys.modules:
            pyplot.show(block=False)
        return figure
    figure.savefig(path)
    pyplot.close(figure)
    return Path(path)
