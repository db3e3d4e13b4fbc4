"""ImageDataGenerator: random changes to images, and batches of them from arrays, folders and tables."""

# ruff: noqa: NPY002 - NumPy's global state is where these draws come from: programs seed it

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from cornu import config
from cornu.errors import brief, explain
from cornu.preprocessing.image.file_iterators import DataFrameIterator, DirectoryIterator
from cornu.preprocessing.image.iterators import NumpyArrayIterator
from cornu.preprocessing.image.transforms import (
    apply_affine_transform,
    apply_brightness_shift,
    apply_channel_shift,
    flip_axis,
    pair,
)


class ImageDataGenerator:
    """Batches of images, each changed at random and standardized, for `Model.fit`.

    Args:
        featurewise_center: subtract each channel's mean over the data; `fit` finds it.
        samplewise_center: subtract each image's own mean.
        featurewise_std_normalization: divide by each channel's standard deviation (`fit`); it centers, too.
        samplewise_std_normalization: divide by each image's own standard deviation; it centers, too.
        zca_whitening: make the pixels uncorrelated, by ZCA (`fit`); it centers in place of normalizing.
        zca_epsilon: added to the singular values there.
        rotation_range: in degrees, either way.
        width_shift_range, height_shift_range: a float below 1 is a fraction of the width or height, from 1 on it is
            pixels; of an integer n, whole pixels from -(n - 1) to n - 1; of a list, one of its items, either way.
        brightness_range: (low, high), factors.
        shear_range: in degrees, either way.
        zoom_range: (low, high), or a number z for (1 - z, 1 + z).
        channel_shift_range: what is added to all values, at most, either way.
        fill_mode, cval: what stands beyond the border; see `apply_affine_transform`.
        horizontal_flip, vertical_flip: mirror every other image, at random.
        rescale: a factor for all values, after all random changes; None and 0 leave them.
        preprocessing_function: from one image to one of the same shape; it comes before `rescale`.
        data_format: "channels_last" or "channels_first"; None means `cornu.config.image_data_format()`.
        validation_split: the first part of the data, which is kept for subset="validation".
        interpolation_order: as `order` in `apply_affine_transform`.
        dtype: of the batches; None means `cornu.config.floatx()`.

    All draws come from NumPy's global state: `cornu.utils.set_random_seed` and `numpy.random.seed` make them the same
    every time. The `seed` of the flows seeds that state before each batch, as in Keras.

    Raises ValueError for arguments out of range.

    >>> generator = ImageDataGenerator(rescale=0.5)
    >>> images, labels = next(generator.flow(np.ones((4, 2, 2, 1)), np.arange(4), batch_size=3, shuffle=False))
    >>> images.shape, float(images.max()), labels
    ((3, 2, 2, 1), 0.5, array([0, 1, 2]))
    """

    def __init__(
        self,
        featurewise_center: bool = False,
        samplewise_center: bool = False,
        featurewise_std_normalization: bool = False,
        samplewise_std_normalization: bool = False,
        zca_whitening: bool = False,
        zca_epsilon: float = 1e-6,
        rotation_range: float = 0,
        width_shift_range: Any = 0.0,
        height_shift_range: Any = 0.0,
        brightness_range: tuple[float, float] | None = None,
        shear_range: float = 0.0,
        zoom_range: Any = 0.0,
        channel_shift_range: float = 0.0,
        fill_mode: str = "nearest",
        cval: float = 0.0,
        horizontal_flip: bool = False,
        vertical_flip: bool = False,
        rescale: float | None = None,
        preprocessing_function: Callable[[np.ndarray], np.ndarray] | None = None,
        data_format: str | None = None,
        validation_split: float = 0.0,
        interpolation_order: int = 1,
        dtype: Any = None,
    ) -> None:
        self.zca_whitening, self.zca_epsilon = zca_whitening, zca_epsilon
        self.featurewise_std_normalization = featurewise_std_normalization and not zca_whitening
        self.samplewise_std_normalization = samplewise_std_normalization
        self.featurewise_center = featurewise_center or zca_whitening or featurewise_std_normalization
        self.samplewise_center = samplewise_center or samplewise_std_normalization
        self.rotation_range, self.shear_range = rotation_range, shear_range
        self.width_shift_range, self.height_shift_range = width_shift_range, height_shift_range
        self.zoom_range = (
            [1 - zoom_range, 1 + zoom_range] if np.ndim(zoom_range) == 0 else [*pair("zoom_range", zoom_range)]
        )
        self.brightness_range = None if brightness_range is None else pair("brightness_range", brightness_range)
        self.channel_shift_range = channel_shift_range
        self.fill_mode, self.cval, self.interpolation_order = fill_mode, cval, interpolation_order
        self.horizontal_flip, self.vertical_flip = horizontal_flip, vertical_flip
        self.rescale, self.preprocessing_function = rescale, preprocessing_function
        self.data_format = config.standardize_data_format(data_format)
        self.channel_axis, self.row_axis, self.col_axis = (
            (3, 1, 2) if self.data_format == "channels_last" else (1, 2, 3)
        )
        self.dtype = config.floatx() if dtype is None else dtype
        if validation_split and not 0 < validation_split < 1:
            raise ValueError(
                explain(
                    "ImageDataGenerator: `validation_split` is wrong.", expected="0 <= part < 1", got=validation_split
                )
            )
        self.validation_split = validation_split
        self.mean: Any = None
        self.std: Any = None
        self.zca_whitening_matrix: Any = None
        self._warn_of_overruled(featurewise_center, samplewise_center, featurewise_std_normalization)

    def _warn_of_overruled(self, featurewise: bool, samplewise: bool, normalize: bool) -> None:
        if self.zca_whitening and normalize:
            warnings.warn("`zca_whitening` takes the place of `featurewise_std_normalization`.", stacklevel=3)
        if self.featurewise_center and not featurewise:
            cause = "zca_whitening" if self.zca_whitening else "featurewise_std_normalization"
            warnings.warn(f"`{cause}` sets `featurewise_center`, too.", stacklevel=3)
        if self.samplewise_center and not samplewise:
            warnings.warn("`samplewise_std_normalization` sets `samplewise_center`, too.", stacklevel=3)

    def flow(
        self,
        x: Any,
        y: Any = None,
        batch_size: int = 32,
        shuffle: bool = True,
        sample_weight: Any = None,
        seed: int | None = None,
        save_to_dir: str | None = None,
        save_prefix: str = "",
        save_format: str = "png",
        ignore_class_split: bool = False,
        subset: str | None = None,
    ) -> NumpyArrayIterator:
        """Batches of arrays, endlessly; see `NumpyArrayIterator`."""
        return NumpyArrayIterator(
            x,
            y,
            self,
            batch_size=batch_size,
            shuffle=shuffle,
            sample_weight=sample_weight,
            seed=seed,
            data_format=self.data_format,
            save_to_dir=save_to_dir,
            save_prefix=save_prefix,
            save_format=save_format,
            ignore_class_split=ignore_class_split,
            subset=subset,
            dtype=self.dtype,
        )

    def flow_from_directory(
        self,
        directory: Any,
        target_size: tuple[int, int] = (256, 256),
        color_mode: str = "rgb",
        classes: list[str] | None = None,
        class_mode: str | None = "categorical",
        batch_size: int = 32,
        shuffle: bool = True,
        seed: int | None = None,
        save_to_dir: str | None = None,
        save_prefix: str = "",
        save_format: str = "png",
        follow_links: bool = False,
        subset: str | None = None,
        interpolation: str = "nearest",
        keep_aspect_ratio: bool = False,
    ) -> DirectoryIterator:
        """Batches of image files, one folder per class, endlessly; see `DirectoryIterator`."""
        return DirectoryIterator(
            directory,
            self,
            target_size=target_size,
            color_mode=color_mode,
            classes=classes,
            class_mode=class_mode,
            batch_size=batch_size,
            shuffle=shuffle,
            seed=seed,
            data_format=self.data_format,
            save_to_dir=save_to_dir,
            save_prefix=save_prefix,
            save_format=save_format,
            follow_links=follow_links,
            subset=subset,
            interpolation=interpolation,
            keep_aspect_ratio=keep_aspect_ratio,
            dtype=self.dtype,
        )

    def flow_from_dataframe(
        self,
        dataframe: Any,
        directory: Any = None,
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
        save_to_dir: str | None = None,
        save_prefix: str = "",
        save_format: str = "png",
        subset: str | None = None,
        interpolation: str = "nearest",
        validate_filenames: bool = True,
        keep_aspect_ratio: bool = False,
    ) -> DataFrameIterator:
        """Batches of the image files that a table names, endlessly; see `DataFrameIterator`."""
        return DataFrameIterator(
            dataframe,
            directory,
            self,
            x_col=x_col,
            y_col=y_col,
            weight_col=weight_col,
            target_size=target_size,
            color_mode=color_mode,
            classes=classes,
            class_mode=class_mode,
            batch_size=batch_size,
            shuffle=shuffle,
            seed=seed,
            data_format=self.data_format,
            save_to_dir=save_to_dir,
            save_prefix=save_prefix,
            save_format=save_format,
            subset=subset,
            interpolation=interpolation,
            keep_aspect_ratio=keep_aspect_ratio,
            dtype=self.dtype,
            validate_filenames=validate_filenames,
        )

    def fit(self, x: Any, augment: bool = False, rounds: int = 1, seed: int | None = None) -> None:
        """Finds mean, standard deviation and whitening matrix: what the featurewise arguments and ZCA need.

        Args:
            x: images, four axes. `rescale` applies to them; `preprocessing_function` doesn't, as in Keras.
            augment: whether to change them at random first, `rounds` times.
            seed: of NumPy's global state, set before those changes.

        Whitening costs memory for a (height · width · channels)² matrix. Raises ValueError for other shapes.
        """
        x = np.array(x, self.dtype)
        if x.ndim != 4:
            raise ValueError(explain("ImageDataGenerator.fit: `x` is wrong.", expected="images, 4 axes", got=brief(x)))
        if seed is not None:
            np.random.seed(seed)
        if self.rescale:
            x *= self.rescale
        if augment:
            x = np.stack([self.random_transform(image) for _ in range(rounds) for image in x])
        pixels = (0, self.row_axis, self.col_axis)
        if self.featurewise_center:
            mean = x.mean(pixels, keepdims=True)
            x -= mean
            self.mean = mean[0]
        if self.featurewise_std_normalization:
            std = x.std(pixels, keepdims=True)
            x /= std + 1e-6
            self.std = std[0]
        if self.zca_whitening:
            left, singular, _ = np.linalg.svd(x.reshape(len(x), -1).T, full_matrices=False)
            self.zca_whitening_matrix = (left * (np.sqrt(len(x)) / (singular + self.zca_epsilon))) @ left.T

    def standardize(self, x: Any) -> np.ndarray:
        """One image after `preprocessing_function`, rescaling, centering, normalizing, whitening, in this order.

        An array of floating-point numbers is changed in place, as in Keras. What `fit` should have found and hasn't is
        left out, with a warning.
        """
        if self.preprocessing_function is not None:
            x = self.preprocessing_function(x)
        x = np.asarray(x)
        if not np.issubdtype(x.dtype, np.floating):
            x = x.astype(self.dtype)
        if self.rescale:
            x *= self.rescale
        if self.samplewise_center:
            x -= x.mean()
        if self.samplewise_std_normalization:
            x /= x.std() + 1e-6
        if self.featurewise_center and self._is_fitted("featurewise_center", self.mean):
            x -= self.mean
        if self.featurewise_std_normalization and self._is_fitted("featurewise_std_normalization", self.std):
            x /= self.std + 1e-6
        if self.zca_whitening and self._is_fitted("zca_whitening", self.zca_whitening_matrix):
            x = (x.reshape(-1, np.prod(x.shape[-3:])) @ self.zca_whitening_matrix).reshape(x.shape)
        return x

    def _is_fitted(self, name: str, found: Any) -> bool:
        if found is None:
            warnings.warn(
                explain(f"ImageDataGenerator: `{name}` has no effect yet.", fix="Call `fit(images)` first."),
                stacklevel=3,
            )
        return found is not None

    def get_random_transform(self, img_shape: tuple[int, ...], seed: int | None = None) -> dict[str, Any]:
        """Random amounts for `apply_transform`, for an image of this shape; `seed` seeds NumPy's global state first."""
        if seed is not None:
            np.random.seed(seed)
        theta = np.random.uniform(-self.rotation_range, self.rotation_range) if self.rotation_range else 0
        tx = _random_shift(self.height_shift_range, img_shape[self.row_axis - 1])
        ty = _random_shift(self.width_shift_range, img_shape[self.col_axis - 1])
        shear = np.random.uniform(-self.shear_range, self.shear_range) if self.shear_range else 0
        zx, zy = (1, 1) if self.zoom_range == [1, 1] else np.random.uniform(self.zoom_range[0], self.zoom_range[1], 2)
        flip_horizontal = bool(np.random.random() < 0.5) and self.horizontal_flip
        flip_vertical = bool(np.random.random() < 0.5) and self.vertical_flip
        channel_shift = self.channel_shift_range
        return {
            "theta": theta,
            "tx": tx,
            "ty": ty,
            "shear": shear,
            "zx": zx,
            "zy": zy,
            "flip_horizontal": flip_horizontal,
            "flip_vertical": flip_vertical,
            "channel_shift_intensity": np.random.uniform(-channel_shift, channel_shift) if channel_shift else None,
            "brightness": None if self.brightness_range is None else np.random.uniform(*self.brightness_range),
        }

    def apply_transform(self, x: Any, transform_parameters: dict[str, Any]) -> np.ndarray:
        """One image, turned, shifted, sheared and zoomed, then recolored, mirrored and brightened.

        Args:
            x: an image with three axes.
            transform_parameters: any of what `get_random_transform` gives: "theta", "tx", "ty", "shear", "zx", "zy" as
                in `apply_affine_transform`; "channel_shift_intensity", "flip_horizontal", "flip_vertical",
                "brightness".
        """
        rows, columns, channels = self.row_axis - 1, self.col_axis - 1, self.channel_axis - 1
        given = transform_parameters.get
        x = apply_affine_transform(
            x,
            **{
                name: given(name, 1 if name in ("zx", "zy") else 0)
                for name in ("theta", "tx", "ty", "shear", "zx", "zy")
            },
            row_axis=rows,
            col_axis=columns,
            channel_axis=channels,
            fill_mode=self.fill_mode,
            cval=self.cval,
            order=self.interpolation_order,
        )
        if (intensity := given("channel_shift_intensity")) is not None:
            x = apply_channel_shift(x, intensity, channels)
        if given("flip_horizontal"):
            x = flip_axis(x, columns)
        if given("flip_vertical"):
            x = flip_axis(x, rows)
        if (brightness := given("brightness")) is not None:
            x = apply_brightness_shift(x, brightness, False, self.data_format)
        return x

    def random_transform(self, x: Any, seed: int | None = None) -> np.ndarray:
        """One image, changed at random."""
        return self.apply_transform(x, self.get_random_transform(np.shape(x), seed))


def _random_shift(amount: Any, length: int) -> float:
    """Pixels along an axis of this length: a fraction below 1, pixels, whole pixels below an integer, one of a list."""
    if np.size(amount) == 0 or (np.ndim(amount) == 0 and not amount):
        return 0
    if np.ndim(amount) or isinstance(amount, (int, np.integer)):
        shift = np.random.choice(amount) * np.random.choice([-1, 1])
    else:
        shift = np.random.uniform(-amount, amount)
    return shift * length if np.max(amount) < 1 else shift
