"""The table of a model's layers."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from cornu import dtypes
from cornu.errors import explain
from cornu.visualization import structure
from cornu.visualization.structure import Part

_PLAIN_BOX = "____\n    \n====\n    \n    \n====\n    \n====\n"
"""For pipes, files and `print_fn`: a line above, one below the header, one at the end."""

_COLUMNS = {
    "Layer (type)": ("left", 27),
    "Output Shape": ("left", 20),
    "Param #": ("right", 10),
    "Connected to": ("left", 20),
    "Trainable": ("center", 9),
}
"""How each column is aligned, and its least width."""


def print_summary(
    model: Any,
    line_length: int | None = None,
    positions: Sequence[float] | None = None,
    print_fn: Callable[[str], Any] | None = None,
    expand_nested: bool = False,
    show_trainable: bool = False,
    layer_range: Sequence[str] | None = None,
    count_optimizer: bool = True,
) -> None:
    """Prints a table of a model's layers, their output shapes and numbers of parameters, and the totals.

    Args:
        model: the model.
        line_length: the width of the table; default: as wide as it needs to be.
        positions: where the columns end, as fractions of the width or in characters; default: as content needs.
        print_fn: gets each line; default: prints.
        expand_nested: whether the layers of inner models get rows.
        show_trainable: whether to tell which layers are trained.
        layer_range: the first and the last layer's name, or regular expressions for them; default: all.
        count_optimizer: whether the totals have the optimizer's state among them, as in Keras 3.

    A model whose layers don't simply follow each other gets a column "Connected to". On a terminal the table has lines
    and colors; elsewhere, and for `print_fn`, which is called once for each line, it is plain text. Raises ValueError
    for a `layer_range` that names no layers.
    """
    from rich.console import Console

    chain = structure.is_chain(model)
    header = ["Layer (type)", "Output Shape", "Param #", *([] if chain else ["Connected to"])]
    header += ["Trainable"] if show_trainable else []
    rows = [
        _row(part, level, chain, show_trainable)
        for top in _within(structure.parts_of(model), layer_range)
        for part, level in _nested(top, expand_nested)
    ]
    console = Console(highlight=False, emoji=False)
    widths = _widths(line_length, positions, len(header))
    totals = _totals(model, count_optimizer)
    if print_fn is None and (console.is_terminal or console.is_jupyter):
        _render(console, model, header, rows, widths, line_length, totals, plain=False)
        return
    paper = io.StringIO()
    console = Console(file=paper, width=line_length or 1000, color_system=None, force_terminal=False, highlight=False)
    _render(console, model, header, rows, widths, line_length, totals, plain=True)
    for line in paper.getvalue().splitlines():
        (print_fn or print)(line.rstrip())


def _render(
    console: Any, model: Any, header: list[str], rows: list, widths: list | None, line_length: int | None,
    totals: list[tuple[str, int, int]], plain: bool,
) -> None:  # fmt: skip
    from rich import box
    from rich.table import Table
    from rich.text import Text

    kind = box.Box(_PLAIN_BOX, ascii=True) if plain else box.HEAVY_HEAD
    table = Table(box=kind, width=line_length, header_style="bold", show_edge=True, pad_edge=not plain)
    for title, width in zip(header, widths or [None] * len(header), strict=True):
        justify, least = _COLUMNS[title]
        narrowest = None if line_length or widths else least
        table.add_column(title, justify=justify, width=width, min_width=narrowest, overflow="fold")  # type: ignore
    for row in rows:
        table.add_row(*(_styled(title, cell) for title, cell in zip(header, row, strict=True)))
    console.print(Text(f'Model: "{model.name}"', "bold"))
    console.print(table)
    for title, count, size in totals:
        line = Text.assemble((f" {title}: ", "bold"), (f"{count:,}", "green"), f" ({memory_text(size)})")
        console.print(line, soft_wrap=True)
    if not getattr(model, "built", True):
        console.print(" Not built yet: call it on data, or give it an Input, to see every shape and parameter.")


def _styled(title: str, cell: str) -> Any:
    """A cell in colors: the type in blue, numbers in green, unknown sizes in cyan."""
    from rich.text import Text

    text = Text(cell)
    if title == "Layer (type)":
        text.highlight_regex(r"(?<=\()\w+(?=\)$)", "blue")
    elif title in ("Output Shape", "Param #"):
        text.highlight_regex(r"\d[\d,]*", "green")
        text.highlight_regex(r"None|\?", "cyan")
    return text


def _widths(line_length: int | None, positions: Sequence[float] | None, columns: int) -> list[int] | None:
    """The columns' widths, without their borders and spaces; None leaves them to their content."""
    if positions is None:
        return None
    if len(positions) != columns:
        raise ValueError(
            explain("summary: argument `positions` is wrong.", expected=f"{columns} numbers", got=positions)
        )
    length = line_length or 88
    ends = [int(p * length) if positions[-1] <= 1 else int(p) for p in positions]
    return [max(1, end - start - 3) for start, end in zip([0, *ends], ends, strict=False)]


def _nested(part: Part, expand: bool, level: int = 0) -> Iterable[tuple[Part, int]]:
    """A part, and below it those inside it."""
    yield part, level
    if expand and part.inner:
        for inner in structure.parts_of(part.operation):
            yield from _nested(inner, expand, level + 1)


def _row(part: Part, level: int, chain: bool, show_trainable: bool) -> list[str]:
    prefix = f"{'   ' * level}└ " if level else ""
    cells = [f"{prefix}{part.name} ({part.kind})", structure.output_shape(part), _parameters(part.operation)]
    if not chain:
        cells.append(", ".join(structure.connections(part)) or "-")
    if show_trainable:
        has_weights = bool(getattr(part.operation, "weights", []))
        cells.append(("Y" if part.operation.trainable else "N") if has_weights else "-")
    return cells


def _parameters(operation: Any) -> str:
    if not getattr(operation, "built", True):
        return "0 (unbuilt)"
    return f"{sum(v.size for v in getattr(operation, 'weights', [])):,}"


def _within(parts: list[Part], layer_range: Sequence[str] | None) -> list[Part]:
    """The parts from the first to the last that `layer_range` names."""
    if layer_range is None:
        return parts
    if len(layer_range) != 2 or not all(isinstance(name, str) for name in layer_range):
        raise ValueError(
            explain("summary: argument `layer_range` is wrong.", expected="two names of layers", got=layer_range)
        )
    found = [[i for i, part in enumerate(parts) if re.match(pattern, part.name)] for pattern in layer_range]
    if not all(found):
        raise ValueError(
            explain(
                "summary: `layer_range` names no layers.",
                expected=f"two of {', '.join(part.name for part in parts)}",
                got=layer_range,
            )
        )
    first, last = sorted(found, key=min)
    return parts[min(first) : max(last) + 1]


def _totals(model: Any, count_optimizer: bool) -> list[tuple[str, int, int]]:
    """Title, number of parameters and bytes of each group."""
    groups = {"Trainable params": model.trainable_weights, "Non-trainable params": model.non_trainable_weights}
    optimizer: Any = getattr(model, "optimizer", None)
    if count_optimizer and getattr(optimizer, "built", False):
        groups["Optimizer params"] = optimizer.variables
    counted = [(title, sum(v.size for v in group), memory_size(group)) for title, group in groups.items()]
    total = ("Total params", sum(count for _, count, _ in counted), sum(size for _, _, size in counted))
    return [total, *counted]


def memory_size(variables: Iterable[Any]) -> int:
    """The bytes that variables take, each counted once."""
    unique = {id(v): v for v in variables}.values()
    return sum(v.size * dtypes.numpy_dtype(v.dtype).itemsize for v in unique)


def memory_text(size: float) -> str:
    """
    >>> memory_text(0), memory_text(2493160)
    ('0.00 B', '2.38 MB')
    """
    for unit in ("B", "KB", "MB", "GB", "TB"):
        if size < 1024:
            return f"{size:.2f} {unit}"
        size /= 1024
    return f"{size:.2f} PB"
