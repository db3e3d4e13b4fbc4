"""`cornu migrate`: a program of an old era of Keras, rewritten in today's spelling.

The tables by which programs run unchanged drive the rewriting, too; comments and layout stay. `names` tells what a
program's names stand for, `program` studies it as a whole, `calls` rewrites arguments, `rules` and `methods` what isn't
renaming, `imports` the imports, and `rewriter` walks through the program. All but `names` need LibCST, so they are
imported when they are used.
"""

from __future__ import annotations

import ast
import difflib
import os
import sys
import tokenize
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from cornu.compat import dialect, eras
from cornu.errors import explain

if TYPE_CHECKING:
    from cornu.compat.migrate.rewriter import Rewritten


def run(programs: Sequence[str], era: str | None = None, write: bool = False) -> int:
    """Rewrites files; prints the difference, or with `write` changes them and keeps the old ones as `*.orig`.

    What was changed and what is left to be done goes to the standard error stream. Gives the exit status: 1 where a
    file couldn't be read, parsed or written, and 0 otherwise. Raises ImportError where LibCST is missing.
    """
    status = 0
    for program in programs:
        try:
            _migrate(Path(program), era, write)
        except (OSError, ValueError, SyntaxError) as error:
            print(error, file=sys.stderr)
            status = 1
    return status


def rewritten(source: str, era: str | None = None) -> Rewritten:
    r"""A program's text in today's spelling, the number of places that changed, and remarks on what couldn't be.

    `era` is taken for granted where it is given, and otherwise inferred. Raises ValueError for a text that isn't
    Python 3, ImportError where LibCST is missing.

    >>> rewritten("from keras.layers.core import Dense\nDense(output_dim=2, bias=False)\n").text.splitlines()
    ['from keras.layers import Dense', 'Dense(units=2, use_bias=False)']
    """
    rewrite = _rewriter()
    try:
        ast.parse(source)
    except SyntaxError as error:
        is_old = "print" in str(error) or "except" in str(error)
        raise ValueError(
            explain(
                f"This is no program for Python 3: {error.msg} in line {error.lineno}.",
                fix="It is for Python 2: convert it first, with 2to3 or by hand." if is_old else "Correct it first.",
            )
        ) from None
    with _speaking(eras.infer(source, era)):
        return rewrite(source)


def _rewriter() -> Callable[[str], Rewritten]:
    try:
        from cornu.compat.migrate import rewriter
    except ModuleNotFoundError as error:
        if error.name is None or not error.name.startswith("libcst"):
            raise
        raise ImportError(explain("cornu migrate needs LibCST.", fix='pip install "cornu[migrate]"')) from None
    return rewriter.rewrite


@contextmanager
def _speaking(now: dialect.Dialect) -> Iterator[None]:
    before = dialect.current()
    dialect.use(now)
    try:
        yield
    finally:
        dialect.use(before)


def _migrate(file: Path, era: str | None, write: bool) -> None:
    data, encoding = _read(file)
    source = data.decode(encoding)
    try:
        result = rewritten(source, era)
    except ValueError as error:
        raise ValueError(f"{file}: {error}") from None
    if result.text != source:
        if write:
            _write(file, data, result.text.encode(encoding))
        else:
            _show(file, source, result.text)
    _report(file, result)


def _read(file: Path) -> tuple[bytes, str]:
    data = file.read_bytes()
    try:
        encoding, _ = tokenize.detect_encoding(iter(data.splitlines(keepends=True)).__next__)
        data.decode(encoding)
    except (SyntaxError, UnicodeDecodeError) as error:
        raise ValueError(explain(f"{file} can't be read.", got=str(error), fix="Save it in UTF-8.")) from None
    return data, encoding


def _show(file: Path, before: str, after: str) -> None:
    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    for line in difflib.unified_diff(old, new, str(file), f"{file} (migrated)"):
        print(line, end="" if line.endswith("\n") else "\n\\ No newline at end of file\n")


def _write(file: Path, before: bytes, after: bytes) -> None:
    kept = file.with_name(f"{file.name}.orig")
    if kept.exists() and kept.read_bytes() != before:
        raise FileExistsError(
            explain(
                f"{kept} is there already, with another content than {file}.",
                fix="Move it away: it would be lost otherwise.",
            )
        )
    kept.write_bytes(before)
    beside = file.with_name(f"{file.name}.migrated")
    beside.write_bytes(after)
    beside.chmod(file.stat().st_mode)
    os.replace(beside, file)


def _report(file: Path, result: Rewritten) -> None:
    changed = f"{result.changes} place{'' if result.changes == 1 else 's'} rewritten"
    left = f"; {len({text for _, text in result.remarks})} to look at" if result.remarks else ""
    print(f"{file}: {changed}{left}", file=sys.stderr)
    lines: dict[str, list[int]] = {}
    for line, text in result.remarks:
        lines.setdefault(text, []).append(line)
    for text, where in lines.items():
        print(f"  {file}:{','.join(map(str, where))}: {text}", file=sys.stderr)
