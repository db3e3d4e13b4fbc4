"""Writing a model in a format, and comparing what was written with the model."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from cornu import _jax, tree
from cornu.engines.engine import get_engine
from cornu.errors import explain, nearest
from cornu.export.inference import Inference, inference
from cornu.saving.files import replacing, replacing_folder


@dataclass(frozen=True)
class Format:
    """A format: the module that writes and reads it, the engine whose library that needs, and what comes of it."""

    module: str
    engine: str
    suffix: str
    runs_in: str
    mark: str | None = None
    """For a folder, a file that one of this format holds: no other folder is ever replaced."""


# One line per format.
FORMATS: dict[str, Format] = {
    "tf_saved_model": Format("cornu.export.saved_model", "tensorflow", "", "TensorFlow", "saved_model.pb"),
    "onnx": Format("cornu.export.onnx", "onnxruntime", ".onnx", "ONNX Runtime"),
    "stablehlo": Format("cornu.export.stablehlo", "jax", ".stablehlo", "XLA, by jax.export"),
    "torch": Format("cornu.export.torch_program", "torch", ".pt2", "PyTorch"),
}


def export_model(
    model: Any,
    filepath: str | os.PathLike,
    format: str = "tf_saved_model",
    verbose: bool | None = None,
    input_signature: Any = None,
    overwrite: bool = True,
) -> None:
    """Writes the inference program of a model in another system's format.

    The size of the batch stays open, and every other size that the model leaves open: time, the height and width of
    images. What was written is loaded in its own system and compared with `model.predict` at three sizes; only then
    does it take its place at `filepath`. A file that was there before stays whole until then.

    Args:
        model: a built model.
        filepath: the file, or for "tf_saved_model" the folder. A missing suffix is not added.
        format: "tf_saved_model", "onnx", "stablehlo" or "torch".
        verbose: whether to print what was written and checked; default True.
        input_signature: descriptions of the inputs (anything with a shape, in which None is an open size, and a dtype)
            for models that don't know theirs, or to fix sizes.
        overwrite: whether what is at `filepath` may be replaced.

    Raises ValueError for an unknown format, for a model whose inputs aren't known or whose sizes can't stay open, and
    where the written model computes something else; ImportError, with the command that helps, where the format's
    system isn't installed; NotImplementedError where it lacks a primitive.

    Keras differs: it compares nothing, and has no StableHLO.

    >>> import cornu, tempfile
    >>> model = cornu.Sequential([cornu.Input((4,)), cornu.layers.Dense(2)])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     model.export(f"{folder}/model.stablehlo", format="stablehlo", verbose=False)
    """
    chosen = _format(format)
    get_engine(chosen.engine)  # says what to install
    exported = inference(model, input_signature)
    module = importlib.import_module(chosen.module)
    path = Path(filepath)
    place = replacing(path, overwrite) if chosen.mark is None else replacing_folder(path, overwrite, chosen.mark)
    with place as beside:
        module.write(exported, beside)
        sizes, difference = compare(model, exported, module.load(beside))
    if verbose is None or verbose:
        print(_report(model, exported, path, format, sizes, difference))


def _format(name: str) -> Format:
    if name not in FORMATS:
        raise ValueError(
            explain(f"Unknown format.{nearest(str(name), FORMATS)}", expected=f"one of {', '.join(FORMATS)}", got=name)
        )
    return FORMATS[name]


# --- comparing -------------------------------------------------------------------------------------------------------

_TRIES = ((1, 0), (2, 1), (5, 4))
"""The sizes at which outputs are compared: of the batch, and of the others, above one that is large enough."""


def compare(
    model: Any, exported: Inference, run: Callable[[list[np.ndarray]], list[np.ndarray]]
) -> tuple[list[int], float]:
    """Runs both at three sizes; gives the batch sizes and the largest difference, relative to the outputs' scale.

    Raises ValueError where outputs differ by more than rounding.
    """
    worst, enough = 0.0, _large_enough(model, exported)
    for batch, more in _TRIES:
        sizes = _sizes(exported, batch, enough + more)
        inputs, wanted = _sample(model, exported, sizes)
        found = run(inputs)
        for name, mine, right in zip(exported.output_names, found, wanted, strict=True):
            worst = max(worst, _difference(model, name, np.asarray(mine), right, sizes))
    return [batch for batch, _ in _TRIES], worst


def _sizes(exported: Inference, batch: int, other: int) -> dict[str, int]:
    names = {name for aval in exported.inputs for size in aval.shape for name in _jax.dimension_names(size)}
    return {name: batch if name == "batch" else other for name in names}


def _large_enough(model: Any, exported: Inference) -> int:
    """A size of time or space at which every window finds its place, so that there are outputs to compare."""
    for size in (4, 8, 16, 32, 64, 128, 256):
        try:
            _, predicted = _sample(model, exported, _sizes(exported, 1, size)) if size >= exported.least else (None, [])
        except (TypeError, ValueError):  # too small for a window
            continue
        if predicted and all(x.size and (x.dtype.kind not in "fc" or np.isfinite(x).all()) for x in predicted):
            return size
    return exported.least


def _sample(model: Any, exported: Inference, sizes: dict[str, int]) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Inputs of these sizes, and what the model predicts; whole numbers as large as it takes."""
    for most in _largest_numbers(exported):
        inputs = [_draw(aval, sizes, most, number) for number, aval in enumerate(exported.inputs)]
        batch = next((len(x) for x in inputs if x.ndim), 1)
        predicted = model.predict(exported.nested(inputs), batch_size=batch, verbose=0)
        wanted = [np.asarray(x) for x in tree.flatten(predicted)]
        if all(np.isfinite(x).all() for x in wanted if x.dtype.kind in "fc"):
            break
    return inputs, wanted


def _largest_numbers(exported: Inference) -> Sequence[int]:
    """An embedding has no row for numbers that are too large, and gives NaN."""
    return (1000, 100, 10, 2, 1) if any(aval.dtype.kind in "iu" for aval in exported.inputs) else (1,)


def _draw(aval: Any, sizes: dict[str, int], most: int, seed: int) -> np.ndarray:
    shape = [_jax.evaluate_dimension(size, sizes, max, min) for size in aval.shape]
    random = np.random.default_rng((seed, *shape))
    if aval.dtype.kind == "b":
        return random.random(shape) < 0.5
    if aval.dtype.kind in "iu":
        return random.integers(0, most, shape).astype(aval.dtype)
    return random.normal(size=shape).astype(aval.dtype)


def _difference(model: Any, name: str, found: np.ndarray, wanted: np.ndarray, sizes: dict[str, int]) -> float:
    if found.shape == wanted.shape and found.dtype == wanted.dtype:
        wide, right = (x.astype("complex128" if x.dtype.kind == "c" else "float64") for x in (found, wanted))
        scale = float(np.max(np.abs(right), initial=1e-3, where=np.isfinite(right)))
        same = (wide == right) | (np.isnan(wide) & np.isnan(right))
        difference = float(np.max(np.where(same, 0.0, np.abs(wide - right)) / scale, initial=0.0))
        if difference <= _tolerance(wanted.dtype):
            return difference
    at = ", ".join(f"{name}={size}" for name, size in sizes.items())
    raise ValueError(
        explain(
            f"The exported model {model.name!r} computes something else than predict(): nothing was written.",
            expected=f"output {name!r}: {wanted.dtype}{list(wanted.shape)} as predicted, at {at}",
            got=f"{found.dtype}{list(found.shape)}"
            + (f", off by {difference:.1e} of its scale" if found.shape == wanted.shape else ""),
            fix="Please report this, with the model.",
        )
    )


def _tolerance(dtype: np.dtype) -> float:
    return {"float64": 1e-9, "complex128": 1e-9, "float16": 2e-2, "bfloat16": 5e-2}.get(dtype.name, 1e-4)


def _report(model: Any, exported: Inference, path: Path, format: str, sizes: list[int], difference: float) -> str:
    def lines() -> Iterator[str]:
        yield f"Exported {model.name!r} as {format} to {path}, for {FORMATS[format].runs_in}."
        yield from (f"  input  {_signature(name, aval)}" for name, aval in zip(
            exported.input_names, exported.inputs, strict=True))  # fmt: skip
        yield from (f"  output {_signature(name, aval)}" for name, aval in zip(
            exported.output_names, exported.program.outputs, strict=True))  # fmt: skip
        if exported.least > 1:
            yield f"  Open sizes other than the batch are at least {exported.least}."
        batches = ", ".join(map(str, sizes))
        yield f"  Same as predict() for batches of {batches}: largest difference {difference:.0e} of outputs' scale."

    return "\n".join(lines())


def _signature(name: str, aval: Any) -> str:
    return f"{name}: {aval.dtype}[{', '.join(map(str, aval.shape))}]"
