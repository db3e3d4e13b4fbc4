"""Image files read, written, and given batch by batch from folders and tables: compared with Keras."""

from __future__ import annotations

import builtins
import io
from itertools import islice
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import pytest
from keras.src.legacy.preprocessing import image as keras_image
from keras.src.legacy.preprocessing.image import DataFrameIterator as KerasDataFrameIterator

import cornu
from cornu.preprocessing import image
from cornu.preprocessing.image.resizing import resize

pytestmark = pytest.mark.slow  # it trains, or compiles, dozens of small programs

PICTURE = np.random.default_rng(0).uniform(0, 255, (13, 9, 3)).astype("float32")


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Three classes: cats with 5 files, one of them below, dogs with 4 and a note, owls with 2."""
    root = tmp_path_factory.mktemp("animals")
    numbers = np.random.default_rng(1)
    files = {"cats": ["b.png", "a.jpg", "c.bmp", "z/d.png", "E.PNG"], "dogs": ["1.png", "2.png", "10.png", "3.ppm"]}
    for name, paths in {**files, "owls": ["x.png", "y.tif"]}.items():
        for path in paths:
            target = root / name / path
            target.parent.mkdir(parents=True, exist_ok=True)
            height, width = numbers.integers(5, 12, 2)
            cornu.utils.save_img(target, numbers.uniform(0, 255, (height, width, 3)), scale=False)
    (root / "dogs" / "note.txt").write_text("woof")
    return root


# One file ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("color_mode", ["rgb", "rgba", "grayscale"])
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"target_size": (13, 9)},
        {"target_size": (4, 6)},
        {"target_size": (20, 30), "interpolation": "bicubic"},
        {"target_size": (5, 9), "interpolation": "lanczos", "keep_aspect_ratio": True},
        {"target_size": (9, 3), "interpolation": "box", "keep_aspect_ratio": True},
    ],
)
def test_images_are_loaded_as_keras_does(tmp_path, options, data_format, color_mode):
    path = tmp_path / "picture.png"
    cornu.utils.save_img(path, PICTURE)
    ours = cornu.utils.load_img(path, color_mode, **options)
    theirs = keras.utils.load_img(path, color_mode, **options)
    assert (ours.mode, ours.size) == (theirs.mode, theirs.size)
    array = cornu.utils.img_to_array(ours, data_format)
    np.testing.assert_array_equal(array, keras.utils.img_to_array(theirs, data_format))
    assert array.dtype == "float32"


@pytest.mark.parametrize(
    "kind", [str, Path, lambda path: str(path).encode(), lambda path: io.BytesIO(path.read_bytes())]
)
def test_kinds_of_paths(tmp_path, kind):
    path = tmp_path / "picture.png"
    cornu.utils.save_img(path, PICTURE)
    assert cornu.utils.load_img(kind(path)).size == (9, 13)


@pytest.mark.parametrize("scale", [True, False])
@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("highest", [0, 1, 255, 3000])
def test_arrays_become_the_images_of_keras(highest, channels, scale):
    x = np.random.default_rng(1).uniform(0, highest, (5, 4, channels))
    if highest == 3000 and channels > 1 and not scale:
        pytest.skip("what becomes of values above 255 in 8 bits is undefined")
    ours, theirs = cornu.utils.array_to_img(x, scale=scale), keras.utils.array_to_img(x, scale=scale)
    assert ours.mode == theirs.mode
    np.testing.assert_array_equal(np.asarray(ours), np.asarray(theirs))
    first = cornu.utils.array_to_img(x.transpose(2, 0, 1), "channels_first", scale)
    np.testing.assert_array_equal(np.asarray(first), np.asarray(theirs))


def test_gray_images_of_16_bits_stay_as_they_are(tmp_path):
    from PIL import Image

    Image.fromarray(np.array([[0, 40000]], "uint16")).save(tmp_path / "deep.png")
    deep = cornu.utils.img_to_array(cornu.utils.load_img(tmp_path / "deep.png", color_mode="grayscale"))
    assert deep.tolist() == [[[0.0], [40000.0]]]


def test_jpeg_knows_no_opacity(tmp_path):
    with pytest.warns(UserWarning, match="opacity"):
        cornu.utils.save_img(tmp_path / "picture.jpg", np.ones((4, 4, 4)))
    assert cornu.utils.load_img(tmp_path / "picture.jpg").mode == "RGB"


def test_saving_into_an_open_file():
    file = io.BytesIO()
    cornu.utils.save_img(file, PICTURE, file_format="png", scale=False)
    np.testing.assert_array_equal(cornu.utils.img_to_array(cornu.utils.load_img(file)), PICTURE.astype("uint8"))


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda path: cornu.utils.load_img(3), TypeError, "a path or a file"),
        (lambda path: cornu.utils.load_img(path, color_mode="rbg"), ValueError, "Did you mean 'rgb'"),
        (lambda path: cornu.utils.load_img(path, target_size=(2, 2), interpolation="cubic"), ValueError, "'bicubic'"),
        (lambda path: cornu.utils.array_to_img(np.ones((2, 2))), ValueError, "3 axes"),
        (lambda path: cornu.utils.array_to_img(np.ones((2, 2, 2))), ValueError, "1, 3 or 4 channels"),
        (lambda path: cornu.utils.img_to_array(np.ones(3)), ValueError, "no image"),
    ],
)
def test_what_is_no_picture(tmp_path, call, error, message):
    cornu.utils.save_img(tmp_path / "picture.png", PICTURE)
    with pytest.raises(error, match=message):
        call(tmp_path / "picture.png")


def test_without_pillow_it_says_what_to_install(monkeypatch):
    find = builtins.__import__

    def without_pillow(name, *rest):
        if name == "PIL":
            raise ModuleNotFoundError("No module named 'PIL'")
        return find(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without_pillow)
    with pytest.raises(ImportError, match=r"pip install 'cornu\[image\]'"):
        cornu.utils.load_img("picture.png")


@pytest.mark.parametrize("interpolation", ["nearest", "bilinear", "bicubic", "lanczos3", "lanczos5"])
@pytest.mark.parametrize("size", [(5, 4), (40, 11)])
def test_sizes_are_changed_as_jax_does_it(size, interpolation):
    import jax

    theirs = jax.image.resize(PICTURE, (*size, 3), interpolation, antialias=False)
    np.testing.assert_allclose(resize(PICTURE, size, interpolation), theirs, rtol=1e-4, atol=1e-2)
    both = resize(np.stack([PICTURE, PICTURE[::-1]]), size, interpolation)
    np.testing.assert_allclose(both[0], theirs, rtol=1e-4, atol=1e-2)


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize("size", [(6, 6), (3, 20), (13, 9)])
@pytest.mark.parametrize("shape", [(13, 9, 3), (2, 9, 13, 1)])
def test_smart_resize_is_that_of_keras(shape, size, data_format):
    x = np.random.default_rng(2).uniform(0, 255, shape).astype("float32")
    x = x if data_format == "channels_last" else np.moveaxis(x, -1, -3)
    ours = image.smart_resize(x, size, data_format=data_format)
    theirs = keras.preprocessing.image.smart_resize(x, size, data_format=data_format)
    np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-2)
    assert isinstance(ours, np.ndarray)
    integers = image.smart_resize(x.astype("uint8"), size, data_format=data_format)
    assert integers.dtype == "uint8"


# Folders -------------------------------------------------------------------------------------------------------------

DIRECTORY = [
    {},
    {"class_mode": "sparse", "classes": ["owls", "cats"]},
    {"class_mode": "binary", "classes": ["dogs", "cats"], "color_mode": "grayscale"},
    {"class_mode": "input", "color_mode": "rgba"},
    {"class_mode": None, "interpolation": "bilinear", "keep_aspect_ratio": True},
    {"subset": "training", "shuffle": False},
    {"subset": "validation", "batch_size": 2},
]


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize("arguments", DIRECTORY)
def test_folders_give_what_keras_gives(folder, capsys, arguments, data_format):
    flows, said = [], []
    for module in (image, keras_image):
        generator = module.ImageDataGenerator(
            rescale=1 / 255, horizontal_flip=True, validation_split=0.4, data_format=data_format
        )
        flow = generator.flow_from_directory(folder, **{"target_size": (6, 7), "batch_size": 4, "seed": 1, **arguments})
        flows.append(flow)
        said.append(capsys.readouterr().out)
    ours, theirs = flows
    assert said[0] == said[1]
    for name in ("filenames", "class_indices", "num_classes", "samples", "image_shape", "n", "target_size"):
        assert getattr(ours, name) == getattr(theirs, name), name
    assert [Path(path) for path in ours.filepaths] == [Path(path) for path in theirs.filepaths]
    np.testing.assert_array_equal(ours.classes, theirs.classes)
    for mine, other in islice(zip(ours, theirs, strict=True), 4):
        for array, expected in zip(as_tuple(mine), as_tuple(other), strict=True):
            np.testing.assert_allclose(array, expected, rtol=1e-6)
            assert array.dtype == expected.dtype


def as_tuple(batch):
    return batch if isinstance(batch, tuple) else (batch,)


def test_images_that_lie_in_the_directory_itself(folder, capsys):
    cats = folder / "cats"
    with pytest.warns(UserWarning, match=r"classes=\['\.'\]"):
        image.ImageDataGenerator().flow_from_directory(folder / "owls")
    flow = image.ImageDataGenerator().flow_from_directory(cats, classes=["."], class_mode=None, shuffle=False)
    assert flow.samples == 5
    assert "Found 0 images belonging to 0 classes." in capsys.readouterr().out
    assert next(flow).shape == (5, 256, 256, 3)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"classes": ["cats", "dog"]}, "Did you mean 'dogs'"),
        ({"class_mode": "categorial"}, "Did you mean 'categorical'"),
        ({"class_mode": "raw"}, "Unknown class mode"),
        ({"color_mode": "gray"}, "Unknown color mode"),
        ({"subset": "test"}, "subset"),
    ],
)
def test_what_folders_cannot_give(folder, arguments, message):
    with pytest.raises(ValueError, match=message):
        image.ImageDataGenerator().flow_from_directory(folder, **arguments)


def test_given_images_are_saved(folder, tmp_path):
    generator = image.ImageDataGenerator()
    options = {"save_to_dir": tmp_path, "save_prefix": "seen", "save_format": "jpeg"}
    next(generator.flow_from_directory(folder, target_size=(4, 4), batch_size=3, shuffle=False, **options))
    next(generator.flow(np.stack([PICTURE] * 2), shuffle=False, **options))
    assert sorted(path.name.rpartition("_")[0] for path in tmp_path.iterdir()) == [
        "seen_0", "seen_0", "seen_1", "seen_1", "seen_2",
    ]  # fmt: skip


def test_a_model_learns_from_folders(folder):
    flow = image.ImageDataGenerator(rescale=1 / 255).flow_from_directory(folder, (6, 6), batch_size=4)
    model = cornu.Sequential(
        [cornu.Input(flow.image_shape), cornu.layers.Flatten(), cornu.layers.Dense(3, activation="softmax")]
    )
    model.compile("sgd", "categorical_crossentropy", metrics=["accuracy"])
    model.fit(flow, epochs=2, verbose=0)
    assert set(model.evaluate(flow, verbose=0, return_dict=True)) == {"loss", "accuracy"}


# Tables --------------------------------------------------------------------------------------------------------------


def table_of(folder) -> pd.DataFrame:
    names = ["cats/a.jpg", "dogs/1.png", "dogs/2.png", "cats/b.png", "owls/x.png", "cats/lost.png", "dogs/note.txt"]
    numbers = np.arange(len(names))
    return pd.DataFrame(
        {
            "filename": names,
            "class": [name.split("/")[0] for name in names],
            "sort": [["furry"], ["furry", "loud"], ["furry"], ["loud"], ["loud"], ["loud"], ["furry"]],
            "size": numbers * 1.5,
            "age": numbers,
        }
    )


TABLE = [
    {},
    {"class_mode": "sparse", "classes": ["owls", "cats"]},
    {"class_mode": "binary", "classes": ["cats", "dogs"], "weight_col": "size"},
    {"class_mode": "categorical", "y_col": "sort"},
    {"class_mode": "categorical", "y_col": "sort", "classes": ["loud"]},
    {"class_mode": "raw", "y_col": "size"},
    {"class_mode": "raw", "y_col": ["size", "age"]},
    {"class_mode": "multi_output", "y_col": ["size", "age"]},
    {"class_mode": "input"},
    {"class_mode": None},
    {"subset": "training", "shuffle": False},
    {"subset": "validation"},
]


@pytest.mark.filterwarnings("ignore:Found 2 invalid")
@pytest.mark.parametrize("arguments", TABLE)
def test_tables_give_what_keras_gives(folder, capsys, arguments):
    flows, said = [], []
    for module in (image, keras_image):
        generator = module.ImageDataGenerator(validation_split=0.4)
        arguments = {"target_size": (6, 7), "batch_size": 2, "seed": 1, **arguments}
        if module is image:
            with pytest.warns(UserWarning, match="2 of 7 names"):
                flow = generator.flow_from_dataframe(table_of(folder), folder, **arguments)
        else:
            flow = generator.flow_from_dataframe(table_of(folder), str(folder), **arguments)
        flows.append(flow)
        said.append(capsys.readouterr().out)
    ours, theirs = flows
    assert said[0] == said[1]
    assert ours.filenames == theirs.filenames
    for name in ("class_indices", "classes"):
        assert getattr(ours, name, None) == getattr(theirs, name, None)
    for mine, other in islice(zip(ours, theirs, strict=True), 4):
        for part, expected in zip(as_tuple(mine), as_tuple(other), strict=True):
            assert isinstance(part, type(expected))
            np.testing.assert_array_equal(part, expected)


def test_tables_of_whole_paths(folder):
    table = pd.DataFrame({"path": [str(path) for path in sorted(folder.glob("cats/*.png"))], "class": "cats"})
    flow = image.ImageDataGenerator().flow_from_dataframe(table, x_col="path", validate_filenames=False)
    assert flow.samples == len(table)
    theirs = KerasDataFrameIterator(table, x_col="path", class_mode="input", shuffle=False)
    ours = image.DataFrameIterator(table, x_col="path", class_mode="input", shuffle=False)
    np.testing.assert_array_equal(next(ours)[1], next(theirs)[1])


@pytest.mark.filterwarnings("ignore:2 of 7 names")
@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"x_col": "filenames"}, ValueError, "Did you mean 'filename'"),
        ({"x_col": "age"}, TypeError, "Column 'age'"),
        ({"y_col": "age"}, TypeError, "astype"),
        ({"class_mode": "binary"}, ValueError, "needs two classes"),
        ({"class_mode": "multi_output", "y_col": "age"}, TypeError, "list of columns"),
        ({"weight_col": "class"}, TypeError, "no numbers"),
        ({"class_mode": "ra"}, ValueError, "Did you mean 'raw'"),
    ],
)
def test_what_tables_cannot_give(folder, arguments, error, message):
    with pytest.raises(error, match=message):
        image.ImageDataGenerator().flow_from_dataframe(table_of(folder), folder, **arguments)
