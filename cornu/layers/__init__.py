"""Layers: functions with variables."""

from __future__ import annotations

import sys
from typing import Any

from cornu import registry
from cornu.errors import UnknownAttribute
from cornu.layers.activation import ELU as ELU
from cornu.layers.activation import LeakyReLU as LeakyReLU
from cornu.layers.activation import PReLU as PReLU
from cornu.layers.activation import ReLU as ReLU
from cornu.layers.activation import Softmax as Softmax
from cornu.layers.attention import GroupQueryAttention as GroupQueryAttention
from cornu.layers.attention import MultiHeadAttention as MultiHeadAttention
from cornu.layers.convolutional import Conv1D as Conv1D
from cornu.layers.convolutional import Conv1DTranspose as Conv1DTranspose
from cornu.layers.convolutional import Conv2D as Conv2D
from cornu.layers.convolutional import Conv2DTranspose as Conv2DTranspose
from cornu.layers.convolutional import Conv3D as Conv3D
from cornu.layers.convolutional import Conv3DTranspose as Conv3DTranspose
from cornu.layers.convolutional import Convolution1D as Convolution1D
from cornu.layers.convolutional import Convolution1DTranspose as Convolution1DTranspose
from cornu.layers.convolutional import Convolution2D as Convolution2D
from cornu.layers.convolutional import Convolution2DTranspose as Convolution2DTranspose
from cornu.layers.convolutional import Convolution3D as Convolution3D
from cornu.layers.convolutional import Convolution3DTranspose as Convolution3DTranspose
from cornu.layers.core import Activation as Activation
from cornu.layers.core import Dense as Dense
from cornu.layers.core import EinsumDense as EinsumDense
from cornu.layers.core import Identity as Identity
from cornu.layers.core import Input as Input
from cornu.layers.core import InputLayer as InputLayer
from cornu.layers.core import Lambda as Lambda
from cornu.layers.core import Wrapper as Wrapper
from cornu.layers.dot_attention import AdditiveAttention as AdditiveAttention
from cornu.layers.dot_attention import Attention as Attention
from cornu.layers.embedding import Embedding as Embedding
from cornu.layers.embedding import Masking as Masking
from cornu.layers.embedding import ReversibleEmbedding as ReversibleEmbedding
from cornu.layers.input_spec import InputSpec as InputSpec
from cornu.layers.layer import Layer as Layer
from cornu.layers.merging import Add as Add
from cornu.layers.merging import Average as Average
from cornu.layers.merging import Concatenate as Concatenate
from cornu.layers.merging import Dot as Dot
from cornu.layers.merging import Maximum as Maximum
from cornu.layers.merging import Minimum as Minimum
from cornu.layers.merging import Multiply as Multiply
from cornu.layers.merging import Subtract as Subtract
from cornu.layers.merging import add as add
from cornu.layers.merging import average as average
from cornu.layers.merging import concatenate as concatenate
from cornu.layers.merging import dot as dot
from cornu.layers.merging import maximum as maximum
from cornu.layers.merging import minimum as minimum
from cornu.layers.merging import multiply as multiply
from cornu.layers.merging import subtract as subtract
from cornu.layers.normalization import BatchNormalization as BatchNormalization
from cornu.layers.normalization import GroupNormalization as GroupNormalization
from cornu.layers.normalization import LayerNormalization as LayerNormalization
from cornu.layers.normalization import RMSNormalization as RMSNormalization
from cornu.layers.normalization import SpectralNormalization as SpectralNormalization
from cornu.layers.normalization import UnitNormalization as UnitNormalization
from cornu.layers.pooling import AdaptiveAveragePooling1D as AdaptiveAveragePooling1D
from cornu.layers.pooling import AdaptiveAveragePooling2D as AdaptiveAveragePooling2D
from cornu.layers.pooling import AdaptiveAveragePooling3D as AdaptiveAveragePooling3D
from cornu.layers.pooling import AdaptiveMaxPooling1D as AdaptiveMaxPooling1D
from cornu.layers.pooling import AdaptiveMaxPooling2D as AdaptiveMaxPooling2D
from cornu.layers.pooling import AdaptiveMaxPooling3D as AdaptiveMaxPooling3D
from cornu.layers.pooling import AveragePooling1D as AveragePooling1D
from cornu.layers.pooling import AveragePooling2D as AveragePooling2D
from cornu.layers.pooling import AveragePooling3D as AveragePooling3D
from cornu.layers.pooling import AvgPool1D as AvgPool1D
from cornu.layers.pooling import AvgPool2D as AvgPool2D
from cornu.layers.pooling import AvgPool3D as AvgPool3D
from cornu.layers.pooling import GlobalAveragePooling1D as GlobalAveragePooling1D
from cornu.layers.pooling import GlobalAveragePooling2D as GlobalAveragePooling2D
from cornu.layers.pooling import GlobalAveragePooling3D as GlobalAveragePooling3D
from cornu.layers.pooling import GlobalAvgPool1D as GlobalAvgPool1D
from cornu.layers.pooling import GlobalAvgPool2D as GlobalAvgPool2D
from cornu.layers.pooling import GlobalAvgPool3D as GlobalAvgPool3D
from cornu.layers.pooling import GlobalMaxPool1D as GlobalMaxPool1D
from cornu.layers.pooling import GlobalMaxPool2D as GlobalMaxPool2D
from cornu.layers.pooling import GlobalMaxPool3D as GlobalMaxPool3D
from cornu.layers.pooling import GlobalMaxPooling1D as GlobalMaxPooling1D
from cornu.layers.pooling import GlobalMaxPooling2D as GlobalMaxPooling2D
from cornu.layers.pooling import GlobalMaxPooling3D as GlobalMaxPooling3D
from cornu.layers.pooling import MaxPool1D as MaxPool1D
from cornu.layers.pooling import MaxPool2D as MaxPool2D
from cornu.layers.pooling import MaxPool3D as MaxPool3D
from cornu.layers.pooling import MaxPooling1D as MaxPooling1D
from cornu.layers.pooling import MaxPooling2D as MaxPooling2D
from cornu.layers.pooling import MaxPooling3D as MaxPooling3D
from cornu.layers.preprocessing.color import AutoContrast as AutoContrast
from cornu.layers.preprocessing.color import Equalization as Equalization
from cornu.layers.preprocessing.color import RandomBrightness as RandomBrightness
from cornu.layers.preprocessing.color import RandomColorDegeneration as RandomColorDegeneration
from cornu.layers.preprocessing.color import RandomContrast as RandomContrast
from cornu.layers.preprocessing.color import RandomGaussianBlur as RandomGaussianBlur
from cornu.layers.preprocessing.color import RandomGrayscale as RandomGrayscale
from cornu.layers.preprocessing.color import RandomHue as RandomHue
from cornu.layers.preprocessing.color import RandomInvert as RandomInvert
from cornu.layers.preprocessing.color import RandomPosterization as RandomPosterization
from cornu.layers.preprocessing.color import RandomSaturation as RandomSaturation
from cornu.layers.preprocessing.color import RandomSharpness as RandomSharpness
from cornu.layers.preprocessing.color import Solarization as Solarization
from cornu.layers.preprocessing.discretization import Discretization as Discretization
from cornu.layers.preprocessing.encoding import CategoryEncoding as CategoryEncoding
from cornu.layers.preprocessing.geometry import RandomCrop as RandomCrop
from cornu.layers.preprocessing.geometry import RandomElasticTransform as RandomElasticTransform
from cornu.layers.preprocessing.geometry import RandomFlip as RandomFlip
from cornu.layers.preprocessing.geometry import RandomPerspective as RandomPerspective
from cornu.layers.preprocessing.geometry import RandomRotation as RandomRotation
from cornu.layers.preprocessing.geometry import RandomShear as RandomShear
from cornu.layers.preprocessing.geometry import RandomTranslation as RandomTranslation
from cornu.layers.preprocessing.geometry import RandomZoom as RandomZoom
from cornu.layers.preprocessing.hashing import HashedCrossing as HashedCrossing
from cornu.layers.preprocessing.hashing import Hashing as Hashing
from cornu.layers.preprocessing.images import CenterCrop as CenterCrop
from cornu.layers.preprocessing.images import Resizing as Resizing
from cornu.layers.preprocessing.lookup import IntegerLookup as IntegerLookup
from cornu.layers.preprocessing.lookup import StringLookup as StringLookup
from cornu.layers.preprocessing.mixing import AugMix as AugMix
from cornu.layers.preprocessing.mixing import CutMix as CutMix
from cornu.layers.preprocessing.mixing import MixUp as MixUp
from cornu.layers.preprocessing.mixing import Pipeline as Pipeline
from cornu.layers.preprocessing.mixing import RandAugment as RandAugment
from cornu.layers.preprocessing.mixing import RandomColorJitter as RandomColorJitter
from cornu.layers.preprocessing.mixing import RandomErasing as RandomErasing
from cornu.layers.preprocessing.scaling import Normalization as Normalization
from cornu.layers.preprocessing.scaling import Rescaling as Rescaling
from cornu.layers.preprocessing.text import TextVectorization as TextVectorization
from cornu.layers.recurrent import GRU as GRU
from cornu.layers.recurrent import LSTM as LSTM
from cornu.layers.recurrent import SimpleRNN as SimpleRNN
from cornu.layers.recurrent_cells import GRUCell as GRUCell
from cornu.layers.recurrent_cells import LSTMCell as LSTMCell
from cornu.layers.recurrent_cells import SimpleRNNCell as SimpleRNNCell
from cornu.layers.recurrent_conv import ConvLSTM1D as ConvLSTM1D
from cornu.layers.recurrent_conv import ConvLSTM2D as ConvLSTM2D
from cornu.layers.recurrent_conv import ConvLSTM3D as ConvLSTM3D
from cornu.layers.regularization import ActivityRegularization as ActivityRegularization
from cornu.layers.regularization import AlphaDropout as AlphaDropout
from cornu.layers.regularization import Dropout as Dropout
from cornu.layers.regularization import GaussianDropout as GaussianDropout
from cornu.layers.regularization import GaussianNoise as GaussianNoise
from cornu.layers.regularization import SpatialDropout1D as SpatialDropout1D
from cornu.layers.regularization import SpatialDropout2D as SpatialDropout2D
from cornu.layers.regularization import SpatialDropout3D as SpatialDropout3D
from cornu.layers.reshaping import Cropping1D as Cropping1D
from cornu.layers.reshaping import Cropping2D as Cropping2D
from cornu.layers.reshaping import Cropping3D as Cropping3D
from cornu.layers.reshaping import Flatten as Flatten
from cornu.layers.reshaping import Permute as Permute
from cornu.layers.reshaping import RepeatVector as RepeatVector
from cornu.layers.reshaping import Reshape as Reshape
from cornu.layers.reshaping import UpSampling1D as UpSampling1D
from cornu.layers.reshaping import UpSampling2D as UpSampling2D
from cornu.layers.reshaping import UpSampling3D as UpSampling3D
from cornu.layers.reshaping import ZeroPadding1D as ZeroPadding1D
from cornu.layers.reshaping import ZeroPadding2D as ZeroPadding2D
from cornu.layers.reshaping import ZeroPadding3D as ZeroPadding3D
from cornu.layers.rnn import RNN as RNN
from cornu.layers.rnn import StackedRNNCells as StackedRNNCells
from cornu.layers.separable import DepthwiseConv1D as DepthwiseConv1D
from cornu.layers.separable import DepthwiseConv2D as DepthwiseConv2D
from cornu.layers.separable import SeparableConv1D as SeparableConv1D
from cornu.layers.separable import SeparableConv2D as SeparableConv2D
from cornu.layers.separable import SeparableConvolution1D as SeparableConvolution1D
from cornu.layers.separable import SeparableConvolution2D as SeparableConvolution2D
from cornu.layers.wrappers import Bidirectional as Bidirectional
from cornu.layers.wrappers import TimeDistributed as TimeDistributed


def serialize(layer: Layer) -> dict:
    """A layer's class, config and shapes as data.

    >>> serialize(Dense(3))["config"]["units"]
    3
    """
    return registry.serialize(layer)


def deserialize(config: dict, custom_objects: dict | None = None) -> Any:
    """The layer of what `serialize` gives; ValueError for a class that isn't registered or among `custom_objects`.

    >>> deserialize(serialize(Dense(3))).units
    3
    """
    return registry.deserialize(config, custom_objects, kind="layer")


def __getattr__(name: str) -> Any:
    raise UnknownAttribute(sys.modules[__name__], name)
