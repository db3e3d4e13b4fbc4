"""Data sets out of folders and time series: compared with Keras's lists of files, and with what is plain to see."""

from __future__ import annotations

import numpy as np
import pytest
from keras.src.utils import dataset_utils

import cornu
from cornu.preprocessing.directories import IMAGE_ENDINGS
from cornu.utils import image_dataset_from_directory, text_dataset_from_directory, timeseries_dataset_from_array


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Pictures and texts of cats (6, 5) and dogs (5, 3), and a hidden folder."""
    root = tmp_path_factory.mktemp("animals")
    numbers = np.random.default_rng(1)
    for name, pictures, texts in (("cats", 6, 5), ("dogs", 5, 3), (".hidden", 1, 1)):
        (root / name / "more").mkdir(parents=True)
        for number in range(pictures):
            place = root / name / ("more" if number == 2 else "") / f"{number}.{IMAGE_ENDINGS[number % 5]}"
            height, width = numbers.integers(5, 12, 2)
            cornu.utils.save_img(place, numbers.uniform(0, 255, (height, width, 3)), scale=False)
        for number in range(texts):
            (root / name / f"{number}.txt").write_text(f"{name} {number} ñ", "utf-8")
    return root


LISTS = [
    {},
    {"shuffle": False},
    {"class_names": ["dogs", "cats"]},
    {"labels": None},
    {"labels": [*range(4), *range(4), *range(4)], "shuffle": False},
    {"validation_split": 0.3, "subset": "training"},
    {"validation_split": 0.3, "subset": "validation"},
    {"validation_split": 0.3, "subset": "both", "shuffle": False},
]


@pytest.mark.parametrize("arguments", LISTS)
def test_files_and_labels_are_those_of_keras(folder, capsys, arguments):
    given = {"labels": "inferred", "class_names": None, "shuffle": True, **arguments}
    split, subset = given.pop("validation_split", None), given.pop("subset", None)
    datasets = image_dataset_from_directory(folder, seed=7, batch_size=1, image_size=(2, 2), **arguments)
    said = capsys.readouterr().out
    endings = tuple(f".{ending}" for ending in IMAGE_ENDINGS)
    paths, labels, class_names = dataset_utils.index_directory(str(folder), formats=endings, seed=7, **given)
    theirs = [
        dataset_utils.get_training_or_validation_split(paths, labels, split, part)
        for part in (("training", "validation") if subset == "both" else (subset,))
    ]
    assert said == capsys.readouterr().out
    for ours, (paths, labels) in zip(datasets if subset == "both" else [datasets], theirs, strict=True):
        assert ours.file_paths == paths
        assert ours.class_names == class_names
        assert len(ours) == len(paths)
        if labels is not None:
            assert ours._labels.tolist() == list(labels)


@pytest.mark.parametrize(
    ("label_mode", "dtype", "expected"),
    [
        ("int", "int32", [0] * 6 + [1] * 5),
        ("binary", "float32", [[0]] * 6 + [[1]] * 5),
        ("categorical", "float32", [[1, 0]] * 6 + [[0, 1]] * 5),
    ],
)
def test_labels(folder, label_mode, dtype, expected):
    dataset = image_dataset_from_directory(folder, label_mode=label_mode, shuffle=False, batch_size=4, verbose=False)
    labels = [labels for _, labels in dataset]
    assert [len(batch) for batch in labels] == [4, 4, 3]
    assert labels[0].dtype == dtype
    assert np.concatenate(labels).tolist() == expected


def test_no_labels(folder):
    dataset = image_dataset_from_directory(folder, label_mode=None, image_size=4)
    assert next(iter(dataset)).shape == (12, 4, 4, 3)
    assert dataset.class_names is None


@pytest.mark.parametrize("color_mode, channels", [("rgb", 3), ("rgba", 4), ("grayscale", 1)])
@pytest.mark.parametrize("interpolation", ["nearest", "bilinear", "bicubic"])
@pytest.mark.parametrize("how", ["", "crop_to_aspect_ratio", "pad_to_aspect_ratio"])
def test_images(folder, how, interpolation, color_mode, channels):
    options = {"interpolation": interpolation, **({how: True} if how else {})}
    dataset = image_dataset_from_directory(
        folder, color_mode=color_mode, image_size=(6, 9), shuffle=False, batch_size=None, **options
    )
    image, label = dataset[1]
    path = folder / "cats" / "1.gif"
    original = cornu.utils.img_to_array(cornu.utils.load_img(path, color_mode=color_mode))
    expected = cornu.ops.image.resize(original, (6, 9), **options)
    assert (image.shape, image.dtype, label) == ((6, 9, channels), "float32", 0)
    np.testing.assert_allclose(image, expected, rtol=1e-4, atol=1e-2)
    first = image_dataset_from_directory(
        folder, color_mode=color_mode, image_size=(6, 9), shuffle=False, data_format="channels_first", **options
    )
    np.testing.assert_array_equal(first[0][0][1], image.transpose(2, 0, 1))


def test_texts(folder):
    dataset = text_dataset_from_directory(folder, shuffle=False, batch_size=6, max_length=6)
    batches = [(texts.tolist(), labels.tolist()) for texts, labels in dataset]
    assert batches == [(["cats 0", "cats 1", "cats 2", "cats 3", "cats 4", "dogs 0"], [0] * 5 + [1]),
                       (["dogs 1", "dogs 2"], [1, 1])]  # fmt: skip
    assert text_dataset_from_directory(folder, shuffle=False)[0][0][0] == "cats 0 ñ"


def test_each_pass_has_an_order_of_its_own(folder):
    def orders():
        dataset = text_dataset_from_directory(folder, seed=3, batch_size=None)
        return [[text for text, _ in dataset] for _ in range(3)]

    first, second, third = orders()
    assert sorted(first) == sorted(second) == sorted(third)
    assert not (first == second == third)
    assert orders() == [first, second, third]


def test_parts_of_one_seed_do_not_overlap(folder):
    options = {"validation_split": 0.3, "seed": 5}
    training = text_dataset_from_directory(folder, subset="training", **options)
    validation = text_dataset_from_directory(folder, subset="validation", **options)
    both = text_dataset_from_directory(folder, subset="both", **options)
    assert [part.file_paths for part in both] == [training.file_paths, validation.file_paths]
    assert not set(training.file_paths) & set(validation.file_paths)
    assert len(training.file_paths) + len(validation.file_paths) == 8


def test_a_model_learns_from_folders(folder):
    training, validation = image_dataset_from_directory(
        folder, image_size=(4, 4), batch_size=3, validation_split=0.3, subset="both", seed=1
    )
    model = cornu.Sequential(
        [cornu.Input((4, 4, 3)), cornu.layers.Flatten(), cornu.layers.Dense(2, activation="softmax")]
    )
    model.compile("sgd", "sparse_categorical_crossentropy")
    assert len(model.fit(training, validation_data=validation, epochs=2, verbose=0).history["val_loss"]) == 2
    assert model.predict(validation, verbose=0).shape == (3, 2)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"labels": "infer"}, '"inferred", None'),
        ({"labels": [0, 1]}, "12 labels"),
        ({"labels": [0] * 12, "class_names": ["cats"]}, "has no meaning"),
        ({"class_names": ["cat", "dogs"]}, "Did you mean 'cats'"),
        ({"label_mode": "integer"}, "label_mode"),
        ({"label_mode": "binary", "class_names": ["cats"]}, "needs two classes"),
        ({"color_mode": "gray"}, "color mode"),
        ({"interpolation": "cubic"}, "Did you mean 'bicubic'"),
        ({"image_size": (1, 2, 3)}, "image_size"),
        ({"crop_to_aspect_ratio": True, "pad_to_aspect_ratio": True}, "one of crop"),
        ({"subset": "training"}, "don't fit"),
        ({"validation_split": 0.5}, "don't fit"),
        ({"validation_split": 1.5, "subset": "training"}, "don't fit"),
        ({"validation_split": 0.5, "subset": "test"}, "`subset`"),
        ({"validation_split": 0.5, "subset": "training"}, "needs a seed"),
        ({"validation_split": 0.01, "subset": "validation", "seed": 1}, "No files are left"),
    ],
)
def test_what_folders_cannot_give(folder, arguments, message):
    with pytest.raises(ValueError, match=message):
        image_dataset_from_directory(folder, **arguments)


def test_a_folder_without_files(tmp_path):
    with pytest.raises(ValueError, match="There is nothing to read"):
        text_dataset_from_directory(tmp_path)


# Time series ---------------------------------------------------------------------------------------------------------


def windows_by_hand(data, targets, length, stride, rate, start, end):
    """Every window that fits between start and end, and its target."""
    found = []
    begin = start
    while begin + (length - 1) * rate < end and (targets is None or begin < len(targets)):
        found.append(([data[begin + step * rate] for step in range(length)], targets and targets[begin]))
        begin += stride
    return found


@pytest.mark.parametrize("length, stride, rate", [(3, 1, 1), (10, 3, 2), (1, 4, 1), (4, 2, 5)])
@pytest.mark.parametrize("start, end", [(None, None), (5, None), (3, 40)])
@pytest.mark.parametrize("targets", [None, list(range(100, 199)), list(range(30))])
def test_windows_of_a_time_series(targets, start, end, length, stride, rate):
    data = list(range(99))
    dataset = timeseries_dataset_from_array(
        data, targets, length, stride, rate, batch_size=None, start_index=start, end_index=end
    )
    expected = windows_by_hand(data, targets, length, stride, rate, start or 0, end or 99)
    found = [(x.tolist(), y.tolist()) if targets else (x.tolist(), None) for x, y in with_targets(dataset, targets)]
    assert found == expected


def with_targets(dataset, targets):
    return dataset if targets else ((windows, None) for windows in dataset)


def test_mixed_windows():
    dataset = timeseries_dataset_from_array(np.arange(20), np.arange(20), 3, batch_size=4, shuffle=True, seed=2)
    passes = [np.concatenate([y for _, y in dataset]).tolist() for _ in range(2)]
    assert passes[0] != passes[1]
    assert sorted(passes[0]) == sorted(passes[1]) == list(range(18))
    for x, y in dataset:
        np.testing.assert_array_equal(x[:, 0], y)


def test_a_model_learns_from_a_time_series():
    series = np.sin(np.arange(200) / 5).astype("float32")
    dataset = timeseries_dataset_from_array(series[:-5], series[5:], 5, batch_size=16)
    model = cornu.Sequential([cornu.Input((5,)), cornu.layers.Dense(1)])
    model.compile("sgd", "mse")
    losses = model.fit(dataset, epochs=3, verbose=0).history["loss"]
    assert losses[-1] < losses[0]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"sampling_rate": 0}, "sampling_rate"),
        ({"sequence_stride": 10}, "sequence_stride"),
        ({"start_index": 10}, "start_index"),
        ({"start_index": 5, "end_index": 5}, "end_index"),
        ({"end_index": 11}, "end_index"),
    ],
)
def test_windows_that_cannot_be(arguments, message):
    with pytest.raises(ValueError, match=message):
        timeseries_dataset_from_array(np.arange(10), None, 3, **arguments)
