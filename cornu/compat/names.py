"""The names that layers gave themselves: programs ask for them, `model.get_layer("dense_1")`."""

from __future__ import annotations

import re

from cornu import naming
from cornu.compat import dialect

_KERAS1 = {
    "Conv1D": "convolution1d", "Conv2D": "convolution2d", "Conv3D": "convolution3d",
    "Conv2DTranspose": "deconvolution2d", "SeparableConv2D": "separableconvolution2d",
}  # fmt: skip
_MODELS = {"Functional": "model", "InputLayer": "input"}


def automatic(cls: str) -> str:
    """The next name for a layer of a class: numbered from 1, in tf.keras from the second on.

    >>> naming.reset_names()
    >>> dialect.use(dialect.Dialect("keras2"))
    >>> automatic("MaxPooling2D"), automatic("MaxPooling2D")
    ('max_pooling2d_1', 'max_pooling2d_2')
    >>> dialect.use(dialect.Dialect())
    """
    prefix = _prefix(cls)
    name = naming.auto_name(prefix)
    from_one = dialect.current().before("tf.keras") or prefix == "input"
    return naming.auto_name(prefix) if from_one and name == prefix else name


def _prefix(cls: str) -> str:
    if cls in _MODELS:
        return _MODELS[cls]
    if dialect.current().before("keras2"):
        return _KERAS1.get(cls, cls.lower())
    apart = re.sub("(.)([A-Z][a-z0-9]+)", r"\1_\2", cls)
    return re.sub("([a-z])([A-Z])", r"\1_\2", apart).lower()
