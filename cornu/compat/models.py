"""Functions of `keras.models` that old programs call."""

from __future__ import annotations

from typing import Any

from cornu import models, registry
from cornu.compat import notices
from cornu.compat.files import load_model as load_model


def model_from_yaml(yaml_string: str, custom_objects: dict | None = None) -> Any:
    """The model of `to_yaml`'s text, which is JSON."""
    notices.note("model_from_yaml(text)", "model_from_json(text)")
    return models.model_from_json(yaml_string, custom_objects)


def model_from_config(config: dict, custom_objects: dict | None = None) -> Any:
    """The model of a config."""
    with registry.custom_object_scope(custom_objects):
        return registry.deserialize(config)
