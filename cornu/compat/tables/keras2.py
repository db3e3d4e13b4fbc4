"""Keras 2 (2017-19): what was called otherwise than today. Keras 2 took most of Keras 1's argument names, too."""

from __future__ import annotations

from cornu.compat.tables.rows import Call

_CONV = "activation use_bias kernel_initializer bias_initializer kernel_regularizer bias_regularizer "
_CONV += "activity_regularizer kernel_constraint bias_constraint"
_RECURRENT = "use_bias kernel_initializer recurrent_initializer bias_initializer {forget}kernel_regularizer "
_RECURRENT += "recurrent_regularizer bias_regularizer activity_regularizer kernel_constraint recurrent_constraint "
_RECURRENT += "bias_constraint dropout recurrent_dropout implementation: return_sequences return_state go_backwards "
_RECURRENT += "stateful unroll"
_CELL = _RECURRENT.partition("implementation:")[0].replace("activity_regularizer ", "") + "implementation:"
_QUEUE = "max_queue_size: workers: use_multiprocessing:"
_FIT_GENERATOR = "generator steps_per_epoch epochs verbose callbacks validation_data validation_steps "
_FIT_GENERATOR += "{freq}class_weight max_queue_size: workers: use_multiprocessing: shuffle initial_epoch"

_ROWS_AND_COLUMNS = {"kernel_size strides": "filters nb_row+nb_col:kernel_size"}
"""Keras 2 took `Conv2D(32, 3, 3)` for a kernel of 3 by 3, as Keras 1 had it."""

CALLS = {
    "layers.Dropout": Call("rate noise_shape seed"),
    "layers.Conv1D": Call(f"filters kernel_size strides padding data_format dilation_rate {_CONV}"),
    "layers.Conv2D": Call(
        f"filters kernel_size strides padding data_format dilation_rate {_CONV}", earlier=_ROWS_AND_COLUMNS
    ),
    "layers.Conv3D": Call(f"filters kernel_size strides padding data_format dilation_rate {_CONV}"),
    "layers.Conv2DTranspose": Call(f"filters kernel_size strides padding output_padding data_format {_CONV}"),
    "layers.Convolution2DTranspose": Call(target="layers.Conv2DTranspose"),
    "layers.Convolution1D": Call(
        f"filters kernel_size strides padding data_format dilation_rate {_CONV}", "layers.Conv1D"
    ),
    "layers.Convolution2D": Call(
        f"filters kernel_size strides padding data_format dilation_rate {_CONV}",
        "layers.Conv2D",
        earlier=_ROWS_AND_COLUMNS,
    ),
    "layers.Convolution3D": Call(
        f"filters kernel_size strides padding data_format dilation_rate {_CONV}", "layers.Conv3D"
    ),
    "layers.Deconv2D": Call(target="layers.Conv2DTranspose"),
    "layers.Deconvolution2D": Call(target="layers.Conv2DTranspose"),
    "layers.Deconv3D": Call(target="layers.Conv3DTranspose"),
    "layers.Deconvolution3D": Call(target="layers.Conv3DTranspose"),
    "layers.AtrousConv2D": Call(target="layers.Conv2D"),
    "layers.AtrousConv1D": Call(target="layers.Conv1D"),
    "layers.SeparableConvolution2D": Call(target="layers.SeparableConv2D"),
    "layers.SimpleRNN": Call(f"units activation {_RECURRENT.format(forget='')}"),
    "layers.LSTM": Call(
        f"units activation recurrent_activation {_RECURRENT.format(forget='unit_forget_bias ')}",
        defaults={"recurrent_activation": "hard_sigmoid"},
    ),
    "layers.GRU": Call(
        f"units activation recurrent_activation {_RECURRENT.format(forget='')} reset_after",
        defaults={"recurrent_activation": "hard_sigmoid", "reset_after": False},
    ),
    "layers.LSTMCell": Call(
        f"units activation recurrent_activation {_CELL.format(forget='unit_forget_bias ')}",
        defaults={"recurrent_activation": "hard_sigmoid"},
    ),
    "layers.GRUCell": Call(
        f"units activation recurrent_activation {_CELL.format(forget='')} reset_after",
        defaults={"recurrent_activation": "hard_sigmoid", "reset_after": False},
    ),
    "layers.ConvLSTM2D": Call(
        f"filters kernel_size strides padding data_format dilation_rate activation recurrent_activation "
        f"{_RECURRENT.format(forget='unit_forget_bias ').replace('implementation: ', '').replace('unroll', 'unroll:')}",
        defaults={"recurrent_activation": "hard_sigmoid"},
    ),
    "layers.Embedding": Call(
        "input_dim output_dim embeddings_initializer embeddings_regularizer activity_regularizer "
        "embeddings_constraint mask_zero input_length weights"
    ),
    "layers.LeakyReLU": Call("alpha:negative_slope", defaults={"negative_slope": 0.3}),
    "layers.Input": Call("shape batch_shape name dtype sparse tensor:"),
    "layers.InputLayer": Call(
        "input_shape:shape batch_size batch_input_shape:batch_shape dtype input_tensor: sparse name"
    ),
    "layers.BatchNormalization": Call(
        "axis momentum epsilon center scale beta_initializer gamma_initializer moving_mean_initializer "
        "moving_variance_initializer beta_regularizer gamma_regularizer beta_constraint gamma_constraint"
    ),
    "layers.GlobalMaxPool1D": Call(target="layers.GlobalMaxPooling1D"),
    "models.Model": Call("inputs outputs name"),
    "models.Sequential": Call("layers name"),
    "models.load_model": Call("filepath custom_objects compile"),
    "optimizers.SGD": Call("lr:learning_rate momentum decay nesterov"),
    "optimizers.RMSprop": Call("lr:learning_rate rho epsilon decay"),
    "optimizers.Adagrad": Call(
        "lr:learning_rate epsilon decay", defaults={"learning_rate": 0.01, "initial_accumulator_value": 0.0}
    ),
    "optimizers.Adadelta": Call("lr:learning_rate rho epsilon decay", defaults={"learning_rate": 1.0}),
    "optimizers.Adam": Call("lr:learning_rate beta_1 beta_2 epsilon decay amsgrad"),
    "optimizers.Adamax": Call("lr:learning_rate beta_1 beta_2 epsilon decay", defaults={"learning_rate": 0.002}),
    "optimizers.Nadam": Call(
        "lr:learning_rate beta_1 beta_2 epsilon schedule_decay", defaults={"learning_rate": 0.002}
    ),
    "callbacks.EarlyStopping": Call("monitor min_delta patience verbose mode baseline restore_best_weights"),
    "callbacks.ModelCheckpoint": Call("filepath monitor verbose save_best_only save_weights_only mode period"),
    "callbacks.ReduceLROnPlateau": Call(
        "monitor factor patience verbose mode min_delta cooldown min_lr epsilon:min_delta"
    ),
    "callbacks.TensorBoard": Call(
        "log_dir histogram_freq batch_size: write_graph write_grads: write_images embeddings_freq "
        "embeddings_layer_names: embeddings_metadata embeddings_data: update_freq"
    ),
    "regularizers.l1": Call("l:l1", "regularizers.L1"),
    "regularizers.l2": Call("l:l2", "regularizers.L2"),
    "regularizers.l1_l2": Call("l1 l2", "regularizers.L1L2", {"l1": 0.01, "l2": 0.01}),
    "constraints.max_norm": Call("max_value axis m:max_value", "constraints.MaxNorm"),
    "constraints.maxnorm": Call("max_value axis m:max_value", "constraints.MaxNorm"),
    "constraints.unit_norm": Call("axis", "constraints.UnitNorm"),
    "constraints.unitnorm": Call("axis", "constraints.UnitNorm"),
    "constraints.nonneg": Call("", "constraints.NonNeg"),
    "utils.to_categorical": Call("y:x num_classes dtype:"),
    "utils.multi_gpu_model": Call("model gpus cpu_merge cpu_relocation"),
    "utils.plot_model": Call("model to_file show_shapes show_layer_names rankdir expand_nested dpi"),
    "preprocessing.text.Tokenizer": Call("num_words filters lower split char_level oov_token document_count"),
    "preprocessing.text.text_to_word_sequence": Call("text:input_text filters lower split"),
    "preprocessing.text.one_hot": Call("text:input_text n filters lower split"),
    "preprocessing.image.load_img": Call("path grayscale:color_mode color_mode target_size interpolation"),
    "datasets.imdb.load_data": Call("path num_words skip_top maxlen seed start_char oov_char index_from"),
    "Model.fit": Call(
        "x y batch_size epochs verbose callbacks validation_split validation_data shuffle class_weight sample_weight "
        f"initial_epoch steps_per_epoch validation_steps validation_freq {_QUEUE}"
    ),
    **{
        f"{model}.compile": Call(
            "optimizer loss metrics loss_weights sample_weight_mode: weighted_metrics target_tensors:"
        )
        for model in ("Model", "Sequential")
    },
    "Model.evaluate": Call(f"x y batch_size verbose sample_weight steps callbacks {_QUEUE}"),
    "Model.predict": Call(f"x batch_size verbose steps callbacks {_QUEUE}", defaults={"verbose": 0}),
    "Model.train_on_batch": Call("x y sample_weight class_weight reset_metrics:"),
    "Model.test_on_batch": Call("x y sample_weight reset_metrics:"),
    "Model.fit_generator": Call(_FIT_GENERATOR.format(freq="")),
    "Model.evaluate_generator": Call(f"generator steps callbacks {_QUEUE} verbose"),
    "Model.predict_generator": Call(f"generator steps callbacks {_QUEUE} verbose"),
    "Model.summary": Call("line_length positions print_fn"),
}
