"""Random changes to images, and batches of arrays: compared with Keras and with what is plain to see."""

from __future__ import annotations

import pickle
import warnings
from itertools import islice

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from keras.src.legacy.preprocessing import image as keras_image
from scipy import ndimage

import cornu
from cornu.preprocessing import image
from cornu.preprocessing.image.warping import warp

pytestmark = pytest.mark.filterwarnings("ignore:Please import `affine_transform`:DeprecationWarning")  # of Keras

AXES = {"row_axis": 0, "col_axis": 1, "channel_axis": 2}
PICTURE = np.random.default_rng(0).uniform(0, 255, (10, 10, 3)).astype("float32")
WIDE = np.arange(24, dtype="float32").reshape(4, 6, 1)


def turned(x, axes=(1, 0, 2)):
    return np.transpose(x, axes)


# Transforms ----------------------------------------------------------------------------------------------------------

AFFINE = [
    {"theta": 30},
    {"tx": 1.5, "ty": -2},
    {"shear": 20},
    {"zx": 0.7, "zy": 1.4},
    {"theta": -75, "tx": 2, "ty": 0.3, "shear": -12, "zx": 1.2, "zy": 0.8},
]


@pytest.mark.parametrize("amounts", AFFINE)
@pytest.mark.parametrize("fill_mode", ["nearest", "constant", "reflect", "wrap"])
@pytest.mark.parametrize("order", [0, 1, 3])
def test_affine_transforms_are_those_of_keras(amounts, fill_mode, order):
    """Keras 3 takes rows for columns: it does to a square image what is right for the transposed one."""
    options = {**amounts, **AXES, "fill_mode": fill_mode, "cval": 7.0, "order": order}
    theirs = keras_image.apply_affine_transform(turned(PICTURE), **options)
    np.testing.assert_allclose(image.apply_affine_transform(PICTURE, **options), turned(theirs), rtol=1e-5, atol=1e-3)


@pytest.mark.parametrize(
    ("amounts", "expected"),
    [
        ({}, WIDE),
        ({"theta": 180}, WIDE[::-1, ::-1]),
        ({"tx": 1}, WIDE[[1, 2, 3, 3]]),
        ({"ty": -2}, WIDE[:, [0, 0, 0, 1, 2, 3]]),
        ({"zx": 1e-9}, np.broadcast_to(WIDE[1:3].mean(0), WIDE.shape)),
    ],
)
def test_affine_transforms_of_an_image_that_is_not_square(amounts, expected):
    np.testing.assert_allclose(image.apply_affine_transform(WIDE, **amounts, **AXES), expected, atol=1e-3)


@given(
    st.tuples(st.integers(1, 7), st.integers(1, 7)),
    st.lists(st.floats(-2, 2), min_size=6, max_size=6),
    st.sampled_from(["nearest", "constant", "reflect", "wrap"]),
    st.booleans(),
)
def test_images_read_along_any_grid_are_those_of_scipy(size, numbers, mode, is_diagonal):
    x = np.random.default_rng(0).random((*size, 2))
    # Irrational amounts: no place falls on a border, where rounding decides.
    matrix = np.array([[numbers[0], numbers[1], 3 * numbers[2]], [numbers[3], numbers[4], 3 * numbers[5]], [0, 0, 1]])
    matrix[:2] += np.sqrt([[2, 3, 5], [7, 11, 13]]) / 100
    if is_diagonal:
        matrix[0, 1] = matrix[1, 0] = 0
    middle = (np.array(size) - 1) / 2
    offset = middle + matrix[:2, 2] - matrix[:2, :2] @ middle
    theirs = [ndimage.affine_transform(x[:, :, c], matrix[:2, :2], offset, order=1, mode=mode, cval=3) for c in (0, 1)]
    np.testing.assert_allclose(warp(x, matrix, mode, 3, 1), np.stack(theirs, 2), atol=1e-6)


def test_an_unknown_fill_mode():
    with pytest.raises(ValueError, match="Did you mean 'reflect'"):
        image.apply_affine_transform(WIDE, 10, fill_mode="reflekt", **AXES)


def test_a_quarter_turn():
    turned_once = image.apply_affine_transform(PICTURE, theta=90, **AXES)
    np.testing.assert_allclose(turned_once, np.rot90(PICTURE, -1), atol=1e-3)


@pytest.mark.parametrize("axes", [(0, 1, 2), (2, 0, 1), (1, 2, 0), (0, 2, 1)])
def test_axes_may_stand_anywhere(axes):
    """`axes`: where rows, columns and channels stand."""
    amounts = AFFINE[-1]
    order = np.argsort(axes)
    moved = image.apply_affine_transform(
        WIDE.transpose(order), row_axis=axes[0], col_axis=axes[1], channel_axis=axes[2], **amounts
    )
    np.testing.assert_array_equal(moved.transpose(axes), image.apply_affine_transform(WIDE, **amounts, **AXES))


@pytest.mark.parametrize("x, axes", [(WIDE, (0, 0, 1)), (WIDE[0], (0, 1, 2))])
def test_what_is_no_image(x, axes):
    with pytest.raises(ValueError, match="image of 3 axes"):
        image.apply_affine_transform(x, 1, 0, 0, 0, 1, 1, *axes)


@pytest.mark.parametrize("scale", [True, False])
@pytest.mark.parametrize("brightness", [0.0, 0.3, 1.0, 1.7])
@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("low, high", [(0, 255), (-1, 1), (10, 900), (0.2, 0.9)])
def test_brightness_is_that_of_keras(low, high, channels, brightness, scale):
    x = np.random.default_rng(1).uniform(low, high, (5, 4, channels)).astype("float32")
    theirs = keras_image.apply_brightness_shift(x, brightness, scale)
    np.testing.assert_allclose(image.apply_brightness_shift(x, brightness, scale), theirs, rtol=1e-6, atol=1e-4)
    first = image.apply_brightness_shift(x.transpose(2, 0, 1), brightness, scale, "channels_first")
    np.testing.assert_allclose(first.transpose(1, 2, 0), theirs, rtol=1e-6, atol=1e-4)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_channel_shifts_and_mirrors_are_those_of_keras(axis):
    theirs = keras_image.apply_channel_shift(PICTURE, 30.0, axis)
    np.testing.assert_array_equal(image.apply_channel_shift(PICTURE, 30.0, axis), theirs)
    np.testing.assert_array_equal(image.flip_axis(PICTURE, axis), keras_image.flip_axis(PICTURE, axis))


RANDOM = [
    ("random_rotation", (40,), True),
    ("random_shift", (0.2, 0.4), True),
    ("random_shear", (15,), True),
    ("random_zoom", ((0.5, 1.5),), True),
    ("random_zoom", ((1, 1),), True),
    ("random_channel_shift", (50.0,), False),
    ("random_brightness", ((0.5, 2.0),), False),
]


@pytest.mark.parametrize(("name", "arguments", "is_affine"), RANDOM)
def test_random_functions_draw_what_keras_draws(name, arguments, is_affine):
    where = AXES if is_affine else {}
    np.random.seed(3)
    ours = getattr(image, name)(PICTURE, *arguments, **where)
    np.random.seed(3)
    theirs = getattr(keras_image, name)(turned(PICTURE), *arguments, **where)
    np.testing.assert_allclose(ours, turned(theirs), rtol=1e-5, atol=1e-2)


@pytest.mark.parametrize("name", ["random_zoom", "random_brightness"])
def test_ranges_are_pairs(name):
    with pytest.raises(ValueError, match="two numbers"):
        getattr(image, name)(PICTURE, (0.1,))


# ImageDataGenerator --------------------------------------------------------------------------------------------------

IMAGES = np.random.default_rng(2).uniform(0, 255, (11, 8, 6, 3)).astype("float32")
LABELS = np.arange(11) % 2
FIRST = IMAGES.transpose(0, 3, 1, 2)

GENERATORS = [
    {},
    {"rescale": 1 / 255, "preprocessing_function": lambda x: x + 1},
    {"samplewise_center": True, "samplewise_std_normalization": True},
    {"featurewise_center": True},
    {"featurewise_center": True, "featurewise_std_normalization": True, "rescale": 0.1},
    {"featurewise_center": True, "zca_whitening": True, "zca_epsilon": 1e-2},
    {"rotation_range": 30, "horizontal_flip": True},
    {"width_shift_range": 0.3, "height_shift_range": 2.5, "fill_mode": "constant", "cval": 3.0},
    {"width_shift_range": 3, "height_shift_range": [1, 2], "fill_mode": "wrap"},
    {"width_shift_range": [0.1, 0.2], "vertical_flip": True, "interpolation_order": 0},
    {"brightness_range": (0.5, 1.5)},
    {"shear_range": 20, "zoom_range": 0.2, "fill_mode": "reflect"},
    {"zoom_range": (0.5, 1.0), "channel_shift_range": 40.0, "dtype": "float64"},
]


@pytest.fixture
def keras_turns_as_keras_2_did(monkeypatch):
    """The affine transform has tests of its own; everything around it is compared with Keras's."""
    monkeypatch.setattr(keras_image, "apply_affine_transform", image.apply_affine_transform)


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize("options", GENERATORS)
@pytest.mark.usefixtures("keras_turns_as_keras_2_did")
def test_flows_give_what_keras_gives(options, data_format):
    if data_format == "channels_first" and "brightness_range" in options:
        pytest.skip("Keras brightens images in the process's format only")
    batches = []
    for module in (image, keras_image):
        x = IMAGES if data_format == "channels_last" else FIRST
        generator = module.ImageDataGenerator(**options, data_format=data_format)
        generator.fit(x, augment=True, seed=5)
        flow = generator.flow(x, LABELS, batch_size=4, seed=9)
        batches.append(list(islice(flow, 7)) + [flow[index] for index in range(len(flow))])
    for (ours, labels), (theirs, their_labels) in zip(*batches, strict=True):
        assert ours.dtype == theirs.dtype
        np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=1e-3)
        np.testing.assert_array_equal(labels, their_labels)


def test_a_planted_error_is_seen():
    flows = [image.ImageDataGenerator(zoom_range=z).flow(IMAGES, seed=1) for z in (0.2, 0.21)]
    assert not np.allclose(next(flows[0]), next(flows[1]), rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize(
    "arguments",
    [
        {"shuffle": False},
        {"sample_weight": np.arange(11) / 10},
        {"subset": "training"},
        {"subset": "validation", "ignore_class_split": True},
        {"seed": 2, "batch_size": 20},
    ],
)
def test_arguments_of_flow_are_those_of_keras(arguments):
    flows = []
    for module in (image, keras_image):
        np.random.seed(0)
        flow = module.ImageDataGenerator(validation_split=0.4).flow(IMAGES, LABELS, **{"batch_size": 3, **arguments})
        flows.append(list(islice(flow, 5)))
    for ours, theirs in zip(*flows, strict=True):
        assert len(ours) == len(theirs)
        for mine, other in zip(ours, theirs, strict=True):
            np.testing.assert_array_equal(mine, other)


def test_more_arrays_go_along():
    generator = image.ImageDataGenerator(rescale=2.0)
    more = np.arange(11) * 10
    for inputs in ((IMAGES, more), [IMAGES, more], (IMAGES, [more])):
        (images, along), labels = generator.flow(inputs, LABELS, shuffle=False, batch_size=2)[1]
        np.testing.assert_allclose(images, IMAGES[2:4] * 2)
        assert (along.tolist(), labels.tolist()) == ([20, 30], [0, 1])
    only = next(generator.flow((IMAGES, [more, more]), shuffle=False, batch_size=2))
    assert [part.shape[0] for part in only] == [2, 2, 2]


def test_an_iterator_over_arrays():
    flow = image.ImageDataGenerator().flow(IMAGES, batch_size=4, shuffle=False)
    assert (len(flow), flow.n, flow.batch_size, flow.image_shape) == (3, 11, 4, (8, 6, 3))
    assert [len(batch) for batch in islice(flow, 4)] == [4, 4, 3, 4]
    flow.reset()
    np.testing.assert_array_equal(flow.next(), IMAGES[:4])
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(flow)).next(), IMAGES[4:8])
    with pytest.raises(IndexError, match="0 to 2"):
        flow[3]
    np.testing.assert_array_equal(flow.index_array, np.arange(11))


def test_the_programs_seed_decides():
    def draw():
        cornu.utils.set_random_seed(3)
        return next(image.ImageDataGenerator(rotation_range=90).flow(IMAGES))

    np.testing.assert_array_equal(draw(), draw())


def test_given_images_are_left_alone():
    before = IMAGES.copy()
    generator = image.ImageDataGenerator(rescale=0.5, featurewise_center=True, dtype="float32")
    generator.fit(IMAGES)
    next(generator.flow(IMAGES))
    np.testing.assert_array_equal(IMAGES, before)


def test_standardize_works_in_place_and_takes_integers():
    generator = image.ImageDataGenerator(rescale=0.5)
    x = np.ones((2, 2, 1), "float32")
    assert generator.standardize(x) is x
    assert x.max() == 0.5
    assert generator.standardize(np.ones((2, 2, 1), "uint8")).tolist() == x.tolist()


def test_a_subclass_writes_its_own_batches():
    class Numbers(image.Iterator):
        def _get_batches_of_transformed_samples(self, index_array):
            return index_array * 10

    numbers = Numbers(3, 2, shuffle=False, seed=None)
    assert [batch.tolist() for batch in islice(numbers, 3)] == [[0, 10], [20], [0, 10]]
    with pytest.raises(NotImplementedError, match="_get_batches"):
        next(image.Iterator(3, 2, False, None))
    with pytest.raises(ValueError, match="is empty"):
        next(Numbers(0, 2, False, None))


@pytest.mark.parametrize("workers", [1, 2])
def test_a_model_learns_from_a_flow(workers):
    generator = image.ImageDataGenerator(rescale=1 / 255, horizontal_flip=True, validation_split=0.4)
    model = cornu.Sequential(
        [cornu.Input((8, 6, 3)), cornu.layers.Flatten(), cornu.layers.Dense(1, activation="sigmoid")]
    )
    model.compile("sgd", "binary_crossentropy")
    training = generator.flow(IMAGES, LABELS, batch_size=2, subset="training", seed=1)
    validation = generator.flow(IMAGES, LABELS, batch_size=2, subset="validation")
    training.workers = workers
    history = model.fit(training, epochs=2, steps_per_epoch=5, validation_data=validation, verbose=0).history
    assert len(history["val_loss"]) == 2
    assert model.predict(generator.flow(IMAGES, shuffle=False, batch_size=4), verbose=0).shape == (11, 1)


def test_a_model_of_two_inputs_predicts_from_a_flow():
    pictures, numbers = cornu.Input((8, 6, 3)), cornu.Input((2,))
    joined = cornu.layers.Concatenate()([cornu.layers.Flatten()(pictures), numbers])
    model = cornu.Model([pictures, numbers], cornu.layers.Dense(1)(joined))
    flow = image.ImageDataGenerator().flow((IMAGES, np.ones((11, 2))), batch_size=4)
    assert model.predict(flow, verbose=0).shape == (11, 1)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"samplewise_std_normalization": True}, "samplewise_center"),
        ({"featurewise_std_normalization": True}, "featurewise_center"),
        ({"zca_whitening": True, "featurewise_center": True, "featurewise_std_normalization": True}, "takes the place"),
        ({"zca_whitening": True}, "sets `featurewise_center`"),
    ],
)
def test_what_one_argument_does_to_another_is_said(options, message):
    with pytest.warns(UserWarning, match=message):
        ours = image.ImageDataGenerator(**options)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = keras_image.ImageDataGenerator(**options)
    for name in ("samplewise_center", "featurewise_center", "featurewise_std_normalization"):
        assert getattr(ours, name) == getattr(theirs, name)


def test_what_was_not_fitted_is_said():
    with pytest.warns(UserWarning, match="Call `fit"):
        image.ImageDataGenerator(featurewise_center=True).standardize(PICTURE.copy())


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: image.ImageDataGenerator(zoom_range=(1, 2, 3)), "zoom_range"),
        (lambda: image.ImageDataGenerator(brightness_range=0.5), "brightness_range"),
        (lambda: image.ImageDataGenerator(validation_split=1.5), "validation_split"),
        (lambda: image.ImageDataGenerator(data_format="last"), "channels_last"),
        (lambda: image.ImageDataGenerator().fit(PICTURE), "4 axes"),
        (lambda: image.ImageDataGenerator().flow(PICTURE), "4 axes"),
        (lambda: image.ImageDataGenerator().flow(IMAGES, LABELS[:3]), "differ in length"),
        (lambda: image.ImageDataGenerator().flow((IMAGES, LABELS[:3])), "differ in length"),
        (lambda: image.ImageDataGenerator().flow(IMAGES, subset="test"), "subset"),
        (
            lambda: image.ImageDataGenerator(validation_split=0.5).flow(IMAGES, np.arange(11) > 4, subset="training"),
            "different classes",
        ),
    ],
)
def test_what_cannot_be_generated(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_an_odd_number_of_channels_is_said():
    with pytest.warns(UserWarning, match="have 6"):
        image.ImageDataGenerator(data_format="channels_last").flow(np.ones((2, 3, 4, 6)))
