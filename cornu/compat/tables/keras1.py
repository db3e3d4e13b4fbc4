"""Keras 1 (2015-16): what its classes and functions were called, and how they were called."""

from __future__ import annotations

from cornu.compat.tables.rows import Call

_KERNEL = "W_regularizer:kernel_regularizer b_regularizer:bias_regularizer activity_regularizer "
_KERNEL += "W_constraint:kernel_constraint b_constraint:bias_constraint bias:use_bias"
_RECURRENT = "W_regularizer:kernel_regularizer U_regularizer:recurrent_regularizer b_regularizer:bias_regularizer "
_RECURRENT += "dropout_W:dropout dropout_U:recurrent_dropout weights return_sequences go_backwards stateful unroll "
_RECURRENT += "consume_less: input_dim input_length"
_STATE = "init:kernel_initializer inner_init:recurrent_initializer"
_LINEAR = "init:kernel_initializer activation weights"
_POOL = "border_mode:padding dim_ordering:data_format"
_POOL1D = "pool_length:pool_size stride:strides border_mode:padding"

_FROM_TO = {"init": "input_dim output_dim:units"}
"""The sizes that layers took in 2015 before they found those of their inputs themselves."""

CALLS = {
    # layers: core
    "layers.Dense": Call(f"output_dim:units {_LINEAR} {_KERNEL} input_dim", earlier=_FROM_TO),
    "layers.TimeDistributedDense": Call(
        f"output_dim:units {_LINEAR} {_KERNEL} input_dim input_length", earlier=_FROM_TO
    ),
    "layers.MaxoutDense": Call(
        f"output_dim:units nb_feature init:kernel_initializer weights {_KERNEL} input_dim",
        earlier={"init": "input_dim output_dim:units nb_feature"},
    ),
    "layers.Highway": Call(f"init:kernel_initializer activation weights {_KERNEL} input_dim transform_bias"),
    "layers.Dropout": Call("p:rate noise_shape seed"),
    "layers.SpatialDropout1D": Call("p:rate"),
    "layers.SpatialDropout2D": Call("p:rate dim_ordering:data_format"),
    "layers.SpatialDropout3D": Call("p:rate dim_ordering:data_format"),
    "layers.GaussianDropout": Call("p:rate"),
    "layers.GaussianNoise": Call("sigma:stddev"),
    "layers.Permute": Call("dims"),
    "layers.Lambda": Call("function output_shape mask arguments"),
    "layers.ActivityRegularization": Call("l1 l2"),
    "layers.Masking": Call("mask_value"),
    "layers.Input": Call("shape batch_shape name dtype sparse tensor:"),
    "layers.InputLayer": Call("input_shape:shape batch_input_shape:batch_shape input_dtype:dtype input_tensor: name"),
    # layers: convolution and pooling
    "layers.Convolution1D": Call(
        f"nb_filter:filters filter_length:kernel_size {_LINEAR} border_mode:padding subsample_length:strides "
        f"{_KERNEL} input_dim input_length",
        "layers.Conv1D",
        earlier={"init": "input_dim nb_filter:filters filter_length:kernel_size"},
    ),
    "layers.AtrousConvolution1D": Call(
        f"nb_filter:filters filter_length:kernel_size {_LINEAR} border_mode:padding subsample_length:strides "
        f"atrous_rate:dilation_rate {_KERNEL}",
        "layers.Conv1D",
    ),
    "layers.Convolution2D": Call(
        f"nb_filter:filters nb_row+nb_col:kernel_size {_LINEAR} border_mode:padding subsample:strides "
        f"dim_ordering:data_format {_KERNEL} stack_size:",
        "layers.Conv2D",
        earlier={"init": "nb_filter:filters stack_size: nb_row+nb_col:kernel_size"},
    ),
    "layers.AtrousConvolution2D": Call(
        f"nb_filter:filters nb_row+nb_col:kernel_size {_LINEAR} border_mode:padding subsample:strides "
        f"atrous_rate:dilation_rate dim_ordering:data_format {_KERNEL}",
        "layers.Conv2D",
    ),
    "layers.SeparableConvolution2D": Call(
        "nb_filter:filters nb_row+nb_col:kernel_size init:depthwise_initializer activation weights "
        "border_mode:padding subsample:strides depth_multiplier dim_ordering:data_format depthwise_regularizer "
        "pointwise_regularizer b_regularizer:bias_regularizer activity_regularizer depthwise_constraint "
        "pointwise_constraint b_constraint:bias_constraint bias:use_bias",
        "layers.SeparableConv2D",
    ),
    "layers.Deconvolution2D": Call(
        f"nb_filter:filters nb_row+nb_col:kernel_size output_shape: {_LINEAR} border_mode:padding subsample:strides "
        f"dim_ordering:data_format {_KERNEL}",
        "layers.Conv2DTranspose",
    ),
    "layers.Convolution3D": Call(
        f"nb_filter:filters kernel_dim1+kernel_dim2+kernel_dim3:kernel_size {_LINEAR} border_mode:padding "
        f"subsample:strides dim_ordering:data_format {_KERNEL}",
        "layers.Conv3D",
    ),
    "layers.LocallyConnected1D": Call(
        f"nb_filter:filters filter_length:kernel_size {_LINEAR} border_mode:padding subsample_length:strides "
        f"{_KERNEL} input_dim input_length"
    ),
    "layers.LocallyConnected2D": Call(
        f"nb_filter:filters nb_row+nb_col:kernel_size {_LINEAR} border_mode:padding subsample:strides "
        f"dim_ordering:data_format {_KERNEL}"
    ),
    "layers.MaxPooling1D": Call(_POOL1D),
    "layers.AveragePooling1D": Call(_POOL1D),
    "layers.MaxPooling2D": Call(f"pool_size strides {_POOL}"),
    "layers.AveragePooling2D": Call(f"pool_size strides {_POOL}"),
    "layers.MaxPooling3D": Call(f"pool_size strides {_POOL}"),
    "layers.AveragePooling3D": Call(f"pool_size strides {_POOL}"),
    "layers.GlobalMaxPooling2D": Call("dim_ordering:data_format"),
    "layers.GlobalAveragePooling2D": Call("dim_ordering:data_format"),
    "layers.GlobalMaxPooling3D": Call("dim_ordering:data_format"),
    "layers.GlobalAveragePooling3D": Call("dim_ordering:data_format"),
    "layers.UpSampling1D": Call("length:size"),
    "layers.UpSampling2D": Call("size dim_ordering:data_format"),
    "layers.UpSampling3D": Call("size dim_ordering:data_format"),
    "layers.ZeroPadding1D": Call("padding"),
    "layers.ZeroPadding2D": Call("padding dim_ordering:data_format"),
    "layers.ZeroPadding3D": Call("padding dim_ordering:data_format"),
    "layers.Cropping2D": Call("cropping dim_ordering:data_format"),
    "layers.Cropping3D": Call("cropping dim_ordering:data_format"),
    # layers: recurrent
    "layers.SimpleRNN": Call(f"output_dim:units {_STATE} activation {_RECURRENT}", earlier=_FROM_TO),
    "layers.LSTM": Call(
        f"output_dim:units {_STATE} forget_bias_init:unit_forget_bias activation inner_activation:recurrent_activation "
        f"{_RECURRENT}",
        defaults={"recurrent_activation": "hard_sigmoid"},
        earlier=_FROM_TO,
    ),
    "layers.GRU": Call(
        f"output_dim:units {_STATE} activation inner_activation:recurrent_activation {_RECURRENT}",
        defaults={"recurrent_activation": "hard_sigmoid", "reset_after": False},
        earlier=_FROM_TO,
    ),
    "layers.ConvLSTM2D": Call(
        f"nb_filter:filters nb_row+nb_col:kernel_size {_STATE} forget_bias_init:unit_forget_bias activation "
        "inner_activation:recurrent_activation dim_ordering:data_format border_mode:padding subsample:strides "
        f"{_RECURRENT.replace('unroll', 'unroll:')}",
        defaults={"recurrent_activation": "hard_sigmoid"},
    ),
    "layers.Bidirectional": Call("layer merge_mode weights"),
    "layers.TimeDistributed": Call("layer"),
    # layers: the others
    "layers.Embedding": Call(
        "input_dim output_dim init:embeddings_initializer input_length W_regularizer:embeddings_regularizer "
        "activity_regularizer W_constraint:embeddings_constraint mask_zero weights dropout"
    ),
    "layers.BatchNormalization": Call(
        "epsilon mode axis momentum weights beta_init:beta_initializer gamma_init:gamma_initializer "
        "gamma_regularizer beta_regularizer",
        earlier={"epsilon": "input_shape epsilon mode"},
    ),
    "layers.LeakyReLU": Call("alpha:negative_slope", defaults={"negative_slope": 0.3}),
    "layers.PReLU": Call(
        "init:alpha_initializer weights shared_axes", earlier={"init": "input_shape init:alpha_initializer"}
    ),
    "layers.ELU": Call("alpha"),
    "layers.ParametricSoftplus": Call("alpha_init:alpha_initializer beta_init:beta_initializer weights shared_axes"),
    "layers.ThresholdedReLU": Call("theta"),
    "layers.SReLU": Call(
        "t_left_init:t_left_initializer a_left_init:a_left_initializer t_right_init:t_right_initializer "
        "a_right_init:a_right_initializer weights shared_axes"
    ),
    # models
    "models.Model": Call("input:inputs output:outputs name"),
    "models.Sequential": Call("layers name"),
    "models.load_model": Call("filepath custom_objects"),
    # optimizers
    "optimizers.SGD": Call("lr:learning_rate momentum decay nesterov", defaults={"learning_rate": 0.01}),
    "optimizers.RMSprop": Call("lr:learning_rate rho epsilon decay", defaults={"epsilon": 1e-8}),
    "optimizers.Adagrad": Call(
        "lr:learning_rate epsilon decay",
        defaults={"learning_rate": 0.01, "epsilon": 1e-8, "initial_accumulator_value": 0.0},
    ),
    "optimizers.Adadelta": Call("lr:learning_rate rho epsilon decay", defaults={"learning_rate": 1.0, "epsilon": 1e-8}),
    "optimizers.Adam": Call("lr:learning_rate beta_1 beta_2 epsilon decay", defaults={"epsilon": 1e-8}),
    "optimizers.Adamax": Call(
        "lr:learning_rate beta_1 beta_2 epsilon decay", defaults={"learning_rate": 0.002, "epsilon": 1e-8}
    ),
    "optimizers.Nadam": Call(
        "lr:learning_rate beta_1 beta_2 epsilon schedule_decay", defaults={"learning_rate": 0.002, "epsilon": 1e-8}
    ),
    # callbacks
    "callbacks.EarlyStopping": Call("monitor patience verbose mode"),
    "callbacks.ModelCheckpoint": Call("filepath monitor verbose save_best_only save_weights_only mode period"),
    "callbacks.LearningRateScheduler": Call("schedule"),
    "callbacks.ReduceLROnPlateau": Call(
        "monitor factor patience verbose mode epsilon:min_delta cooldown min_lr", defaults={"min_delta": 1e-4}
    ),
    "callbacks.TensorBoard": Call("log_dir histogram_freq write_graph write_images"),
    # regularizers and constraints
    "regularizers.l1": Call("l:l1", "regularizers.L1"),
    "regularizers.l2": Call("l:l2", "regularizers.L2"),
    "regularizers.l1l2": Call("l1 l2", "regularizers.L1L2", {"l1": 0.01, "l2": 0.01}),
    "regularizers.activity_l1": Call("l:l1", "regularizers.L1"),
    "regularizers.activity_l2": Call("l:l2", "regularizers.L2"),
    "regularizers.activity_l1l2": Call("l1 l2", "regularizers.L1L2", {"l1": 0.01, "l2": 0.01}),
    "constraints.maxnorm": Call("m:max_value axis", "constraints.MaxNorm"),
    "constraints.unitnorm": Call("axis", "constraints.UnitNorm"),
    # functions
    "utils.to_categorical": Call("y:x nb_classes:num_classes"),
    "preprocessing.sequence.pad_sequences": Call("sequences maxlen dtype padding truncating value"),
    "preprocessing.text.Tokenizer": Call("nb_words:num_words filters lower split char_level"),
    "preprocessing.text.text_to_word_sequence": Call("text:input_text filters lower split"),
    "preprocessing.text.one_hot": Call("text:input_text n filters lower split"),
    "preprocessing.image.ImageDataGenerator": Call(
        "featurewise_center samplewise_center featurewise_std_normalization samplewise_std_normalization zca_whitening "
        "rotation_range width_shift_range height_shift_range shear_range zoom_range channel_shift_range fill_mode cval "
        "horizontal_flip vertical_flip rescale preprocessing_function dim_ordering:data_format"
    ),
    "preprocessing.image.load_img": Call("path grayscale:color_mode target_size"),
    "preprocessing.image.img_to_array": Call("img dim_ordering:data_format"),
    "preprocessing.image.array_to_img": Call("x dim_ordering:data_format scale"),
    "datasets.imdb.load_data": Call(
        "path nb_words:num_words skip_top maxlen seed start_char oov_char index_from test_split:"
    ),
    "datasets.reuters.load_data": Call(
        "path nb_words:num_words skip_top maxlen test_split seed start_char oov_char index_from"
    ),
    "utils.plot_model": Call("model to_file show_shapes show_layer_names"),
    # methods
    "Model.fit": Call(
        "x y batch_size nb_epoch:epochs verbose callbacks validation_split validation_data shuffle class_weight "
        "sample_weight initial_epoch show_accuracy",
        defaults={"epochs": 10},
    ),
    "Model.predict": Call("x batch_size verbose", defaults={"verbose": 0}),
    "Model.compile": Call("optimizer loss metrics loss_weights sample_weight_mode: class_mode: theano_mode:"),
    "Model.evaluate": Call("x y batch_size verbose sample_weight show_accuracy"),
    "Model.train_on_batch": Call("x y class_weight sample_weight accuracy"),
    "Model.test_on_batch": Call("x y sample_weight accuracy"),
    "Sequential.compile": Call("optimizer loss metrics sample_weight_mode: class_mode: theano_mode:"),
    "Model.fit_generator": Call(
        "generator samples_per_epoch nb_epoch:epochs verbose callbacks validation_data nb_val_samples class_weight "
        "max_q_size: nb_worker: pickle_safe: initial_epoch show_accuracy nb_val_worker:"
    ),
    "Model.evaluate_generator": Call("generator val_samples max_q_size: nb_worker: pickle_safe: show_accuracy:"),
    "Model.predict_generator": Call("generator val_samples max_q_size: nb_worker: pickle_safe:"),
}
"""By name of the era, with the modern name of the family before the dot."""
