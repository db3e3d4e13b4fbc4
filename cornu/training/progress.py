"""The progress bar: a live line on a terminal, one line at the end elsewhere."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any

from cornu.errors import explain

_NOTEBOOK_WIDTH = 200

_open: list[Progbar] = []
"""The bar, at most one, whose line is on the terminal and not ended."""


class Progbar:
    """Shows how many of a number of steps are done, how long the rest takes, and values.

    Args:
        target: the number of steps; None if unknown.
        width: of the bar, in characters.
        verbose: 0 silent; 1 a live bar on a terminal, one line at the end elsewhere; 2 always one line at the end.
        interval: seconds between two drawings of the live bar.
        stateful_metrics: names whose values are shown as they are; the others are averaged over the steps.
        stateless_metrics: in its place, the names whose values are averaged; the others are shown as they are.
        unit_name: what one step is called.
        title: the heading of the bar: a line above the live bar, the beginning of the one line elsewhere.

    The time per step leaves out the first call, which may compile, and whatever follows the last step. Raises
    ValueError where both lists of metrics are given. Differences from Keras: nothing but plain lines goes into a pipe
    or a file, and the last value is averaged like the ones before it.

    >>> bar = Progbar(2, verbose=2)
    >>> bar.update(1, [("loss", 2.0)])
    >>> bar.update(2, [("loss", 1.0)])
    2/2 - 0s - ...s/step - loss: 1.5000
    """

    def __init__(
        self,
        target: int | None,
        width: int = 20,
        verbose: int = 1,
        interval: float = 0.05,
        stateful_metrics: Iterable[str] | None = None,
        stateless_metrics: Iterable[str] | None = None,
        unit_name: str = "step",
        title: str | None = None,
    ) -> None:
        if stateful_metrics is not None and stateless_metrics is not None:
            raise ValueError(
                explain("Progbar takes `stateful_metrics` or `stateless_metrics`.", expected="one", got="both")
            )
        self.target, self.width, self.verbose, self.interval = target, width, verbose, interval
        self.unit_name, self.title = unit_name, title
        self._stateful = None if stateful_metrics is None else set(stateful_metrics)
        self._stateless = None if stateless_metrics is None else set(stateless_metrics)
        self.seen = 0
        self._values: dict[str, Any] = {}
        self._weights: dict[str, int] = {}
        console: Any = make_console()
        self._console, self._live = console, verbose == 1 and console.is_terminal and not console.is_dumb_terminal
        self._drawn_at, self._drawn_width = float("-inf"), 0
        self._start = self._last = time.perf_counter()
        self._first: tuple[int, float] | None = None

    def begin(self) -> None:
        """Prints the heading of a live bar."""
        if self._live and self.title:
            self._console.print(self.title, markup=False)

    def is_due(self) -> bool:
        """Whether it is time to draw the live bar again."""
        return self._live and time.perf_counter() - self._drawn_at >= self.interval

    def advance(self, current: int) -> None:
        """Notes that `current` steps are done, and when."""
        if current > self.seen:
            self.seen, self._last = current, time.perf_counter()
            self._first = self._first or (current, self._last)

    def update(
        self, current: int, values: Iterable[tuple[str, Any]] | None = None, finalize: bool | None = None
    ) -> None:
        """Shows that `current` steps are done.

        Args:
            current: the number of steps done.
            values: (name, value) pairs; averaged ones count once for each step since the last call.
            finalize: whether this is the end; default: whether `current` reaches the target.
        """
        steps = max(current - self.seen, 1)
        for name, value in values or ():
            self._take(name, value, steps)
        self.advance(current)
        if finalize is None:
            finalize = self.target is not None and current >= self.target
        if self._live and (finalize or self.is_due()):
            self._draw(finalize)
        elif self.verbose and finalize:
            self._console.print(self._line(), soft_wrap=True)

    def add(self, n: int, values: Iterable[tuple[str, Any]] | None = None) -> None:
        """Shows that `n` more steps are done."""
        self.update(self.seen + n, values)

    def close(self) -> None:
        """Ends the live line, if there is one, so that what comes next starts on a line of its own."""
        if self in _open:
            _open.remove(self)
            self._console.print()

    def hide(self) -> None:
        """Takes the live line off the terminal; the next update draws it again."""
        from rich.control import Control, ControlType

        if self in _open:
            carriage_return = Control((ControlType.CARRIAGE_RETURN,))
            self._console.control(carriage_return)
            self._console.print(" " * self._drawn_width, end="", soft_wrap=True)
            self._console.control(carriage_return)
            _open.remove(self)
            self._drawn_at, self._drawn_width = float("-inf"), 0

    def _take(self, name: str, value: Any, steps: int) -> None:
        averaged = name not in self._stateful if self._stateful is not None else True
        if self._stateless is not None:
            averaged = name in self._stateless
        if averaged and name in self._values:
            weight = self._weights[name]
            self._values[name] = (self._values[name] * weight + value * steps) / (weight + steps)
            self._weights[name] = weight + steps
        else:
            self._values[name], self._weights[name] = value, steps

    def _draw(self, finalize: bool) -> None:
        from rich.control import Control, ControlType

        line = self._bar(finalize)
        if not finalize:
            line.truncate(self._console.width - 1, overflow="ellipsis")
        width = line.cell_len
        line.append(" " * (self._drawn_width - width))
        self._console.control(Control((ControlType.CARRIAGE_RETURN,)))
        self._console.print(line, end="\n" if finalize else "", soft_wrap=True)
        self._drawn_at, self._drawn_width = time.perf_counter(), width
        if finalize:
            _open.clear()
        else:
            _open[:] = [self]

    def _bar(self, finalize: bool) -> Any:
        """The live line: count, bar, time, values."""
        from rich.text import Text

        count = f"{self.seen:>{len(str(self.target))}}/{self.target}" if self.target else f"{self.seen:>7}/Unknown"
        full, empty = ("━", "━") if self._console.encoding.startswith("utf") else ("=", ".")
        line = Text.assemble((count, "bold"), " ")
        if self.target:
            done = min(self.width, self.width * self.seen // self.target)
            line.append(full * done, "green").append(empty * (self.width - done), "bright_black").append(" ")
        if finalize or not self.target:
            line.append(f"{time.perf_counter() - self._start:.0f}s", "bold")
        else:
            line.append(_duration(self._seconds_per_step() * (self.target - self.seen)), "bold")
        return line.append(f" {_per_unit(self._seconds_per_step(), self.unit_name)}{self._metrics()}")

    def _line(self) -> str:
        """The one line: heading, count, time, values."""
        count = f"{self.seen}/{self.target}" if self.target else f"{self.seen}"
        seconds = f"{time.perf_counter() - self._start:.0f}s"
        parts = [self.title, count, seconds, _per_unit(self._seconds_per_step(), self.unit_name)]
        return " - ".join(part for part in parts if part) + self._metrics()

    def _metrics(self) -> str:
        return "".join(f" - {name}: {_number(value)}" for name, value in self._values.items())

    def _seconds_per_step(self) -> float:
        if self._first is None:
            return 0.0
        steps, began = self._first
        if self.seen >= 2 * steps:  # else the first call held most of the steps, and its time is what there is to tell
            return (self._last - began) / (self.seen - steps)
        return (self._last - self._start) / self.seen


def say(message: str) -> None:
    """Prints a line, above the live bar where one is on the terminal."""
    if _open:
        (bar,) = _open
        bar.hide()
        bar._console.print(message, soft_wrap=True)
    else:
        print(message, flush=True)


def make_console() -> Any:
    """The console on standard output; in a notebook one that overwrites its line there."""
    from rich.console import Console

    console = Console(highlight=False, markup=False, emoji=False)
    if console.is_jupyter:
        return Console(
            force_jupyter=False, force_terminal=True, color_system="standard", width=_NOTEBOOK_WIDTH,
            highlight=False, markup=False, emoji=False,
        )  # fmt: skip
    return console


def _number(value: Any) -> str:
    try:
        value = float(value)
    except (TypeError, ValueError):
        return str(value)
    return f"{value:.4f}" if abs(value) > 1e-3 else f"{value:.4e}"


def _duration(seconds: float) -> str:
    """
    >>> _duration(5.2), _duration(65), _duration(3725)
    ('5s', '1:05', '1:02:05')
    """
    whole = int(seconds)
    if whole > 3600:
        return f"{whole // 3600}:{whole % 3600 // 60:02}:{whole % 60:02}"
    return f"{whole // 60}:{whole % 60:02}" if whole > 60 else f"{whole}s"


def _per_unit(seconds: float, unit: str) -> str:
    """
    >>> _per_unit(2, "step"), _per_unit(0.0213, "step"), _per_unit(1e-5, "sample")
    ('2s/step', '21ms/step', '10us/sample')
    """
    if seconds >= 1 or seconds == 0:
        return f"{seconds:.0f}s/{unit}"
    return f"{seconds * 1e3:.0f}ms/{unit}" if seconds >= 1e-3 else f"{seconds * 1e6:.0f}us/{unit}"
