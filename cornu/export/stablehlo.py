"""Format "stablehlo": XLA's own portable form, as `jax.export` writes it, in one file.

The weights are constants in it. `jax.export.deserialize(data).call(inputs)` runs it, on CPU, CUDA, ROCm or TPU, without
cornu; compilers that read StableHLO take `deserialize(data).mlir_module_serialized`.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import jax.export
import numpy as np

from cornu import _jax, tree
from cornu.errors import explain
from cornu.export.inference import Inference

PLATFORMS = ("cpu", "cuda", "rocm", "tpu")


def write(inference: Inference, path: Path) -> None:
    """Writes the program with its weights; ImportError without the library that writes the file's form."""
    if importlib.util.find_spec("flatbuffers") is None:
        raise ImportError(
            explain("Format 'stablehlo' needs the library 'flatbuffers'.", fix="pip install 'cornu[stablehlo]'")
        )
    run = _jax.as_function(inference.program.jaxpr)

    def inference_of(inputs: Any) -> Any:
        return inference.program.unflatten(run(*inference.weights, *tree.flatten(inputs)))

    described = [jax.ShapeDtypeStruct(aval.shape, aval.dtype) for aval in inference.inputs]
    exported = jax.export.export(jax.jit(inference_of), platforms=PLATFORMS)(inference.nested(described))
    path.write_bytes(exported.serialize())


def load(path: Path) -> Callable[[list[np.ndarray]], list[np.ndarray]]:
    """The file's program, of flat inputs."""
    exported = jax.export.deserialize(bytearray(path.read_bytes()))

    def call(inputs: list[np.ndarray]) -> list[np.ndarray]:
        arguments, keywords = jax.tree.unflatten(exported.in_tree, inputs)
        return [np.asarray(x) for x in jax.tree.leaves(exported.call(*arguments, **keywords))]

    return call
