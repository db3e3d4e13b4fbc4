"""Format "onnx": one file, of opset 18 (ONNX 1.13), which ONNX Runtime and every other reader of ONNX runs.

Weights are initializers under the names of the model's variables, inputs and outputs have the model's names, and open
sizes are named dimensions. Where the weights are more than a file of ONNX can hold, 2 GB, they lie beside it, in a file
that is named after what is in it.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import numpy_helper

from cornu.engines import on_onnxruntime
from cornu.engines.engine import lowered
from cornu.export.inference import Inference

LARGEST = 2**31 - 2**20
"""The bytes that a file of ONNX may have, less some for what is no weight."""


def write(inference: Inference, path: Path) -> None:
    """Writes the graph with the weights in it, and checks it by ONNX's own rules."""
    closed = lowered(inference.program, on_onnxruntime.ENGINE)
    given = [*inference.weight_names, *inference.input_names]
    model = on_onnxruntime.graph_of(closed, given, _outputs(inference.output_names, given))
    weights = dict(zip(inference.weight_names, inference.weights, strict=True))
    inputs = [value for value in model.graph.input if value.name not in weights]
    del model.graph.input[:]
    model.graph.input.extend(inputs)
    model.graph.initializer.extend(numpy_helper.from_array(value, name) for name, value in weights.items())
    with contextlib.suppress(PackageNotFoundError):  # run from a checkout
        model.producer_version = version("cornu")
    outside = sum(value.nbytes for value in inference.weights) > LARGEST
    location = f"weights-{_digest(inference.weights)}.data" if outside else None
    onnx.save_model(model, path, save_as_external_data=outside, location=location)
    onnx.checker.check_model(path, full_check=not outside)


def _outputs(names: Sequence[str], taken: Sequence[str]) -> list[str]:
    """The outputs' names; one that an input or a weight has is marked, as names are of one thing each in ONNX."""
    return [f"{name}_output" if name in taken else name for name in names]


def _digest(weights: Sequence[np.ndarray]) -> str:
    digest = hashlib.blake2b(digest_size=8)
    for value in weights:
        digest.update(value.tobytes())
    return digest.hexdigest()


def load(path: Path) -> Callable[[list[np.ndarray]], list[np.ndarray]]:
    """The file's program, of flat inputs."""
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    names = [value.name for value in session.get_inputs()]
    return lambda inputs: session.run(None, dict(zip(names, inputs, strict=True)))
