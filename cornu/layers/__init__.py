"""Layers: functions with variables."""

from cornu.layers.core import Activation as Activation
from cornu.layers.core import Dense as Dense
from cornu.layers.core import EinsumDense as EinsumDense
from cornu.layers.core import Embedding as Embedding
from cornu.layers.core import Identity as Identity
from cornu.layers.core import Input as Input
from cornu.layers.core import InputLayer as InputLayer
from cornu.layers.core import Lambda as Lambda
from cornu.layers.core import Masking as Masking
from cornu.layers.core import ReversibleEmbedding as ReversibleEmbedding
from cornu.layers.core import Wrapper as Wrapper
from cornu.layers.input_spec import InputSpec as InputSpec
from cornu.layers.layer import Layer as Layer
