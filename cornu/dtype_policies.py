"""Policies of precision under Keras's names: `keras.dtype_policies`."""

from __future__ import annotations

from typing import Any

from cornu import registry
from cornu.dtypes import DTypePolicy as DTypePolicy
from cornu.dtypes import get_policy as get

FloatDTypePolicy = DTypePolicy


def serialize(dtype_policy: DTypePolicy) -> Any:
    """A policy as JSON data.

    >>> serialize(DTypePolicy("mixed_bfloat16"))["config"]
    {'name': 'mixed_bfloat16'}
    """
    return registry.serialize(dtype_policy)


def deserialize(config: Any, custom_objects: dict | None = None) -> DTypePolicy:
    """The policy of `serialize`'s data."""
    return registry.deserialize(config, custom_objects, kind="policy")


__all__ = ["DTypePolicy", "FloatDTypePolicy", "deserialize", "get", "serialize"]
