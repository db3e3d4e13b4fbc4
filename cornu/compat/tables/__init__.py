"""What the eras called things: tables, and nothing that runs. The newest spelling is cornu's own, and has no table."""

from __future__ import annotations

from collections.abc import Mapping

from cornu.compat.tables import keras1, keras2, tf_keras
from cornu.compat.tables.rows import Call

CALLS: Mapping[str, Mapping[str, Call]] = {
    "keras1": keras1.CALLS,
    "keras2": keras2.CALLS,
    "tf.keras": tf_keras.CALLS,
    "keras3": {},
}
"""Each era's classes, functions and methods, under its own names."""

LAYER = Call("input_shape batch_input_shape:batch_shape input_dtype name trainable dtype create_input_layer: autocast")
"""What every layer took by keyword."""
