"""Models to and from files."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

from cornu import registry, variables
from cornu.errors import explain
from cornu.saving import archive, limits
from cornu.saving.files import replacing
from cornu.saving.hdf5 import WeightFile
from cornu.saving.weights import Report, places, read_weights, write_weights

_BYTES = 48
"""What a weight file may hold for each of the model's weights: itself and an optimizer's state, in float64."""


def _path(filepath: Any, ending: str, what: str) -> Path:
    path = Path(filepath)
    if not str(path).endswith(ending):
        old = path.suffix in (".h5", ".hdf5") and ending == ".keras"
        fix = f"Name it {path.with_suffix('')}{ending}." + (" HDF5 model files of Keras 1 and 2 aren't read." * old)
        raise ValueError(explain(f"{what}: the file's ending is wrong.", expected=ending, got=str(path), fix=fix))
    return path


def model_config(model: Any) -> dict:
    """Everything of a model but its weights, as JSON data in the form of Keras 3."""

    def make() -> dict:
        config, compiled = registry.serialize(model), model.get_compile_config()
        return {**config, **({"compile_config": compiled} if compiled is not None else {})}

    return registry.with_shared(make)


def save_model(model: Any, filepath: Any, overwrite: bool = True, include_optimizer: bool = True) -> None:
    """Saves a model, with its weights and the state of its optimizer, to a `.keras` file that Keras 3 can load, too.

    The file is written beside the old one and then put in its place: whatever fails, the old file stays whole.
    Raises ValueError for another ending, TypeError for a model that holds what isn't data, FileExistsError and other
    OSErrors where the file can't be written.
    """
    path = _path(filepath, ".keras", "save")
    config = json.dumps(model_config(model))
    with replacing(path, overwrite) as beside, tempfile.TemporaryDirectory(prefix=".cornu-", dir=path.parent) as folder:
        weights = Path(folder) / archive.WEIGHTS
        write_weights(model, weights, include_optimizer)
        archive.write(beside, config, weights)


def load_model(filepath: Any, custom_objects: dict | None = None, compile: bool = True, safe_mode: bool = True) -> Any:
    """The model of a `.keras` file, written by cornu or by Keras 3.

    Args:
        filepath: the file.
        custom_objects: the person's own classes and functions that the file names.
        compile: whether to compile the model as it was, with the optimizer's state.
        safe_mode: kept for Keras's signature; False is refused.

    A file is data: it names classes out of a closed table, the registered ones, or `custom_objects`, and nothing
    else. No code is read from it, nothing is imported because it says so, no path or address is taken from it, and
    the shapes of its weights are compared with the model's before anything is allocated.

    Raises ValueError for a file that isn't one, names what nobody knows, or whose weights don't fit the model, and
    FileNotFoundError.
    """
    if not safe_mode:
        raise ValueError(
            explain(
                "load_model has no unsafe mode: files hold data, never code.",
                fix="Pass the classes and functions that the file names as custom_objects.",
            )
        )
    path = _path(filepath, ".keras", "load_model")
    if not path.is_file():
        raise FileNotFoundError(explain(f"There is no file {path}."))
    return read_model(path, path.name, custom_objects, compile)


def read_model(source: Path | bytes, name: str, custom_objects: dict | None, compile: bool) -> Any:
    """The model of an archive: its config, built without values, then its weights."""
    with archive.Archive(source, name) as file, registry.custom_object_scope(custom_objects):
        model = build_model(file.config(), name, compile)
        optimizer = bool(model.optimizer is not None and model.optimizer.built)
        read_weights(model, file.weights(_budget(model)), name, optimizer=optimizer, skip_mismatch=False)
    return model


def build_model(config: Any, name: str, compile: bool) -> Any:
    """The model of a config, compiled as the config says; its variables have no values until they are read.

    Raises ValueError, whatever is wrong with the config.
    """
    if not registry.is_config(config):
        raise ValueError(explain(f"{name}: the config is malformed.", expected="a model's config"))
    registry.complete()
    try:
        with variables.deferred(), registry.sharing():
            model = registry.deserialize({k: v for k, v in config.items() if k != "compile_config"}, kind="model")
            if not hasattr(model, "compile_from_config"):
                raise ValueError(explain(f"{name} holds no model.", got=type(model).__name__))
            if compile and config.get("compile_config"):
                model.compile_from_config(config["compile_config"])
    except ValueError:
        raise
    except Exception as error:  # the config is anybody's: there is nothing that it can't break
        got = f"{type(error).__name__}: {error}"
        raise ValueError(explain(f"{name}: the config is malformed.", got=got)) from error
    return model


def _budget(model: Any) -> int:
    """The largest weight file that can be this model's."""
    sizes = [place.variable.size for place in places(model)]
    return limits.HEADER_BYTES + 4096 * len(sizes) + _BYTES * sum(sizes)


def save_weights(model: Any, filepath: Any, overwrite: bool = True) -> None:
    """Saves a model's weights, without the optimizer's state, to a `.weights.h5` file that Keras 3 can load, too."""
    path = _path(filepath, ".weights.h5", "save_weights")
    with replacing(path, overwrite) as beside:
        write_weights(model, beside, optimizer=False)


def load_weights(model: Any, filepath: Any, skip_mismatch: bool = False) -> Report:
    """Loads the weights of a `.weights.h5` or `.keras` file; gives a report of every weight.

    With `skip_mismatch` weights that are missing or don't fit stay as they are, and the report tells which. Without,
    it is all or nothing: a ValueError tells what doesn't fit, and no weight has changed.
    """
    path = Path(filepath)
    if not path.is_file():
        raise FileNotFoundError(explain(f"There is no file {path}."))
    if path.suffix == ".keras":
        with archive.Archive(path, path.name) as file:
            source: Any = file.weights(_budget(model))
    else:
        source = _path(path, ".weights.h5", "load_weights")
    return read_weights(model, source, path.name, optimizer=False, skip_mismatch=skip_mismatch)


def model_to_json(model: Any, **kwargs: Any) -> str:
    """A model's architecture as JSON; `kwargs` go to `json.dumps`."""
    return json.dumps(model_config(model), **kwargs)


def model_from_json(text: str, custom_objects: dict | None = None) -> Any:
    """The model of `model_to_json`'s text, with new initial weights."""
    what = "The model's JSON"
    with registry.custom_object_scope(custom_objects):
        return build_model(limits.parse_json(text.encode(), what), what, compile=True)


def inspect_file(filepath: Any) -> dict[str, Any]:
    """What a `.keras` or `.weights.h5` file holds, and nothing is made of it: metadata, config, paths and shapes."""
    path = Path(filepath)
    found: dict[str, Any] = {}
    source: Any = path
    if path.suffix == ".keras":
        with archive.Archive(path, path.name) as file:
            found = {"metadata": file.metadata(), "config": file.config()}
            source = file.weights(limits.unpacked(path.stat().st_size))
    with WeightFile(source, path.name) as weights:
        data = {name: weights.find(name) for name in weights.datasets()}
        found["weights"] = {name: (tuple(d.shape), str(d.dtype)) for name, d in sorted(data.items()) if d is not None}
    return found
