"""Small programs that between them use every primitive of the vocabulary, and every rule of lowering.

They serve as the table of tests of any engine: its results must be those of JAX.
"""

from __future__ import annotations

import cases_constants  # noqa: F401
import cases_edges  # noqa: F401
import cases_elementwise  # noqa: F401
from case_table import CASES, assert_same, differences
from cases_structure import CLOSE_DRAWS, DRAWS

__all__ = ["CASES", "CLOSE_DRAWS", "DRAWS", "assert_same", "differences"]
