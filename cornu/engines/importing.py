"""How the library of an engine is imported: without notices that tell the user nothing, and what it brings unasked."""

from __future__ import annotations

import importlib
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from types import ModuleType

_NOTICES = (b"All log messages before absl::InitializeLog()", b"oneDNN custom operations are on")
"""Lines that TensorFlow writes to the error stream whenever it is imported, whatever level is set for its log."""


def library(name: str) -> ModuleType:
    """The module of a library.

    TensorFlow comes without its informational notices, unless TF_CPP_MIN_LOG_LEVEL is 0, and without Keras, which
    it otherwise imports where it is installed: a third of its time. `tf.keras` still is there when it is used.
    """
    with ExitStack() as around:
        if name == "tensorflow" and name not in sys.modules:
            around.enter_context(_without("keras.src.optimizers"))
            if os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "1") != "0":  # JAX sets 1 as well
                around.enter_context(_without_notices())
        return importlib.import_module(name)


@contextmanager
def _without(module: str) -> Iterator[None]:
    """Importing the module fails as if it weren't installed; TensorFlow takes that well."""
    if module in sys.modules:
        yield
        return
    sys.modules[module] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        sys.modules.pop(module, None)


@contextmanager
def _without_notices() -> Iterator[None]:
    """What is written to the error stream meanwhile comes afterwards, but for the notices."""
    try:
        stream = os.dup(2)
    except OSError:  # there is none
        yield
        return
    with tempfile.TemporaryFile() as kept:
        sys.stderr.flush()
        os.dup2(kept.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(stream, 2)
            os.close(stream)
            kept.seek(0)
            for line in kept:
                if not any(notice in line for notice in _NOTICES):
                    os.write(2, line)
