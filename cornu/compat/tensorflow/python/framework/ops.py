"""`tensorflow.python.framework.ops`: what programs took from there of TensorFlow 1's root, and the kinds of tensors."""

from __future__ import annotations

from cornu.compat.tensorflow.compat.v1 import disable_eager_execution as disable_eager_execution
from cornu.compat.tensorflow.compat.v1 import enable_eager_execution as enable_eager_execution
from cornu.compat.tensorflow.compat.v1 import get_default_graph as get_default_graph
from cornu.compat.tensorflow.compat.v1 import reset_default_graph as reset_default_graph
from cornu.compat.tensorflow.functions import ROOT
from cornu.compat.tensorflow.root import Tensor as Tensor
from cornu.compat.tensorflow.root import name_scope as name_scope

convert_to_tensor = ROOT["convert_to_tensor"]
