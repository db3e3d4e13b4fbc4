"""Twelve small models that between them hold every layer, to be trained on every engine.

Each entry of `MODELS` gives the layers' model, what to compile it with, and data. `train` gives everything that is
compared: initial weights, the losses of the steps one by one, what evaluate and predict give after them.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

import cornu
from cornu import constraints, layers, losses, metrics, optimizers, regularizers
from cornu.optimizers import schedules

BATCH, SAMPLES, EPOCHS = 8, 36, 10
"""Ten epochs of four batches and one of half the size: 50 steps."""


class Setting(NamedTuple):
    """A model that is not compiled yet, the arguments of compile, inputs and targets."""

    model: Any
    arguments: dict
    x: Any
    y: Any


class Trained(NamedTuple):
    """What training gave."""

    initial: list[np.ndarray]
    losses: list[float]
    evaluated: list[float]
    predicted: list[np.ndarray]


MODELS: dict[str, Callable[[], Setting]] = {}


def model(build: Callable[[], Setting]) -> Callable[[], Setting]:
    MODELS[build.__name__] = build
    return build


def numbers(*shape: int, seed: int = 0, low: float = -1.0, high: float = 1.0) -> np.ndarray:
    return np.random.default_rng([seed, *shape]).uniform(low, high, (SAMPLES, *shape)).astype(cornu.config.floatx())


def classes(count: int, *shape: int, seed: int = 0, least: int = 0) -> np.ndarray:
    return np.random.default_rng([seed, count]).integers(least, count, (SAMPLES, *shape)).astype("int32")


def one_hot(count: int) -> np.ndarray:
    return np.eye(count, dtype=cornu.config.floatx())[classes(count)]


def chain(*parts: Any, shape: tuple, dtype: str | None = None) -> Any:
    """A model of layers one after the other."""
    return cornu.Sequential([cornu.Input(shape, dtype=dtype), *parts])


@model
def dense() -> Setting:
    parts = [
        layers.Dense(16, activation="relu", kernel_regularizer=regularizers.L2(1e-3)),
        layers.Dropout(0.3),
        layers.Dense(8, activation="gelu", kernel_constraint=constraints.MaxNorm(1.5)),
        layers.BatchNormalization(),
        layers.Dense(3),
        layers.Activation("softmax"),
    ]
    arguments = {"optimizer": "adam", "loss": "sparse_categorical_crossentropy", "metrics": ["accuracy"]}
    return Setting(chain(*parts, shape=(6,)), arguments, numbers(6), classes(3))


@model
def images() -> Setting:
    """Two-dimensional convolutions and pooling."""
    parts = [
        layers.ZeroPadding2D(1),
        layers.Conv2D(4, 3, strides=2, activation="relu"),
        layers.BatchNormalization(),
        layers.MaxPooling2D(2, padding="same"),
        layers.SeparableConv2D(6, 3, padding="same", depth_multiplier=2, activation="swish"),
        layers.SpatialDropout2D(0.2),
        layers.DepthwiseConv2D(2, dilation_rate=2, padding="same"),
        layers.GroupNormalization(3),
        layers.Conv2D(6, (1, 3), groups=2, padding="same", kernel_constraint=constraints.UnitNorm(axis=(0, 1, 2))),
        layers.AveragePooling2D(2, strides=1),
        layers.GlobalAveragePooling2D(),
        layers.Dense(3, activation="softmax", kernel_regularizer=regularizers.L1L2(1e-4, 1e-3)),
    ]
    arguments = {
        "optimizer": optimizers.SGD(1e-2, momentum=0.9, nesterov=True, clipnorm=1.0),
        "loss": losses.CategoricalFocalCrossentropy(label_smoothing=0.1),
        "metrics": ["accuracy", metrics.F1Score(average="macro"), metrics.TopKCategoricalAccuracy(2)],
    }
    return Setting(chain(*parts, shape=(11, 10, 2)), arguments, numbers(11, 10, 2), one_hot(3))


@model
def autoencoder() -> Setting:
    """Down to a few numbers, and up again."""
    parts = [
        layers.Conv2D(4, 3, strides=2, padding="same"),
        layers.PReLU(shared_axes=[1, 2]),
        layers.AdaptiveAveragePooling2D(3),
        layers.AdaptiveMaxPooling2D((2, 3)),
        layers.UpSampling2D(2, interpolation="bilinear"),
        layers.Conv2DTranspose(3, 3, strides=(2, 1), padding="same", activation="elu"),
        layers.Cropping2D(((1, 1), (0, 0))),
        layers.UpSampling2D((1, 2)),
        layers.Conv2D(2, 1),
        layers.GlobalMaxPooling2D(keepdims=True),
        layers.Flatten(),
        layers.Dense(32, activation="sigmoid"),
        layers.Reshape((4, 4, 2)),
    ]
    arguments = {
        "optimizer": optimizers.Lion(1e-4),
        "loss": losses.BinaryCrossentropy(),
        "metrics": [metrics.MeanSquaredError(), metrics.RootMeanSquaredError()],
    }
    x = numbers(8, 8, 2, low=0.0)
    return Setting(chain(*parts, shape=(8, 8, 2)), arguments, x, x[:, ::2, ::2].copy())


@model
def signals() -> Setting:
    """One-dimensional convolutions and pooling."""
    inputs = cornu.Input((12, 3))
    x = layers.ZeroPadding1D(1)(inputs)
    x = layers.Conv1D(4, 3, padding="causal", dilation_rate=2, activation="tanh")(x)
    x = layers.MaxPooling1D(2)(layers.SpatialDropout1D(0.2)(x))
    x = layers.SeparableConv1D(4, 2, activation="leaky_relu")(x)
    x = layers.UpSampling1D(2)(layers.AveragePooling1D(2, padding="same")(x))
    x = layers.Conv1DTranspose(4, 3, strides=2, activation="selu")(layers.DepthwiseConv1D(2)(x))
    x = layers.Cropping1D((1, 2))(x)
    found = [
        layers.GlobalAveragePooling1D()(x),
        layers.GlobalMaxPooling1D()(x),
        layers.Flatten()(layers.AdaptiveAveragePooling1D(3)(x)),
        layers.Flatten()(layers.AdaptiveMaxPooling1D(2)(layers.Permute((2, 1))(x))),
    ]
    outputs = layers.Dense(1)(layers.Concatenate()(found))
    arguments = {
        "optimizer": optimizers.RMSprop(1e-3, momentum=0.5, centered=True),
        "loss": losses.Huber(),
        "metrics": ["mae", metrics.R2Score(), metrics.CosineSimilarity()],
    }
    return Setting(cornu.Model(inputs, outputs), arguments, numbers(12, 3), numbers(1, seed=2))


@model
def volumes() -> Setting:
    """Three-dimensional convolutions and pooling."""
    inputs = cornu.Input((5, 6, 5, 2))
    x = layers.Conv3D(3, 2, activation="softplus")(layers.ZeroPadding3D((0, 1, 0))(inputs))
    x = layers.MaxPooling3D((1, 2, 2))(layers.SpatialDropout3D(0.2)(x))
    x = layers.Conv3DTranspose(3, 2, strides=(1, 2, 1), activation="relu")(x)
    x = layers.Cropping3D((1, 0, (0, 1)))(layers.UpSampling3D((1, 1, 2))(x))
    x = layers.AveragePooling3D((1, 2, 1))(x)
    found = [
        layers.GlobalAveragePooling3D()(x),
        layers.GlobalMaxPooling3D()(x),
        layers.Flatten()(layers.AdaptiveAveragePooling3D((1, 2, 2))(x)),
        layers.Flatten()(layers.AdaptiveMaxPooling3D((2, 1, 1))(x)),
    ]
    outputs = layers.Dense(2, activation="sigmoid")(layers.Concatenate()(found))
    arguments = {
        "optimizer": optimizers.Nadam(1e-3),
        "loss": losses.Tversky(),
        "metrics": [metrics.BinaryAccuracy(), metrics.Precision(), metrics.Recall()],
    }
    return Setting(cornu.Model(inputs, outputs), arguments, numbers(5, 6, 5, 2), one_hot(2))


@model
def video() -> Setting:
    """Convolutions in the steps of recurrent layers, of every rank."""
    inputs = cornu.Input((3, 4, 4, 4, 1))
    x = layers.ConvLSTM3D(2, 2, padding="same", return_sequences=True, dropout=0.2)(inputs)
    x = layers.TimeDistributed(layers.MaxPooling3D((1, 1, 2)))(x)
    x = layers.Reshape((3, 4, 8, 2))(layers.Permute((1, 2, 3, 4, 5))(x))
    x = layers.ConvLSTM2D(3, (2, 3), strides=2, return_sequences=True, recurrent_dropout=0.2)(x)
    x = layers.Reshape((3, -1, 3))(x)
    x = layers.ConvLSTM1D(2, 2, go_backwards=True)(x)
    outputs = layers.Dense(3)(layers.Flatten()(x))
    arguments = {
        "optimizer": optimizers.Adamax(1e-3),
        "loss": losses.SparseCategoricalCrossentropy(from_logits=True),
        "metrics": [metrics.SparseCategoricalAccuracy()],
    }
    return Setting(cornu.Model(inputs, outputs), arguments, numbers(3, 4, 4, 4, 1), classes(3))


@model
def sequences() -> Setting:
    """Recurrent layers on words of which some are masked."""
    words = classes(12, 7)
    words[::2, 5:] = 0
    words[1::3, :2] = 0
    parts = [
        layers.Embedding(12, 5, mask_zero=True),
        layers.Bidirectional(layers.LSTM(4, return_sequences=True, recurrent_dropout=0.1)),
        layers.GRU(5, return_sequences=True, dropout=0.2, reset_after=True),
        layers.TimeDistributed(layers.Dense(4, activation="tanh")),
        layers.SimpleRNN(6),
        layers.Dense(1, activation="sigmoid"),
    ]
    arguments = {
        "optimizer": optimizers.RMSprop(1e-3),
        "loss": "binary_crossentropy",
        "metrics": ["accuracy", metrics.AUC(num_thresholds=20)],
    }
    y = (words.sum(1, keepdims=True) % 2).astype("float32")
    return Setting(chain(*parts, shape=(7,), dtype="int32"), arguments, words, y)


@model
def cells() -> Setting:
    """Recurrent layers made of cells, on rows of which some are masked, up to CTC."""
    x = numbers(8, 3)
    x[::3, 6:] = 0.0
    parts = [
        layers.Masking(),
        layers.RNN(
            layers.StackedRNNCells([layers.LSTMCell(4, dropout=0.1), layers.GRUCell(3, reset_after=False)]),
            return_sequences=True,
        ),
        layers.RNN(layers.SimpleRNNCell(4, recurrent_dropout=0.2), go_backwards=True),
        layers.RepeatVector(6),
        layers.GRU(4, return_sequences=True),
        layers.Dense(5, activity_regularizer=regularizers.L2(1e-3)),
    ]
    arguments = {"optimizer": optimizers.Ftrl(1e-2), "loss": losses.CTC()}
    return Setting(chain(*parts, shape=(8, 3)), arguments, x, classes(5, 2, least=1))


@model
def transformer() -> Setting:
    """Attention of many heads, causal, with tied weights of the words."""
    inputs = cornu.Input((6,), dtype="int32")
    embedding = layers.ReversibleEmbedding(11, 8, mask_zero=True)
    x = embedding(inputs)
    x = x + layers.MultiHeadAttention(2, 4, dropout=0.1)(x, x, use_causal_mask=True)
    x = layers.LayerNormalization()(x)
    x = x + layers.GroupQueryAttention(4, 4, 2)(x, x, use_causal_mask=True)
    x = layers.RMSNormalization()(x)
    x = x + layers.EinsumDense("btf,fd->btd", (6, 8))(layers.EinsumDense("btd,df->btf", (6, 12), "gelu", "f")(x))
    outputs = layers.Softmax()(embedding(x, reverse=True))
    rate = schedules.CosineDecay(1e-3, 50, warmup_target=2e-3, warmup_steps=5)
    arguments = {
        "optimizer": optimizers.AdamW(rate, weight_decay=1e-2, global_clipnorm=1.0, use_ema=True),
        "loss": "sparse_categorical_crossentropy",
        "metrics": [metrics.SparseTopKCategoricalAccuracy(3)],
    }
    words = classes(11, 6)
    words[::2, 4:] = 0
    return Setting(cornu.Model(inputs, outputs), arguments, words, classes(11, 6, seed=5))


@model
def merging() -> Setting:
    """Two inputs and two outputs, with everything that joins tensors."""
    first, second = cornu.Input((5, 4)), cornu.Input((5, 4))
    attended = layers.Attention(use_scale=True, dropout=0.1)([first, second])
    summed = layers.AdditiveAttention()([second, first])
    x = layers.Add()([first, attended, summed])
    y = layers.Multiply()([layers.Maximum()([first, second]), layers.Minimum()([attended, second])])
    x = layers.Average()([layers.ReLU(max_value=6.0)(x), layers.LeakyReLU()(y), layers.ELU()(second)])
    x = layers.Subtract()([layers.Identity()(x), layers.Lambda(lambda v: v * 0.5)(y)])
    x = layers.ActivityRegularization(l1=1e-3, l2=1e-3)(layers.UnitNormalization()(x))
    near = layers.Dot(axes=2, normalize=True)([x, second])
    flat = layers.Concatenate()([layers.Flatten()(near), layers.Flatten()(x)])
    outputs = {
        "kind": layers.Dense(3, activation="softmax", kernel_constraint=constraints.NonNeg(), name="kind")(flat),
        "size": layers.Dense(2, kernel_regularizer=regularizers.OrthogonalRegularizer(0.01), name="size")(flat),
    }
    arguments = {
        "optimizer": optimizers.Adagrad(1e-2),
        "loss": {"kind": losses.KLDivergence(), "size": losses.LogCosh()},
        "loss_weights": {"kind": 1.0, "size": 0.5},
        "metrics": {"kind": [metrics.CategoricalAccuracy(), metrics.MeanIoU(3, sparse_y_true=False,
                                                                           sparse_y_pred=False)],
                    "size": [metrics.PearsonCorrelation()]},
    }  # fmt: skip
    targets = {"kind": one_hot(3), "size": numbers(2, seed=3)}
    return Setting(cornu.Model([first, second], outputs), arguments, [numbers(5, 4), numbers(5, 4, seed=1)], targets)


UNIT = {"value_range": (0, 1)}


@model
def augmentation() -> Setting:
    """Everything that changes images at random, each in training."""
    inputs = cornu.Input((10, 9, 3))
    shapes = [
        layers.RandomFlip(),
        layers.RandomRotation(0.1),
        layers.RandomTranslation(0.1, 0.1, fill_mode="nearest"),
        layers.RandomZoom(0.2),
        layers.RandomShear(0.1, 0.1),
        layers.RandomPerspective(0.5, 0.2),
        layers.RandomElasticTransform(0.5, **UNIT),
        layers.RandomCrop(8, 8),
    ]
    colors = [
        layers.RandomBrightness(0.1, **UNIT),
        layers.RandomContrast(0.2),
        layers.RandomHue(0.1, **UNIT),
        layers.RandomSaturation(0.2, **UNIT),
        layers.RandomSharpness(0.2, **UNIT),
        layers.RandomColorDegeneration(0.3, **UNIT),
        layers.RandomGrayscale(0.3),
        layers.RandomInvert(0.2, **UNIT),
        layers.RandomGaussianBlur(0.5, **UNIT),
        layers.RandomColorJitter((0, 1), 0.1, 0.1, 0.1, 0.1),
        layers.RandomPosterization(6, **UNIT),
        layers.Solarization(0.1, 0.1, **UNIT),
    ]
    several = [
        layers.RandomErasing(0.5, **UNIT),
        layers.RandAugment((0, 1), 1, 0.2),
        layers.AugMix((0, 1), 1, 1, 0.2),
        layers.MixUp(),
        layers.CutMix(0.5),
    ]
    x = layers.Pipeline(shapes)(inputs)
    x = layers.Pipeline(colors)(x)
    for part in several:
        x = part(x)
    x = layers.GlobalAveragePooling2D()(layers.Conv2D(4, 3, activation="relu")(x))
    outputs = layers.Dense(2, activation="softmax")(x)
    arguments = {"optimizer": optimizers.Adam(1e-3, amsgrad=True), "loss": losses.CategoricalHinge()}
    return Setting(cornu.Model(inputs, outputs), arguments, numbers(10, 9, 3, low=0.0), one_hot(2))


@model
def features() -> Setting:
    """Columns of a table, and a small picture: what is computed before the first weights, and noise after it."""
    number, word, other = cornu.Input((3,)), cornu.Input((1,), dtype="int32"), cornu.Input((1,), dtype="int32")
    picture = cornu.Input((6, 7, 1))
    scaled = layers.Normalization(mean=[0.1, 0.2, 0.3], variance=[0.5, 0.6, 0.7])(number)
    bins = layers.Discretization([-0.5, 0.0, 0.5], output_mode="count")(number)
    known = layers.IntegerLookup(vocabulary=[2, 4, 6], output_mode="one_hot")(word)
    hashed = layers.CategoryEncoding(5, output_mode="one_hot")(layers.Hashing(5)(other))
    crossed = layers.HashedCrossing(4, output_mode="one_hot")([word, other])
    even = layers.AutoContrast()(layers.Equalization()(layers.Rescaling(127.5, offset=127.5)(picture)))
    pixels = layers.Rescaling(1 / 255)(layers.Flatten()(layers.Resizing(4, 4)(layers.CenterCrop(5, 5)(even))))
    x = layers.Concatenate()([scaled, bins, known, hashed, crossed, pixels])
    x = layers.SpectralNormalization(layers.Dense(8, activation="mish"))(layers.GaussianNoise(0.1)(x))
    x = layers.Dense(8, activation="selu", kernel_constraint=constraints.MinMaxNorm(0.1, 2.0))(
        layers.AlphaDropout(0.1)(x)
    )
    outputs = layers.Dense(1)(layers.GaussianDropout(0.1)(x))
    arguments = {
        "optimizer": optimizers.Lamb(1e-3),
        "loss": losses.MeanSquaredError(),
        "metrics": [metrics.MeanAbsoluteError(), metrics.ConcordanceCorrelation()],
    }
    pictures = numbers(6, 7, 1, low=-0.9)
    pictures.reshape(SAMPLES, -1)[:, :10] = -1.0  # the others are 32: their levels are exact, no half is rounded
    x = [numbers(3), classes(8, 1), classes(9, 1, seed=1), pictures]
    return Setting(cornu.Model([number, word, other, picture], outputs), arguments, x, numbers(1, seed=7))


# --- training -----------------------------------------------------------------------------------------------------


class StepLosses(cornu.callbacks.Callback):
    """The loss of every step, out of the logs' running means."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[float] = []
        self._total = self._samples = 0.0

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self._total = self._samples = 0.0

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        size = min(BATCH, SAMPLES - BATCH * batch)
        total = logs["loss"] * (self._samples + size)
        self.found.append((total - self._total) / size)
        self._total, self._samples = total, self._samples + size


def leaves(nested: Any) -> list[np.ndarray]:
    return [np.asarray(array) for array in cornu.tree.flatten(nested)]


def train(name: str, engine: str, epochs: int = EPOCHS) -> Trained:
    """A model trained from the same seed."""
    cornu.utils.set_random_seed(11)
    built, arguments, x, y = MODELS[name]()
    built.compile(**arguments, engine=engine)
    initial = [np.array(weight) for weight in built.get_weights()]
    steps = StepLosses()
    built.fit(x, y, batch_size=BATCH, epochs=epochs, callbacks=[steps], verbose=0)
    evaluated = built.evaluate(x, y, batch_size=BATCH, verbose=0)
    predicted = leaves(built.predict(x, batch_size=BATCH, verbose=0))
    return Trained(initial, steps.found, [float(value) for value in np.ravel(evaluated)], predicted)


def main(names: list[str], engines: list[str]) -> None:
    """Prints, as JSON, what training in 64 bits gives: {model: {engine: [losses, evaluated, predicted]}}."""
    import jax

    jax.config.update("jax_enable_x64", True)
    cornu.config.set_floatx("float64")
    found: dict[str, dict] = {}
    for name in names:
        for engine in engines:
            result = train(name, engine)
            predicted = [array.tolist() for array in result.predicted]
            found.setdefault(name, {})[engine] = [result.losses, result.evaluated, predicted]
    print(json.dumps(found))


if __name__ == "__main__":
    main(*(argument.split(",") for argument in sys.argv[1:]))
