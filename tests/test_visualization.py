"""Pictures: the files are right for an independent reader, and show what they should."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from cornu.visualization import canvas, charts, image_gallery, learning_curves, letters, png

RED = (200, 30, 30)


def read(path) -> np.ndarray:
    image = pytest.importorskip("PIL.Image", reason="Pillow isn't installed")
    with image.open(path) as picture:
        assert picture.mode == "RGB"
        return np.asarray(picture)


def count(pixels: np.ndarray, color: tuple[int, int, int]) -> int:
    return int((np.abs(pixels.astype(int) - color).max(axis=2) < 8).sum())


@pytest.mark.parametrize("shape", [(1, 1), (7, 5), (300, 2)])
def test_files_are_read_by_others(shape, tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (*shape, 3), "uint8")
    (tmp_path / "x.png").write_bytes(png.encode(pixels))
    np.testing.assert_array_equal(read(tmp_path / "x.png"), pixels)


@pytest.mark.parametrize("width", [1, 2, 5])
def test_a_line_covers_its_width_times_its_length(width):
    """A stroke of length 100 with half a disk at each end, black on white; coverage is the missing light."""
    for angle in (0, 0.3, 0.9, 1.2):
        picture = canvas.Canvas(160, 160)
        end = 30 + 100 * np.array([np.cos(angle), np.sin(angle)])
        picture.line([(30, 30), end], (0, 0, 0), width)
        covered = (255 - picture.pixels()[..., 0].astype(float)).sum() / 255
        assert covered == pytest.approx(100 * width + np.pi * width**2 / 4, rel=0.03, abs=0.6)


def test_a_line_may_leave_the_picture():
    picture = canvas.Canvas(20, 20)
    picture.line([(-50, 10), (70, 10)], (0, 0, 0), 2)
    picture.line([(-50, -50), (-10, -9)], (255, 0, 0), 2)
    dark = (picture.pixels()[..., 0] < 128).sum(axis=1)
    assert dark.tolist() == [0] * 9 + [20, 20] + [0] * 9


def test_letters_differ_and_stay_on_their_grid():
    alike = {frozenset("×x")}
    drawn = {}
    for letter in letters._STROKES:
        picture = canvas.Canvas(60, 60)
        picture.text(10, 40, letter, size=30)
        drawn[letter] = picture.pixels()
        points = np.concatenate(letters.layout(letter)[0])
        assert points.min() >= 0
        assert points[:, 1].max() <= 9
    for a, b in itertools.combinations(drawn, 2):
        assert not np.array_equal(drawn[a], drawn[b]) or frozenset((a, b)) in alike, (a, b)
    assert all(pixels.min() < 128 for pixels in drawn.values())


def test_text_is_aligned():
    def columns(align):
        picture = canvas.Canvas(200, 40)
        picture.text(100, 30, "HEH", 20, align=align)
        return np.flatnonzero(picture.pixels().min(axis=(0, 2)) < 128)

    assert columns("left")[0] == pytest.approx(100, abs=2)
    assert columns("right")[-1] == pytest.approx(100, abs=2)
    assert columns("center")[[0, -1]].mean() == pytest.approx(100, abs=2)


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (0, 1, [0, 0.2, 0.4, 0.6, 0.8, 1]),
        (0.93, 0.98, [0.93, 0.94, 0.95, 0.96, 0.97, 0.98]),
        (1, 20, [0, 5, 10, 15, 20]),
        (-3, 3, [-4, -2, 0, 2, 4]),
        (5, 5, [5, 6]),
        (0, 0, [0, 0.2]),
        (1e-7, 3e-7, [1e-7, 1.5e-7, 2e-7, 2.5e-7, 3e-7]),
    ],
)
def test_ticks_are_round_numbers(low, high, ticks):
    assert charts.nice_ticks(low, high) == pytest.approx(ticks)


@pytest.mark.parametrize(
    "history",
    [
        {"loss": [2.0, 1.0, 0.5], "val_loss": [2.0, 1.2, 0.9]},
        {"loss": [1.0], "accuracy": [0.5]},
        {"loss": [float("nan"), 1.0, float("inf"), 0.5]},
        {"loss": [float("nan")] * 3},
        {"loss": list(np.linspace(1, 0, 500))},
    ],
    ids=["two curves", "one epoch", "not finite", "never finite", "many epochs"],
)
def test_learning_curves(history, tmp_path):
    pixels = read(learning_curves(history, tmp_path / "c.png", title="a title"))
    panels = sum(not name.startswith("val_") for name in history)
    assert pixels.shape == (430, 520 * panels, 3)
    plain = np.where(np.isfinite(history["loss"]), 1, 0).sum()
    assert (count(pixels, (0, 114, 178)) > 150) == (plain > 0 and len(history["loss"]) > 1) or panels == 2
    assert (count(pixels, (213, 94, 0)) > 150) == ("val_loss" in history)


def test_a_rising_curve_rises(tmp_path):
    """Rows of the curve's color from left to right; the falling one is the planted error."""
    for values, sign in (([0.1, 0.5, 0.9], -1), ([0.9, 0.5, 0.1], 1)):
        pixels = read(learning_curves({"accuracy": values}, tmp_path / "c.png"))
        rows, columns = np.nonzero(np.abs(pixels.astype(int) - (0, 114, 178)).max(axis=2) < 8)
        field = columns < 370  # where no legend is
        assert np.sign(np.corrcoef(columns[field], rows[field])[0, 1]) == sign


def test_image_gallery_marks_what_is_wrong(tmp_path):
    images = np.random.default_rng(0).integers(0, 17, (10, 8, 8))
    labels = np.arange(10)
    right = read(image_gallery(images, labels, labels, tmp_path / "g.png", title="digits", columns=4))
    assert count(right, RED) == 0
    guesses = labels.copy()
    guesses[3] = 0
    assert count(read(image_gallery(images, guesses, labels, tmp_path / "g.png", columns=4)), RED) > 200
