"""A graph of ONNX, made node by node, in the order in which it runs.

`emit` adds a node to the graph that is being made: the innermost one entered with `with graph:`. NumPy arrays may
stand for values everywhere; they become constants of the outermost graph where a node takes them.
"""

from __future__ import annotations

import contextvars
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

OPSET = 18
"""The oldest one in which the bits of integers, and scattering by maximum, can be written (ONNX 1.13, 2023)."""

IR_VERSION = 8
"""The oldest form of the file that may hold this opset."""

_current: contextvars.ContextVar[Graph] = contextvars.ContextVar("current")


class Value:
    """A tensor of a graph. `shape` is None where nobody needs it; its sizes are numbers, or symbolic."""

    __slots__ = ("dtype", "name", "shape")

    def __init__(self, name: str, dtype: Any, shape: tuple | None = None):
        self.name, self.dtype, self.shape = name, np.dtype(dtype), shape


class Size(Value):
    """A size that is known when the graph runs: a scalar, which can be reckoned with."""

    __slots__ = ()

    def __add__(self, other: Size | int) -> Size:
        return _size("Add", self, other)

    def __sub__(self, other: Size | int) -> Size:
        return _size("Sub", self, other)

    def __rsub__(self, other: int) -> Size:
        return _size("Sub", other, self)

    def __neg__(self) -> Size:
        return 0 - self

    def __mul__(self, other: Size | int) -> Size:
        return _size("Mul", self, other)

    def __mod__(self, other: Size | int) -> Size:
        return _size("Mod", self, other)

    def __floordiv__(self, other: Size | int) -> Size:
        return _size("Div", self - self % other, other)

    __radd__, __rmul__ = __add__, __mul__


def _size(op: str, *operands: Size | int) -> Size:
    result = emit(op, *(np.int64(x) if isinstance(x, int) else x for x in operands))
    return Size(result.name, result.dtype, ())


def larger(left: Size | int, right: Size | int) -> Size:
    """The maximum of two sizes."""
    return _size("Max", left, right)


def smaller(left: Size | int, right: Size | int) -> Size:
    """The minimum of two sizes."""
    return _size("Min", left, right)


class Graph:
    """Nodes, and, in the outermost graph, the constants of it and of all inner ones."""

    def __init__(self, outer: Graph | None = None, taken: Sequence[str] = ()):
        self.root: Graph = self if outer is None else outer.root
        self._taken = set(taken)
        self.nodes: list[onnx.NodeProto] = []
        self.made: set[str] = set()
        self.constants: dict[Any, onnx.TensorProto] = {}
        self._count = 0
        self._tokens: list[contextvars.Token] = []

    def __enter__(self) -> Graph:
        self._tokens.append(_current.set(self))
        return self

    def __exit__(self, *error: Any) -> None:
        _current.reset(self._tokens.pop())

    def fresh(self) -> str:
        """A name that nothing has yet."""
        root = self.root
        root._count += 1
        name = f"v{root._count}"
        return self.fresh() if name in root._taken else name

    def constant(self, array: Any) -> str:
        """The name of a constant; equal ones share it."""
        array = np.asarray(array)
        key = (array.dtype.name, array.shape, array.tobytes())
        constants = self.root.constants
        if key not in constants:
            constants[key] = numpy_helper.from_array(np.ascontiguousarray(array).reshape(array.shape), self.fresh())
        return constants[key].name

    def add(self, op: str, inputs: Sequence[Any], outputs: Sequence[str], attributes: dict[str, Any]) -> None:
        """Appends a node."""
        names = ["" if x is None else x.name if isinstance(x, Value) else self.constant(x) for x in inputs]
        self.nodes.append(helper.make_node(op, names, outputs, **attributes))
        self.made.update(outputs)

    def proto(self, name: str, inputs: Sequence[Value], results: Sequence[Any],
              names: Sequence[str | None] = ()) -> onnx.GraphProto:  # fmt: skip
        """The finished graph. Its outputs get `names`; an output is a node's own result, and is one output only."""
        outputs = []
        with self:
            for result, given in zip(results, names or [None] * len(results), strict=True):
                known = isinstance(result, Value) and result.name in self.made and result.name not in outputs
                if given is None and known:
                    outputs.append(result.name)
                else:
                    outputs.append(given or self.fresh())
                    self.add("Identity", [result], [outputs[-1]], {})
        described = [_described(value.name, value) for value in inputs]
        given_out = [_described(place, result) for place, result in zip(outputs, results, strict=True)]
        return helper.make_graph(self.nodes, name, described, given_out, list(self.constants.values()))


def _described(name: str, value: Any) -> onnx.ValueInfoProto:
    """Name, dtype and shape; symbolic sizes by their text."""
    shape = value.shape if value.shape is None else [s if isinstance(s, int) else str(s) for s in value.shape]
    return helper.make_tensor_value_info(name, element_type(value.dtype), shape)


def element_type(dtype: Any) -> int:
    """ONNX's number for a NumPy dtype."""
    return helper.np_dtype_to_tensor_dtype(np.dtype(dtype))


def current() -> Graph:
    """The graph that is being made."""
    return _current.get()


def emit(op: str, *inputs: Any, dtype: Any = None, outputs: int = 1, **attributes: Any) -> Any:
    """Adds a node; gives its result, or the list of its results. `dtype`: None is that of the first input."""
    graph = current()
    names = [graph.fresh() for _ in range(outputs)]
    graph.add(op, inputs, names, attributes)
    made = [Value(name, inputs[0].dtype if dtype is None else dtype) for name in names]
    return made[0] if outputs == 1 else made


def typed(made: Any, dtypes: Sequence[Any]) -> list[Any]:
    """The results of a node with their dtypes; None is the one that they have."""
    values = made if isinstance(made, list) else [made]
    for value, dtype in zip(values, dtypes, strict=True):
        if dtype is not None:
            value.dtype = np.dtype(dtype)
    return values


def inner(inputs: Sequence[tuple[Any, tuple | None]], function: Callable[..., Sequence[Any]]) -> onnx.GraphProto:
    """The graph of a loop's body or of a branch; it may use values of the graphs around it."""
    graph = Graph(current())
    with graph:
        values = [Value(graph.fresh(), dtype, shape) for dtype, shape in inputs]
        results = function(*values)
    return graph.proto(graph.fresh(), values, results)


def model(graph: onnx.GraphProto) -> onnx.ModelProto:
    """The model of a finished graph."""
    return helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION, producer_name="cornu"
    )


# --- what rules are made of -----------------------------------------------------------------------------------


def cast(x: Any, dtype: Any) -> Any:
    """A value in another dtype; integers wrap around."""
    if x.dtype == dtype:
        return x
    if not isinstance(x, Value) and (x.dtype.kind in "iub" or np.dtype(dtype).kind not in "iu"):
        return np.asarray(x).astype(dtype)
    result = emit("Cast", x, dtype=dtype, to=element_type(dtype))
    result.shape = x.shape
    return result


def number(value: Any, like: Any) -> np.ndarray:
    """A number of the dtype of another value."""
    return np.asarray(value, like.dtype)


def compare(op: str, x: Any, y: Any) -> Value:
    """Where a comparison holds."""
    return emit(op, x, y, dtype=np.bool_)


def is_nan(x: Any) -> Value:
    """Where a value is NaN."""
    return emit("IsNaN", x, dtype=np.bool_)


def size(x: Any, axis: int) -> int | Size:
    """How long an axis is."""
    if x.shape is not None and isinstance(x.shape[axis], (int, np.integer)):
        return int(x.shape[axis])
    shape = emit("Shape", x, dtype=np.int64, start=axis, end=axis + 1)
    return Size(emit("Squeeze", shape, np.array([0])).name, np.int64, ())


def sizes(values: Sequence[Any]) -> Any:
    """Sizes as one tensor of one axis: a constant where all are numbers."""
    if not any(isinstance(value, Value) for value in values):
        return np.array([int(value) for value in values], np.int64)
    axis = np.array([0])
    parts = [emit("Unsqueeze", v, axis) if isinstance(v, Value) else np.array([v], np.int64) for v in values]
    return emit("Concat", *parts, axis=0, dtype=np.int64)


def reshape(x: Any, shape: Sequence[Any]) -> Any:
    """The same elements in another shape."""
    empty = any(not isinstance(n, Value) and n == 0 for n in shape)
    return emit("Reshape", x, sizes(shape), **({"allowzero": 1} if empty else {}))


def take(x: Any, starts: Sequence[Any], ends: Sequence[Any], axes: Sequence[int], steps: Sequence[int] = ()) -> Any:
    """A box of an array."""
    return emit("Slice", x, sizes(starts), sizes(ends), sizes(axes), sizes(steps or [1] * len(axes)))


def where(condition: Any, then: Any, otherwise: Any) -> Any:
    """`then` where a condition holds, else `otherwise`."""
    return emit("Where", condition, then, otherwise, dtype=then.dtype)
