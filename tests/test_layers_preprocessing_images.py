"""Layers of images against Keras: what they do for given draws, and how the draws are distributed."""

from __future__ import annotations

import numpy as np
import pytest

import cornu
from cornu import layers

pytestmark = pytest.mark.slow  # every case is a program that XLA compiles

RANDOM = np.random.default_rng(0)
SMOOTH = np.clip(np.add.outer(np.linspace(20, 120, 8), np.linspace(0, 90, 6))[None, :, :, None], 0, 255)
IMAGES = np.clip(SMOOTH * [1.0, 0.7, 0.4] + RANDOM.uniform(0, 30, (4, 8, 6, 3)), 0, 255).astype("float32")


def keras_layer(name: str, kwargs: dict):
    import keras

    return getattr(keras.layers, name)(**kwargs)


def both(name: str, kwargs: dict, images: np.ndarray, training: bool = True) -> tuple[np.ndarray, np.ndarray]:
    """The results of cornu and of Keras."""
    ours = getattr(layers, name)(**kwargs)(images, training=training)
    return np.asarray(ours), np.asarray(keras_layer(name, kwargs)(images, training=training))


UNIT = {"value_range": (0, 1)}
FIXED = [
    ("Resizing", {"height": 5, "width": 7}, IMAGES),
    ("Resizing", {"height": 5, "width": 5, "crop_to_aspect_ratio": True}, IMAGES),
    ("Resizing", {"height": 5, "width": 5, "pad_to_aspect_ratio": True, "fill_value": 3.0}, IMAGES),
    ("Resizing", {"height": 4, "width": 3, "antialias": True, "interpolation": "bicubic"}, IMAGES),
    ("Resizing", {"height": 4, "width": 9, "interpolation": "nearest"}, IMAGES.astype("uint8")),
    ("Resizing", {"height": 4, "width": 9, "data_format": "channels_first"}, IMAGES.transpose(0, 3, 1, 2)),
    ("CenterCrop", {"height": 3, "width": 4}, IMAGES),
    ("CenterCrop", {"height": 3, "width": 3}, IMAGES[0]),
    ("CenterCrop", {"height": 10, "width": 5}, IMAGES),
    ("RandomRotation", {"factor": (0.25, 0.25)}, IMAGES),
    ("RandomRotation", {"factor": (0.1, 0.1), "fill_mode": "constant", "fill_value": 9.0}, IMAGES),
    ("RandomRotation", {"factor": (-0.2, -0.2), "fill_mode": "nearest", "interpolation": "nearest"}, IMAGES),
    ("RandomRotation", {"factor": (0.1, 0.1), "fill_mode": "wrap"}, IMAGES[0]),
    ("RandomRotation", {"factor": (0.1, 0.1), "data_format": "channels_first"}, IMAGES.transpose(0, 3, 1, 2)),
    ("RandomTranslation", {"height_factor": (0.3, 0.3), "width_factor": (-0.2, -0.2)}, IMAGES),
    ("RandomTranslation", {"height_factor": (0.5, 0.5), "width_factor": 0.0, "fill_mode": "constant"}, IMAGES),
    ("RandomZoom", {"height_factor": (0.5, 0.5)}, IMAGES),
    ("RandomZoom", {"height_factor": (-0.3, -0.3), "width_factor": (0.2, 0.2), "fill_mode": "constant"}, IMAGES),
    ("RandomShear", {"x_factor": (0.0, 0.0), "y_factor": (0.0, 0.0)}, IMAGES),
    ("RandomPerspective", {"scale": 0.0}, IMAGES),
    ("RandomBrightness", {"factor": (0.2, 0.2)}, IMAGES),
    ("RandomBrightness", {"factor": (-0.6, -0.6), **UNIT}, IMAGES / 255),
    ("RandomContrast", {"factor": (0.0, 0.0)}, IMAGES),
    ("RandomHue", {"factor": (1.0, 1.0)}, IMAGES),
    ("RandomSaturation", {"factor": (0.7, 0.7), **UNIT}, IMAGES / 255),
    ("RandomSharpness", {"factor": (0.9, 0.9)}, IMAGES),
    ("RandomColorDegeneration", {"factor": (0.4, 0.4)}, IMAGES),
    ("RandomGrayscale", {"factor": 1.0}, IMAGES),
    ("RandomPosterization", {"factor": (2, 2), **UNIT}, IMAGES / 255),
    ("RandomInvert", {"factor": (1.0, 1.0)}, IMAGES),
    ("RandomGaussianBlur", {"factor": (1.0, 1.0), "sigma": (0.8, 0.8), "kernel_size": 5}, IMAGES),
    ("RandomErasing", {"factor": (1.0, 1.0), "scale": (1.0, 1.0), "fill_value": 7.0}, IMAGES),
    ("RandomElasticTransform", {"factor": 0.0}, IMAGES),
    ("Solarization", {}, IMAGES),
    ("AutoContrast", {}, IMAGES),
    ("Equalization", {}, IMAGES),
    ("RandomColorJitter", {"brightness_factor": (0.1, 0.1), "saturation_factor": (0.5, 0.5), **UNIT}, IMAGES / 255),
    ("RandomCrop", {"height": 8, "width": 6}, IMAGES),
]


@pytest.mark.parametrize(("name", "kwargs", "images"), FIXED, ids=[f"{i}-{c[0]}" for i, c in enumerate(FIXED)])
def test_given_draws_do_what_they_do_in_keras(name, kwargs, images):
    ours, theirs = both(name, kwargs, images)
    assert ours.dtype == theirs.dtype
    scale = max(1.0, float(np.abs(theirs).max()))
    np.testing.assert_allclose(ours / scale, theirs / scale, atol=2e-5)


DISTRIBUTED = [
    ("RandomFlip", {"mode": "horizontal"}),
    ("RandomFlip", {}),
    ("RandomRotation", {"factor": 0.1}),
    ("RandomTranslation", {"height_factor": 0.3, "width_factor": (0.0, 0.2)}),
    ("RandomZoom", {"height_factor": (-0.3, 0.4), "width_factor": 0.2}),
    ("RandomShear", {"x_factor": 0.4, "y_factor": (0.1, 0.3)}),
    ("RandomBrightness", {"factor": 0.2}),
    ("RandomContrast", {"factor": 0.5}),
    ("RandomHue", {"factor": 0.3}),
    ("RandomColorDegeneration", {"factor": 0.8}),
    ("RandomErasing", {"factor": (0.4, 0.8), "fill_value": 0.0, "scale": (0.1, 0.5)}),
    ("Solarization", {"addition_factor": 0.3, "threshold_factor": (0.2, 0.8)}),
]
COUNT = 2500


def statistics(images: np.ndarray) -> np.ndarray:
    """A few numbers of each image: means of its parts, weighted sums, and its spread."""
    flat = images.reshape(len(images), -1).astype("float64")
    halves = images[:, : images.shape[1] // 2].mean((1, 2, 3)), images[:, :, : images.shape[2] // 2].mean((1, 2, 3))
    return np.stack([flat.mean(1), *halves, flat.std(1), images[..., 0].mean((1, 2)) - images[..., 2].mean((1, 2))])


def distance(ours: np.ndarray, theirs: np.ndarray) -> float:
    """The largest difference between the distribution functions of two samples (Kolmogorov and Smirnov)."""
    ours, theirs = np.round(ours, 3), np.round(theirs, 3)
    points = np.unique(np.concatenate([ours, theirs]))
    functions = [np.searchsorted(np.sort(sample), points, side="right") / len(sample) for sample in (ours, theirs)]
    return float(np.abs(functions[0] - functions[1]).max())


@pytest.mark.parametrize(("name", "kwargs"), DISTRIBUTED, ids=[f"{i}-{c[0]}" for i, c in enumerate(DISTRIBUTED)])
def test_draws_are_distributed_as_in_keras(name, kwargs):
    images = np.repeat(IMAGES[:1], COUNT, axis=0)
    ours, theirs = both(name, {**kwargs, "seed": 3}, images)
    for mine, keras in zip(statistics(ours), statistics(theirs), strict=True):
        assert distance(mine, keras) < 0.06


def test_the_distance_tells_distributions_apart():
    ours, theirs = both("RandomBrightness", {"factor": 0.2, "seed": 3}, np.repeat(IMAGES[:1], COUNT, axis=0))
    assert distance(statistics(ours)[0], statistics(theirs)[0] + 10) > 0.06


EVERY = sorted(
    (name, kwargs)
    for name, kwargs in {
        "RandomFlip": {},
        "RandomZoom": {"height_factor": 0.2},
        "RandomContrast": {"factor": 0.5},
        "RandomSaturation": {"factor": 0.6},
        "RandomGaussianBlur": {},
        "RandomElasticTransform": {"factor": 0.8, "scale": 0.5},
        "RandomCrop": {"height": 4, "width": 4},
        "MixUp": {},
        "CutMix": {},
        "RandomColorJitter": {"brightness_factor": 0.1, "contrast_factor": 0.2, "hue_factor": 0.1},
        "RandAugment": {},
        "AugMix": {"num_chains": 2, "chain_depth": 1, "all_ops": False},
    }.items()
)


@pytest.mark.parametrize(("name", "kwargs"), EVERY, ids=[name for name, _ in EVERY])
def test_active_in_training_only_and_repeatable(name, kwargs):
    make = getattr(layers, name)
    first, again = (np.asarray(make(**kwargs, seed=5)(IMAGES, training=True)) for _ in range(2))
    np.testing.assert_array_equal(first, again)
    assert np.isfinite(first).all()
    still = np.asarray(make(**kwargs, seed=5)(IMAGES, training=False))
    assert first.shape == still.shape
    if name != "RandomCrop":
        np.testing.assert_array_equal(still, IMAGES)
    layer = make.from_config(make(**kwargs, seed=5).get_config())
    np.testing.assert_array_equal(np.asarray(layer(IMAGES, training=True)), first)


def test_a_flip_gives_both_outcomes():
    flipped = np.asarray(layers.RandomFlip("horizontal", seed=1)(np.repeat(IMAGES[:1], 40, axis=0)))
    outcomes = {image.tobytes() for image in flipped}
    assert outcomes == {IMAGES[0].tobytes(), IMAGES[0][:, ::-1].tobytes()}


@pytest.mark.parametrize("name", ["MixUp", "CutMix"])
def test_labels_are_mixed_as_the_images_are(name):
    images = np.repeat(np.eye(4, dtype="float32")[:, None, None, :], 20, axis=1).repeat(20, axis=2)
    layer = getattr(layers, name)(seed=2)
    labels = []
    for _ in range(6):
        mixed = layer({"images": images, "labels": np.eye(4, dtype="float32")}, training=True)
        np.testing.assert_allclose(
            mixed["images"].mean((1, 2)), mixed["labels"], atol=0.11
        )  # a box ends between pixels
        labels.append(np.asarray(mixed["labels"]))
    assert np.min(np.max(labels, -1)) < 0.95


def test_one_image_is_a_batch_of_one():
    for layer in (layers.RandomRotation(0.1, seed=1), layers.RandomContrast(0.3, seed=1), layers.RandomErasing(seed=1)):
        assert layer(IMAGES[0], training=True).shape == IMAGES[0].shape


def test_a_random_crop_is_a_piece_and_otherwise_the_middle():
    piece = np.asarray(layers.RandomCrop(3, 2, seed=1)(IMAGES, training=True))[0]
    places = [(i, j) for i in range(6) for j in range(5) if np.array_equal(IMAGES[0, i : i + 3, j : j + 2], piece)]
    assert len(places) == 1
    middle = layers.RandomCrop(8, 6)(IMAGES, training=False)
    np.testing.assert_allclose(middle, IMAGES, rtol=1e-5)


def test_in_a_compiled_model():
    stack = [
        layers.RandomFlip("horizontal"), layers.RandomRotation(0.1), layers.RandomZoom(0.2), layers.RandomCrop(6, 5),
        layers.RandomErasing(), layers.Rescaling(1 / 255), layers.Flatten(), layers.Dense(2),
    ]  # fmt: skip
    model = cornu.Sequential([cornu.Input((8, 6, 3)), *stack])
    model.compile("sgd", "mse")
    model.fit(IMAGES, np.zeros((4, 2)), batch_size=2, epochs=2, verbose=0)
    expected = np.asarray(layers.RandomCrop(6, 5)(IMAGES, training=False)).reshape(4, -1) / 255
    kernel, bias = model.layers[-1].get_weights()
    np.testing.assert_allclose(model.predict(IMAGES, verbose=0), expected @ kernel + bias, rtol=1e-4, atol=1e-4)


def test_a_pipeline_is_saved(tmp_path):
    model = cornu.Sequential([cornu.Input((8, 6, 3)), layers.Pipeline([layers.Resizing(4, 4), layers.AutoContrast()])])
    model.save(tmp_path / "model.keras")
    loaded = cornu.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded.predict(IMAGES, verbose=0), model.predict(IMAGES, verbose=0))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: layers.RandomRotation(2.0), "factor"),
        (lambda: layers.RandomZoom((0.1, 0.2, 0.3)), "height_factor"),
        (lambda: layers.RandomFlip("sideways"), "mode"),
        (lambda: layers.RandomBrightness(0.1)(np.ones(3)), "no images"),
        (lambda: layers.RandomFlip()({"images": IMAGES, "bounding_boxes": {}}), "bounding_boxes"),
    ],
)
def test_errors(make, message):
    with pytest.raises((ValueError, NotImplementedError), match=message):
        make()
