"""Where new arrays are put."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from cornu.errors import explain

_NAME = re.compile(r"/?(?:device:)?(?P<kind>cpu|gpu|cuda|rocm|tpu)(?::(?P<index>\d+))?", re.IGNORECASE)


@contextmanager
def device(device_name: str) -> Iterator[None]:
    """Within it, arrays and variables are made on a device, and what is computed from them runs there.

    Args:
        device_name: "cpu:0", "gpu:1", "tpu"; also in the form "/device:GPU:0".

    Raises ValueError for another form. A device that this machine lacks is a warning, and the default one is taken.

    >>> import jax.numpy as jnp
    >>> with device("cpu:0"):
    ...     x = jnp.ones(3)
    >>> [d.platform for d in x.devices()]
    ['cpu']
    """
    import jax

    found = _NAME.fullmatch(device_name)
    if found is None:
        what = "device: the name of the device is malformed."
        raise ValueError(explain(what, expected='a kind and a number, such as "gpu:0"', got=device_name))
    kind, index = found["kind"].lower(), int(found["index"] or 0)
    try:
        chosen = jax.devices(kind)[index]
    except (RuntimeError, IndexError):
        warnings.warn(f"There is no device {device_name!r} here; the default one is used.", stacklevel=3)
        yield
        return
    with jax.default_device(chosen):
        yield
