"""The modules that the eras' programs import, and where cornu keeps what they hold."""

from __future__ import annotations

FAMILIES: dict[str, tuple[str, ...]] = {
    "": ("cornu.compat.keras", "cornu"),
    "activations": ("cornu.activations", "cornu.compat.old.activations"),
    "applications": (),
    "backend": ("cornu.compat.backend", "cornu.backend"),
    "callbacks": ("cornu.compat.callbacks", "cornu.callbacks"),
    "config": ("cornu.config",),
    "constraints": ("cornu.constraints", "cornu.compat.old.constraints"),
    "datasets": ("cornu.datasets",),
    "distribution": (),
    "dtype_policies": ("cornu.dtype_policies",),
    "estimator": (),
    "export": (),
    "initializers": ("cornu.initializers", "cornu.compat.old.initializers"),
    "initializations": ("cornu.compat.old.initializations",),
    "layers": ("cornu.layers", "cornu.compat.old.layers", "cornu.compat.old.merging"),
    "losses": ("cornu.losses", "cornu.compat.old.losses"),
    "metrics": ("cornu.metrics", "cornu.compat.old.metrics"),
    "mixed_precision": ("cornu.mixed_precision",),
    "models": ("cornu.compat.models", "cornu.models", "cornu.compat.old.graph"),
    "ops": ("cornu.ops",),
    "optimizers": ("cornu.optimizers", "cornu.compat.old.optimizers", "cornu.compat.optimizers"),
    "optimizers.schedules": ("cornu.optimizers.schedules",),
    "preprocessing": ("cornu.preprocessing",),
    "preprocessing.image": ("cornu.preprocessing.image", "cornu.utils"),
    "preprocessing.sequence": ("cornu.preprocessing.sequence",),
    "preprocessing.text": ("cornu.preprocessing.text", "cornu.utils"),
    "random": ("cornu.random",),
    "regularizers": ("cornu.regularizers", "cornu.compat.old.regularizers"),
    "saving": ("cornu.compat.models", "cornu.saving"),
    "tree": ("cornu.nested",),
    "utils": ("cornu.utils", "cornu.compat.utils", "cornu.visualization"),
    "visualization": ("cornu.visualization",),
    "legacy.interfaces": ("cornu.compat.legacy_interfaces",),
    "wrappers": ("cornu.wrappers",),
    "wrappers.scikit_learn": ("cornu.compat.scikit_learn",),
    **{
        f"datasets.{name}": (f"cornu.datasets.{name}",)
        for name in ("mnist", "fashion_mnist", "cifar10", "cifar100", "imdb", "reuters", "boston_housing",
                     "california_housing")
    },
}  # fmt: skip
"""Each family of names, and the modules that hold them: the first that has a name gives it."""

_LAYERS = (
    "core convolutional pooling local recurrent normalization advanced_activations embeddings wrappers noise merge "
)
_LAYERS += "convolutional_recurrent cudnn_recurrent containers extra activation attention regularization reshaping rnn "
_LAYERS += "convolution_recurrent dense_attention preprocessing experimental experimental.preprocessing "
_LAYERS += "preprocessing.image_preprocessing multi_head_attention layer normalization.batch_normalization_v1"
_UTILS = "np_utils generic_utils data_utils io_utils layer_utils vis_utils visualize_util conv_utils multi_gpu_utils "
_UTILS += "training_utils tf_utils test_utils theano_utils losses_utils metrics_utils image_utils all_utils "
_UTILS += "dataset_utils sequence_utils image_dataset_utils experimental"

OLD_PATHS: dict[str, str] = {
    **{f"layers.{name}": "layers" for name in _LAYERS.split()},
    **{f"utils.{name}": "utils" for name in _UTILS.split()},
    **{f"preprocessing.{name}": "utils" for name in ("image_dataset", "text_dataset", "timeseries")},
    **{
        f"engine.{name}": "layers"
        for name in ("topology", "base_layer", "input_layer", "input_spec", "base_layer_utils", "keras_tensor")
    },
    **{
        f"engine.{name}": "models"
        for name in ("training", "sequential", "network", "saving", "functional", "training_utils",
                     "training_generator", "training_arrays")
    },
    "engine": "layers",
    "legacy": "layers",
    "legacy.layers": "layers",
    "legacy.models": "models",
    "objectives": "losses",
    "datasets.data_utils": "utils",
    "backend.common": "backend",
    "backend.tensorflow_backend": "backend",
    "backend.theano_backend": "backend",
    "backend.load_backend": "backend",
    "callbacks.callbacks": "callbacks",
    "callbacks.tensorboard_v1": "callbacks",
    "callbacks.experimental": "callbacks",
    "optimizers.legacy": "optimizers",
    "optimizers.experimental": "optimizers",
    "optimizers.schedules.learning_rate_schedule": "optimizers.schedules",
    "optimizers.learning_rate_schedule": "optimizers.schedules",
    "mixed_precision.experimental": "mixed_precision",
    "saving.save": "models",
    "experimental": "",
    "layers.experimental.preprocessing": "layers",
    "api": "",
    "_impl": "",
    "src": "",
    "legacy_tf_layers": "layers",
}  # fmt: skip
"""Modules that are other ones now: their old path, and the family."""

ROOTS = ("keras", "keras_core", "tensorflow.keras", "tensorflow.python.keras", "tensorflow.contrib.keras", "tf_keras",
         "tensorflow.compat.v1.keras", "tensorflow.compat.v2.keras", "tensorflow.contrib.keras.api.keras",
         "tensorflow.contrib.keras.python.keras")  # fmt: skip
"""The names under which Keras is imported."""

PREPROCESSING_ROOT = "keras_preprocessing"
"""A package of its own from 2018 to 2023, which held what `keras.preprocessing` holds."""

NAMES: dict[str, dict[str, str]] = {
    "layers": {
        "Convolution1D": "layers.Conv1D", "Convolution2D": "layers.Conv2D", "Convolution3D": "layers.Conv3D",
        "AtrousConvolution1D": "layers.Conv1D", "AtrousConvolution2D": "layers.Conv2D",
        "AtrousConv1D": "layers.Conv1D", "AtrousConv2D": "layers.Conv2D",
        "Deconvolution2D": "layers.Conv2DTranspose", "Deconv2D": "layers.Conv2DTranspose",
        "Deconvolution3D": "layers.Conv3DTranspose", "Deconv3D": "layers.Conv3DTranspose",
        "SeparableConvolution2D": "layers.SeparableConv2D", "SeparableConvolution1D": "layers.SeparableConv1D",
        "Sequential": "models.Sequential", "Model": "models.Model", "Container": "models.Model",
        "TensorFlowOpLayer": "layers.Lambda", "PReLu": "layers.PReLU",
        "serialize_keras_object": "utils.serialize_keras_object",
    },
    "models": {
        "Input": "layers.Input", "Layer": "layers.Layer", "Network": "models.Model", "Functional": "models.Functional",
        "Container": "models.Model",
    },
    "losses": {
        "mse": "losses.mean_squared_error", "MSE": "losses.mean_squared_error",
    },
    "regularizers": {
        "l1l2": "regularizers.L1L2", "l1_l2": "regularizers.L1L2", "l1": "regularizers.L1", "l2": "regularizers.L2",
        "activity_l1": "regularizers.L1", "activity_l2": "regularizers.L2", "activity_l1l2": "regularizers.L1L2",
        "WeightRegularizer": "regularizers.L1L2", "ActivityRegularizer": "regularizers.L1L2",
    },
    "constraints": {
        "maxnorm": "constraints.MaxNorm", "max_norm": "constraints.MaxNorm", "nonneg": "constraints.NonNeg",
        "non_neg": "constraints.NonNeg", "unitnorm": "constraints.UnitNorm", "unit_norm": "constraints.UnitNorm",
        "min_max_norm": "constraints.MinMaxNorm", "min_max_norm_constraint": "constraints.MinMaxNorm",
    },
    "optimizers": {
        "rmsprop": "optimizers.RMSprop", "adam": "optimizers.Adam", "sgd": "optimizers.SGD",
        "adagrad": "optimizers.Adagrad", "adadelta": "optimizers.Adadelta", "adamax": "optimizers.Adamax",
        "nadam": "optimizers.Nadam",
    },
    "initializations": {"get": "initializations.get_function"},
    "utils": {"plot": "utils.plot_model", "Layer": "layers.Layer"},
}  # fmt: skip
"""Names that are others now, by family."""

GONE: dict[str, str] = {
    "layers.Merge": "add, concatenate, dot ... of the branches' outputs, in a Model",
    "layers.merge": "add([...]), concatenate([...]), multiply([...]), dot([...]) ...",
    "layers.CuDNNLSTM": "LSTM(...)",
    "layers.CuDNNGRU": "GRU(...)",
    "layers.TimeDistributedDense": "Dense(...), or TimeDistributed(Dense(...))",
    "layers.Highway": "kept for old programs only",
    "layers.MaxoutDense": "kept for old programs only",
    "layers.SReLU": "kept for old programs only",
    "layers.ParametricSoftplus": "kept for old programs only",
    "layers.ThresholdedReLU": "ReLU(threshold=...)",
    "layers.LocallyConnected1D": "kept for old programs only",
    "layers.LocallyConnected2D": "kept for old programs only",
}
"""Classes and functions that aren't in Keras any more, and what takes their place."""
