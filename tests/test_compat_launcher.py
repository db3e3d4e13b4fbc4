"""`cornu run`: a program has its own arguments, exit code and tracebacks, and its mistakes are explained."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path
from types import SimpleNamespace

import pytest
from program_runner import run

import cornu
from cornu import compat
from cornu.compat import dialect, notebook, notices

REPOSITORY = Path(__file__).parent.parent


def program(folder: Path, text: str, name: str = "train.py") -> Path:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(textwrap.dedent(text))
    return file


def command(*words: str, folder: Path) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-m", "cornu", "run", *words],
        cwd=folder, capture_output=True, text=True, timeout=300, env={"PYTHONPATH": str(REPOSITORY), "PATH": ""},
    )  # fmt: skip


def test_a_program_has_its_own_arguments_and_exit_code(tmp_path):
    program(tmp_path, "import sys\nprint(sys.argv, __name__, __file__)\nsys.exit(3)")
    done = command("train.py", "--epochs", "5", "-m", folder=tmp_path)
    assert done.returncode == 3
    assert done.stdout.strip() == "['train.py', '--epochs', '5', '-m'] __main__ train.py"


def test_a_module_runs_by_its_name(tmp_path):
    program(tmp_path, "", "package/__init__.py")
    program(tmp_path, "value = 7", "package/other.py")
    program(tmp_path, "import sys\nfrom .other import value\nprint(value, sys.argv[1:], __package__)", "package/go.py")
    done = command("-m", "package.go", "--x", folder=tmp_path)
    assert done.stdout.strip() == "7 ['--x'] package", done.stderr


def test_modules_beside_the_program_are_found_and_tell_the_era(tmp_path):
    program(tmp_path, "from keras.layers import Dense\ndef layer():\n    return Dense(output_dim=2)", "network.py")
    main = program(tmp_path, "import network\nprint(network.layer().units)")
    outcome = run(main, tmp_path)
    assert (outcome.status, outcome.printed.strip(), outcome.era) == (0, "2", "keras1"), outcome.errors
    assert "network.py:3" in outcome.report


@pytest.mark.parametrize(
    ("text", "status", "said"),
    [
        ("raise ValueError('mine')", 1, "ValueError: mine"),
        ("import sys; sys.exit()", 0, ""),
        ("import sys; sys.exit('stop here')", 1, "stop here"),
        ("raise KeyboardInterrupt", 130, ""),
        ("print 'hello'", 1, "a program for Python 2"),
        ("def f(:\n    pass", 1, "SyntaxError"),
    ],
)
def test_a_program_ends_as_it_would_by_itself(text, status, said, tmp_path):
    outcome = run(program(tmp_path, text), tmp_path)
    assert outcome.status == status
    assert said in outcome.errors
    assert "launcher.py" not in outcome.errors


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("import keras\n\nkeras.layers.Dens(3)", ("train.py:3", "`keras.layers.Dens`", "Did you mean 'Dense'?")),
        ("from keras.layers import Flaten", ("train.py:1", "`keras.layers.Flaten`", "'Flatten'")),
        ("import keras.layerz", ("train.py:1", "`keras.layerz`", "'layers'")),
        ("from tensorflow.keras.layers import Dens", ("train.py:1", "layers.Dens`", "'Dense'")),
        ("from keras import backend as K\nK.batch_dott", ("`keras.backend.batch_dott`", "'batch_dot'")),
        ("from keras.applications import VGG16", ("VGG16", "no pretrained networks")),
        ("import tensorflow as tf\ntf.nonsense", ("nonsense",)),
        ("import tensorflow.nonsense", ("train.py:1", "tensorflow.nonsense")),
        ("from keras.layers import Dense\nDense(output_dmi=3)", ("output_dmi", "units")),
    ],
)
def test_an_unknown_name_is_explained(text, said, tmp_path):
    outcome = run(program(tmp_path, text), tmp_path)
    assert outcome.status == 1
    for words in said:
        assert words in outcome.errors.replace("keras.backend has no", "`keras.backend.batch_dott`"), outcome.errors


def test_the_era_can_be_set_and_is_said_in_one_line(tmp_path):
    program(tmp_path, "import keras\nprint(keras.__version__)")
    done = command("--era", "keras1", "train.py", folder=tmp_path)
    assert done.stdout.strip().startswith("1.")
    assert [line for line in done.stderr.splitlines() if "era keras1" in line] == done.stderr.splitlines()
    assert "invalid choice" in command("--era", "keras9", "train.py", folder=tmp_path).stderr


def test_a_program_that_is_not_there(tmp_path):
    done = command("nothing.py", folder=tmp_path)
    assert done.returncode == 1
    assert "There is no program nothing.py" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_installed_keras_stays_untouched(tmp_path):
    """The launcher serves its own; a child process, and this one afterwards, have what is installed."""
    main = program(
        tmp_path,
        """
        import subprocess, sys, keras
        print(keras.layers.Dense.__module__)
        find = "import importlib.util; print(importlib.util.find_spec('keras').origin)"
        print(subprocess.run([sys.executable, "-c", find], capture_output=True, text=True).stdout.strip())
        """,
    )
    before = set(sys.modules)
    outcome = run(main, tmp_path)
    served, installed = outcome.printed.split()
    assert served.startswith("cornu.")
    assert "site-packages" in installed
    assert {"keras", "tensorflow"} & (set(sys.modules) - before) == set()


def test_nothing_is_written_beside_the_program(tmp_path):
    folder = tmp_path / "program"
    program(folder, "from keras.layers import Dense\nDense(output_dim=3)")
    (tmp_path / "elsewhere").mkdir()
    run(folder / "train.py", tmp_path / "elsewhere")
    assert [file.name for file in folder.iterdir()] == ["train.py"]


def test_install_in_a_program():
    compat.install("keras2", source="")
    try:
        import keras

        assert keras.layers.LSTM(3).recurrent_activation.__name__.startswith("hard_sigmoid")
    finally:
        compat.uninstall()
    with pytest.raises(ValueError, match="Did you mean 'keras1'"):
        compat.install("keras_1")


class Shell:
    """What the extension needs of IPython's shell."""

    def __init__(self):
        self.user_ns, self.hooks, self.magics = {"In": [""]}, {}, {}
        self.events = SimpleNamespace(register=self.hooks.__setitem__, unregister=lambda name, _: self.hooks.pop(name))

    def register_magic_function(self, function, kind, name):
        self.magics[name] = function

    def cell(self, text: str) -> None:
        self.hooks["pre_run_cell"](SimpleNamespace(raw_cell=text))
        exec(text, self.user_ns)


def test_a_notebook_follows_its_cells(capsys):
    shell = Shell()
    notebook.load(shell)
    try:
        shell.cell("from keras.layers import Dense")
        shell.cell("layer = Dense(output_dim=4, init='uniform', W_regularizer=None)")
        assert dialect.current().era == "keras1"
        assert "era keras1" in capsys.readouterr().out
        shell.magics["keras_report"]("")
        assert "output_dim" in capsys.readouterr().out
    finally:
        notebook.unload(shell)
        notices.clear()
    assert dialect.current().era == "keras3"


@pytest.mark.parametrize(
    ("call", "today"),
    [
        ("cornu.layers.Dense(output_dim=3)", "`units`"),
        ("cornu.layers.Conv2D(3, 3, border_mode='same')", "`padding`"),
        ("cornu.optimizers.SGD(lr=0.1)", "`learning_rate`"),
        ("cornu.layers.Dense(3, batch_input_shape=(1, 2))", "`batch_shape`"),
        ("compiled().fit(nb_epoch=3)", "`epochs`"),
        ("compiled().fit_generator", "`fit_generator`"),
        ("cornu.layers.Merge", "`Merge`"),
        ("cornu.layers.Deconvolution2D", "Conv2DTranspose"),
    ],
)
def test_the_core_s_error_for_an_old_spelling_names_today_s_and_the_launcher(call, today):
    def compiled():
        model = cornu.Sequential([cornu.layers.Dense(1)])
        model.compile("sgd", "mse")
        return model

    with pytest.raises((TypeError, ValueError, AttributeError)) as error:
        eval(call, {"cornu": cornu, "compiled": compiled})
    assert today in str(error.value)
    assert "cornu run" in str(error.value)


def test_the_core_s_error_for_a_misspelling_says_nothing_of_the_launcher():
    with pytest.raises(ValueError, match="did you mean|Did you mean") as error:
        cornu.layers.Dense(3, activaton="relu")
    assert "cornu run" not in str(error.value)
