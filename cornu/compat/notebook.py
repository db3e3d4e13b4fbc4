"""`%load_ext cornu`: the cells of a notebook import Keras from cornu.

The era is inferred anew before each cell from all cells so far, and said whenever it changes. `%keras_report` shows
the notices so far.
"""

from __future__ import annotations

from typing import Any

from cornu import compat
from cornu.compat import dialect, eras, launcher, notices

_cells: list[str] = []


def load(shell: Any) -> None:
    """Installs the launcher in the shell's process."""
    _cells[:] = [cell for cell in shell.user_ns.get("In", []) if isinstance(cell, str)]
    compat.install(source=_text())
    shell.events.register("pre_run_cell", _look)
    shell.register_magic_function(lambda line: print(notices.report() or "no old spellings"), "line", "keras_report")


def unload(shell: Any) -> None:
    """Takes the launcher out again."""
    shell.events.unregister("pre_run_cell", _look)
    compat.uninstall()


def _text() -> str:
    """The cells that are plain Python, as one program."""
    kept = []
    for cell in _cells:
        lines = [line for line in cell.splitlines() if not line.lstrip().startswith(("%", "!"))]
        if eras.parses("\n".join(lines)):
            kept += lines
    return "\n".join(kept)


def _look(info: Any) -> None:
    """Before a cell runs: what its text says about the era counts, too."""
    _cells.append(info.raw_cell)
    before, now = dialect.current(), eras.infer(_text())
    if now != before:
        compat.speak(now)
        print(launcher.said())
