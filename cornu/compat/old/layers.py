"""The layers of old eras that today's core hasn't."""

from __future__ import annotations

from cornu.compat.old.activation_layers import ParametricSoftplus as ParametricSoftplus
from cornu.compat.old.activation_layers import SReLU as SReLU
from cornu.compat.old.activation_layers import ThresholdedReLU as ThresholdedReLU
from cornu.compat.old.dense import Highway as Highway
from cornu.compat.old.dense import MaxoutDense as MaxoutDense
from cornu.compat.old.dense import TimeDistributedDense as TimeDistributedDense
from cornu.compat.old.dense import TimeDistributedMerge as TimeDistributedMerge
from cornu.compat.old.local import AtrousConvolution1D as AtrousConvolution1D
from cornu.compat.old.local import AtrousConvolution2D as AtrousConvolution2D
from cornu.compat.old.local import LocallyConnected1D as LocallyConnected1D
from cornu.compat.old.local import LocallyConnected2D as LocallyConnected2D
from cornu.compat.old.merging import Merge as Merge
from cornu.compat.old.merging import merge as merge
from cornu.compat.old.normalization import BatchNormalization as BatchNormalization
from cornu.compat.old.normalization import Embedding as Embedding
from cornu.compat.old.recurrent import CuDNNGRU as CuDNNGRU
from cornu.compat.old.recurrent import CuDNNLSTM as CuDNNLSTM
from cornu.compat.old.recurrent_base import Recurrent as Recurrent
from cornu.compat.old.recurrent_base import _generate_dropout_mask as _generate_dropout_mask
from cornu.compat.old.recurrent_base import _time_distributed_dense as _time_distributed_dense
from cornu.compat.old.recurrent_base import time_distributed_dense as time_distributed_dense
