"""The command line, its demonstration, and the README's example."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

import cornu
from cornu import cli

ROOT = Path(__file__).parent.parent


def test_version_and_help(capsys):
    with pytest.raises(SystemExit) as left:
        cli.main(["--version"])
    assert left.value.code == 0
    assert capsys.readouterr().out.startswith(f"cornu {cornu.__version__}, jax ")
    assert cli.main([]) == 0
    assert "demo" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments", [["fly"], ["demo", "--epochs", "0"], ["demo", "--epochs", "x"], ["demo", "--fly"]]
)
def test_wrong_arguments_end_with_status_2(arguments, capsys):
    with pytest.raises(SystemExit) as left:
        cli.main(arguments)
    assert left.value.code == 2
    assert "usage: cornu" in capsys.readouterr().err


def test_what_goes_wrong_is_said_without_a_traceback(tmp_path, monkeypatch, capsys):
    monkeypatch.delenv("CORNU_DATASETS", raising=False)
    output = ["--output", str(tmp_path)]
    assert cli.main(["demo", "--dataset", "digit", *output]) == 1
    assert "Did you mean 'digits'?" in capsys.readouterr().err
    assert cli.main(["demo", "--dataset", "mnist", *output]) == 1
    assert "mnist.npz is not on this machine" in capsys.readouterr().err


def test_demo(tmp_path, capsys):
    assert cli.main(["demo", "--output", str(tmp_path / "out")]) == 0
    printed = capsys.readouterr().out
    assert float(re.search(r"test accuracy +(0\.\d+)", printed)[1]) >= 0.96
    assert "288,010" in printed  # parameters: 64*500+500 + 500*500+500 + 500*10+10
    for name in ("learning_curves.png", "test_images.png", "digits.keras"):
        assert str(tmp_path / "out" / name) in printed
        assert (tmp_path / "out" / name).stat().st_size > 5000
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out"]


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1, 6))
def test_demo_learns_from_every_seed(seed, tmp_path):
    from cornu import demo

    assert demo.run(output=tmp_path, seed=seed) >= 0.96


@pytest.mark.slow
def test_demo_on_mnist(mnist, tmp_path):
    from cornu import demo

    assert demo.run("mnist", epochs=2, output=tmp_path) >= 0.96


def test_the_example_of_the_readme_runs(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    example, *_ = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    exec(compile(example, "README.md", "exec"), {})
    assert re.search(r"\[0\.\d+, 0\.9\d+\]", capsys.readouterr().out)
    assert (tmp_path / "digits.keras").exists()


def test_the_package_can_be_run(tmp_path):
    command = [sys.executable, "-m", "cornu", "--version"]
    assert subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.startswith("cornu ")
