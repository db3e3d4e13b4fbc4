"""The shapes of kernel and bias that an einsum equation gives them."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cornu.errors import explain
from cornu.initializers import VarianceScaling

_FORMS = (r"(\w+),(\w+)->(\w+)", r"\.\.\.(\w+),(\w+)->\.\.\.(\w+)", r"(\w+)\.\.\.,(\w+)->(\w+)\.\.\.")


@dataclass(frozen=True)
class Shapes:
    """What `analyze` finds: the kernel's and the bias's shape, and which of the kernel's axes are whose."""

    kernel: tuple[int, ...]
    bias: tuple[int, ...] | None
    input_axes: tuple[int, ...]
    output_axes: tuple[int, ...]


def analyze(
    layer: str, equation: str, bias_axes: str | None, input_shape: Sequence[Any], output_shape: Sequence[Any]
) -> Shapes:
    """The shapes for inputs of a shape.

    `output_shape` is the output's without the batch and without the axes that "..." stands for; None there takes the
    input's size. Raises ValueError for an equation of another form and for sizes that contradict it.
    """
    compact = equation.replace(" ", "")
    found = [match for form in _FORMS if (match := re.fullmatch(form, compact))]
    if not found:
        raise ValueError(
            explain(
                f"Layer {layer!r}: argument `equation` is wrong.",
                expected="the form 'x,y->z', '...x,y->...z' or 'x...,y->z...'",
                got=equation,
            )
        )
    inputs, kernel, outputs = found[0].groups()
    hidden = len(input_shape) - len(inputs)
    if hidden < 0 or (hidden and "..." not in compact):
        _refuse(layer, equation, f"inputs of {len(inputs)} axes", f"shape {tuple(input_shape)}")
    first = compact.startswith("...")
    sizes = dict(zip(inputs, input_shape[hidden:] if first else input_shape, strict=False))
    # With "..." in front, the batch is among its axes; else it is the output's first letter.
    letters = outputs if first else outputs[1:]
    if len(output_shape) != len(letters):
        _refuse(layer, equation, f"an `output_shape` of {len(letters)} sizes", tuple(output_shape))
    for letter, size in zip(letters, output_shape, strict=True):
        if size is not None and sizes.setdefault(letter, size) not in (size, None):
            _refuse(layer, equation, f"size {sizes[letter]} of axis {letter!r}, as in the inputs", size)
    for letter in kernel:
        if sizes.get(letter) is None:
            _refuse(layer, equation, f"a size for axis {letter!r} of the kernel", f"{tuple(output_shape)}")
    return Shapes(
        tuple(sizes[letter] for letter in kernel),
        _bias_shape(layer, equation, bias_axes, outputs, sizes, 0 if first else hidden),
        tuple(i for i, letter in enumerate(kernel) if letter not in outputs),
        tuple(i for i, letter in enumerate(kernel) if letter in outputs),
    )


def kept_axes(equation: str, rank: int) -> int:
    """How many of the inputs' first axes are the output's first axes, too."""
    inputs, _, outputs = re.split(",|->", equation.replace(" ", ""))
    hidden = rank - len(inputs.replace("...", ""))
    if inputs.startswith("..."):
        return hidden
    pairs = zip(inputs, outputs, strict=False)
    return sum(1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1] != ".", pairs))


def _bias_shape(
    layer: str, equation: str, bias_axes: str | None, outputs: str, sizes: dict[str, Any], behind: int
) -> tuple[int, ...] | None:
    """Ones where the bias is the same, from its first own axis to the output's last."""
    if not bias_axes:
        return None
    if unknown := [letter for letter in bias_axes if letter not in outputs]:
        _refuse(layer, equation, f"`bias_axes` among {outputs!r}", unknown[0])
    start = min(map(outputs.index, bias_axes))
    own = tuple(sizes[letter] if letter in bias_axes else 1 for letter in outputs[start:])
    return own + (1,) * behind


def _refuse(layer: str, equation: str, expected: str, got: Any) -> None:
    raise ValueError(explain(f"Layer {layer!r}: the equation {equation!r} doesn't fit.", expected=expected, got=got))


def with_axes(initializer: Any, input_axes: tuple[int, ...], output_axes: tuple[int, ...]) -> Any:
    """A variance-scaling initializer that knows which axes of the kernel are inputs; others as they are."""
    if not isinstance(initializer, VarianceScaling) or None not in (initializer.input_axes, initializer.output_axes):
        return initializer
    return type(initializer).from_config(
        {**initializer.get_config(), "input_axes": input_axes, "output_axes": output_axes}
    )
