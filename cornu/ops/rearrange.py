"""Shapes by a pattern of names (Rogozhnikov, 2022, "Einops: clear and reliable tensor manipulations")."""

from __future__ import annotations

import math
import re
from itertools import chain
from typing import Any

import jax
import jax.numpy as jnp

from cornu.errors import explain
from cornu.ops.base import operation
from cornu.ops.base import tensor as as_tensor


def _parse(side: str) -> list[list[str]]:
    """The names of each axis: "b (h w)" gives [["b"], ["h", "w"]]; 1 stands for no name."""
    tokens = re.findall(r"\([^()]*\)|\w+|\S", side)
    groups = [token.strip("()").split() if token.startswith("(") else [token] for token in tokens]
    names = [name for group in groups for name in group]
    wrong = [name for name in names if not (name.isidentifier() or name == "1")]
    if wrong:
        raise ValueError(explain("rearrange: malformed pattern.", expected="names and parentheses", got=side))
    return [[name for name in group if name != "1"] for group in groups]


def _sizes(groups: list[list[str]], shape: tuple, known: dict[str, Any]) -> dict[str, Any]:
    """The size of every name; in each group one may be worked out."""
    found = dict(known)
    for group, size in zip(groups, shape, strict=True):
        unknown = [name for name in group if name not in found]
        product = math.prod(found[name] for name in group if name in found)
        if len(unknown) == 1 and size % product == 0:
            found[unknown[0]] = size // product
        elif unknown or size != product:
            raise ValueError(
                explain(
                    f"rearrange: an axis of size {size} doesn't split into ({' '.join(group)}).",
                    expected="sizes whose product it is, one of which may be left out",
                    got={name: found.get(name) for name in group},
                )
            )
    return found


@operation()
def rearrange(tensor: Any, pattern: str, **axes_lengths: int) -> jax.Array:
    """The tensor with its axes split, reordered and joined as in a pattern of names.

    Args:
        pattern: "before -> after"; parentheses join axes.
        axes_lengths: sizes of names, where they don't follow from the shape.

    Raises:
        ValueError: for a pattern that is malformed or doesn't fit the shape.

    >>> rearrange([[1, 2, 3, 4]], "b (h w) -> b w h", h=2).tolist()
    [[[1, 3], [2, 4]]]
    """
    x = as_tensor(tensor)
    before, arrow, after = pattern.partition("->")
    left, right = _parse(before), _parse(after)
    names, wanted = [*chain(*left)], [*chain(*right)]
    if not arrow or sorted(names) != sorted(wanted) or len(set(names)) < len(names) or len(left) != x.ndim:
        raise ValueError(
            explain(
                "rearrange: the pattern doesn't fit.",
                expected=f"{x.ndim} axes on the left, and each name once on either side",
                got=pattern,
            )
        )
    sizes = _sizes(left, x.shape, axes_lengths)
    split = jnp.reshape(x, [sizes[name] for name in names])
    ordered = jnp.transpose(split, [names.index(name) for name in wanted])
    return jnp.reshape(ordered, [math.prod(sizes[name] for name in group) for group in right])
