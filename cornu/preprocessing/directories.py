"""Data sets of the files in a directory that has one folder per class."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from cornu import config
from cornu.errors import brief, explain, nearest
from cornu.preprocessing.files import files_below, subfolders
from cornu.preprocessing.image import resizing
from cornu.preprocessing.image.pictures import check_color_mode, img_to_array, load_img
from cornu.preprocessing.samples import Samples

IMAGE_ENDINGS = ("bmp", "gif", "jpeg", "jpg", "png")
LABEL_MODES = ("int", "binary", "categorical", None)
SUBSETS = ("training", "validation", "both", None)


class LabeledFiles(Samples):
    """Batches of what stands in files, with their labels.

    Attributes:
        file_paths: the files, in the order of the data set before it is shuffled.
        class_names: the names of the classes, in the order of their numbers; None without labels.
    """

    def __init__(self, paths: list[str], labels: Any, class_names: list[str] | None, options: dict[str, Any]) -> None:
        super().__init__(np.arange(len(paths)), **options)
        self.file_paths, self.class_names, self._labels = paths, class_names, labels

    def _batch(self, numbers: np.ndarray) -> Any:
        contents = self._read([self.file_paths[number] for number in numbers])
        return contents if self._labels is None else (contents, self._labels[numbers])

    def _read(self, paths: list[str]) -> np.ndarray:
        raise NotImplementedError


class ImageFiles(LabeledFiles):
    """Batches of image files: float32 of shape (batch, height, width, channels), from 0 to 255."""

    color_mode: str
    image_size: tuple[int, int]
    interpolation: str
    data_format: str
    crop: bool
    pad: bool

    def _read(self, paths: list[str]) -> np.ndarray:
        return np.stack([self._image(path) for path in paths])

    def _image(self, path: str) -> np.ndarray:
        image = img_to_array(load_img(path, self.color_mode), "channels_last", "float32")
        if self.crop:
            image = resizing.crop_to(image, self.image_size)
        elif self.pad:
            image = resizing.pad_to(image, self.image_size)
        image = resizing.resize(image, self.image_size, self.interpolation)
        return image.transpose(2, 0, 1) if self.data_format == "channels_first" else image


class TextFiles(LabeledFiles):
    """Batches of text files: an array of Python's strings."""

    max_length: int | None

    def _read(self, paths: list[str]) -> np.ndarray:
        texts = [Path(path).read_text("utf-8", errors="replace")[: self.max_length] for path in paths]
        return np.array(texts, object)


def image_dataset_from_directory(
    directory: Any,
    labels: Any = "inferred",
    label_mode: str | None = "int",
    class_names: Sequence[str] | None = None,
    color_mode: str = "rgb",
    batch_size: int | None = 32,
    image_size: int | tuple[int, int] = (256, 256),
    shuffle: bool = True,
    seed: int | None = None,
    validation_split: float | None = None,
    subset: str | None = None,
    interpolation: str = "bilinear",
    follow_links: bool = False,
    crop_to_aspect_ratio: bool = False,
    pad_to_aspect_ratio: bool = False,
    data_format: str | None = None,
    format: str | None = None,
    verbose: bool = True,
) -> Any:
    """A data set of the image files in a directory, with one folder per class.

    Args:
        directory: where the folders are.
        labels: "inferred": each file's class is the folder it is in or below; None: no labels; or a list of whole
            numbers, one for each file below the directory, in the order of their paths.
        label_mode: "int", int32 of shape (batch,); "binary", float32 of shape (batch, 1); "categorical", one-hot
            vectors, float32 of shape (batch, classes); None: no labels.
        class_names: names of folders, in the order of their numbers; None takes all, by name.
        color_mode: "grayscale", "rgb" or "rgba".
        batch_size: images in a batch; None gives single ones.
        image_size: (height, width) of all images.
        shuffle: whether to mix the files, anew in every pass; otherwise they come by class and name.
        seed: of that; None draws one from NumPy's global state. With it, and a split, the parts are Keras's.
        validation_split, subset: the part, in (0, 1), that is kept for validation, and what to give: "training",
            "validation", or "both", a list of the two.
        interpolation: "nearest", "bilinear", "bicubic", "lanczos3" or "lanczos5".
        follow_links: whether to go into linked folders.
        crop_to_aspect_ratio, pad_to_aspect_ratio: keep the proportions, by cutting from, or filling up, the middle.
        data_format: "channels_last" or "channels_first"; None means `cornu.config.image_data_format()`.
        format: Keras's choice between two frameworks; here it makes no difference.
        verbose: whether to print how many files were found.

    Returns:
        Batches (images, labels), or of images alone; images are float32, from 0 to 255. It is a `PyDataset`, no
        `tf.data.Dataset`: `fit` takes it, iterating over it gives its batches once, and it has `class_names` and
        `file_paths`. Its order while shuffled isn't TensorFlow's.

    Raises ValueError for arguments out of range, and if there are no files; ImportError without Pillow.
    """
    size = (image_size, image_size) if isinstance(image_size, int) else tuple(image_size)
    _check(interpolation, "interpolation", resizing.METHODS)
    if len(size) != 2 or (crop_to_aspect_ratio and pad_to_aspect_ratio):
        raise ValueError(
            explain(
                "image_dataset_from_directory: the arguments don't fit.",
                expected="image_size=(height, width), and one of crop_to_aspect_ratio and pad_to_aspect_ratio",
                got=f"image_size={image_size}, {crop_to_aspect_ratio=}, {pad_to_aspect_ratio=}",
            )
        )
    reading = {
        "color_mode": check_color_mode(color_mode),
        "image_size": size,
        "interpolation": interpolation,
        "data_format": config.standardize_data_format(data_format),
        "crop": crop_to_aspect_ratio,
        "pad": pad_to_aspect_ratio,
    }
    found = _Found(directory, labels, label_mode, class_names, IMAGE_ENDINGS, follow_links, verbose)
    return found.datasets(ImageFiles, reading, batch_size, shuffle, seed, validation_split, subset)


def text_dataset_from_directory(
    directory: Any,
    labels: Any = "inferred",
    label_mode: str | None = "int",
    class_names: Sequence[str] | None = None,
    batch_size: int | None = 32,
    max_length: int | None = None,
    shuffle: bool = True,
    seed: int | None = None,
    validation_split: float | None = None,
    subset: str | None = None,
    follow_links: bool = False,
    format: str | None = None,
    verbose: bool = True,
) -> Any:
    """A data set of the .txt files in a directory, with one folder per class.

    Args:
        max_length: how many characters of each text to keep; None keeps all.
        Others: as in `image_dataset_from_directory`.

    Returns:
        Batches (texts, labels), or of texts alone; texts are NumPy arrays of strings, read as UTF-8. It is a
        `PyDataset`, no `tf.data.Dataset`; see `image_dataset_from_directory`.

    Raises ValueError for arguments out of range, and if there are no files.
    """
    found = _Found(directory, labels, label_mode, class_names, ("txt",), follow_links, verbose)
    return found.datasets(TextFiles, {"max_length": max_length}, batch_size, shuffle, seed, validation_split, subset)


class _Found:
    """The files in a directory, and their labels."""

    def __init__(
        self,
        directory: Any,
        labels: Any,
        label_mode: str | None,
        class_names: Sequence[str] | None,
        endings: tuple[str, ...],
        follow_links: bool,
        verbose: bool,
    ) -> None:
        labels = None if label_mode is None else labels
        is_inferred = isinstance(labels, str) and labels == "inferred"
        _check(label_mode, "label_mode", LABEL_MODES)
        _check_labels(labels, is_inferred, class_names)
        folders = subfolders(directory, class_names, hidden=False) if is_inferred else [""]
        files = [files_below(directory, folder, endings, follow_links) for folder in folders]
        self.paths = [os.path.join(directory, name) for names in files for name in names]
        if not self.paths:
            raise ValueError(
                explain(
                    f"There is nothing to read in {os.fspath(directory)}.",
                    expected=f"files of type {', '.join(endings)}" + ", one folder per class" * is_inferred,
                    got=f"folders {brief(folders)}" if is_inferred else None,
                )
            )
        self.class_names: list[str] | None = None
        self.labels: Any = None
        if is_inferred:
            numbers = np.repeat(np.arange(len(files)), list(map(len, files)))
            self.class_names = folders
        elif labels is not None:
            numbers = np.asarray(labels)
            self.class_names = [str(label) for label in sorted(set(labels))]
        if self.class_names is not None and label_mode is not None:
            self.labels = _encoded(numbers, label_mode, self.class_names, len(self.paths))
        if verbose:
            belonging = f" belonging to {len(self.class_names)} classes" if self.class_names else ""
            print(f"Found {len(self.paths)} files{belonging}.")

    def datasets(
        self,
        kind: type[LabeledFiles],
        reading: dict[str, Any],
        batch_size: int | None,
        shuffle: bool,
        seed: int | None,
        validation_split: float | None,
        subset: str | None,
    ) -> Any:
        """The data set of this subset; for "both", a list of two, of which the second one isn't shuffled."""
        _check_split(validation_split, subset, shuffle, seed)
        if seed is None:
            seed = int(np.random.randint(10**6))  # noqa: NPY002 - the state that programs seed
        order = np.arange(len(self.paths))
        if shuffle:
            np.random.RandomState(seed).shuffle(order)  # Keras's order, for Keras's split
        kept = int((validation_split or 0) * len(order))
        parts = {None: order, "training": order[: len(order) - kept], "validation": order[len(order) - kept :]}
        results = []
        for name in ("training", "validation") if subset == "both" else (subset,):
            part = parts[name]
            if name is not None:
                print(f"Using {len(part)} files for {name}.")
            if not len(part):
                raise ValueError(explain(f"No files are left for {name}.", got=f"{len(order)} files in all"))
            mixed = shuffle and not (subset == "both" and name == "validation")
            labels = None if self.labels is None else self.labels[part]
            options = {"batch_size": batch_size, "shuffle": mixed, "seed": seed}
            dataset = kind([self.paths[number] for number in part], labels, self.class_names, options)
            vars(dataset).update(reading)
            results.append(dataset)
        return results if subset == "both" else results[0]


def _check_labels(labels: Any, is_inferred: bool, class_names: Sequence[str] | None) -> None:
    if not is_inferred and labels is not None and not isinstance(labels, (list, tuple, np.ndarray)):
        raise ValueError(
            explain("Argument `labels` is wrong.", expected='"inferred", None or a list of numbers', got=brief(labels))
        )
    if class_names and not is_inferred:
        raise ValueError(
            explain("`class_names` has no meaning here.", expected='labels="inferred"', got=f"labels={brief(labels)}")
        )


def _encoded(numbers: np.ndarray, label_mode: str, class_names: list[str], count: int) -> np.ndarray:
    """Labels as `label_mode` wants them. ValueError unless there are `count`, and two classes where they are binary."""
    if len(numbers) != count:
        raise ValueError(explain("`labels` doesn't fit the files.", expected=f"{count} labels", got=len(numbers)))
    if label_mode == "binary" and len(class_names) != 2:
        raise ValueError(explain('label_mode="binary" needs two classes.', got=f"{len(class_names)}: {class_names}"))
    if label_mode == "int":
        return numbers.astype("int32")
    if label_mode == "binary":
        return numbers.astype("float32")[:, None]
    return np.eye(len(class_names), dtype="float32")[numbers]


def _check(value: Any, name: str, allowed: tuple) -> None:
    if value not in allowed:
        hint = nearest(str(value), [one for one in allowed if one])
        raise ValueError(explain(f"Argument `{name}` is wrong.{hint}", expected=f"one of {allowed}", got=value))


def _check_split(validation_split: float | None, subset: str | None, shuffle: bool, seed: int | None) -> None:
    _check(subset, "subset", SUBSETS)
    if bool(validation_split) != bool(subset) or not 0 <= (validation_split or 0) < 1:
        raise ValueError(
            explain(
                "`validation_split` and `subset` don't fit.",
                expected="a part in (0, 1) and a subset, or neither",
                got=f"{validation_split=}, {subset=}",
            )
        )
    if validation_split and shuffle and seed is None:
        raise ValueError(
            explain("A split of shuffled files needs a seed.", fix="Pass `seed`, the same one for both subsets.")
        )
