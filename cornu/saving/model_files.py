"""Models to and from `.keras` files and JSON."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

from cornu import registry, variables
from cornu.errors import explain
from cornu.saving import archive, limits
from cornu.saving.files import replacing
from cornu.saving.walk import parts
from cornu.saving.weights import Report, places, read_weights, write_weights

_BYTES = 48
"""What a weight file may hold for each of the model's weights: itself and an optimizer's state, in float64."""


def model_config(model: Any) -> dict:
    """Everything of a model but its weights, as JSON data in the form of Keras 3."""

    def make() -> dict:
        config, compiled = registry.serialize(model), model.get_compile_config()
        return {**config, **({"compile_config": compiled} if compiled is not None else {})}

    return registry.with_shared(make)


def save_archive(model: Any, path: Path, overwrite: bool = True, include_optimizer: bool = True) -> None:
    """Saves a model to a `.keras` file."""
    config = json.dumps(model_config(model))
    with replacing(path, overwrite) as beside, tempfile.TemporaryDirectory(prefix=".cornu-", dir=path.parent) as folder:
        weights = Path(folder) / archive.WEIGHTS
        write_weights(model, weights, include_optimizer)
        archive.write(beside, config, weights)


def read_model(source: Path | bytes, name: str, custom_objects: dict | None, compile: bool) -> Any:
    """The model of an archive: its config, built without values, then its weights."""
    with archive.Archive(source, name) as file, registry.custom_object_scope(custom_objects):
        model = build_model(file.config(), name, compile)
        optimizer = bool(model.optimizer is not None and model.optimizer.built)
        read_weights(model, file.weights(_budget(model)), name, optimizer=optimizer, skip_mismatch=False)
        take_vocabularies(model, file.vocabularies())
    return model


def take_vocabularies(model: Any, vocabularies: dict[str, list[str]]) -> None:
    """Gives the layers of text the vocabularies that Keras keeps in files of their own."""
    for path, part in parts(model):
        if path in vocabularies and hasattr(part, "load_vocabulary"):
            part.load_vocabulary(vocabularies[path])


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


def read_archive_weights(model: Any, path: Path, skip_mismatch: bool) -> Report:
    """Sets a model's weights from a `.keras` file."""
    with archive.Archive(path, path.name) as file:
        source = file.weights(_budget(model))
    return read_weights(model, source, path.name, optimizer=False, skip_mismatch=skip_mismatch)


def model_to_json(model: Any, **kwargs: Any) -> str:
    """A model's architecture as JSON; `kwargs` go to `json.dumps`."""
    return json.dumps(model_config(model), **kwargs)


def model_from_json(text: str, custom_objects: dict | None = None) -> Any:
    """The model of `model_to_json`'s text, with new initial weights."""
    what = "The model's JSON"
    with registry.custom_object_scope(custom_objects):
        return build_model(limits.parse_json(text.encode(), what), what, compile=True)
