"""What in a program's text tells the era it was written for."""

from __future__ import annotations

SINCE_KERAS2 = "since keras2"
"""What Keras 2 began and Keras 3 still has: it tells both from Keras 1, and not from each other."""

BEFORE_KERAS3 = "before keras3"
"""What Keras 1 and 2 have and Keras 3 hasn't, or hardly uses."""

EVER = "ever"
"""What all have: it tells Keras from anything else."""

KEYWORDS: dict[str, dict[str, int]] = {
    "keras1": {
        "nb_epoch": 5, "samples_per_epoch": 5, "nb_val_samples": 5, "nb_filter": 4, "nb_row": 4, "nb_col": 4,
        "border_mode": 4, "subsample": 4, "subsample_length": 4, "filter_length": 4, "pool_length": 4,
        "W_regularizer": 4, "U_regularizer": 4, "b_regularizer": 4, "W_constraint": 4, "b_constraint": 4,
        "inner_activation": 4, "inner_init": 4, "dim_ordering": 3, "dropout_W": 4, "dropout_U": 4, "consume_less": 4,
        "show_accuracy": 5, "theano_mode": 4, "nb_worker": 4, "max_q_size": 3, "val_samples": 3, "concat_axis": 3,
        "nb_words": 3, "nb_classes": 1, "nb_feature": 4, "forget_bias_init": 4, "pickle_safe": 2,
    },
    SINCE_KERAS2: {
        "epochs": 3, "kernel_initializer": 3, "bias_initializer": 3, "kernel_regularizer": 3, "kernel_constraint": 3,
        "filters": 2, "kernel_size": 3, "strides": 1, "data_format": 2, "padding": 1, "units": 2, "use_bias": 2,
        "steps_per_epoch": 3, "recurrent_dropout": 3, "recurrent_activation": 3, "validation_steps": 2,
        "num_words": 2, "num_classes": 1, "rate": 1,
    },
    BEFORE_KERAS3: {"lr": 2},
    "keras2": {"max_queue_size": 2, "use_multiprocessing": 2},
    "keras3": {"learning_rate": 1, "negative_slope": 3, "jit_compile": 2, "return_dict": 1, "seed_generator": 2},
}  # fmt: skip
"""Names of keyword arguments, and how much each says."""

LAYER_KEYWORDS = {"init": 4, "output_dim": 4, "p": 3, "bias": 3, "sigma": 1, "weights": 0}
"""Keywords of Keras 1 that say something only in the call of a layer."""

IMPORTS: dict[str, dict[str, int]] = {
    "keras1": {
        "keras.objectives": 4, "keras.initializations": 4, "keras.layers.containers": 5,
        "keras.utils.visualize_util": 4, "keras.layers.Merge": 3, "keras.layers.merge": 3, "keras.models.Graph": 5,
        "keras.layers.core.Merge": 4, "keras.layers.core.TimeDistributedDense": 5,
        "keras.layers.core.TimeDistributedMerge": 5, "keras.layers.Convolution2D": 1,
        "keras.layers.convolutional.Convolution2D": 1, "keras.layers.TimeDistributedDense": 5,
        "keras.layers.core.Highway": 3, "keras.layers.core.MaxoutDense": 3, "keras.regularizers.activity_l2": 5,
        "keras.regularizers.activity_l1": 5, "keras.regularizers.WeightRegularizer": 5, "keras.layers.SReLU": 3,
    },
    SINCE_KERAS2: {
        "keras.layers.Conv2D": 3, "keras.layers.Conv1D": 2, "keras.layers.concatenate": 2, "keras.layers.add": 2,
        "keras.layers.Concatenate": 2, "keras.layers.Add": 2, "keras.applications": 2, "keras.utils.plot_model": 2,
        "keras.utils.to_categorical": 2, "keras.losses": 1, "keras.initializers": 2,
    },
    BEFORE_KERAS3: {
        "keras.utils.np_utils": 1, "keras.layers.advanced_activations": 1, "keras.preprocessing": 1,
        "keras.wrappers.scikit_learn": 1, "keras.engine": 1, "keras.models": 1, "keras.layers.core": 1,
        "keras.backend": 1,
    },
    EVER: {"keras.layers": 1, "keras.callbacks": 1, "keras.optimizers": 1},
    "keras2": {
        "keras.layers.CuDNNLSTM": 4, "keras.layers.CuDNNGRU": 4, "keras.layers.convolutional.Conv2D": 3,
        "keras.utils.vis_utils": 3, "keras.utils.multi_gpu_model": 4, "keras.utils.Sequence": 3,
        "keras.layers.merge.concatenate": 3, "keras_preprocessing": 3,
    },
    "keras3": {
        "keras.ops": 8, "keras.random": 6, "keras.saving": 5, "keras.tree": 6, "keras.export": 6,
        "keras.distribution": 6, "keras.utils.PyDataset": 6, "keras.Variable": 5, "keras.version": 2,
        "keras.config": 3, "keras.src": 4, "keras.Sequential": 2, "keras.Input": 2, "keras.Model": 2, "jax": 3,
        "keras.mixed_precision": 3, "keras.dtype_policies": 6, "keras.optimizers.schedules": 2,
        "keras.wrappers.SKLearnClassifier": 6, "keras.wrappers.SKLearnRegressor": 6,
        **{
            f"keras.layers.{name}": 3
            for name in (
                "Rescaling", "Resizing", "CenterCrop", "RandomCrop", "RandomFlip", "RandomRotation", "RandomZoom",
                "RandomTranslation", "RandomContrast", "RandomBrightness", "Normalization", "TextVectorization",
                "StringLookup", "IntegerLookup", "Discretization", "CategoryEncoding", "Hashing", "MultiHeadAttention",
                "GroupQueryAttention", "EinsumDense", "LayerNormalization", "GroupNormalization", "RMSNormalization",
                "UnitNormalization", "TorchModuleWrapper", "JaxLayer", "TFSMLayer",
            )
        },
        **{
            f"keras.utils.{name}": 4
            for name in (
                "set_random_seed", "split_dataset", "timeseries_dataset_from_array", "image_dataset_from_directory",
                "text_dataset_from_directory", "audio_dataset_from_directory", "FeatureSpace",
            )
        },
    },
}  # fmt: skip
"""Modules and names that are imported, or used as attributes of `keras`."""

ATTRIBUTES: dict[str, dict[str, int]] = {
    "keras1": {
        "get_output_shape_for": 5, "set_image_dim_ordering": 2, "image_dim_ordering": 2, "add_node": 3,
        "add_shared_node": 4, "inner_activation": 2, "set_param": 2,
    },
    BEFORE_KERAS3: {"fit_generator": 1, "predict_classes": 1, "predict_proba": 1},
    "keras2": {"int_shape": 1},
    SINCE_KERAS2: {"compute_output_shape": 2, "image_data_format": 2, "set_image_data_format": 2},
    "keras3": {
        "KERAS_BACKEND": 8, "SeedGenerator": 4, "stateless_call": 6, "stateless_apply": 6, "stateless_update_state": 6,
        "train_step": 2, "register_keras_serializable": 3,
    },
}  # fmt: skip
"""Names of attributes, methods and strings."""

ENDINGS: dict[str, dict[str, int]] = {"keras3": {".keras": 4}}
"""How strings end: names of files."""
