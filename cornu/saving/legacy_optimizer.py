"""The states of optimizers in HDF5 model files, whose order is that of the Keras which wrote them."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from cornu.errors import explain
from cornu.optimizers.state import slot_name
from cornu.saving.hdf5 import WeightFile
from cornu.saving.legacy_weights import OPTIMIZER, Origin, arrays_at
from cornu.variables import Variable

if TYPE_CHECKING:
    import h5py

_SLOTS = {"m", "v", "u", "vhat", "momentum", "velocity", "velocity_hat", "rms", "mg", "accumulator", "accum_grad",
          "accum_var", "linear"}  # fmt: skip
"""What tf.keras calls the arrays that it keeps for each weight."""


def read_state(model: Any, file: WeightFile, origin: Origin) -> None:
    """Sets the optimizer's state; where it doesn't fit, it starts anew, with a warning."""
    arrays = arrays_at(file, OPTIMIZER) if file.has(OPTIMIZER) else {}
    found = _in_order(model.optimizer, arrays) if origin.era >= 3 else _by_slots(model, arrays)
    if found is not None and all(tuple(arrays[path].shape) == variable.shape for path, variable in found.items()):
        values = file.read({path: arrays[path] for path in found})
        for path, variable in found.items():
            variable.assign(values[path])
    elif any(data.shape for data in arrays.values()):  # or it hadn't trained, and nothing is lost
        what = f"The state of the optimizer {model.optimizer.name!r} doesn't fit, and starts anew."
        warnings.warn(explain(what, got=f"{len(arrays)} arrays in the file"), stacklevel=6)


def _in_order(optimizer: Any, arrays: dict[str, h5py.Dataset]) -> dict[str, Variable] | None:
    variables = optimizer.variables
    return dict(zip(arrays, variables, strict=True)) if len(arrays) == len(variables) else None


def _by_slots(model: Any, arrays: dict[str, h5py.Dataset]) -> dict[str, Variable] | None:
    """Before Keras 3 there are numbers, among them that of the steps, then arrays: of each kind one for each weight.

    RMSprop of tf.keras, and every optimizer from tf.keras 2.11 on, keep all the kinds of one weight together.
    """
    optimizer, weights = model.optimizer, model.trainable_variables
    large = [path for path, data in arrays.items() if data.shape]
    numbers = [path for path, data in arrays.items() if not data.shape and data.dtype.kind in "iu"]
    kinds = [name for table in optimizer.slots(weights[0]) for name in table] if weights else []
    if len(large) < len(kinds) * len(weights):
        return None
    together = len(kinds) > 1 and _same_weight(large[0], large[1])
    held = {variable.name: variable for variable in optimizer.variables}
    found = dict.fromkeys(numbers[:1], optimizer.iterations)
    for i, weight in enumerate(weights):
        for j, kind in enumerate(kinds):
            path = large[i * len(kinds) + j if together else j * len(weights) + i]
            found[path] = held[slot_name(weight, kind)]
    return found


def _same_weight(one: str, other: str) -> bool:
    """Whether two names differ in nothing but the kind of the array."""
    pairs = list(zip(*(name.replace(":0", "").split("/") for name in (one, other)), strict=False))
    different = {part for pair in pairs if pair[0] != pair[1] for part in pair}
    return bool(different) and different <= _SLOTS
