"""`tf.config`: devices are JAX's; settings of memory and threads say nothing here, and are noted."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, NamedTuple

import jax

from cornu.compat import notices
from cornu.compat.tensorflow.calls import missing
from cornu.errors import explain


class PhysicalDevice(NamedTuple):
    """A device."""

    name: str
    device_type: str


_KINDS = {"cpu": "CPU", "gpu": "GPU", "cuda": "GPU", "rocm": "GPU", "tpu": "TPU"}


def list_physical_devices(device_type: str | None = None) -> list[PhysicalDevice]:
    """The devices that JAX sees; the processor is always one."""
    kinds = [_KINDS.get(device.platform, device.platform.upper()) for device in jax.local_devices()]
    kinds = kinds if "CPU" in kinds else ["CPU", *kinds]
    found = []
    for number, kind in enumerate(kinds):
        found.append(PhysicalDevice(f"/physical_device:{kind}:{kinds[:number].count(kind)}", kind))
    return [device for device in found if device_type in (None, device.device_type)]


def list_logical_devices(device_type: str | None = None) -> list[PhysicalDevice]:
    """The same devices."""
    return [PhysicalDevice(d.name.replace("physical_", ""), d.device_type) for d in list_physical_devices(device_type)]


def _check(device: Any, what: str) -> None:
    if device is not None and not isinstance(device, (PhysicalDevice, str)):
        raise ValueError(explain(f"tf.config.{what}: this is no device.", got=device, expected="a PhysicalDevice"))


def set_memory_growth(device: Any, enable: bool) -> None:
    """Nothing: JAX manages the memory."""
    _check(device, "set_memory_growth")
    notices.note("tf.config.experimental.set_memory_growth", "left out: JAX manages the memory")


def get_memory_growth(device: Any) -> bool:
    """True."""
    return True


def set_visible_devices(devices: Any, device_type: str | None = None) -> None:
    """Nothing: the environment chooses JAX's devices."""
    for device in devices if isinstance(devices, (list, tuple)) else [devices]:
        _check(device, "set_visible_devices")
    notices.note("tf.config.set_visible_devices", "the environment: CUDA_VISIBLE_DEVICES, or JAX_PLATFORMS=cpu")


def get_visible_devices(device_type: str | None = None) -> list[PhysicalDevice]:
    """The devices that JAX sees."""
    return list_physical_devices(device_type)


def set_logical_device_configuration(device: Any, logical_devices: Any) -> None:
    """Nothing: JAX manages the memory."""
    notices.note("tf.config.set_logical_device_configuration", "left out: JAX manages the memory")


def set_soft_device_placement(enabled: bool) -> None:
    """Nothing: XLA places the computation."""


class LogicalDeviceConfiguration(NamedTuple):
    """A record that says nothing here."""

    memory_limit: int | None = None


_eagerly = [False]


def run_functions_eagerly(run_eagerly: bool) -> None:
    """Whether `tf.function`s run in plain Python."""
    _eagerly[0] = bool(run_eagerly)


def functions_run_eagerly() -> bool:
    """Whether `tf.function`s run in plain Python."""
    return _eagerly[0]


def _noted(name: str) -> Any:
    return lambda *args, **kwargs: notices.note(f"tf.config.{name}", "left out: XLA chooses it")


threading = SimpleNamespace(
    set_inter_op_parallelism_threads=_noted("threading"),
    set_intra_op_parallelism_threads=_noted("threading"),
    get_inter_op_parallelism_threads=lambda: 0,
    get_intra_op_parallelism_threads=lambda: 0,
)
optimizer = SimpleNamespace(set_jit=_noted("optimizer.set_jit"), set_experimental_options=_noted("optimizer"))
experimental = SimpleNamespace(
    list_physical_devices=list_physical_devices,
    list_logical_devices=list_logical_devices,
    set_memory_growth=set_memory_growth,
    get_memory_growth=get_memory_growth,
    set_visible_devices=set_visible_devices,
    get_visible_devices=get_visible_devices,
    set_virtual_device_configuration=set_logical_device_configuration,
    VirtualDeviceConfiguration=LogicalDeviceConfiguration,
    enable_tensor_float_32_execution=_noted("experimental.enable_tensor_float_32_execution"),
    enable_op_determinism=_noted("experimental.enable_op_determinism"),
    get_device_details=lambda device: {"device_name": device.name},
)
experimental_run_functions_eagerly = run_functions_eagerly


def __getattr__(name: str) -> Any:
    raise missing("config", name, globals())
