"""Models in other systems' formats: what is written computes what the model predicts, at every size left open."""

from __future__ import annotations

import importlib
import importlib.util
import os
import subprocess
import sys

import numpy as np
import pytest

import cornu
from cornu.engines.engine import installed_version
from cornu.export import FORMATS, exporting
from cornu.export.inference import inference

L = cornu.layers
RNG = np.random.default_rng(0)


def stack(*layers):
    return lambda: cornu.Sequential(list(layers))


def two_inputs():
    left, right = cornu.Input((None, 4), name="left"), cornu.Input((None, 4), name="right")
    both = L.Concatenate(axis=1)([left, right])
    return cornu.Model(
        {"left": left, "right": right}, {"pooled": L.GlobalMaxPooling1D()(both), "all": L.Dense(2)(both)}
    )


def attention():
    x = cornu.Input((None, 8), name="x")
    mixed = L.LayerNormalization()(x + L.MultiHeadAttention(2, 4)(x, x, use_causal_mask=True))
    return cornu.Model(x, L.Dense(3, activation="softmax")(L.GlobalAveragePooling1D()(mixed)))


class Written(cornu.Model):
    def __init__(self):
        super().__init__()
        self.dense = L.Dense(3)

    def call(self, x, training=False):
        return self.dense(x), x[:, ::-1]


def written():
    model = Written()
    model(np.ones((2, 4), "float32"))
    return model


MODELS = {
    "dense": stack(cornu.Input((6,)), L.Dense(8, activation="gelu"), L.Dropout(0.5), L.Dense(3, activation="softmax")),
    "images": stack(
        cornu.Input((None, None, 2)), L.Conv2D(4, 3, activation="relu"), L.BatchNormalization(), L.MaxPooling2D(2),
        L.SeparableConv2D(4, 3, padding="same", strides=2), L.GlobalAveragePooling2D(), L.Dense(3),
    ),
    "deep windows": stack(
        cornu.Input((None, None, 2)), L.Conv2D(2, 3, padding="same"), L.SeparableConv2D(4, 3), L.Conv2D(2, 5, groups=2),
        L.GlobalMaxPooling2D(),
    ),
    "upward": stack(
        cornu.Input((4, 4, 3)), L.Conv2DTranspose(2, 3, strides=2, padding="same"), L.AveragePooling2D(3, 2),
    ),
    "words": stack(
        cornu.Input((None,), dtype="int32"), L.Embedding(50, 4, mask_zero=True),
        L.Bidirectional(L.LSTM(3, return_sequences=True)), L.GRU(4), L.Dense(3, activation="softmax"),
    ),
    "attention": attention,
    "two inputs": two_inputs,
    "written": written,
}  # fmt: skip


@pytest.fixture(params=FORMATS)
def format(request):
    chosen = FORMATS[request.param]
    library = {"onnxruntime": "onnx"}.get(chosen.engine)
    if installed_version(chosen.engine) is None or (library and importlib.util.find_spec(library) is None):
        pytest.skip(f"{chosen.engine} isn't installed")
    return request.param


def target(tmp_path, format):
    return tmp_path / f"model{FORMATS[format].suffix}"


@pytest.mark.parametrize("name", [pytest.param(n, marks=[] if n == "dense" else pytest.mark.slow) for n in MODELS])
def test_what_is_written_predicts_the_same(name, format, tmp_path, capsys):
    model = MODELS[name]()
    path = target(tmp_path, format)
    model.export(path, format=format)
    assert "Same as predict() for batches of 1, 2, 5" in capsys.readouterr().out
    assert [p.name for p in tmp_path.iterdir()] == [path.name]
    exported = inference(model)
    run = importlib.import_module(FORMATS[format].module).load(path)
    enough = exporting._large_enough(model, exported)
    for batch, more in ((4, 3), (3, 6)):
        inputs, wanted = exporting._sample(model, exported, exporting._sizes(exported, batch, enough + more))
        for mine, right in zip(run(inputs), wanted, strict=True):
            np.testing.assert_allclose(mine, right, rtol=1e-4, atol=1e-5)


def test_open_sizes_keep_names():
    exported = inference(two_inputs())
    assert [str(aval.shape) for aval in exported.inputs] == ["(batch, left_1, 4)", "(batch, right_1, 4)"]
    assert exported.output_names == ["all", "pooled"]
    assert [str(size) for size in inference(attention()).inputs[0].shape] == ["batch", "axis1", "8"]


def test_sizes_can_be_fixed():
    exported = inference(attention(), [cornu.KerasTensor((None, 5, 8), name="x")])
    assert [str(size) for size in exported.inputs[0].shape] == ["batch", "5", "8"]


def test_only_weights_that_predicting_reads_are_written():
    model = MODELS["dense"]()
    model.compile("adam", "mse")
    model.fit(np.ones((4, 6)), np.ones((4, 3)), verbose=0)
    assert len(inference(model).weights) == 4


def test_a_folder_that_is_something_else_is_left_alone(tmp_path, format):
    if FORMATS[format].mark is None:
        pytest.skip(f"{format} is one file")
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "letter").write_text("dear")
    with pytest.raises(FileExistsError, match=r"precious is there already"):
        MODELS["dense"]().export(tmp_path / "precious", format=format)
    assert (tmp_path / "precious" / "letter").read_text() == "dear"


def test_what_computes_something_else_is_not_written(tmp_path, monkeypatch):
    from cornu.export import stablehlo

    path = tmp_path / "model.stablehlo"
    path.write_text("before")
    real = stablehlo.load
    monkeypatch.setattr(stablehlo, "load", lambda path: lambda xs: [x * 1.001 for x in real(path)(xs)])
    with pytest.raises(ValueError, match=r"computes something else than predict\(\)"):
        MODELS["dense"]().export(path, format="stablehlo")
    assert [p.name for p in tmp_path.iterdir()] == [path.name]
    assert path.read_text() == "before"


def test_it_may_not_be_overwritten(tmp_path):
    path = tmp_path / "model.stablehlo"
    path.write_text("before")
    with pytest.raises(FileExistsError, match="is there already"):
        MODELS["dense"]().export(path, format="stablehlo", overwrite=False)


def test_a_missing_library_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ImportError, match=r"(?s)flatbuffers.*pip install 'cornu\[stablehlo\]'"):
        MODELS["dense"]().export(tmp_path / "model.stablehlo", format="stablehlo")


def test_unknown_formats_name_the_nearest():
    with pytest.raises(ValueError, match=r"Did you mean 'onnx'\?"):
        MODELS["dense"]().export("model", format="onxx")


def test_models_that_do_not_know_their_inputs():
    with pytest.raises(ValueError, match="doesn't know its inputs"):
        Written().export("model", format="stablehlo")


def test_a_model_that_changes_when_it_predicts_says_so():
    class Counting(L.Layer):
        def build(self, shape):
            self.count = self.add_weight((), name="count", trainable=False)

        def call(self, x):
            self.count.assign_add(1.0)
            return x * self.count

    with pytest.warns(UserWarning, match=r"changes \S*counting/count when it predicts"):
        inference(cornu.Sequential([cornu.Input((2,)), Counting(name="counting")]))


def test_layers_on_the_host_are_an_error():
    model = cornu.Sequential(
        [cornu.Input((1,), dtype="string"), L.StringLookup(vocabulary=["a", "b"]), L.Embedding(3, 2)]
    )
    with pytest.raises(ValueError, match="begins with layers that run on the host"):
        model.export("model", format="stablehlo")


RELOAD = """
import jax.export, numpy, sys
program = jax.export.deserialize(bytearray(open(sys.argv[1], "rb").read()))
print(program.call(numpy.ones((3, 6), "float32")).shape, "cornu" in sys.modules)
"""


def test_stablehlo_runs_without_cornu(tmp_path):
    MODELS["dense"]().export(tmp_path / "model.stablehlo", format="stablehlo", verbose=False)
    command = [sys.executable, "-c", RELOAD, str(tmp_path / "model.stablehlo")]
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ, cwd=tmp_path, check=True)
    assert done.stdout.strip() == "(3, 3) False"
