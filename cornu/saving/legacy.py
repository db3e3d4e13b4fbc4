"""HDF5 files of models and of weights, the format of Keras 1, Keras 2 and tf.keras, which Keras 3 knows, too.

The architecture stands in attributes, as JSON; the weights in a group for each layer. As with every file, only data
are read: see `cornu.saving.formats.load_model`.
"""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

from cornu import registry, tree
from cornu.errors import explain
from cornu.saving import archive, legacy_optimizer, limits
from cornu.saving.files import replacing
from cornu.saving.hdf5 import WeightFile
from cornu.saving.legacy_config import Translate, function_entry, modern, modern_spelling
from cornu.saving.legacy_weights import MODEL, OPTIMIZER, origin_of, read_layers, root_of, write_arrays, write_layers
from cornu.saving.model_files import build_model
from cornu.saving.weights import Report

_BACKEND = "jax"

# Writing -------------------------------------------------------------------------------------------------------------


def save_model(model: Any, filepath: Any, overwrite: bool = True, include_optimizer: bool = True) -> None:
    """Saves a model, with its weights and the state of its optimizer, to an HDF5 file of any name.

    Keras 3 can load it, too. Weights of 16 bits that HDF5 doesn't know are kept as float32. The file is written beside
    the old one and then put in its place. Raises TypeError for a model that holds what isn't data, ValueError for
    layers of the same name, FileExistsError and other OSErrors where the file can't be written.
    """
    import h5py

    config = json.dumps(registry.with_shared(lambda: registry.serialize(model)))
    optimizer = model.optimizer if include_optimizer else None
    training = json.dumps(_training_config(model)) if optimizer is not None else None
    with replacing(Path(filepath), overwrite) as beside, h5py.File(beside, "w") as file:
        _sign(file)
        file.attrs["model_config"] = config.encode()
        group = file.create_group(MODEL)
        _sign(group)
        write_layers(group, model)
        if optimizer is not None and training is not None:
            file.attrs["training_config"] = training.encode()
            write_arrays(file.create_group(OPTIMIZER), optimizer.variables)


def save_weights(model: Any, filepath: Any, overwrite: bool = True) -> None:
    """Saves a model's weights to an HDF5 file of any name, in the layout of Keras 2, which Keras 3 loads, too."""
    import h5py

    with replacing(Path(filepath), overwrite) as beside, h5py.File(beside, "w") as file:
        _sign(file)
        write_layers(file, model)


def _sign(group: Any) -> None:
    group.attrs["keras_version"] = archive.KERAS_VERSION.encode()
    group.attrs["backend"] = _BACKEND.encode()


def _training_config(model: Any) -> dict:
    """The arguments of `compile` as these files have them, with the optimizer as it is now."""
    compiled = model.get_compile_config() or {}
    kept = ("loss", "loss_weights", "metrics", "weighted_metrics", "run_eagerly", "steps_per_execution")
    compiled["loss"] = tree.map(_full_name, compiled.get("loss"))
    optimizer = registry.serialize(model.optimizer)
    own = {"class_name": optimizer.get("registered_name") or optimizer["class_name"], "config": optimizer["config"]}
    return {**{key: compiled.get(key) for key in kept}, "optimizer_config": own}


def _full_name(loss: Any) -> Any:
    """A loss's name that isn't a metric's, too, as "mse" is: Keras takes that for the metric."""
    if isinstance(loss, str) and loss in registry.names("loss"):
        return registry.lookup("loss", loss).__name__
    return loss


# Reading -------------------------------------------------------------------------------------------------------------


def load_model(
    filepath: Any, custom_objects: dict | None = None, compile: bool = True, translate: Translate = modern_spelling
) -> Any:
    """The model of an HDF5 file, written by cornu or by any Keras.

    Args:
        filepath: the file.
        custom_objects: the person's own classes and functions that the file names. A function may be given under the
            name of a Lambda layer whose own one is there as code, which isn't run.
        compile: whether to compile the model as it was, with the optimizer's state where it fits.
        translate: for files older than Keras 3, a function from the class name and config that the file has (of a
            layer, initializer, loss ...) to today's. By default that which files of Keras 2 and tf.keras need.

    Raises ValueError for a file that isn't one, names what nobody knows, or whose weights don't fit the model.
    """
    path = Path(filepath)
    with WeightFile(path, path.name) as file, registry.custom_object_scope(custom_objects):
        data, origin = _json(file, "model_config", path.name), origin_of(file)
        if data is None:
            fix = "Build the model, and call its load_weights()." if root_of(file) is not None else None
            raise ValueError(explain(f"{path.name} holds no model.", expected="an attribute `model_config`", fix=fix))
        spelling = None if origin.era >= 3 else translate
        if spelling is modern_spelling and '"hard_sigmoid"' in json.dumps(data):
            what = f"{path.name} is of Keras {origin.version}, where hard_sigmoid was clip(x / 5 + 1 / 2, 0, 1)."
            fix = "Run the program by `cornu run`, or pass a `translate` that gives the old function."
            warnings.warn(explain(what, got="today's, of slope 1 / 6, so that outputs differ", fix=fix), stacklevel=3)
        model = build_model(_model_entry(data, spelling, path.name), path.name, compile=False)
        read_layers(model, file, path.name)
        training = _json(file, "training_config", path.name) if compile else None
        if training is not None:
            _compile(model, training, spelling, path.name)
            legacy_optimizer.read_state(model, file, origin)
    return model


def load_weights(model: Any, filepath: Any, by_name: bool = False, skip_mismatch: bool = False) -> Report:
    """Loads the weights of an HDF5 file of a whole model, or of weights alone; gives a report of every weight.

    Layers with weights are matched in their order. With `by_name` they are matched by their names: layers that only
    the model or only the file has stay as they are. With `skip_mismatch` weights that don't fit stay as they are.
    Without, it is all or nothing: a ValueError tells what doesn't fit, and no weight has changed.
    """
    path = Path(filepath)
    with WeightFile(path, path.name) as file:
        return read_layers(model, file, path.name, by_name=by_name, skip_mismatch=skip_mismatch)


def keras_version(filepath: Any) -> str:
    """The version of the Keras that wrote an HDF5 file; "1" where the file doesn't say."""
    path = Path(filepath)
    with WeightFile(path, path.name) as file:
        return origin_of(file).version


def _json(file: WeightFile, attribute: str, name: str) -> Any:
    text = file.text("", attribute)
    return None if text is None else limits.parse_json(text.encode(), f"{name}: {attribute}")


def _model_entry(data: Any, translate: Translate | None, name: str) -> dict:
    if not registry.is_config(data):
        raise ValueError(explain(f"{name}: the config is malformed.", expected="a model's config"))
    try:
        return modern(data, translate)
    except ValueError:
        raise
    except Exception as error:  # the config is anybody's, and so is what `translate` makes of it
        got = f"{type(error).__name__}: {error}"
        raise ValueError(explain(f"{name}: the config is malformed.", got=got)) from error


def _compile(model: Any, training: Any, translate: Translate | None, name: str) -> None:
    """Compiles a model as the file says; ValueError, whatever is wrong with that."""
    kinds = {"loss": "loss", "metrics": "metric", "weighted_metrics": "metric", "loss_weights": None}
    try:
        given = {key: modern(_named(training.get(key)), translate, kind) for key, kind in kinds.items()}
        given["optimizer"] = modern(training["optimizer_config"], translate, "optimizer")
        model.compile_from_config(given)
    except Exception as error:
        raise ValueError(
            explain(
                f"{name}: the model can't be compiled as it was.",
                got=f"{type(error).__name__}: {error}",
                fix="Pass the functions and classes that it names as custom_objects, or compile=False.",
            )
        ) from error


def _named(data: Any) -> Any:
    """Losses and metrics, where a person's own functions stand for their names."""
    if isinstance(data, str) and registry.get_registered_object(data) is not None:
        return function_entry(data)
    if isinstance(data, dict) and not registry.is_config(data):
        return {key: _named(value) for key, value in data.items()}
    return [_named(value) for value in data] if isinstance(data, list) else data
