"""tf.keras (2019-23): what was called otherwise than today."""

from __future__ import annotations

from cornu.compat.tables import keras2
from cornu.compat.tables.rows import Call

_QUEUE = "max_queue_size: workers: use_multiprocessing:"
_RECURRENT = "implementation: time_major: "

CALLS = {
    **{
        key: keras2.CALLS[key]
        for key in (
            "layers.Embedding",
            "layers.InputLayer",
            "regularizers.l1",
            "regularizers.l2",
            "regularizers.l1_l2",
            "constraints.max_norm",
            "constraints.unit_norm",
            "models.load_model",
            "models.Model",
            "models.Sequential",
            "preprocessing.text.Tokenizer",
            "utils.plot_model",
            "callbacks.ModelCheckpoint",
            "Model.fit_generator",
            "Model.evaluate_generator",
            "Model.predict_generator",
            "utils.to_categorical",
            "layers.LeakyReLU",
            "callbacks.ReduceLROnPlateau",
        )
    },
    "layers.Input": Call("shape batch_size name dtype sparse tensor: ragged: type_spec: batch_shape"),
    "layers.SimpleRNN": Call(_RECURRENT),
    "layers.LSTM": Call(_RECURRENT),
    "layers.GRU": Call(_RECURRENT),
    "layers.RNN": Call(_RECURRENT),
    "layers.LSTMCell": Call("implementation:"),
    "layers.GRUCell": Call("implementation:"),
    "optimizers.SGD": Call("lr:learning_rate"),
    "optimizers.RMSprop": Call("lr:learning_rate"),
    "optimizers.Adagrad": Call("lr:learning_rate"),
    "optimizers.Adadelta": Call("lr:learning_rate"),
    "optimizers.Adam": Call("lr:learning_rate"),
    "optimizers.Adamax": Call("lr:learning_rate"),
    "optimizers.Nadam": Call("lr:learning_rate"),
    "optimizers.Ftrl": Call("lr:learning_rate"),
    "callbacks.TensorBoard": Call(
        "log_dir histogram_freq write_graph write_images write_steps_per_second update_freq profile_batch "
        "embeddings_freq embeddings_metadata write_grads: batch_size:"
    ),
    "Model.fit": Call(
        "x y batch_size epochs verbose callbacks validation_split validation_data shuffle class_weight sample_weight "
        f"initial_epoch steps_per_epoch validation_steps validation_batch_size validation_freq {_QUEUE}"
    ),
    "Model.compile": Call(
        "optimizer loss metrics loss_weights weighted_metrics run_eagerly steps_per_execution jit_compile "
        "sample_weight_mode: target_tensors: distribute: experimental_steps_per_execution:"
    ),
    "Sequential.compile": Call(
        "optimizer loss metrics loss_weights weighted_metrics run_eagerly steps_per_execution jit_compile "
        "sample_weight_mode: target_tensors: distribute: experimental_steps_per_execution:"
    ),
    "Model.evaluate": Call(f"x y batch_size verbose sample_weight steps callbacks {_QUEUE} return_dict"),
    "Model.predict": Call(f"x batch_size verbose steps callbacks {_QUEUE}"),
    "Model.train_on_batch": Call("x y sample_weight class_weight reset_metrics: return_dict"),
    "Model.test_on_batch": Call("x y sample_weight reset_metrics: return_dict"),
    "Model.summary": Call("line_length positions print_fn expand_nested show_trainable layer_range"),
}
