"""Keras code of every era, served from cornu.

    cornu run train.py                              # the launcher
    %load_ext cornu                                 # in a notebook
    import cornu.compat; cornu.compat.install()     # in a program, before it imports Keras

The spellings are tables (`tables/`), applied by `spelling`; `modules` serves the module tree; `eras` tells from a
program's text which era it was written for; `notices` collects what was spelled the old way.
"""

from __future__ import annotations

import sys
from pathlib import Path

from cornu import config, registry
from cornu.compat import dialect, eras, files, methods, modules, old_numpy, tensors
from cornu.compat.dialect import ERAS
from cornu.errors import explain, nearest
from cornu.saving import walk


def install(era: str | None = None, source: str | None = None) -> None:
    """From now on this process imports `keras` and `tensorflow` from cornu.

    Args:
        era: "keras1", "keras2", "tf.keras" or "keras3"; by default it is inferred from the program's text.
        source: the text; by default that of the running program's main file.

    Raises ValueError for an unknown era.
    """
    if era is not None and era not in ERAS:
        raise ValueError(explain(f"There is no era {era!r}.{nearest(era, ERAS)}", expected=", ".join(ERAS), got=era))
    main = getattr(sys.modules.get("__main__"), "__file__", None)
    text = source if source is not None else eras.read(Path(main)) if main else ""
    speak(eras.infer(text, era))
    modules.install()
    methods.install()
    tensors.install()
    registry.on_function = files.remember
    walk._known.cache_clear()  # what the classes have is more now
    old_numpy.install()


def speak(now: dialect.Dialect) -> None:
    """Puts a dialect in force, with its order of axes."""
    dialect.use(now)
    config.set_image_data_format(now.image_data_format)


def uninstall() -> None:
    """From now on this process imports `keras` and `tensorflow` as they are installed."""
    modules.uninstall()
    methods.uninstall()
    tensors.uninstall()
    registry.on_function = None
    old_numpy.uninstall()
    speak(dialect.Dialect())
