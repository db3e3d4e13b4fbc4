"""Numbers into intervals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np

from cornu.errors import explain
from cornu.layers import parts
from cornu.layers.layer import Layer
from cornu.layers.preprocessing.batches import batches_of
from cornu.layers.preprocessing.encoding import encode, refuse_sparse
from cornu.ops.indexing import digitize
from cornu.registry import register
from cornu.signature import maybe, nonnegative_int, one_of, positive


@register("layer")
class Discretization(Layer):
    """In which interval each number lies: the number of boundaries at or below it.

    Args:
        bin_boundaries: the ends between the intervals, ascending.
        num_bins: the number of intervals, whose boundaries `adapt` finds so that they hold equally many numbers.
        epsilon: how exactly: a summary of about 1 / epsilon numbers is kept.
        output_mode: "int", or as in `CategoryEncoding`.
        sparse: refused if True.

    Raises ValueError unless one of `bin_boundaries` and `num_bins` is given.

    >>> import numpy as np
    >>> Discretization([0.0, 1.0])(np.array([-1.0, 0.0, 0.5, 7.0])).tolist()
    [0, 1, 1, 2]
    """

    domains = {
        "num_bins": maybe(nonnegative_int),
        "epsilon": positive,
        "output_mode": one_of("int", "one_hot", "multi_hot", "count"),
    }
    revision = 0

    def __init__(
        self,
        bin_boundaries: Sequence[float] | None = None,
        num_bins: int | None = None,
        epsilon: float = 0.01,
        output_mode: str = "int",
        sparse: bool = False,
        dtype: Any = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, dtype=dtype, **kwargs)
        refuse_sparse(self, sparse)
        if (bin_boundaries is None) == (num_bins is None):
            what = f"Discretization {self.name!r} takes the boundaries, or the number of intervals."
            raise ValueError(explain(what, got=f"bin_boundaries={bin_boundaries}, num_bins={num_bins}"))
        self.bin_boundaries = None if bin_boundaries is None else [float(end) for end in bin_boundaries]
        self.num_bins, self.epsilon, self.output_mode = num_bins, epsilon, output_mode
        self.reset_state()

    def _base_config(self) -> dict:
        base = super()._base_config()
        del base["trainable"]  # Keras's constructor doesn't take it
        return base

    def reset_state(self) -> None:
        """Forgets what `update_state` saw."""
        self._summary = np.zeros((2, 0), "float32")

    def update_state(self, data: Any) -> None:
        """Adds numbers to the summary."""
        merged = np.concatenate([_summarize(np.asarray(data, "float32"), self.epsilon), self._summary], axis=1)
        self._summary = _compress(merged[:, np.argsort(merged[0])], self.epsilon)

    def finalize_state(self) -> None:
        """Sets the boundaries by what `update_state` saw."""
        if self.num_bins:
            self.bin_boundaries = _compress(self._summary, 1.0 / self.num_bins)[0, :-1].tolist()
            self.revision += 1
            parts.note_change()

    def adapt(self, data: Any, batch_size: int | None = None, steps: int | None = None) -> None:
        """Finds boundaries between which equally many numbers of the data lie."""
        if self.num_bins is None:
            raise ValueError(explain(f"Discretization {self.name!r} has its boundaries: it can't adapt."))
        self.reset_state()
        for batch in batches_of(data, steps):
            self.update_state(batch)
        self.finalize_state()

    def call(self, inputs: Any) -> Any:
        """The intervals' numbers, or their encoding."""
        if self.bin_boundaries is None:
            what = f"Discretization {self.name!r} has no boundaries yet."
            raise ValueError(explain(what, fix="Call adapt(data), or pass `bin_boundaries`."))
        places = digitize(jnp.asarray(inputs, "float32"), jnp.asarray(self.bin_boundaries, "float32"))
        return encode(places, self.output_mode, len(self.bin_boundaries) + 1, self.compute_dtype)

    @classmethod
    def from_config(cls, config: dict) -> Discretization:
        """The layer of a config; an adapted one has boundaries as well as their number."""
        ends = config.get("bin_boundaries")
        both = ends is not None and config.get("num_bins") is not None
        layer = super().from_config({**config, "bin_boundaries": None} if both else config)
        if both:
            layer.bin_boundaries = [float(end) for end in ends]
        return layer


def _summarize(values: np.ndarray, epsilon: float) -> np.ndarray:
    """About 1 / epsilon of the sorted values, and how many values each stands for."""
    values = np.sort(values.ravel())
    step = max(values.size * epsilon, 1)
    taken = values[int(step - 1) :: int(step)]
    return np.stack([taken, np.full_like(taken, step)])


def _compress(summary: np.ndarray, epsilon: float) -> np.ndarray:
    """The values at equal steps of epsilon of the summed weights, interpolated."""
    if summary.shape[1] * epsilon < 1:
        return summary
    shares = epsilon + np.arange(0.0, 1.0, epsilon)
    sums = summary[1].cumsum()
    values = np.interp(shares, sums / sums[-1], summary[0])
    reached = np.interp(shares, sums / sums[-1], sums)
    return np.stack([values, np.diff(reached, prepend=0)]).astype("float32")
