"""`tf.compat.v1`, and what TensorFlow 1 had in its root: what only configures is accepted, graphs are refused."""

from __future__ import annotations

import functools
import importlib
from types import SimpleNamespace
from typing import Any

from cornu.compat import notices
from cornu.compat.tensorflow.calls import missing
from cornu.compat.tensorflow.random import set_seed
from cornu.errors import explain

_NO_GRAPH = "Run this program with TensorFlow 1 itself, or write it with tf.GradientTape."


class _Record:
    """Settings that say nothing here: any attribute may be set and read."""

    def __init__(self, *args: Any, **settings: Any) -> None:
        notices.note(f"tf.{type(self).__name__}", "left out: JAX manages memory and devices")
        self.__dict__.update(settings)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        value = self.__dict__[name] = SimpleNamespace()
        return value


class GPUOptions(_Record):
    """A record of settings."""


class ConfigProto(_Record):
    """A record of settings."""


class Session:
    """What programs make to configure the memory, and hand to `K.set_session`; it runs nothing."""

    def __init__(self, target: str = "", graph: Any = None, config: Any = None) -> None:
        notices.note("tf.Session", "left out: there is no session")
        self.graph = graph or Graph()

    def run(self, fetches: Any = None, feed_dict: Any = None, options: Any = None, run_metadata: Any = None) -> Any:
        """Nothing for the initializers of variables; else an error."""
        if feed_dict is None and _is_initializer(fetches):
            return None
        raise NotImplementedError(
            explain("tf.Session.run: cornu computes at once, there is no graph to run.", fix=_NO_GRAPH)
        )

    def close(self) -> None:
        """Nothing."""

    def as_default(self) -> Session:
        """The session."""
        return self

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *error: Any) -> None:
        """Nothing."""


class InteractiveSession(Session):
    """See `Session`."""


def _is_initializer(fetches: Any) -> bool:
    return fetches is None or (isinstance(fetches, (list, tuple)) and all(map(_is_initializer, fetches)))


class Graph:
    """A name for what isn't there."""

    def as_default(self) -> Graph:
        """The graph."""
        return self

    def finalize(self) -> None:
        """Nothing."""

    def __enter__(self) -> Graph:
        return self

    def __exit__(self, *error: Any) -> None:
        """Nothing."""


def set_random_seed(seed: int) -> None:
    """Seeds every draw of cornu."""
    notices.note("tf.set_random_seed", "tf.random.set_seed")
    set_seed(seed)


def _accepted(name: str, today: str) -> Any:
    def call(*args: Any, **kwargs: Any) -> None:
        notices.note(f"tf.{name}", today)

    return call


disable_eager_execution = _accepted("disable_eager_execution", "left out: cornu computes at once, and compiles")
disable_v2_behavior = _accepted("disable_v2_behavior", "left out: cornu computes at once, and compiles")
enable_eager_execution = enable_v2_behavior = lambda *args, **kwargs: None
reset_default_graph = _accepted("reset_default_graph", "left out: there is no graph")
global_variables_initializer = local_variables_initializer = tables_initializer = initialize_all_variables = lambda: (
    None
)


def get_default_graph() -> Graph:
    """A graph that holds nothing."""
    return Graph()


def get_default_session() -> None:
    """None: there is no session."""


logging = importlib.import_module("cornu.compat.tensorflow.logging")

_GRAPHS = ("placeholder", "placeholder_with_default", "get_variable", "variable_scope", "layers", "estimator", "train")
_RENAMED = {
    "variable_scope": "name_scope",
    "random_normal": "random.normal", "random_uniform": "random.uniform", "truncated_normal": "random.truncated_normal",
    "random_shuffle": "random.shuffle", "multinomial": "random.categorical",
    "log": "math.log", "lgamma": "math.lgamma", "digamma": "math.digamma", "erf": "math.erf",
    "is_nan": "math.is_nan", "is_inf": "math.is_inf", "is_finite": "math.is_finite", "rsqrt": "math.rsqrt",
    "count_nonzero": "math.count_nonzero", "confusion_matrix": "math.confusion_matrix", "mod": "math.mod",
    "floor_div": "math.floordiv", "div": "math.divide", "ceil": "math.ceil", "reciprocal": "math.reciprocal",
    "matrix_inverse": "linalg.inv", "matrix_determinant": "linalg.det", "cholesky": "linalg.cholesky",
    "diag": "linalg.diag", "diag_part": "linalg.diag_part", "trace": "linalg.trace", "svd": "linalg.svd",
    "matrix_band_part": "linalg.band_part", "self_adjoint_eig": "linalg.eigh", "qr": "linalg.qr",
    "fft": "signal.fft", "ifft": "signal.ifft", "read_file": "io.read_file", "gfile": "io.gfile",
    "depth_to_space": "nn.depth_to_space", "space_to_depth": "nn.space_to_depth", "unsorted_segment_sum": "math.unsorted_segment_sum",  # noqa: E501
    "segment_sum": "math.segment_sum", "squared_difference": "math.squared_difference",
    "assert_equal": "debugging.assert_equal", "check_numerics": "debugging.check_numerics",
    "decode_jpeg": "io.decode_jpeg", "decode_png": "io.decode_png", "string_split": "strings.split",
}  # fmt: skip
"""TensorFlow 1's names, and today's."""

_CASTS = {"to_float": "float32", "to_int32": "int32", "to_int64": "int64", "to_double": "float64"}


def _cast(dtype: str, x: Any, name: Any = None) -> Any:
    return importlib.import_module("cornu.compat.tensorflow").cast(x, dtype)


def old_name(name: str) -> tuple[Any] | None:
    """What a name of TensorFlow 1's root stands for; None for any other."""
    root = importlib.import_module("cornu.compat.tensorflow")
    if name in _CASTS:
        return (functools.partial(_cast, _CASTS[name]),)
    today = _RENAMED.get(name)
    if today is None:
        return None
    notices.note(f"tf.{name}", f"tf.{today}")
    module, _, last = today.rpartition(".")
    return (getattr(getattr(root, module) if module else root, last),)


def __getattr__(name: str) -> Any:
    if name in _GRAPHS:
        raise missing("compat.v1", name, (), _NO_GRAPH)
    found = None if name.startswith("__") else old_name(name)
    return found[0] if found is not None else getattr(importlib.import_module("cornu.compat.tensorflow"), name)
