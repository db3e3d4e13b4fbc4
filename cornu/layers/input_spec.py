"""What a layer expects of its inputs, and the error that says which input doesn't fit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cornu import dtypes
from cornu.errors import explain


class InputSpec:
    """Rank, shape, dtype or sizes of axes that a layer requires of one input.

    Args:
        dtype: the dtype of the input.
        shape: the whole shape; None fits any size.
        ndim: the number of axes; `min_ndim`, `max_ndim`: its bounds.
        axes: sizes by axis, as in `{-1: 64}`.
        allow_last_axis_squeeze: whether a last axis of size 1 may be missing or too many.
        name: the key of the input in a dictionary of inputs.
        optional: whether None may be passed.
    """

    def __init__(
        self,
        dtype: Any = None,
        shape: Sequence[int | None] | None = None,
        ndim: int | None = None,
        max_ndim: int | None = None,
        min_ndim: int | None = None,
        axes: dict[int, int | None] | None = None,
        allow_last_axis_squeeze: bool = False,
        name: str | None = None,
        optional: bool = False,
    ) -> None:
        self.dtype = dtypes.standardize(dtype) if dtype is not None else None
        self.shape = tuple(shape) if shape is not None else None
        self.ndim = len(self.shape) if self.shape is not None else ndim
        self.max_ndim, self.min_ndim = max_ndim, min_ndim
        self.axes = {int(axis): size for axis, size in (axes or {}).items()}
        self.allow_last_axis_squeeze, self.name, self.optional = allow_last_axis_squeeze, name, optional

    def get_config(self) -> dict:
        """The constructor's arguments that say something."""
        return {k: v for k, v in vars(self).items() if v not in (None, {}, False)}

    @classmethod
    def from_config(cls, config: dict) -> InputSpec:
        """A spec from its config."""
        return cls(**config)

    def misfit(self, shape: Sequence[Any]) -> str | None:
        """What is expected where a shape doesn't fit, else None."""
        rank = len(shape)
        if self.allow_last_axis_squeeze and self.shape is not None and self.ndim is not None:
            if rank == self.ndim + 1 and shape[-1] == 1:
                return self.misfit(shape[:-1])
            if rank == self.ndim - 1 and self.shape[-1] == 1:
                return self.misfit((*shape, 1))
        if self.ndim is not None and rank != self.ndim:
            return f"{self.ndim} axes"
        if self.max_ndim is not None and rank > self.max_ndim:
            return f"at most {self.max_ndim} axes"
        if self.min_ndim is not None and rank < self.min_ndim:
            return f"at least {self.min_ndim} axes"
        sizes = {**dict(enumerate(self.shape or ())), **self.axes}
        for axis, size in sizes.items():
            if size is not None and isinstance(shape[axis], int) and shape[axis] != size:
                return f"size {size} on axis {axis}"
        return None


def check_inputs(spec: Any, inputs: Any, layer_name: str) -> None:
    """Raises ValueError for the first of `inputs` that doesn't fit its spec."""
    if spec is None:
        return
    specs = list(spec) if isinstance(spec, (list, tuple)) else [spec]
    if isinstance(inputs, dict):
        keys = [s.name for s in specs] if all(s.name in inputs for s in specs) else sorted(inputs)
        tensors = [inputs[key] for key in keys]
    else:
        tensors = list(inputs) if isinstance(inputs, (list, tuple)) else [inputs]
    if len(tensors) != len(specs):
        raise ValueError(
            explain(
                f"Layer {layer_name!r}: wrong number of inputs.",
                expected=f"{len(specs)} input(s)",
                got=f"{len(tensors)}",
            )
        )
    for number, (one, tensor) in enumerate(zip(specs, tensors, strict=True)):
        _check(one, tensor, layer_name, f"input {number}" if len(specs) > 1 else "the input")


def _check(spec: InputSpec | None, tensor: Any, layer_name: str, which: str) -> None:
    if spec is None or (tensor is None and spec.optional):
        return
    if not hasattr(tensor, "shape"):
        raise TypeError(explain(f"Layer {layer_name!r}: {which} is no tensor.", expected="an array", got=tensor))
    expected = spec.misfit(tensor.shape)
    if expected is not None:
        sizes = tuple(size if isinstance(size, int) else None for size in tensor.shape)
        raise ValueError(
            explain(f"Layer {layer_name!r}: the shape of {which} doesn't fit.", expected=expected, got=f"shape {sizes}")
        )
    if spec.dtype is not None and dtypes.standardize(tensor.dtype) != spec.dtype:
        raise ValueError(
            explain(f"Layer {layer_name!r}: the dtype of {which} is wrong.", expected=spec.dtype, got=str(tensor.dtype))
        )
