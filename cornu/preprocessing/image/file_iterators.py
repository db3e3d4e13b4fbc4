"""Endless batches of image files: from a folder per class, or named in a table."""

from __future__ import annotations

import os
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from cornu import config
from cornu.errors import brief, explain, nearest
from cornu.preprocessing.files import files_below, subfolders
from cornu.preprocessing.image.iterators import Iterator, part_of, save_images
from cornu.preprocessing.image.pictures import MODES, check_color_mode, img_to_array, load_img


class FileIterator(Iterator):
    """Endless batches of image files, changed by an `ImageDataGenerator`.

    Args:
        files: their paths.
        image_data_generator: what changes the images; None leaves them.
        target_size, color_mode, interpolation, keep_aspect_ratio: as in `load_img`.
        class_mode: what the targets are: "categorical", one-hot vectors; "binary" and "sparse", numbers of classes;
            "input", the images themselves; "raw" and "multi_output", the given ones; None: batches are of images alone.
        labels: one for each file; for "multi_output", a list of arrays.
        sample_weight: one for each file, or None.
        data_format: "channels_last" or "channels_first".
        save_to_dir, save_prefix, save_format: where to write every image given, to look at; None writes nothing.
        dtype: of the images and of classes.
        batch_size, shuffle, seed: as in `Iterator`.
    """

    class_indices: dict[str, int]

    def __init__(
        self,
        files: list[str],
        image_data_generator: Any,
        target_size: tuple[int, int],
        color_mode: str,
        class_mode: str | None,
        labels: Any,
        sample_weight: Any,
        batch_size: int,
        shuffle: bool,
        seed: int | None,
        data_format: str | None,
        save_to_dir: Any,
        save_prefix: str,
        save_format: str,
        interpolation: str,
        keep_aspect_ratio: bool,
        dtype: Any,
    ) -> None:
        super().__init__(len(files), batch_size, shuffle, seed)
        self.filepaths, self.samples = files, len(files)
        self.image_data_generator = image_data_generator
        self.target_size, self.color_mode = (target_size[0], target_size[1]), check_color_mode(color_mode)
        self.interpolation, self.keep_aspect_ratio = interpolation, keep_aspect_ratio
        self.class_mode, self.labels, self.sample_weight = class_mode, labels, sample_weight
        self.data_format = config.standardize_data_format(data_format)
        self.save_to_dir, self.save_prefix, self.save_format = save_to_dir, save_prefix, save_format
        self.dtype = config.floatx() if dtype is None else dtype
        channels = len(MODES[color_mode])
        last = self.data_format == "channels_last"
        self.image_shape = (*self.target_size, channels) if last else (channels, *self.target_size)

    def _get_batches_of_transformed_samples(self, index_array: np.ndarray) -> Any:
        images = np.empty((len(index_array), *self.image_shape), self.dtype)
        for place, number in enumerate(index_array):
            images[place] = self._image(self.filepaths[number])
        if self.save_to_dir:
            save_images(images, index_array, self.save_to_dir, self.save_prefix, self.save_format, self.data_format)
        if self.class_mode is None:
            return images
        targets = self._targets_of(images, index_array)
        return (images, targets) if self.sample_weight is None else (images, targets, self.sample_weight[index_array])

    def _image(self, path: str) -> np.ndarray:
        picture = load_img(path, self.color_mode, self.target_size, self.interpolation, self.keep_aspect_ratio)
        image = img_to_array(picture, self.data_format).copy()
        generator = self.image_data_generator
        if generator is None:
            return image
        return generator.standardize(generator.apply_transform(image, generator.get_random_transform(image.shape)))

    def _targets_of(self, images: np.ndarray, numbers: np.ndarray) -> Any:
        if self.class_mode == "input":
            return images.copy()
        if self.class_mode == "multi_output":
            return [output[numbers] for output in self.labels]
        if self.class_mode == "raw":
            return self.labels[numbers]
        if self.class_mode in ("binary", "sparse"):
            return np.array([self.labels[number] for number in numbers], self.dtype)
        targets = np.zeros((len(numbers), len(self.class_indices)), self.dtype)
        for place, number in enumerate(numbers):
            targets[place, self.labels[number]] = 1
        return targets


def _check_class_mode(class_mode: str | None, allowed: tuple[str | None, ...]) -> None:
    if class_mode not in allowed:
        names = [name for name in allowed if name]
        raise ValueError(
            explain(
                f"Unknown class mode {class_mode!r}.{nearest(str(class_mode), names)}", expected=f"one of {allowed}"
            )
        )


class DirectoryIterator(FileIterator):
    """Endless batches of the image files in a directory that has one folder per class; deeper folders count, too.

    Args:
        directory: where the folders are.
        classes: names of folders, in the order of their numbers; None takes all, by name. [""] takes the directory
            itself for one class.
        class_mode: "categorical", "binary", "sparse", "input" or None, as in `FileIterator`.
        subset: "training" or "validation", the last or first part of each folder by `validation_split`.
        follow_links: whether to go into linked folders.
        Others: as in `FileIterator`.

    Files come by class, then by name, whatever the order that the file system gives.

    Attributes:
        class_indices: the number of each class; `classes`: the number of each file's one, int32.
        filenames: below the directory; `filepaths`: with it; `samples`: how many.

    Raises ValueError for classes without a folder, and for unknown modes. Warns if no image is there.
    """

    allowed_class_modes = ("categorical", "binary", "sparse", "input", None)

    def __init__(
        self,
        directory: Any,
        image_data_generator: Any,
        target_size: tuple[int, int] = (256, 256),
        color_mode: str = "rgb",
        classes: list[str] | None = None,
        class_mode: str | None = "categorical",
        batch_size: int = 32,
        shuffle: bool = True,
        seed: int | None = None,
        data_format: str | None = None,
        save_to_dir: Any = None,
        save_prefix: str = "",
        save_format: str = "png",
        follow_links: bool = False,
        subset: str | None = None,
        interpolation: str = "nearest",
        keep_aspect_ratio: bool = False,
        dtype: Any = None,
    ) -> None:
        _check_class_mode(class_mode, self.allowed_class_modes)
        self.directory, self.subset = directory, subset
        split = 0.0 if image_data_generator is None else image_data_generator.validation_split
        start, end = part_of(subset, split)
        names = subfolders(directory, classes)
        self.class_indices = {name: number for number, name in enumerate(names)}
        self.num_classes = len(names)
        self.filenames: list[str] = []
        numbers: list[int] = []
        for number, name in enumerate(names):
            files = files_below(directory, name, self.white_list_formats, follow_links)
            files = files[int(start * len(files)) : int(end * len(files))]
            self.filenames += files
            numbers += [number] * len(files)
        self.classes = np.array(numbers, "int32")
        print(f"Found {len(self.filenames)} images belonging to {self.num_classes} classes.")
        if not self.filenames:
            warnings.warn(
                explain(
                    f"No images were found in the folders of {os.fspath(directory)}.",
                    expected=f"one folder per class, with files of type {', '.join(self.white_list_formats)}",
                    fix="Images that lie in the directory itself are found with classes=['.'], class_mode=None.",
                ),
                stacklevel=3,
            )
        super().__init__(
            [os.path.join(directory, name) for name in self.filenames],
            image_data_generator,
            target_size,
            color_mode,
            class_mode,
            self.classes,
            None,
            batch_size,
            shuffle,
            seed,
            data_format,
            save_to_dir,
            save_prefix,
            save_format,
            interpolation,
            keep_aspect_ratio,
            dtype,
        )


class DataFrameIterator(FileIterator):
    """Endless batches of the image files that a pandas table names.

    Args:
        dataframe: the table; it stays as it is.
        directory: what the names are relative to; None: they are whole paths.
        x_col: the column of the files' names.
        y_col: the column of the targets; for "multi_output", a list of columns; for "raw", one or several.
        weight_col: a column of sample weights.
        classes: names of classes, in the order of their numbers; rows of other classes are left out. None takes all.
        class_mode: as in `FileIterator`. In "categorical", a row may name several classes in a list.
        validate_filenames: leave out rows whose file isn't there, or is no image by its name.
        subset: "training" or "validation", the last or first rows by `validation_split`.
        Others: as in `FileIterator`.

    Attributes: as in `DirectoryIterator`.

    Raises ValueError and TypeError for columns that don't fit the mode.
    """

    allowed_class_modes = ("binary", "categorical", "input", "multi_output", "raw", "sparse", None)

    def __init__(
        self,
        dataframe: Any,
        directory: Any = None,
        image_data_generator: Any = None,
        x_col: str = "filename",
        y_col: Any = "class",
        weight_col: str | None = None,
        target_size: tuple[int, int] = (256, 256),
        color_mode: str = "rgb",
        classes: list[str] | None = None,
        class_mode: str | None = "categorical",
        batch_size: int = 32,
        shuffle: bool = True,
        seed: int | None = None,
        data_format: str | None = "channels_last",
        save_to_dir: Any = None,
        save_prefix: str = "",
        save_format: str = "png",
        subset: str | None = None,
        interpolation: str = "nearest",
        keep_aspect_ratio: bool = False,
        dtype: Any = "float32",
        validate_filenames: bool = True,
    ) -> None:
        _check_class_mode(class_mode, self.allowed_class_modes)
        self.directory, self.subset = directory or "", subset
        table = dataframe
        _check_columns(table, x_col, y_col, weight_col, class_mode)
        if validate_filenames:
            table = self._with_files(table, x_col)
        has_classes = class_mode in ("binary", "categorical", "sparse")
        if has_classes:
            table, names = _with_classes(table, y_col, classes)
            if class_mode == "binary" and len(names) != 2:
                raise ValueError(explain('class_mode="binary" needs two classes.', got=f"{len(names)}: {brief(names)}"))
            self.class_indices = {name: number for number, name in enumerate(names)}
            self.num_classes = len(names)
        elif classes:
            warnings.warn(f"`classes` has no effect with class_mode={class_mode!r}.", stacklevel=2)
        split = 0.0 if image_data_generator is None else image_data_generator.validation_split
        start, end = part_of(subset, split)
        table = table.iloc[int(start * len(table)) : int(end * len(table))]
        self.filenames = table[x_col].tolist()
        labels: Any = None
        if has_classes:
            labels = self.classes = [_numbers(label, self.class_indices) for label in table[y_col]]
        elif class_mode == "multi_output":
            labels = [np.array(table[column].tolist()) for column in y_col]
        elif class_mode == "raw":
            labels = table[y_col].to_numpy()
        belonging = f" belonging to {len(self.class_indices)} classes" if has_classes else ""
        validated = "validated" if validate_filenames else "non-validated"
        print(f"Found {len(self.filenames)} {validated} image filenames{belonging}.")
        super().__init__(
            [os.path.join(self.directory, name) for name in self.filenames],
            image_data_generator,
            target_size,
            color_mode,
            class_mode,
            labels,
            table[weight_col].to_numpy() if weight_col else None,
            batch_size,
            shuffle,
            seed,
            data_format,
            save_to_dir,
            save_prefix,
            save_format,
            interpolation,
            keep_aspect_ratio,
            dtype,
        )

    def _with_files(self, table: Any, x_col: str) -> Any:
        """The rows whose files are images that are there."""
        endings = tuple(f".{ending}" for ending in self.white_list_formats)
        paths = [Path(self.directory, name) for name in table[x_col]]
        there = np.array([path.name.lower().endswith(endings) and path.is_file() for path in paths], bool)
        if not there.all():
            missing = [str(path) for path, found in zip(paths, there, strict=True) if not found]
            warnings.warn(
                f"{len(missing)} of {len(paths)} names in column {x_col!r} are no image files and are left out: "
                f"{', '.join(missing[:3])}{', ...' if len(missing) > 3 else ''}",
                stacklevel=3,
            )
        return table[there]


def _check_columns(table: Any, x_col: str, y_col: Any, weight_col: str | None, class_mode: str | None) -> None:
    wanted = [x_col, *([weight_col] if weight_col else [])]
    if class_mode not in ("input", None):
        wanted += y_col if isinstance(y_col, (list, tuple)) else [y_col]
    absent = [name for name in wanted if name not in table.columns]
    if absent:
        raise ValueError(
            explain(
                f"The table has no column {absent[0]!r}.{nearest(str(absent[0]), table.columns)}",
                got=f"columns {list(table.columns)}",
            )
        )
    kinds: dict[str | None, tuple] = {"binary": (str,), "sparse": (str,), "categorical": (str, list, tuple)}
    if class_mode == "multi_output" and not isinstance(y_col, list):
        raise TypeError(explain('class_mode="multi_output" needs a list of columns in `y_col`.', got=brief(y_col)))
    for column, types in ((x_col, (str,)), (y_col, kinds.get(class_mode))):
        wrong = [value for value in table[column] if not isinstance(value, types)] if types else []
        if wrong:
            expected = " or ".join("str" if kind is str else kind.__name__ for kind in types or ())
            raise TypeError(
                explain(
                    f"Column {column!r} doesn't fit class_mode={class_mode!r}.",
                    expected=f"values of type {expected}",
                    got=f"{brief(wrong[0])}, of type {type(wrong[0]).__name__}",
                    fix="Turn them into text: dataframe[column].astype(str), or pass class_mode='raw'.",
                )
            )
    if weight_col and not np.issubdtype(table[weight_col].to_numpy().dtype, np.number):
        raise TypeError(explain(f"Column {weight_col!r} holds no numbers.", got=str(table[weight_col].dtype)))


def _with_classes(table: Any, y_col: str, classes: list[str] | None) -> tuple[Any, list[str]]:
    """The rows of these classes, and the classes; None: all of them, by name."""
    labels = [list(label) if isinstance(label, (list, tuple)) else [label] for label in table[y_col]]
    if not classes:
        return table, sorted({name for names in labels for name in names})
    classes = list(dict.fromkeys(classes))
    return table[np.array([any(name in classes for name in names) for names in labels], bool)], classes


def _numbers(label: Any, numbers: dict[str, int]) -> Any:
    """A class's number; those of several for several, without the ones that have none."""
    if isinstance(label, (list, tuple)):
        return [numbers[name] for name in label if name in numbers]
    return numbers[label]
