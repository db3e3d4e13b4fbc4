"""Runs a program of any era: `cornu run train.py`.

The program has its own `sys.argv`, `__main__`, tracebacks and exit code. Nothing is changed on disk or in other
processes.
"""

from __future__ import annotations

import importlib.util
import os
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from types import CodeType, ModuleType, TracebackType

from cornu import compat
from cornu.compat import dialect, eras, hints, notices
from cornu.errors import explain


def run(program: str, arguments: Sequence[str] = (), era: str | None = None, module: bool = False) -> int:
    """Runs a file, or with `module` a module by its dotted name; gives the exit code.

    Raises FileNotFoundError, or ModuleNotFoundError, for a program that isn't there.
    """
    sys.path.insert(0, os.getcwd() if module else str(Path(program).resolve().parent))
    file, package = _find_module(program) if module else (Path(program), None)
    if not file.is_file():
        raise FileNotFoundError(explain(f"There is no program {program}.", got=str(file)))
    compat.install(era, source=eras.read(file))
    print(said(), file=sys.stderr)
    sys.argv = [str(file) if module else program, *arguments]
    status = _execute(file, package)
    sys.stdout.flush()
    report = notices.report()
    if report:
        print(report, file=sys.stderr)
    return status


def _find_module(name: str) -> tuple[Path, str]:
    spec = importlib.util.find_spec(name)
    if spec is not None and spec.submodule_search_locations is not None:
        spec = importlib.util.find_spec(f"{name}.__main__")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(explain(f"There is no module {name}."))
    return Path(spec.origin), spec.parent or ""


def said() -> str:
    """One line: the era in force, and why."""
    now = dialect.current()
    because = f" ({'; '.join(now.reasons)})" if now.reasons else ""
    order = ", channels first" if now.image_data_format == "channels_first" else ""
    return f"cornu: a program of the era {now.era}{order}{because}; --era says otherwise."


def _execute(file: Path, package: str | None) -> int:
    main = ModuleType("__main__")
    main.__file__, main.__builtins__ = str(file), __builtins__  # type: ignore[attr-defined]
    main.__package__ = package
    sys.modules["__main__"] = main
    try:
        exec(_compile(file), main.__dict__)
    except SystemExit as stop:
        return _status(stop)
    except KeyboardInterrupt:
        return 130
    except BaseException as error:
        _show(error)
        return 1
    return 0


def _compile(file: Path) -> CodeType:
    return compile(file.read_bytes(), str(file), "exec", dont_inherit=True)


def _status(stop: SystemExit) -> int:
    if stop.code is None or isinstance(stop.code, int):
        return stop.code or 0
    print(stop.code, file=sys.stderr)
    return 1


def _show(error: BaseException) -> None:
    """Prints the traceback as Python would, without the launcher's own frames."""
    frames: TracebackType | None = error.__traceback__
    while frames is not None and frames.tb_frame.f_code.co_filename == __file__:
        frames = frames.tb_next
    sys.stdout.flush()
    traceback.print_exception(type(error), error.with_traceback(frames), frames)
    said = hints.hint(error)
    if said:
        print(f"cornu: {said}", file=sys.stderr)
