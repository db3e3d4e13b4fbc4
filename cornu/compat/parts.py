"""Parts of weights that old layers took once, in `build`: `self.kernel_i = self.kernel[:, :self.units]`."""

from __future__ import annotations

import sys
from typing import Any

import jax

from cornu import dtypes
from cornu.compat import dialect, notices
from cornu.variables import Variable

_plain_getitem = Variable.__getitem__


class Part(Variable):
    """The entries of a variable at an index, read anew each time, as a tensor of a graph was.

    >>> whole = Variable([[1.0, 2.0], [3.0, 4.0]])
    >>> part = Part(whole, (slice(None), 1))
    >>> whole.assign([[1.0, 5.0], [3.0, 6.0]]); part.shape, part.numpy().tolist()
    ((2,), [5.0, 6.0])
    """

    def __init__(self, whole: Variable, index: Any) -> None:
        self.whole, self.index = whole, index
        kind = jax.ShapeDtypeStruct(tuple(whole.shape), dtypes.numpy_dtype(whole.dtype))
        shape = jax.eval_shape(lambda x: x[index], kind).shape
        super().__init__(lambda shape, dtype=None: self.stored(), shape, whole.dtype, False, name=f"{whole.name}_part")
        self.made_trainable = vars(self)["is_weight"] = False

    @property
    def value(self) -> jax.Array:
        """The entries as they are now."""
        return self.whole.value[self.index]

    def stored(self) -> jax.Array:
        """The entries outside of any scope."""
        return self.whole.stored()[self.index]


def _getitem(self: Variable, index: Any) -> Any:
    """Variable.__getitem__, which for a program of Keras 1 or 2 gives what follows the variable."""
    own = dialect.current().before("tf.keras") and not notices.is_library(sys._getframe(1).f_code.co_filename)
    return Part(self, index) if own else _plain_getitem(self, index)


ON_VARIABLES = {"__getitem__": _getitem}
