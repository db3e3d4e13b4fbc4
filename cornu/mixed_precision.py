"""Mixed precision: `keras.mixed_precision`, under the names of Keras 2 and 3."""

from cornu.dtypes import DTypePolicy as DTypePolicy
from cornu.dtypes import DTypePolicy as Policy
from cornu.dtypes import dtype_policy as dtype_policy
from cornu.dtypes import dtype_policy as global_policy
from cornu.dtypes import set_dtype_policy as set_dtype_policy
from cornu.dtypes import set_dtype_policy as set_global_policy
from cornu.optimizers import LossScaleOptimizer as LossScaleOptimizer

__all__ = [
    "DTypePolicy",
    "LossScaleOptimizer",
    "Policy",
    "dtype_policy",
    "global_policy",
    "set_dtype_policy",
    "set_global_policy",
]
