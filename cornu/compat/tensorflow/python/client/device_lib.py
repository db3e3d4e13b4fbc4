"""`tensorflow.python.client.device_lib`: the list of devices that programs print."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import jax

from cornu.compat.tensorflow.config import list_physical_devices


@dataclass(frozen=True)
class DeviceAttributes:
    """A device.

    Args:
        name: as "/device:GPU:0".
        device_type: "CPU", "GPU" or "TPU".
        memory_limit: the bytes that JAX may take of its memory; 0 where JAX doesn't say.
        physical_device_desc: what it is.
    """

    name: str
    device_type: str
    memory_limit: int = 0
    physical_device_desc: str = ""
    locality: Any = field(default=None, repr=False)


def list_local_devices(session_config: Any = None) -> list[DeviceAttributes]:
    """The devices that JAX sees; the processor is always one.

    >>> list_local_devices()[0].name
    '/device:CPU:0'
    """
    known = iter(jax.local_devices())
    found = []
    for device in list_physical_devices():
        same = next(known) if device.device_type != "CPU" or jax.default_backend() == "cpu" else None
        memory = (same.memory_stats() or {}).get("bytes_limit", 0) if same is not None else 0
        kind = "" if same is None else f"device: {same.id}, name: {same.device_kind}"
        found.append(
            DeviceAttributes(device.name.replace("/physical_device", "/device"), device.device_type, memory, kind)
        )
    return found
