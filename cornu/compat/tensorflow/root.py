"""Names of the root that are neither mathematics nor modules."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jax
import numpy as np

from cornu import tree
from cornu.compat import notices
from cornu.compat.tensorflow.calls import is_concrete
from cornu.compat.tensors import TensorShape as TensorShape
from cornu.compat.tensors import Text
from cornu.errors import brief, explain
from cornu.symbolic import KerasTensor
from cornu.variables import is_scoped


class _Kinds(type):
    def __instancecheck__(cls, value: object) -> bool:
        return isinstance(value, cls.kinds)  # type: ignore[attr-defined]


class Tensor(metaclass=_Kinds):
    """What counts as a tensor: JAX's arrays and tracers, symbolic tensors, and text."""

    kinds = (jax.Array, KerasTensor, Text)


class RaggedTensor(metaclass=_Kinds):
    """Nothing is ragged here."""

    kinds = ()


class SparseTensor(metaclass=_Kinds):
    """Nothing is sparse here."""

    kinds = ()


class IndexedSlices(metaclass=_Kinds):
    """Gradients are dense here."""

    kinds = ()


def executing_eagerly() -> bool:
    """Whether tensors have values now: not inside of a function that is being compiled."""
    return not is_scoped()


def inside_function() -> bool:
    """Whether a function is being compiled."""
    return is_scoped()


@contextmanager
def device(device_name: Any) -> Iterator[None]:
    """Within it, new arrays lie on a device: "/CPU:0", "GPU:1"; one that isn't there is noted and left out."""
    kind, _, number = str(device_name or "").lower().replace("device:", "").strip("/").rpartition(":")
    kind, number = (kind or number or "cpu").rpartition("/")[2], number if number.isdigit() else "0"
    try:
        found = jax.local_devices(backend=kind)[int(number)]
    except (RuntimeError, IndexError):
        notices.note(f"tf.device({device_name!r})", "left out: JAX sees no such device")
        yield
        return
    with jax.default_device(found):
        yield


@contextmanager
def name_scope(name: str, *args: Any, **kwargs: Any) -> Iterator[str]:
    """Names the computation, for profiles."""
    with jax.named_scope(str(name)):
        yield f"{name}/"


def control_dependencies(control_inputs: Any) -> Any:
    """Nothing: everything is computed in order."""
    return nullcontext()


def init_scope() -> Any:
    """Within it, values are computed at once, not compiled."""
    return jax.ensure_compile_time_eval()


def variable_creator_scope(variable_creator: Any) -> Any:
    """Not to be had."""
    raise NotImplementedError(explain("tf.variable_creator_scope isn't had.", fix="Leave it out."))


def gradients(ys: Any, xs: Any, *args: Any, **kwargs: Any) -> Any:
    """Not to be had: there is no graph."""
    raise NotImplementedError(
        explain("tf.gradients needs TensorFlow's graph.", fix="Compute inside of `with tf.GradientTape() as tape:`.")
    )


def no_gradient(op_type: str) -> None:
    """Nothing: which primitives have no gradient is JAX's to say."""


def Assert(condition: Any, data: Any, summarize: Any = None, name: Any = None) -> None:
    """Raises ValueError unless the condition holds; in compiled functions nothing is checked."""
    if is_concrete(condition) and not np.all(np.asarray(condition)):
        raise ValueError(explain("tf.Assert: the condition doesn't hold.", got=brief(data)))


nest = SimpleNamespace(
    flatten=lambda structure, expand_composites=False: tree.flatten(structure),
    map_structure=lambda func, *structure, **options: tree.map(func, *structure),
    pack_sequence_as=lambda structure, flat_sequence, expand_composites=False: tree.unflatten(
        tree.structure(structure), flat_sequence
    ),
    is_nested=tree.is_nested,
    assert_same_structure=lambda nest1, nest2, **options: tree.map(lambda *_: None, nest1, nest2),
)

version = SimpleNamespace(VERSION="2.15.0", GIT_VERSION="cornu", COMPILER_VERSION="XLA")
sysconfig = SimpleNamespace(get_build_info=lambda: {"is_cuda_build": False, "cuda_version": "", "cudnn_version": ""})


class _Train:
    """`tf.train`: checkpoints are cornu's own; optimizers are those of tf.keras."""

    @staticmethod
    def latest_checkpoint(checkpoint_dir: Any, latest_filename: Any = None) -> str | None:
        """The newest file of a folder of weights, which `load_weights` takes; None where there is none."""
        files = [file for file in Path(checkpoint_dir).glob("*") if file.is_file()]
        newest = max(files, key=lambda file: (file.stat().st_mtime_ns, file.name), default=None)
        return None if newest is None else os.path.join(checkpoint_dir, newest.name)

    def __getattr__(self, name: str) -> Any:
        from cornu.compat.tensorflow.calls import missing

        fix = "Use tf.keras.optimizers." if name.endswith("Optimizer") else "Use model.save_weights and load_weights."
        raise missing("train", name, (), fix)


train = _Train()
