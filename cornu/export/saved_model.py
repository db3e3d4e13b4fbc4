"""Format "tf_saved_model": a folder that TensorFlow, TensorFlow Serving and the converters of TFLite and TF.js read.

It holds a graph of TensorFlow's own operations, and the weights as its variables. Without cornu,
`tf.saved_model.load(folder).serve(x)` runs it; so do the signatures "serve" and "serving_default", which take the
inputs by their names and give a dict of the outputs by theirs.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from cornu import _jax, tree
from cornu.engines import on_tensorflow
from cornu.engines.engine import lowered
from cornu.export.inference import Inference


def write(inference: Inference, path: Path) -> None:
    """Writes the program with its weights."""
    program, jaxpr = inference.program, lowered(inference.program, on_tensorflow.ENGINE)
    module = tf.Module()
    module.weights = [
        tf.Variable(weight, name=name)
        for weight, name in zip(inference.weights, inference.weight_names, strict=True)
    ]  # fmt: skip
    described = inference.nested(
        [_described(aval, name) for aval, name in zip(inference.inputs, inference.input_names, strict=True)]
    )

    def run(inputs: Any) -> list[Any]:
        weights = [tf.convert_to_tensor(weight) for weight in module.weights]
        return on_tensorflow.walk(jaxpr, [*weights, *tree.flatten(inputs)])

    def endpoint(function: Callable[[Any], Any]) -> Any:
        return tf.function(function, input_signature=[described], autograph=False)

    module.serve = endpoint(lambda inputs: program.unflatten(run(inputs)))
    by_name = endpoint(lambda inputs: dict(zip(inference.output_names, run(inputs), strict=True)))
    tf.saved_model.save(module, str(path), signatures={"serve": by_name, "serving_default": by_name})


def _described(aval: Any, name: str) -> tf.TensorSpec:
    shape = [None if _jax.is_symbolic_dim(size) else int(size) for size in aval.shape]
    return tf.TensorSpec(shape, tf.as_dtype(np.dtype(aval.dtype)), name)


def load(path: Path) -> Callable[[list[np.ndarray]], list[np.ndarray]]:
    """The folder's endpoint "serve", of flat inputs."""
    loaded = tf.saved_model.load(str(path))
    (described,), _ = loaded.serve.concrete_functions[0].structured_input_signature

    def call(inputs: list[np.ndarray]) -> list[np.ndarray]:
        outputs = loaded.serve(tf.nest.pack_sequence_as(described, [tf.constant(x) for x in inputs]))
        return [output.numpy() for output in tf.nest.flatten(outputs)]

    return call
