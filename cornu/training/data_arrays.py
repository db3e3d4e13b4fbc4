"""Arrays as training takes them: of any origin, made NumPy or JAX arrays of canonical dtype with one first axis."""

from __future__ import annotations

import math
import numbers
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import jax
import numpy as np
from jax.tree_util import keystr

from cornu import config, dtypes, tree
from cornu.errors import brief, explain
from cornu.variables import Variable

NAMES = ("x", "y", "sample_weight")
_NARROWER = {"int64": "int32", "uint64": "uint32", "complex128": "complex64"}


@dataclass(frozen=True)
class ArrayData:
    """Data that is there as a whole: `arrays` = (x, y, sample_weight), trees of arrays with one first axis."""

    arrays: tuple[Any, Any, Any]
    num_samples: int
    batch_size: int
    steps_per_epoch: int | None = None
    shuffle: bool | str = False
    is_arrays: ClassVar[bool] = True

    @property
    def steps(self) -> int:
        """The number of batches in an epoch: as many as were asked for, or all there are."""
        return self.steps_per_epoch or math.ceil(self.num_samples / self.batch_size)

    def peek(self) -> tuple[Any, Any, Any]:
        """The first batch, in the order in which the arrays came."""
        return tree.map(lambda array: array[: self.batch_size], self.arrays)


def array_data(
    x: Any, y: Any, sample_weight: Any, batch_size: int | None, steps: int | None, shuffle: Any, class_weight: Any
) -> ArrayData:
    """Checked arrays, cut into batches of `batch_size` (default: 32, or so that there are `steps` of them)."""
    x, y = as_arrays(x, "x"), as_arrays(y, "y")
    weights = match_weights(y, as_weights(sample_weight, "sample_weight"))
    length = check_lengths((x, y, weights))
    if class_weight is not None:
        weights = weigh_classes(y, weights, class_weight)
    batch_size = batch_size or (math.ceil(length / steps) if steps else 32)
    return ArrayData((x, y, weights), length, batch_size, steps, shuffle)


# From anything to arrays ---------------------------------------------------------------------------------------------


def is_plain(value: Any) -> bool:
    """Whether a value is a list of numbers (or of text, which is refused later), nested to any depth."""
    if not isinstance(value, (list, tuple)) or not value:
        return False
    leaves = tree.walk(value)
    return all(isinstance(leaf, (numbers.Number, np.generic, str, bytes)) for leaf in leaves)


def _is_leaf(value: Any) -> bool:
    return value is not None and (not tree.is_nested(value) or is_plain(value))


def are_arrays(value: Any) -> bool:
    """Whether every leaf of a nested structure can be an array: it has a shape, or is a list of numbers."""
    leaves = tree.flatten(value, is_leaf=_is_leaf)
    return bool(leaves) and all(
        is_plain(leaf) or (hasattr(leaf, "shape") and (hasattr(leaf, "dtype") or hasattr(leaf, "dtypes")))
        for leaf in leaves
    )


def as_arrays(value: Any, name: str) -> Any:
    """A tree of arrays from nested lists, tuples and dicts of NumPy, JAX, pandas or PyTorch arrays, or of numbers.

    float64 becomes `floatx()`, and 64-bit integers 32-bit ones. Raises ValueError for what holds no numbers, has no
    axis, or doesn't fit into 32 bits; `name` tells the message what is at fault.

    >>> as_arrays({"a": [1, 2], "b": np.zeros(2)}, "x")["a"].dtype.name
    'int32'
    """
    found, structure = tree.flatten_with_path(value, is_leaf=_is_leaf)
    return tree.unflatten(structure, [_as_array(leaf, f"{name}{keystr(path)}") for path, leaf in found])


def _as_array(value: Any, where: str) -> Any:
    array = value if isinstance(value, jax.Array) else _as_numpy(value, where)
    if array.ndim == 0:
        raise ValueError(
            explain(f"{where} has no axis for the samples.", expected="an array, one row per sample", got=brief(value))
        )
    return _canonical(array, where)


def _as_numpy(value: Any, where: str) -> np.ndarray:
    source = value
    if isinstance(value, Variable):
        source = value.numpy()
    elif hasattr(value, "detach") and hasattr(value, "cpu"):  # PyTorch; its bfloat16 is unknown to NumPy
        source = value.detach().cpu()
        source = (source.float() if str(source.dtype) == "torch.bfloat16" else source).numpy()
    elif hasattr(value, "to_numpy"):
        source = value.to_numpy()
    elif hasattr(value, "toarray") or type(value).__name__ in ("RaggedTensor", "SparseTensor"):
        raise ValueError(
            explain(
                f"{where} is sparse or ragged.",
                expected="a dense array",
                got=type(value).__name__,
                fix="Make it dense first: x.toarray() of a SciPy matrix, tf.sparse.to_dense, x.to_tensor().",
            )
        )
    try:
        array = np.asarray(source)
    except ValueError as error:
        raise ValueError(
            explain(f"{where} can't be made an array: {error}.", expected="rows of one length", got=brief(value))
        ) from None
    if array.dtype.kind == "O":
        array = _numbers_in(array)
    if _dtype_name(array.dtype) in (None, "string"):
        raise ValueError(_no_numbers(value, array, where))
    return array


def _numbers_in(array: np.ndarray) -> np.ndarray:
    """The numbers that an array of Python objects holds, else the array as it is."""
    if all(isinstance(item, (numbers.Number, np.generic)) for item in array.flat):
        return np.array(array.tolist())
    return array


def _dtype_name(dtype: Any) -> str | None:
    """The canonical name of a dtype, None for one that training doesn't know (objects, dates)."""
    try:
        return dtypes.standardize(dtype)
    except ValueError:
        return None


def _no_numbers(value: Any, array: np.ndarray, where: str) -> str:
    columns: Any = getattr(value, "dtypes", None)
    if hasattr(columns, "items"):
        wrong = [f"{name!r} ({dtype})" for name, dtype in columns.items() if getattr(dtype, "kind", "O") not in "biuf"]
        where, got = f"{where}: column {', '.join(wrong[:3])}", brief(array.flat[0]) if not wrong else wrong[0]
    else:
        first = next((item for item in array.flat if not isinstance(item, numbers.Number)), array.dtype)
        got = f"{brief(first)}, of type {type(first).__name__}"
    return explain(
        f"{where} holds something that is no number.",
        expected="numbers",
        got=got,
        fix="Encode text and dates as numbers first (pandas.factorize, for example), and fill missing values.",
    )


def _canonical(array: Any, where: str) -> Any:
    name = dtypes.standardize(array.dtype)
    wanted = config.floatx() if name == "float64" else name
    if name in _NARROWER and not jax.config.read("jax_enable_x64"):
        wanted = _NARROWER[name]
        if array.size and name != "complex128":
            _check_range(array, wanted, where)
    dtype = dtypes.numpy_dtype(wanted)
    return array if array.dtype == dtype else array.astype(dtype)


def _check_range(array: Any, wanted: str, where: str) -> None:
    low, high = int(array.min()), int(array.max())
    limits = np.iinfo(wanted)
    if low < limits.min or high > limits.max:
        raise ValueError(
            explain(
                f"{where} holds integers that need 64 bits.",
                expected=f"values from {limits.min} to {limits.max}",
                got=f"values from {low} to {high}",
                fix="Renumber them, or turn them into floating-point numbers.",
            )
        )


def named(arrays: tuple[Any, Any, Any]) -> list[tuple[str, Any]]:
    """Each array of (x, y, sample_weight) with its name, such as "x['image']"."""
    return [
        (f"{name}{keystr(path)}", array)
        for name, part in zip(NAMES, arrays, strict=True)
        for path, array in tree.flatten_with_path(part)[0]
    ]


def check_lengths(arrays: tuple[Any, Any, Any], what: str = "The data") -> int:
    """The number of samples that all arrays share. Raises ValueError, naming them, if they differ or are empty."""
    lengths = {name: array.shape[0] for name, array in named(arrays)}
    if len(set(lengths.values())) > 1:
        raise ValueError(
            explain(
                f"{what}: the arrays differ in their number of samples.",
                expected="one length of the first axis",
                got=", ".join(f"{name}: {length}" for name, length in lengths.items()),
                fix="A list of arrays means several inputs; np.stack makes one array of them.",
            )
        )
    if not any(lengths.values()):
        raise ValueError(explain(f"{what}: there are no samples.", expected="one or more", got=", ".join(lengths)))
    return next(iter(lengths.values()))


def train_validation_split(arrays: Any, validation_split: float) -> tuple[Any, Any]:
    """The first part of arrays for training and the last fraction of them, before any shuffling, for validation.

    Args:
        arrays: (x, y, sample_weight), where y and sample_weight may be None.
        validation_split: the fraction, in (0, 1).

    Raises ValueError for another fraction, for one that leaves either part empty, and for data that is no array.

    >>> train_validation_split((np.arange(10), None, None), 0.25)[1][0]
    array([7, 8, 9], dtype=int32)
    """
    if not 0 < validation_split < 1:
        raise ValueError(
            explain("fit: argument `validation_split` is wrong.", expected="a number in (0, 1)", got=validation_split)
        )
    for name, part in zip(NAMES, arrays, strict=True):
        if part is not None and not are_arrays(part):
            raise ValueError(
                explain(
                    f"fit: `validation_split` can't cut {name}.",
                    expected="arrays",
                    got=brief(part),
                    fix="Pass `validation_data` instead.",
                )
            )
    arrays = tuple(as_arrays(part, name) for name, part in zip(NAMES, arrays, strict=True))
    length = check_lengths(arrays)
    cut = math.floor(length * (1.0 - validation_split))
    if cut in (0, length):
        raise ValueError(
            explain(
                "fit: `validation_split` leaves one part empty.",
                expected="a fraction that gives both parts a sample",
                got=f"{validation_split} of {length} samples",
            )
        )
    return tree.map(lambda array: array[:cut], arrays), tree.map(lambda array: array[cut:], arrays)


# Weights -------------------------------------------------------------------------------------------------------------


def as_weights(value: Any, name: str) -> Any:
    """Sample weights as floating-point arrays."""
    floats = dtypes.numpy_dtype(config.floatx())
    return tree.map(lambda array: array.astype(floats), as_arrays(value, name))


def match_weights(y: Any, weights: Any) -> Any:
    """Weights for each of several targets: one array stands for all of them.

    Raises ValueError where the structures differ, or one array has more than one weight per sample.
    """
    if weights is None or not tree.is_nested(y):
        return weights
    if tree.is_nested(weights):
        expected, got = str(tree.structure(y)), str(tree.structure(weights))
        if got != expected:
            raise ValueError(explain("`sample_weight` doesn't have the structure of `y`.", expected=expected, got=got))
        return weights
    if weights.ndim > 1 and weights.shape[1:] != (1,):
        raise ValueError(
            explain(
                "One `sample_weight` array can't serve several targets, unless it has one number per sample.",
                expected="shape (samples,), or one array for each target",
                got=f"shape {weights.shape}",
            )
        )
    return tree.map(lambda _: weights, y)


def weigh_classes(y: Any, weights: Any, class_weight: Any) -> Any:
    """Sample weights times the weight of each sample's class.

    Args:
        y: labels: class numbers (samples,) or (samples, 1), or one-hot vectors (..., classes).
        weights: sample weights, or None.
        class_weight: {class: weight}, or the weights in a list; a class that isn't there weighs 1.

    Differences from Keras 3: sample weights may be given, too; each step of a sequence gets its own class's weight.
    Raises ValueError for several targets, none, or weights that are no numbers.

    >>> weigh_classes(np.array([0, 2, 1]), None, {0: 0.5, 2: 4.0})
    array([0.5, 4. , 1. ], dtype=float32)
    """
    if y is None or tree.is_nested(y):
        raise ValueError(explain("`class_weight` needs one target array.", got="several" if y is not None else "no y"))
    table = dict(class_weight if isinstance(class_weight, Mapping) else enumerate(class_weight))
    wrong = [key for key, value in table.items() if not all(isinstance(v, numbers.Real) for v in (key, value))]
    if wrong:
        raise ValueError(
            explain(
                "`class_weight` is wrong.",
                expected="numbers: {class: weight}",
                got=f"{wrong[0]!r}: {table[wrong[0]]!r}",
            )
        )
    labels = np.asarray(y)
    if labels.ndim > 1:
        labels = labels[..., 0] if labels.shape[-1] == 1 else labels.argmax(-1)
    classes, place = np.unique(np.round(labels).astype("int64"), return_inverse=True)
    factors = np.array([table.get(int(c), 1.0) for c in classes], dtypes.numpy_dtype(config.floatx()))
    factors = factors[place.reshape(labels.shape)]
    if weights is None:
        return factors
    extra = max(weights.ndim, factors.ndim)
    return factors.reshape(factors.shape + (1,) * (extra - factors.ndim)) * np.asarray(weights).reshape(
        weights.shape + (1,) * (extra - weights.ndim)
    )


# When a loss became NaN ----------------------------------------------------------------------------------------------


def check_finite(arrays: tuple[Any, Any, Any]) -> str | None:
    """What is wrong with (x, y, sample_weight) where one of them holds NaN or infinity; None where none does.

    It reads all the data, so it is called when a loss has become NaN, not before.

    >>> print(check_finite((np.array([[1.0], [np.nan]]), None, None)))
    x holds NaN or infinity.
      expected: finite numbers
      got:      nan in row 1, the first of 1 such rows out of 2
      to do:    Fill or remove these rows before training.
    """
    for name, array in named(arrays):
        if not dtypes.is_float(array.dtype):
            continue
        values = np.asarray(array).reshape(len(array), -1)
        rows = np.flatnonzero(~np.isfinite(values).all(axis=1))
        if rows.size:
            first = values[rows[0]]
            value = first[~np.isfinite(first)][0]
            return explain(
                f"{name} holds NaN or infinity.",
                expected="finite numbers",
                got=f"{value} in row {rows[0]}, the first of {rows.size} such rows out of {len(values)}",
                fix="Fill or remove these rows before training.",
            )
    return None
