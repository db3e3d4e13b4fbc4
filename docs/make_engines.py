"""Writes docs/engines.md from the engines' own data, so that the document says what is true.

    python docs/make_engines.py

Limits, libraries and formats come from the modules; speeds from benchmarks/engines.json, where benchmarks/engines.py
has written it: {"conditions": text, "unit": text, "networks": {network: {engine: number}}}.
"""

from __future__ import annotations

import importlib
import json
from pathlib import Path

from cornu.engines.engine import Engine, engine_names, get_engine, source
from cornu.export import FORMATS
from cornu.program.vocabulary import VOCABULARY

ROOT = Path(__file__).parent.parent
DOCUMENT = ROOT / "docs" / "engines.md"
SPEEDS = ROOT / "benchmarks" / "engines.json"

HEAD = """\
# Engines

A model's training step, its evaluation and its prediction are each traced once, by JAX, to a program of {count}
primitives (`cornu/program/vocabulary.py`). An engine runs such programs. None of them knows of layers, losses or
optimizers, and none of these knows of engines: everything that cornu has runs on every engine, within the limits
below, and the same seed gives the same training.

This file is written by `docs/make_engines.py` from the engines' own data; a test compares the two.

## Which there are

| engine | library | install | what it is |
| --- | --- | --- | --- |
{engines}

`cornu engines` lists them with the versions that are installed here, and measures each for a moment.

## How to choose one

For one model, for the process, for a shell:

    model.compile("adam", "mse", engine="torch")
    cornu.config.set_engine("torch")
    CORNU_ENGINE=torch python train.py

The nearest one wins. Weights, files and callbacks are the same on every engine, and a model may be trained on one and
go on on another. While `fit` runs, data and state stay on the engine.

Use `jax`, the default, unless there is a reason: it runs every program, compiles fast, and knows GPUs and TPUs. The
others are there for a processor or a library that a project already has, for what their own profilers and tools show,
for comparing, and for teaching: Theano's graph of a Keras model can be seen again, under PyTensor's name.

## The same numbers

![Training curves of the engines](engines.png)

The slides' network of sigmoids, 784-500-500-10 on MNIST, from the same seed (`benchmarks/engine_curves.py`): over 500
steps, no loss is further from JAX's than 1e-6 of it. Initial weights and the draws of dropout are the same bits: random
numbers are made by the program's own arithmetic, not by an engine's generator. Sums are taken in another order on each
engine, so losses differ in the last digits, and in a network that amplifies small differences (large inputs, large
rates) these grow as rounding does. The tests train twelve small models that between them hold every layer: over 50
steps, losses agree within 1e-5 at the first and 1e-3 at the last in 32 bits, and those of three models within 1e-10 in
64. The model of image augmentation rounds pixels, so it is held to 1e-3 and 1e-2; its 45,000 equations are too many for
TensorFlow and PyTensor, where it is left out. `torch-compile`, which has the rules of `torch`, trains three of them.
"""

LIMITS = """\
## What an engine cannot do

A program that meets a limit is refused when it is compiled, by a NotImplementedError that names the primitive, the
layer and the line. Each limit is tested: it is gone when it is no longer needed.

{limits}

## Primitive by primitive

● runs; a number: runs but for that limit; ○: does not run. What `jax` is given is the program before it is rewritten
into these primitives, so it isn't in the table; the reference engine, in NumPy, defines them all.

{table}
"""

FORMATS_TEXT = """\
## Export

`model.export(path, format=...)` writes the inference program for another system, with the size of the batch left open,
loads it there and compares it with `model.predict` before the file takes its place.

| format | runs in | needs the library of |
| --- | --- | --- |
{formats}
"""

RULED = [name for name in engine_names() if name not in ("jax", "reference", "torch-compile")]
"""The engines of the table of primitives; `torch-compile` has the rules of `torch`."""


def text() -> str:
    """The whole document."""
    parts = [
        HEAD.format(count=len(VOCABULARY), engines="\n".join(map(_engine, engine_names()))),
        LIMITS.format(limits=_limits(), table=_table()),
        FORMATS_TEXT.format(formats="\n".join(map(_format, FORMATS))),
        *_speeds(),
    ]
    return "\n".join(parts)


def _engine(name: str) -> str:
    wanted, engine = source(name), get_engine(name)
    about = _sentence(type(engine).__doc__ or importlib.import_module(wanted.module).__doc__ or "")
    return f"| `{name}` | {wanted.library} ≥ {wanted.oldest} | `{wanted.install}` | {about} |"


def _sentence(words: str) -> str:
    """The first paragraph of a docstring, on one line."""
    return " ".join(words.strip().split("\n\n")[0].split())


def _limits() -> str:
    sections = []
    for name in RULED:
        limits = get_engine(name).limits
        items = "\n".join(f"{number}. {limit}" for number, limit in enumerate(limits, 1)) or "It has none."
        sections.append(f"**{name}**\n\n{items}")
    return "\n\n".join(sections)


def _table() -> str:
    rows = [f"| primitive | meaning | {' | '.join(RULED)} |", "| --- | --- |" + " --- |" * len(RULED)]
    engines = [get_engine(name) for name in RULED]
    rows.append(f"| all | | {' | '.join(_cell(engine, '*') for engine in engines)} |")
    for name, primitive in VOCABULARY.items():
        cells = " | ".join(_cell(engine, name) for engine in engines)
        rows.append(f"| `{name}` | {primitive.meaning.replace('|', chr(92) + '|')} | {cells} |")
    return "\n".join(rows)


def _cell(engine: Engine, primitive: str) -> str:
    """Whether an engine runs a primitive, or the numbers of the limits that name it."""
    own = [(number, limit) for number, limit in enumerate(engine.limits, 1) if limit.subject == primitive]
    if any(not limit.dtypes and limit.when is None for _, limit in own):
        return f"○ {', '.join(str(number) for number, _ in own)}"
    if primitive != "*" and primitive not in importlib.import_module(type(engine).__module__).RULES:
        return "○"
    return ", ".join(str(number) for number, _ in own) or "●"


def _format(name: str) -> str:
    format = FORMATS[name]
    return f"| `{name}` | {format.runs_in} | `{format.engine}` |"


def _speeds() -> list[str]:
    if not SPEEDS.is_file():
        return []
    measured = json.loads(SPEEDS.read_text())
    names = [name for name in engine_names() if any(name in row for row in measured["networks"].values())]
    rows = [f"| {measured['unit']} | {' | '.join(names)} |", "| --- |" + " --- |" * len(names)]
    for network, row in measured["networks"].items():
        rows.append(f"| {network} | {' | '.join(str(row.get(name, '')) for name in names)} |")
    return [f"## Speed\n\n{measured['conditions']}\n\n" + "\n".join(rows) + "\n"]


if __name__ == "__main__":
    DOCUMENT.write_text(text(), encoding="utf-8")
