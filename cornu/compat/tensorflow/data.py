"""`tf.data`: datasets as Python iterators over arrays."""

from __future__ import annotations

import builtins
import itertools
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from cornu import dtypes
from cornu import random as draws
from cornu.compat.tensorflow.calls import as_array, missing
from cornu.compat.tensors import TensorShape, Text
from cornu.errors import explain
from cornu.variables import Scope

AUTOTUNE = -1
CHUNK = 64
"""So many elements `map` takes at once."""

INFINITE_CARDINALITY, UNKNOWN_CARDINALITY = -1, -2


class TensorSpec:
    """The shape and dtype of a tensor."""

    def __init__(self, shape: Any = (), dtype: Any = "float32", name: str | None = None) -> None:
        self.shape, self.dtype, self.name = TensorShape(() if shape is None else shape), dtypes.standardize(dtype), name

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TensorSpec) and (self.shape, self.dtype) == (other.shape, other.dtype)

    def __hash__(self) -> int:
        return hash((self.shape, self.dtype))

    def __repr__(self) -> str:
        return f"TensorSpec(shape={tuple(self.shape)}, dtype=tf.{self.dtype})"


class Options:
    """Settings that say nothing here: any attribute may be set."""

    def __init__(self) -> None:
        self.experimental_distribute = SimpleNamespace()
        self.experimental_optimization = SimpleNamespace()
        self.threading = SimpleNamespace()


class Dataset:
    """Elements, one after the other, each time anew; every method gives a new dataset.

    An element is a tensor, or a tuple or dict of them. Iterating gives JAX's arrays, `as_numpy_iterator` NumPy's;
    of text, these give bytes. A function given to `map` is traced and compiled, as in TensorFlow; in
    plain Python runs one whose elements are text or of different shapes, or which asks tensors for values.

    >>> [batch.tolist() for batch in Dataset.range(5).map(lambda x: x * 2).batch(2)]
    [[0, 2], [4, 6], [8]]
    """

    def __init__(self, make: Callable[[], Iterator], size: int = UNKNOWN_CARDINALITY) -> None:
        self._make, self._size = make, size
        self._spec: Any = None

    # Making datasets --------------------------------------------------------------------------------------------

    @staticmethod
    def from_tensor_slices(tensors: Any, name: Any = None) -> Dataset:
        """The slices of arrays along their first axes."""
        arrays = _structure(tensors)
        lengths = {len(leaf) for leaf in _leaves(arrays)}
        if len(lengths) != 1:
            raise ValueError(
                explain(
                    "Dataset.from_tensor_slices: the first axes differ.", expected="one length", got=sorted(lengths)
                )
            )
        (length,) = lengths
        return Dataset(lambda: (_map(lambda a, i=i: a[i], arrays) for i in builtins.range(length)), length)

    @staticmethod
    def from_tensors(tensors: Any, name: Any = None) -> Dataset:
        """One element."""
        element = _structure(tensors)
        return Dataset(lambda: iter([element]), 1)

    @staticmethod
    def from_generator(
        generator: Callable,
        output_types: Any = None,
        output_shapes: Any = None,
        args: Any = None,
        output_signature: Any = None,
        name: Any = None,
    ) -> Dataset:
        """What a generator function yields, in the dtypes that are given."""
        kinds = output_types if output_signature is None else _map(lambda spec: spec.dtype, output_signature)

        def make() -> Iterator:
            for element in generator(*(np.asarray(a) for a in args or ())):
                yield _structure(element) if kinds is None else _typed(element, kinds)

        return Dataset(make)

    @staticmethod
    def range(*args: Any, output_type: Any = "int64", name: Any = None) -> Dataset:
        """The numbers of Python's range."""
        numbers = builtins.range(*(int(a) for a in args))
        dtype = dtypes.numpy_dtype(output_type)
        return Dataset(lambda: (dtype.type(n) for n in numbers), len(numbers))

    @staticmethod
    def zip(*args: Any, datasets: Any = None, name: Any = None) -> Dataset:
        """Elements of several datasets side by side, as long as all have one."""
        parts = args[0] if len(args) == 1 else args or datasets
        single = _leaves(parts)

        def make() -> Iterator:
            for elements in builtins.zip(*(part._make() for part in single), strict=False):
                following = iter(elements)
                yield _map(lambda _: next(following), parts)  # noqa: B023 - used at once

        known = [part._size for part in single]
        finite = [size for size in known if size >= 0]
        size = UNKNOWN_CARDINALITY if UNKNOWN_CARDINALITY in known else min(finite, default=INFINITE_CARDINALITY)
        return Dataset(make, size)

    @staticmethod
    def list_files(file_pattern: Any, shuffle: bool | None = None, seed: Any = None, name: Any = None) -> Dataset:
        """The names of files, sorted, or shuffled."""
        from cornu.compat.tensorflow.io import _names

        found = Dataset.from_tensor_slices(np.array(_names(file_pattern), dtype=object))
        return found if shuffle is False else found.shuffle(max(found._size, 1), seed)

    # Changing elements --------------------------------------------------------------------------------------------

    def map(
        self, map_func: Callable, num_parallel_calls: Any = None, deterministic: Any = None, name: Any = None
    ) -> Dataset:
        """Each element's result of a function, which is compiled; elements that are tuples become several arguments."""
        mapped = Mapped(map_func, ahead=CHUNK if self._size != UNKNOWN_CARDINALITY else 1)
        return Dataset(lambda: mapped.over(self._make()), self._size)

    def filter(self, predicate: Callable, name: Any = None) -> Dataset:
        """The elements for which a function gives true."""
        return Dataset(lambda: (e for e in self._make() if bool(_call(predicate, e))))

    def enumerate(self, start: int = 0, name: Any = None) -> Dataset:
        """Elements with their numbers."""
        return Dataset(lambda: ((np.int64(i), e) for i, e in builtins.enumerate(self._make(), start)), self._size)

    def flat_map(self, map_func: Callable, name: Any = None) -> Dataset:
        """The elements of the datasets that a function gives."""
        return Dataset(lambda: itertools.chain.from_iterable(_call(map_func, e)._make() for e in self._make()))

    def interleave(
        self,
        map_func: Callable,
        cycle_length: Any = None,
        block_length: int = 1,
        num_parallel_calls: Any = None,
        deterministic: Any = None,
        name: Any = None,
    ) -> Dataset:
        """The elements of several datasets in turn: `block_length` from each of `cycle_length`."""
        cycle = 16 if cycle_length in (None, AUTOTUNE) else int(cycle_length)

        def make() -> Iterator:
            sources = (_call(map_func, e)._make() for e in self._make())
            open_: list = list(itertools.islice(sources, cycle))
            place = 0
            while open_:
                taken = list(itertools.islice(open_[place], block_length))
                yield from taken
                if len(taken) < block_length:
                    following = next(sources, None)
                    open_[place : place + 1] = [] if following is None else [following]
                    place += following is not None
                else:
                    place += 1
                place = 0 if place >= len(open_) else place

        return Dataset(make)

    # Batches ------------------------------------------------------------------------------------------------------

    def batch(
        self,
        batch_size: Any,
        drop_remainder: bool = False,
        num_parallel_calls: Any = None,
        deterministic: Any = None,
        name: Any = None,
    ) -> Dataset:
        """So many elements stacked."""
        return self._grouped(int(batch_size), drop_remainder, lambda elements: _map(_stack, *elements))

    def padded_batch(
        self, batch_size: Any, padded_shapes: Any = None, padding_values: Any = None, drop_remainder: bool = False,
        name: Any = None,
    ) -> Dataset:  # fmt: skip
        """So many elements stacked, filled up to one shape: that which is given, or the largest among them."""

        def stack(elements: list) -> Any:
            first = elements[0]
            shapes = _aligned(padded_shapes, first, is_shape=True)
            values = _aligned(padding_values, first)
            columns = [_leaves(element) for element in elements]
            stacked = [
                _pad_and_stack([column[i] for column in columns], shapes[i], values[i])
                for i in builtins.range(len(columns[0]))
            ]
            following = iter(stacked)
            return _map(lambda _: next(following), first)

        return self._grouped(int(batch_size), drop_remainder, stack)

    def _grouped(self, size: int, drop: bool, join: Callable[[list], Any]) -> Dataset:
        def make() -> Iterator:
            source = self._make()
            while elements := list(itertools.islice(source, size)):
                if len(elements) < size and drop:
                    return
                yield join(elements)

        count = self._size if self._size < 0 else self._size // size if drop else -(-self._size // size)
        return Dataset(make, count)

    def unbatch(self, name: Any = None) -> Dataset:
        """The slices of each element."""
        return Dataset(lambda: (s for e in self._make() for s in Dataset.from_tensor_slices(e)._make()))

    def window(
        self, size: int, shift: int | None = None, stride: int = 1, drop_remainder: bool = False, name: Any = None
    ) -> Dataset:
        """Datasets of `size` elements each, which begin `shift` elements apart."""
        step = size if shift is None else shift

        def make() -> Iterator:
            source, held = self._make(), []  # type: ignore[var-annotated]
            while True:
                held += list(itertools.islice(source, max((size - 1) * stride + 1 - len(held), 0)))
                chosen = held[::stride][:size]
                if not chosen or (drop_remainder and len(chosen) < size):
                    return
                yield _window(chosen)
                skipped = step - len(held)
                held = held[step:]
                if skipped > 0:
                    next(itertools.islice(source, skipped, skipped), None)

        return Dataset(make)

    # Order and number ---------------------------------------------------------------------------------------------

    def shuffle(
        self, buffer_size: Any, seed: Any = None, reshuffle_each_iteration: bool | None = None, name: Any = None
    ) -> Dataset:
        """Elements in random order, drawn from a buffer; each time another one.

        With a seed the orders are those of the seed; without one they follow from cornu's root seed.
        """
        room, turns = int(buffer_size), itertools.count()
        stream = draws.next_seed() if seed is None else int(seed)

        def make() -> Iterator:
            turn = 0 if reshuffle_each_iteration is False else next(turns)
            generator = np.random.default_rng((stream, turn))
            held: list = []
            for element in self._make():
                if len(held) < room:
                    held.append(element)
                    continue
                place = int(generator.integers(room))
                held[place], element = element, held[place]
                yield element
            for place in generator.permutation(len(held)):
                yield held[place]

        return Dataset(make, self._size)

    def repeat(self, count: Any = None, name: Any = None) -> Dataset:
        """The elements several times, or without end."""
        endless = count is None or int(count) < 0
        size = INFINITE_CARDINALITY if endless and self._size else self._size
        if not endless:
            size = self._size * int(count) if self._size >= 0 else self._size if int(count) else 0

        def make() -> Iterator:
            for _ in itertools.count() if endless else builtins.range(int(count)):
                empty = True
                for element in self._make():
                    empty = False
                    yield element
                if empty:
                    return

        return Dataset(make, size)

    def take(self, count: Any, name: Any = None) -> Dataset:
        """The first elements; -1 takes all."""
        if int(count) < 0:
            return self
        size = self._size if self._size == UNKNOWN_CARDINALITY else _least(self._size, int(count))
        return Dataset(lambda: itertools.islice(self._make(), int(count)), size)

    def skip(self, count: Any, name: Any = None) -> Dataset:
        """The elements after the first; -1 skips all."""
        if int(count) < 0:
            return Dataset(lambda: iter(()), 0)
        size = self._size if self._size < 0 else max(self._size - int(count), 0)
        return Dataset(lambda: itertools.islice(self._make(), int(count), None), size)

    def shard(self, num_shards: int, index: int, name: Any = None) -> Dataset:
        """Every `num_shards`-th element, from number `index` on."""
        size = self._size if self._size < 0 else len(builtins.range(int(index), self._size, int(num_shards)))
        return Dataset(lambda: itertools.islice(self._make(), int(index), None, int(num_shards)), size)

    def concatenate(self, dataset: Dataset, name: Any = None) -> Dataset:
        """The elements of one dataset, then those of the other."""
        both = (self._size, dataset._size)
        size = sum(both) if min(both) >= 0 else max(s for s in both if s < 0)
        return Dataset(lambda: itertools.chain(self._make(), dataset._make()), size)

    def take_while(self, predicate: Callable, name: Any = None) -> Dataset:
        """The elements up to the first for which a function gives false."""
        return Dataset(lambda: itertools.takewhile(lambda e: bool(_call(predicate, e)), self._make()))

    def cache(self, filename: str = "", name: Any = None) -> Dataset:
        """The same elements, kept in memory after the first time."""
        kept: list = []

        def make() -> Iterator:
            if kept:
                yield from kept[0]
                return
            elements = []
            for element in self._make():
                elements.append(element)
                yield element
            kept.append(elements)

        return Dataset(make, self._size)

    def prefetch(self, buffer_size: Any = None, name: Any = None) -> Dataset:
        """The dataset itself: `fit` makes batches ahead by itself."""
        return self

    def with_options(self, options: Any, name: Any = None) -> Dataset:
        """The dataset itself."""
        return self

    def apply(self, transformation_func: Callable) -> Dataset:
        """What a function makes of the dataset."""
        return transformation_func(self)

    # Using them ---------------------------------------------------------------------------------------------------

    def reduce(self, initial_state: Any, reduce_func: Callable, name: Any = None) -> Any:
        """reduce_func(... reduce_func(initial_state, first) ..., last)"""
        state = _map(jnp.asarray, _structure(initial_state))
        for element in self:
            state = reduce_func(state, element)
        return state

    def __iter__(self) -> Iterator:
        return (_map(_tensor, element) for element in self._make())

    def as_numpy_iterator(self) -> Iterator:
        """The elements as NumPy arrays."""
        return (_map(_numpy, element) for element in self._make())

    def get_single_element(self, name: Any = None) -> Any:
        """The one element."""
        (element,) = self
        return element

    def cardinality(self) -> np.int64:
        """The number of elements; -1 without end, -2 where nobody knows."""
        return np.int64(self._size)

    def __len__(self) -> int:
        if self._size < 0:
            what = "is endless" if self._size == INFINITE_CARDINALITY else "has a length that nobody knows"
            raise TypeError(explain(f"This dataset {what}.", fix="Call .take(n) on it, or count its elements."))
        return self._size

    def __bool__(self) -> bool:
        return True

    @property
    def element_spec(self) -> Any:
        """The shapes and dtypes of an element: of the first one; where sizes may differ is not known here."""
        if self._spec is None:
            first = next(self._make(), None)
            self._spec = _map(lambda a: TensorSpec(np.shape(a), getattr(a, "dtype", None) or "string"), first)
        return self._spec

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Not to be had."""
        raise NotImplementedError(
            explain("Dataset.save: cornu doesn't write datasets.", fix="Save the arrays with numpy.savez.")
        )

    def __repr__(self) -> str:
        return (
            f"<Dataset of {'unknown' if self._size == -2 else 'endless' if self._size == -1 else self._size} elements>"
        )


def _call(function: Callable, element: Any) -> Any:
    element = _map(_tensor, element)
    return function(*element) if isinstance(element, tuple) else function(element)


class Mapped:
    """A function that `map` applies: compiled, and to many elements at once where that is the same.

    It is the same for a function that neither reads nor writes variables (random draws do) and whose elements are
    alike. Others are called element by element; text, and elements of different shapes, in plain Python.
    """

    def __init__(self, function: Callable, ahead: int) -> None:
        from cornu.compat.tensorflow.compiled import Function

        self._function, self._ahead = function, ahead
        self._compiled = Function(function, f"Dataset.map({getattr(function, '__name__', function)})")
        self._batched = jax.jit(jax.vmap(self._result))
        self._kind: Any = None
        self._pure = False

    def over(self, source: Iterator) -> Iterator:
        """The results, one after the other."""
        while elements := list(itertools.islice(source, self._ahead)):
            if self._kind is None:
                self._kind, self._pure = _kind(elements[0]), self._is_pure(elements[0])
            alike = all(_kind(element) == self._kind for element in elements)
            if self._pure and alike and len(elements) > 1:
                results = _map(np.asarray, self._batched(_map(_stack, *elements)))
                yield from (_map(lambda a, i=i: a[i], results) for i in builtins.range(len(elements)))
            else:
                yield from map(self._one, elements)

    def _one(self, element: Any) -> Any:
        fits = _kind(element) == self._kind and not _has_text(element)
        return _structure(_call(self._compiled if fits else self._function, element))

    def _result(self, element: Any) -> Any:
        return _structure(_call(self._function, element))

    def _is_pure(self, element: Any) -> bool:
        if self._ahead == 1 or _has_text(element):
            return False
        try:
            with Scope() as scope:
                jax.eval_shape(self._result, _map(_tensor, element))
        except Exception:  # the call itself will show it, where it is one
            return False
        return not scope.strays


def _kind(element: Any) -> list:
    """The shapes and dtypes of an element."""
    return [(np.shape(leaf), getattr(leaf, "dtype", None)) for leaf in _leaves(element)]


def _has_text(element: Any) -> bool:
    leaves = _leaves(element)
    return any(isinstance(leaf, (Dataset, str, bytes)) or np.dtype(leaf.dtype).hasobject for leaf in leaves)


def _structure(value: Any) -> Any:
    """An element: tuples and dicts as they are, lists and everything else as arrays."""
    if isinstance(value, tuple):
        made = [_structure(v) for v in value]
        return type(value)(*made) if hasattr(value, "_fields") else tuple(made)
    if isinstance(value, dict):
        return {key: _structure(v) for key, v in value.items()}
    return value if isinstance(value, Dataset) else as_array(value)


def _tensor(value: Any) -> Any:
    if isinstance(value, (jax.Array, Dataset)):
        return value
    value = np.asarray(value)
    return Text.of(value) if value.dtype.kind in "OUS" else jnp.asarray(value)


def _numpy(value: Any) -> Any:
    value = np.asarray(value)
    return Text.of(value).numpy() if value.dtype.kind in "OUS" else value


def _leaves(value: Any) -> list:
    if isinstance(value, dict):
        return [leaf for key in value for leaf in _leaves(value[key])]
    return [leaf for item in value for leaf in _leaves(item)] if isinstance(value, tuple) else [value]


def _map(function: Callable, first: Any, *rest: Any) -> Any:
    """A function on each array of elements; dicts keep their order."""
    if isinstance(first, dict):
        return {key: _map(function, first[key], *(other[key] for other in rest)) for key in first}
    if isinstance(first, tuple):
        made = [_map(function, *parts) for parts in builtins.zip(first, *rest, strict=True)]
        return type(first)(*made) if hasattr(first, "_fields") else tuple(made)
    return function(first, *rest)


def _typed(element: Any, kinds: Any) -> Any:
    if isinstance(kinds, dict):
        return {key: _typed(element[key], kinds[key]) for key in kinds}
    if isinstance(kinds, (tuple, list)):
        return tuple(_typed(e, k) for e, k in builtins.zip(element, kinds, strict=True))
    name = dtypes.standardize(kinds)
    return np.asarray(element, dtype=object) if name == "string" else np.asarray(element, dtypes.numpy_dtype(name))


def _stack(*arrays: Any) -> Any:
    if isinstance(arrays[0], Dataset):
        raise ValueError(explain("Dataset.batch: these elements are datasets.", fix="Use flat_map before it."))
    shapes = {np.shape(a) for a in arrays}
    if len(shapes) > 1:
        raise ValueError(
            explain("Dataset.batch: the elements' shapes differ.", got=sorted(shapes), fix="Use padded_batch.")
        )
    return np.stack([np.asarray(a) for a in arrays])


def _aligned(given: Any, element: Any, is_shape: bool = False) -> list:
    """What is given for each array of an element, or for all."""
    count = len(_leaves(element))
    if given is None:
        return [None] * count
    if is_shape and isinstance(given, (list, TensorShape)):
        return [given] * count if not any(isinstance(g, (list, tuple)) for g in given) else list(given)
    if isinstance(given, dict):
        return [given[key] for key in element]
    if isinstance(given, tuple) and isinstance(element, tuple):
        return list(given)
    return [given] * count


def _pad_and_stack(arrays: list, shape: Any, value: Any) -> Any:
    arrays = [np.asarray(a) for a in arrays]
    shape = (None,) * arrays[0].ndim if shape is None else tuple(shape)
    largest = np.max([a.shape for a in arrays], axis=0) if arrays[0].ndim else ()
    wanted = [int(m) if s in (None, -1) else int(s) for s, m in builtins.zip(shape, largest, strict=True)]
    fill = value if value is not None else "" if arrays[0].dtype == object else 0
    out = np.full((len(arrays), *wanted), np.asarray(fill), arrays[0].dtype)
    for row, array in builtins.enumerate(arrays):
        if any(have > want for have, want in builtins.zip(array.shape, wanted, strict=True)):
            raise ValueError(
                explain("Dataset.padded_batch: an element is too large.", expected=wanted, got=array.shape)
            )
        place: Any = (row, *(slice(n) for n in array.shape))
        out[place] = array
    return out


def _window(elements: list) -> Any:
    if not isinstance(elements[0], (tuple, dict)):
        return Dataset(lambda: iter(elements), len(elements))
    if isinstance(elements[0], dict):
        return {key: _window([e[key] for e in elements]) for key in elements[0]}
    return tuple(_window(list(parts)) for parts in builtins.zip(*elements, strict=True))


def _least(size: int, count: int) -> int:
    return count if size == INFINITE_CARDINALITY else min(size, count)


def _no_records(*args: Any, **kwargs: Any) -> Any:
    raise NotImplementedError(
        explain(
            "tf.data: cornu reads no TFRecord files.",
            fix="Convert them to NumPy files once, with TensorFlow, and use from_tensor_slices.",
        )
    )


def TextLineDataset(filenames: Any, **kwargs: Any) -> Dataset:
    """The lines of text files."""
    names = [filenames] if isinstance(filenames, (str, bytes)) else list(filenames)

    def make() -> Iterator:
        for name in names:
            with open(str(name), "rb") as file:
                for line in file:
                    yield np.array(line.rstrip(b"\r\n"), dtype=object)

    return Dataset(make)


TFRecordDataset = _no_records
experimental = SimpleNamespace(
    AUTOTUNE=AUTOTUNE,
    INFINITE_CARDINALITY=INFINITE_CARDINALITY,
    UNKNOWN_CARDINALITY=UNKNOWN_CARDINALITY,
    cardinality=lambda dataset: dataset.cardinality(),
)


def __getattr__(name: str) -> Any:
    raise missing("data", name, globals())
