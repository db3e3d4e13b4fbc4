"""The default engine: XLA, by way of JAX, on CPU, GPU and TPU."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import jax
import numpy as np

from cornu import _jax, config
from cornu.engines import cpu_convolution
from cornu.engines.engine import Engine, require_concrete
from cornu.program import show
from cornu.program.trace import Program

_CONVOLUTION = "conv_general_dilated"


class OnJax(Engine):
    """Compiles the traced program: XLA knows every primitive, also those outside the vocabulary. On a CPU, convolutions
    are formulated by their shapes first (`cpu_convolution`).

    Executables are kept on disk, so that a second process that runs the same program starts at once.
    """

    name = "jax"
    prefers_pieces = True

    def __init__(self) -> None:
        keep_compiled_programs()

    def compile(
        self, program: Program, donate: Sequence[int] = (), *, compiler_options: dict[str, Any] | None = None, **_: Any
    ) -> Callable[..., tuple]:
        """A jitted function; the compilation comes with its first call. `compiler_options` are XLA's."""
        require_concrete(program)
        closed = program.jaxpr
        if jax.default_backend() == "cpu" and _CONVOLUTION in show.count(program):
            closed = cpu_convolution.rewrite(closed)
            compiler_options = {**_jax.convolution_options(), **(compiler_options or {})}
        run = _jax.as_function(closed)

        def flat(*inputs: Any) -> tuple:
            return tuple(run(*inputs))

        flat.__name__ = program.name if program.name.isidentifier() else "program"
        return jax.jit(flat, donate_argnums=tuple(donate), compiler_options=compiler_options)

    def put(self, array: Any, own: bool = False) -> jax.Array:
        if isinstance(array, jax.Array):
            return jax.numpy.array(array, copy=True) if own else array
        # JAX shares the memory of aligned arrays even where it is told not to, and copies others in the background.
        return jax.device_put(np.array(array) if own else array, may_alias=True)

    def get(self, value: Any) -> np.ndarray:
        return np.asarray(value)

    def to_jax(self, value: Any) -> jax.Array:
        return value

    def loops_well(self, program: Program) -> bool:
        """XLA's CPU runs convolutions in the body of a loop many times slower than outside of one."""
        return jax.default_backend() != "cpu" or _CONVOLUTION not in show.count(program)


def keep_compiled_programs() -> Path | None:
    """Turns JAX's cache of executables on, in the folder `compiled` of cornu's cache, readable by its owner only.

    Nothing is done where the user chose a folder himself (`jax_compilation_cache_dir`), or set CORNU_COMPILE_CACHE=0,
    or where the folder cannot be made or belongs to somebody else: an executable from there would run as code. Gives
    the folder, or None.
    """
    if _jax.setting("jax_compilation_cache_dir") is not None or os.environ.get("CORNU_COMPILE_CACHE") == "0":
        return None
    folder = config.cache_dir() / "compiled"
    if not _private(folder):
        return None
    jax.config.update("jax_compilation_cache_dir", str(folder))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0)
    jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)
    return folder


def _private(folder: Path) -> bool:
    """Makes the folder; whether it is the user's own, closed to others."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if os.name == "posix":
            if folder.stat().st_uid != os.getuid():
                return False
            folder.chmod(0o700)
    except OSError:
        return False
    return os.access(folder, os.W_OK)


ENGINE = OnJax()
