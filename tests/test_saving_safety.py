"""Files are data: whatever a file says, no code runs, no other file is read or written, and little is allocated."""

from __future__ import annotations

import base64
import copy
import io
import json
import marshal
import os
import resource
import subprocess
import sys
import textwrap
import tracemalloc
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest

import cornu
from cornu.saving import inspect_file, limits, load_model
from cornu.saving.archive import Archive


@pytest.fixture(scope="module")
def parts(tmp_path_factory):
    """The members of a good file."""
    path = tmp_path_factory.mktemp("good") / "m.keras"
    model = cornu.Sequential([cornu.Input((4,), name="x"), cornu.layers.Dense(3, name="dense")], name="good")
    model.compile("adam", "mse", metrics=["mae"])
    model.optimizer.build(model.trainable_variables)
    model.save(path)
    with zipfile.ZipFile(path) as file:
        held = {name: file.read(name) for name in file.namelist()}
    return {**held, "config.json": json.loads(held["config.json"])}


def pack(path: Path, parts: dict, how=zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile(path, "w", how) as file:
        for name, data in parts.items():
            file.writestr(name, json.dumps(data) if name == "config.json" and isinstance(data, dict) else data)
    return path


def layer(class_name: str, module: str | None = "keras.layers", registered: str | None = None, **config) -> dict:
    return {"module": module, "class_name": class_name, "config": config, "registered_name": registered}


def function(name: str, module: str = "builtins") -> dict:
    return {"module": module, "class_name": "function", "config": name, "registered_name": name}


def with_layers(parts: dict, *layers, shape=(4,)) -> dict:
    """The good file with other layers."""
    parts = copy.deepcopy(parts)
    first = layer("InputLayer", batch_shape=[None, *shape], dtype="float32", name="x")
    parts["config.json"]["config"]["layers"] = [first, *layers]
    parts["config.json"]["config"].pop("build_input_shape", None)
    return parts


def test_the_good_file_loads(parts, tmp_path):
    assert load_model(pack(tmp_path / "m.keras", parts)).count_params() == 15


# Configs that name code ----------------------------------------------------------------------------------------------

BYTECODE = base64.b64encode(marshal.dumps(compile("open('owned', 'w')", "x", "exec"))).decode()
CODE = {"class_name": "__lambda__", "config": {"code": BYTECODE, "defaults": None, "closure": None}}
GADGETS = {
    "CVE-2024-3660: bytecode of a Lambda": layer("Lambda", function=CODE, name="l"),
    "bytecode of a Lambda, Keras 2": layer("Lambda", function=[BYTECODE, None, None], function_type="lambda", name="l"),
    "CVE-2025-1550: any module's function": layer("Lambda", function=function("system", "os"), arguments={"x": "id"}),
    "CVE-2025-1550: as a layer": layer("system", "os", "system", command="touch owned"),
    "CVE-2025-1550: a method": layer("Popen", "subprocess", None, args=["touch", "owned"]),
    "CVE-2025-8747: a utility": layer("Lambda", function=function("get_file", "keras.utils"),
                                      arguments={"origin": "http://localhost/x"}, name="l"),
    "CVE-2025-8747: load_model": layer("Lambda", function=function("load_model", "keras.saving"), name="l"),
    "CVE-2025-9906: the switch": layer("enable_unsafe_deserialization", "keras.config", None),
    "a public function that writes": layer("Lambda", function=function("plot_image_gallery", "keras.visualization"),
                                           arguments={"path": "owned"}, name="l"),
    "CVE-2025-49655: pickles": layer("TorchModuleWrapper", module_bytes=BYTECODE, name="t"),
    "CVE-2026-1462: a path to code": layer("TFSMLayer", filepath="/tmp/evil", name="t"),
    "CVE-2025-12058: a vocabulary's path": layer("StringLookup", vocabulary="/etc/passwd", name="s"),
    "CVE-2025-12058: a vocabulary's address": layer("StringLookup", vocabulary="http://localhost/v", name="s"),
    "__main__": layer("Evil", "__main__", "Evil"),
    "a builtin": layer("eval", "builtins", "eval", source="open('owned','w')"),
    "a dunder": layer("__import__", "builtins", None, name="os"),
    "a class as a function": layer("Lambda", function=function("Sequential", "keras"), name="l"),
    "a callback": layer("ModelCheckpoint", "keras.callbacks", None, filepath="owned"),
    "malformed inner config": layer("TimeDistributed", layer={"class_name": "Dense", "config": "no"}, name="t"),
    "a name that is no name": layer(["Dense"], units=3),  # type: ignore[arg-type]
}  # fmt: skip


@pytest.mark.parametrize("attack", GADGETS)
def test_no_name_reaches_code(parts, tmp_path, monkeypatch, attack):
    monkeypatch.chdir(tmp_path)
    modules = set(sys.modules)
    path = pack(tmp_path / "m.keras", with_layers(parts, GADGETS[attack]))
    with pytest.raises(ValueError, match=r"\w"):
        load_model(path)
    assert [p.name for p in tmp_path.iterdir()] == ["m.keras"]
    assert not {name.partition(".")[0] for name in set(sys.modules) - modules} & {"torch", "tensorflow", "evil"}


def test_no_module_is_imported_because_a_file_names_it(parts, tmp_path, monkeypatch):
    (tmp_path / "evil_layers.py").write_text("raise SystemExit('imported')")
    monkeypatch.syspath_prepend(tmp_path)
    for module in ("evil_layers", "keras_hub.evil_layers", "keras.src.evil_layers"):
        path = pack(tmp_path / "m.keras", with_layers(parts, layer("Evil", module, "evil>Evil")))
        with pytest.raises(ValueError, match="Evil"):
            load_model(path)
    assert "evil_layers" not in sys.modules


def test_compiling_reaches_no_code(parts, tmp_path):
    for place in ("optimizer", "loss", "metrics"):
        evil = copy.deepcopy(parts)
        evil["config.json"]["compile_config"][place] = function("system", "os")
        with pytest.raises(ValueError, match="system"):
            load_model(pack(tmp_path / "m.keras", evil))


def test_there_is_no_switch(parts, tmp_path):
    path = pack(tmp_path / "m.keras", parts)
    for value in (False, None):  # CVE-2026-12481: no third state either
        with pytest.raises(ValueError, match="no unsafe mode"):
            load_model(path, safe_mode=value)


def test_a_registered_class_takes_no_built_in_ones_place(parts, tmp_path):
    @cornu.saving.register_keras_serializable("tests")
    class Dense(cornu.layers.Dense):
        """Of the same arguments as Dense."""

    path = pack(
        tmp_path / "m.keras", with_layers(parts, layer("Dense", registered="tests>Dense", units=3, name="dense"))
    )
    assert type(load_model(path).layers[0]) is cornu.layers.Dense
    mine = load_model(path, custom_objects={"Dense": Dense})  # the caller decides
    assert type(mine.layers[0]) is Dense


def test_expressions_that_take_forever(parts, tmp_path):
    evil = copy.deepcopy(parts)
    config = {"learning_rate": 0.1, "exclude_layers": ["(a+)+$"]}
    evil["config.json"]["compile_config"]["optimizer"] = layer("Muon", "keras.optimizers", **config)
    with pytest.raises(ValueError, match="take forever"):
        load_model(pack(tmp_path / "m.keras", evil))


def test_arrays_in_configs_hold_numbers_only(parts, tmp_path):
    for kind in ("object", "S1000000000", "U9", "V8", [["a", "f4"]], "M8[s]"):
        value = {"class_name": "__numpy__", "config": {"value": [1], "dtype": kind}}
        first = {"module": "keras.initializers", "class_name": "Constant", "config": {"value": value}}
        path = pack(tmp_path / "m.keras", with_layers(parts, layer("Dense", units=3, kernel_initializer=first)))
        with pytest.raises(ValueError, match="dtype"):
            load_model(path)


def test_an_operation_needs_a_tensor(parts, tmp_path):
    """Otherwise it would be computed while the file is read."""
    node = {"args": [[1.0], 10**9], "kwargs": {}}
    call = {"module": "keras.src.ops.numpy", "class_name": "Repeat", "name": "repeat", "registered_name": "Repeat",
            "config": {"name": "repeat", "repeats": 10**9}, "inbound_nodes": [node]}  # fmt: skip
    config = {"name": "f", "trainable": True, "layers": [call], "input_layers": [["repeat", 0, 0]],
              "output_layers": [["repeat", 0, 0]]}  # fmt: skip
    evil = {**parts, "config.json": layer("Functional", "keras.src.models.functional", "Functional", **config)}
    with pytest.raises(ValueError, match="graph's config is broken|too many"):
        load_model(pack(tmp_path / "m.keras", evil))


# Sizes ---------------------------------------------------------------------------------------------------------------


def peak(run) -> int:
    """The bytes that Python and NumPy had at once while `run` raised a ValueError."""
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match=r"\w"):
            run()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


BOMBS = {
    "Dense": (layer("Dense", units=10**9, name="dense"), (4,)),
    "a number beyond 64 bits": (layer("Dense", units=10**30, name="dense"), (4,)),
    "Embedding": (layer("Embedding", input_dim=10**9, output_dim=1000), (4,)),
    "LSTM": (layer("LSTM", units=10**5), (5, 4)),
    "Conv2D": (layer("Conv2D", filters=10**6, kernel_size=[1000, 1000]), (2000, 2000, 4)),
    "BatchNormalization": (layer("BatchNormalization"), (10**10,)),
    "Orthogonal": (layer("Dense", units=10**9, kernel_initializer=layer("Orthogonal", "keras.initializers")), (4,)),
    "inside another": (layer("SpectralNormalization", layer=layer("Dense", units=10**9)), (4,)),
    "twice inside": (layer("Bidirectional", layer=layer("LSTM", units=10**5)), (10**6, 3)),
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_nothing_is_allocated_before_shapes_agree(parts, tmp_path, bomb):
    """The model of the config alone would take gigabytes."""
    entry, shape = BOMBS[bomb]
    path = pack(tmp_path / "m.keras", with_layers(parts, entry, shape=shape))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert peak(lambda: load_model(path)) < 64 << 20
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 512 << 10


def weight_file(write) -> bytes:
    held = io.BytesIO()
    with h5py.File(held, "w") as file:
        write(file)
    return held.getvalue()


def dense_file(**arrays) -> bytes:
    """The weight file of Dense(3) on 4 inputs, with other arguments of `create_dataset` for some arrays."""

    def write(file):
        given = {"0": {"data": np.ones((4, 3), "float32")}, "1": {"data": np.ones(3, "float32")}}
        for name, how in {**given, **{k[1:]: v for k, v in arrays.items()}}.items():
            file.create_group("layers/dense/vars") if "layers/dense/vars" not in file else None
            how(file["layers/dense/vars"]) if callable(how) else file["layers/dense/vars"].create_dataset(name, **how)

    return weight_file(write)


def test_a_file_and_config_that_agree_on_too_much(parts, tmp_path):
    """CVE-2026-0897, and many arrays each just below a limit: all that is declared counts, against the file's size."""
    big = {"shape": (4, 10**9), "dtype": "float32", "chunks": (1, 1000), "compression": "gzip"}
    entry = layer("Dense", units=10**9, use_bias=False, name="dense")
    evil = {**with_layers(parts, entry), "model.weights.h5": dense_file(_0=big, _1=lambda group: None)}
    evil["config.json"].pop("compile_config")
    path = pack(tmp_path / "m.keras", evil)
    with pytest.raises(ValueError, match="more than it can"):
        load_model(path)
    assert peak(lambda: load_model(path)) < 64 << 20
    assert inspect_file(path)["weights"]["layers/dense/vars/0"][0] == (4, 10**9)


def test_another_shape_is_not_read(parts, tmp_path):
    big = {"shape": (10**6, 10**6), "dtype": "float64", "chunks": (1, 1000), "compression": "gzip"}
    path = pack(tmp_path / "m.keras", {**parts, "model.weights.h5": dense_file(_0=big)})
    assert peak(lambda: load_model(path)) < 64 << 20


# Archives ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["../evil", "/tmp/evil", "a/../../evil", "assets/vocabulary.txt", "C:\\evil", "x" * 5000]
)
def test_other_members_are_refused(parts, tmp_path, name):
    path = pack(tmp_path / "folder.keras", {**parts, name: b"evil"})
    with pytest.raises(ValueError, match="holds more"):
        load_model(path)
    assert [p.name for p in tmp_path.iterdir()] == ["folder.keras"]


def test_a_member_twice(parts, tmp_path):
    path = pack(tmp_path / "m.keras", parts)
    with zipfile.ZipFile(path, "a") as file, pytest.warns(UserWarning, match="Duplicate"):
        file.writestr("config.json", "{}")
    with pytest.raises(ValueError, match="twice"):
        load_model(path)


@pytest.mark.parametrize("how", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_ways_of_packing(parts, tmp_path, how):
    with pytest.raises(ValueError, match="packed"):
        load_model(pack(tmp_path / "m.keras", parts, how))


def test_zip_bombs(parts, tmp_path):
    for member, size in (("config.json", 80 << 20), ("model.weights.h5", 200 << 20)):
        path = pack(tmp_path / "m.keras", {**parts, member: bytes(size)}, zipfile.ZIP_DEFLATED)
        assert path.stat().st_size < 1 << 20
        assert peak(lambda path=path: load_model(path)) < 40 << 20
        assert peak(lambda path=path: inspect_file(path)) < 40 << 20


def test_a_member_larger_than_it_says(parts, tmp_path):
    path = pack(tmp_path / "m.keras", parts, zipfile.ZIP_DEFLATED)
    data, size = bytearray(path.read_bytes()), len(parts["model.weights.h5"])
    for at in range(len(data) - 4):
        if data[at : at + 4] == size.to_bytes(4, "little"):
            data[at : at + 4] = (100).to_bytes(4, "little")
    path.write_bytes(data)
    with pytest.raises(ValueError, match=r"damaged|another size|readable"):
        load_model(path)


def test_what_is_no_archive(parts, tmp_path):
    path = tmp_path / "m.keras"
    for data, message in (
        (b"", "no .keras file"),
        (b"PK", "no .keras file"),
        (b"\x89HDF\r\n\x1a\n" + bytes(100), "no readable HDF5 file"),
        (b"no" + os.urandom(1000), "no .keras file"),
        (parts["model.weights.h5"], "holds no model"),
    ):
        path.write_bytes(data)
        with pytest.raises(ValueError, match=message):
            load_model(path)
    for missing in ("config.json", "model.weights.h5"):
        pack(path, {k: v for k, v in parts.items() if k != missing})
        with pytest.raises(ValueError, match=f"{missing} is missing"):
            load_model(path)


# JSON ----------------------------------------------------------------------------------------------------------------

JSON = {
    "depth": b"[" * 200 + b"]" * 200,
    "depth beyond the parser's": b"[" * 10**6 + b"]" * 10**6,
    "many values": b"[" + b"[]," * (limits.JSON_NODES + 1) + b"[]]",
    "a long string": b'"' + b"a" * (limits.STRING_LENGTH + 1) + b'"',
    "a long key": b'{"' + b"a" * (limits.STRING_LENGTH + 1) + b'": 1}',
    "a long number": b"1" * 10_000,
    "no JSON": b"!!python/object/apply:os.system [id]",
    "no UTF-8": b'"\xff\xfe"',
    "quotes": b'"' + b'\\"' * 10**6,
    "no object": b"[1, 2]",
    "nothing": b"",
}


@pytest.mark.parametrize("kind", JSON)
def test_json_has_limits(parts, tmp_path, kind):
    path = pack(tmp_path / "m.keras", {**parts, "config.json": JSON[kind]})
    assert peak(lambda: load_model(path)) < 64 << 20


def test_what_is_within_the_limits_is_read():
    text = json.dumps({"a": ["x" * 1000, '"[,{' * 100, None, 1.5], "b": {"c\\": "\\"}})
    assert limits.parse_json(text.encode(), "it") == json.loads(text)


# HDF5 ----------------------------------------------------------------------------------------------------------------


def _virtual(group, secret):
    layout = h5py.VirtualLayout((4, 3), "float32")
    layout[:] = h5py.VirtualSource(secret, "secret", (4, 3))
    group.create_virtual_dataset("0", layout)


def _link(kind):
    def make(group, secret):
        group["0"] = kind(secret)

    return make


def _vlen(group, secret):
    group.create_dataset("0", (4, 3), h5py.vlen_dtype("float32"))


TRICKS = {
    "CVE-2026-1669: external storage": lambda g, s: g.create_dataset("0", (4, 3), "float32", external=[(s, 0, 48)]),
    "GHSA-fx5g: external link": _link(lambda secret: h5py.ExternalLink(secret, "secret")),
    "GHSA-27f4: soft link": _link(lambda secret: h5py.SoftLink("/layers/dense/vars/1")),
    "virtual data": _virtual,
    "another filter": lambda g, s: g.create_dataset("0", (4, 3), "float32", chunks=(4, 3), compression="lzf"),
    "text": lambda g, s: g.create_dataset("0", (4, 3), h5py.string_dtype()),
    "lists": _vlen,
    "references": lambda g, s: g.create_dataset("0", (4, 3), h5py.ref_dtype),
    "records": lambda g, s: g.create_dataset("0", (4, 3), [("a", "f4"), ("b", "f4")]),
    "bytes": lambda g, s: g.create_dataset("0", (4, 3), "V4"),
    "no data": lambda g, s: g.create_dataset("0", data=h5py.Empty("float32")),
    "a group": lambda g, s: g.create_group("0"),
    "a type": lambda g, s: g.__setitem__("0", np.dtype("float32")),
}


@pytest.mark.parametrize("trick", TRICKS)
def test_only_numbers_in_the_file_itself(parts, tmp_path, trick):
    secret = tmp_path / "secret.h5"
    with h5py.File(secret, "w") as file:
        file["secret"] = np.full((4, 3), 42, "float32")
    data = dense_file(_0=lambda group: TRICKS[trick](group, str(secret)))
    evil = {**parts, "model.weights.h5": data}
    with pytest.raises(ValueError, match=r"\w"):
        load_model(pack(tmp_path / "m.keras", evil))
    (tmp_path / "w.weights.h5").write_bytes(data)
    model = cornu.Sequential([cornu.Input((4,)), cornu.layers.Dense(3, name="dense")])
    before = model.get_weights()
    with pytest.raises(ValueError, match=r"\w"):
        model.load_weights(tmp_path / "w.weights.h5")
    assert all(map(np.array_equal, before, model.get_weights()))


def test_a_link_on_the_way(parts, tmp_path):
    def write(file):
        file["layers"] = h5py.ExternalLink(str(tmp_path / "other.h5"), "/layers")

    (tmp_path / "other.h5").write_bytes(dense_file())
    with pytest.raises(ValueError, match="is a link"):
        load_model(pack(tmp_path / "m.keras", {**parts, "model.weights.h5": weight_file(write)}))


def test_groups_in_a_circle(parts, tmp_path):
    def write(file):
        group = file.create_group("layers")
        for number in range(3):
            group[f"again_{number}"] = file["/"]

    path = pack(tmp_path / "m.keras", {**parts, "model.weights.h5": weight_file(write)})
    with pytest.raises(ValueError, match="too many"):
        inspect_file(path)


def test_names_of_layers_are_no_paths(parts, tmp_path):
    """CVE-2026-12479."""
    with pytest.raises(ValueError, match="can't contain '/'"):
        load_model(pack(tmp_path / "m.keras", with_layers(parts, layer("Dense", units=3, name="../../evil"))))


# Damage --------------------------------------------------------------------------------------------------------------

FUZZ = """
    import random, resource, sys, zlib, io, json, zipfile, warnings
    import numpy as np
    sys.path.insert(0, {root!r})
    import cornu
    from cornu.saving.model_files import read_model
    warnings.simplefilter("ignore")
    good = open({path!r}, "rb").read()
    with zipfile.ZipFile(io.BytesIO(good)) as file:
        held = {{name: file.read(name) for name in file.namelist()}}
    draw, counts = random.Random(0), dict(fine=0, refused=0)
    start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    def mutated(data):
        data = bytearray(data)
        for _ in range(draw.choice((1, 1, 2, 8))):
            at = draw.randrange(len(data))
            kind = draw.randrange(5)
            if kind == 0: data[at] = draw.randrange(256)
            elif kind == 1: data[at] ^= 1 << draw.randrange(8)
            elif kind == 2: data[at:at + 8] = draw.choice((b"\\xff" * 8, bytes(8), b"\\x7f" + bytes(7)))
            elif kind == 3: del data[at:at + draw.randrange(64)]
            else: data[at:at] = data[at:at + draw.randrange(64)]
        return bytes(data)

    def packed(members):
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as file:
            for name, data in members.items():
                file.writestr(name, data)
        return out.getvalue()

    for number in range({count}):
        member = draw.choice(("", "config.json", "model.weights.h5", "model.weights.h5"))
        data = packed({{**held, member: mutated(held[member])}}) if member else mutated(good)
        try:
            read_model(data, "it", None, True)
            counts["fine"] += 1
        except (ValueError, OSError):
            counts["refused"] += 1
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - start
    print(counts["fine"], counts["refused"], grown >> 10)
"""


def test_damaged_files(parts, tmp_path):
    """Bytes changed at random: a file loads or is refused; nothing crashes, and memory stays small."""
    path, root = pack(tmp_path / "m.keras", parts), str(Path(cornu.__file__).parents[1])
    program = textwrap.dedent(FUZZ).format(root=root, path=str(path), count=400)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    fine, refused, grown = map(int, done.stdout.split())
    assert fine + refused == 400
    assert min(fine, refused) > 20
    assert grown < 256


def test_every_member_is_checked_for_damage(parts, tmp_path):
    path = pack(tmp_path / "m.keras", parts)
    data = path.read_bytes()
    at = data.index(parts["model.weights.h5"][:64]) + 3000
    path.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
    with Archive(path, "it") as file, pytest.raises(ValueError, match="damaged"):
        file.weights(1 << 30)
