"""What training many variations gives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, overload

import numpy as np

from cornu.errors import explain, nearest
from cornu.training.callbacks import History
from cornu.training.callbacks.monitor import direction


@dataclass(frozen=True)
class Trial:
    """One variation: its number, its arguments, the trained model, and the history of its training."""

    number: int
    variation: dict[str, Any]
    model: Any
    history: History

    def value(self, metric: str) -> float:
        """The value of a metric after the last epoch: that of the model as it is."""
        return float(self.history.history[metric][-1])


class Result(Sequence[Trial]):
    """The trials of `train_many`, in the order of its variations.

    `groups` holds the numbers of the variations that were trained in one program.
    """

    def __init__(self, trials: Sequence[Trial], groups: Sequence[Sequence[int]]) -> None:
        self._trials, self.groups = list(trials), [list(group) for group in groups]

    def __len__(self) -> int:
        return len(self._trials)

    @overload
    def __getitem__(self, index: int) -> Trial: ...

    @overload
    def __getitem__(self, index: slice) -> list[Trial]: ...

    def __getitem__(self, index: int | slice) -> Trial | list[Trial]:
        return self._trials[index]

    @property
    def models(self) -> list[Any]:
        """The trained models."""
        return [trial.model for trial in self]

    @property
    def histories(self) -> list[History]:
        """The histories."""
        return [trial.history for trial in self]

    def ranked(self, metric: str = "val_loss", mode: str = "auto") -> list[Trial]:
        """The trials by their values of a metric after the last epoch, the best first, those that are NaN last.

        Args:
            metric: a name in the histories.
            mode: "min" or "max": which is better; "auto" asks the metric of that name.

        Raises ValueError for a name that the histories don't have, another mode, and a name that tells no direction.
        """
        names = list(self[0].history.history)
        if metric not in names:
            what = f"The histories have no metric {metric!r}.{nearest(metric, names)}"
            raise ValueError(explain(what, expected=f"one of {', '.join(names)}", got=metric))
        if mode not in ("auto", "min", "max"):
            raise ValueError(explain("Argument `mode` is wrong.", expected='"auto", "min" or "max"', got=mode))
        mode = direction(metric, self[0].model, "ranked") if mode == "auto" else mode
        values = np.array([trial.value(metric) for trial in self])
        return [self[int(place)] for place in np.argsort(values if mode == "min" else -values, kind="stable")]

    def best(self, metric: str = "val_loss", mode: str = "auto") -> Trial:
        """The first of `ranked`."""
        return self.ranked(metric, mode)[0]

    def __str__(self) -> str:
        """A table: each variation's arguments, and its values after the last epoch."""
        rows = [
            [str(t.number), *(f"{k}={v}" for k, v in t.variation.items()),
             *(f"{k} {_short(values[-1])}" for k, values in t.history.history.items())]
            for t in self
        ]  # fmt: skip
        return "\n".join("  ".join(row) for row in rows)


def _short(value: Any) -> str:
    return f"{value:.4g}" if np.ndim(value) == 0 else str(np.round(value, 4))
