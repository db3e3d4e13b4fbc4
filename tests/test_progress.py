"""The progress bar on a terminal, in a notebook and in a pipe."""

from __future__ import annotations

import contextlib
import io
import os
import re
import signal
import subprocess
import sys
from types import SimpleNamespace

import keras
import pytest
from rich.console import Console

from cornu import callbacks
from cornu.training import progress
from cornu.training.progress import Progbar, say


@pytest.fixture
def clock(monkeypatch):
    """Time that passes only when a test says so."""
    clock = SimpleNamespace(now=100.0)
    monkeypatch.setattr(progress.time, "perf_counter", lambda: clock.now)
    return clock


@pytest.fixture
def terminal(monkeypatch):
    """A terminal, 80 characters wide, in place of standard output; what was written to it."""
    file = io.StringIO()
    monkeypatch.setattr(progress, "make_console", lambda: console(file))
    monkeypatch.setattr(sys, "stdout", file)
    progress._open.clear()
    return file


def console(file, width=80, **settings):
    return Console(file=file, force_terminal=True, width=width, highlight=False, markup=False, _environ={}, **settings)


def screen(text):
    """The lines that a terminal shows, colors left out: a carriage return goes back to the beginning of the line."""
    shown = []
    for line in re.sub(r"\x1b\[[0-9;]*m", "", text).split("\n"):
        assert "\x1b" not in line
        cells = []
        for part in line.split("\r"):
            cells[: len(part)] = part
        shown.append("".join(cells).rstrip())
    return shown


def timeless(line):
    """A line without the numbers that depend on the time, and without spaces at its ends."""
    line = re.sub(r"\x1b\[[0-9;]*m|\x08", "", line).split("\r")[-1].strip()
    return re.sub(r"\d+s \d+(us|ms|s)/", "TIME/", line.replace(" - ", " ").replace("  ", " "))


def test_the_live_bar(terminal, clock):
    bar = Progbar(469, interval=0.1, stateless_metrics=(), title="Epoch 3/20")
    bar.begin()
    clock.now += 5
    bar.update(1, [("accuracy", 0.5), ("loss", 2.0)])
    clock.now += 1
    bar.update(201, [("accuracy", 0.75), ("loss", 1e-4)])
    assert screen(terminal.getvalue()) == [
        "Epoch 3/20",
        "201/469 ━━━━━━━━━━━━━━━━━━━━ 1s 5ms/step - accuracy: 0.7500 - loss: 1.0000e-04",
    ]
    assert "\x1b[32m━━━━━━━━\x1b[0m" in terminal.getvalue(), "8 of 20 are done, in green"
    clock.now += 3
    bar.update(469, [("accuracy", 0.9), ("loss", 0.25)], finalize=False)
    clock.now += 60
    bar.update(469, [("accuracy", 0.9), ("loss", 0.25), ("val_loss", 0.5)], finalize=True)
    assert screen(terminal.getvalue()) == [
        "Epoch 3/20",
        "469/469 ━━━━━━━━━━━━━━━━━━━━ 69s 9ms/step - accuracy: 0.9000 - loss: 0.2500 - val_loss: 0.5000",
        "",
    ]


def test_the_bar_is_drawn_by_time(terminal, clock):
    bar = Progbar(10_000, interval=0.1)
    for step in range(10_000):
        clock.now += 0.001
        bar.update(step, [("loss", 1.0)])
    assert 95 <= terminal.getvalue().count("\r") <= 102, "10 seconds, 10 times a second"


def test_a_long_line_is_cut_while_it_is_live(terminal, clock):
    bar = Progbar(10, interval=0)
    metrics = [(f"metric_number_{i}", i / 7) for i in range(12)]
    bar.update(3, metrics)
    assert len(screen(terminal.getvalue())[0]) == 79
    bar.update(10, metrics)
    assert screen(terminal.getvalue())[0].endswith("metric_number_11: 1.5714")


def test_a_shorter_line_leaves_nothing_behind(terminal, clock):
    bar = Progbar(10, interval=0, stateless_metrics=())
    bar.update(1, [("loss", -123456.0)])
    bar.update(2, [("loss", 1.0)])
    assert screen(terminal.getvalue())[0].endswith("loss: 1.0000")


def test_an_unknown_number_of_steps(terminal, clock):
    bar = Progbar(None, interval=0)
    clock.now += 1
    bar.update(12, [("loss", 0.5)])
    assert screen(terminal.getvalue()) == ["     12/Unknown 1s 83ms/step - loss: 0.5000"]


def test_what_callbacks_say_stands_above_the_bar(terminal, clock):
    bar = Progbar(10, interval=0)
    bar.update(5, [("loss", 0.5)])
    say("Epoch 5: saved")
    bar.update(10, [("loss", 0.5)])
    lines = screen(terminal.getvalue())
    assert lines[0] == "Epoch 5: saved"
    assert lines[1].startswith("10/10 ━━━")
    assert len(lines) == 3


def test_closing_ends_the_line_once(terminal, clock):
    bar = Progbar(10, interval=0)
    bar.update(5)
    bar.close()
    bar.close()
    assert len(screen(terminal.getvalue())) == 2


def test_a_terminal_without_unicode(monkeypatch, clock):
    file = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(progress, "make_console", lambda: console(file))
    Progbar(4, width=8).update(4)
    file.flush()
    assert screen(file.buffer.getvalue().decode("ascii"))[0].startswith("4/4 ======== 0s")


@pytest.mark.parametrize("verbose", [1, 2])
def test_a_pipe_gets_plain_lines(verbose, capsys, clock):
    bar = Progbar(469, verbose=verbose, interval=0, stateless_metrics=(), title="Epoch 3/20")
    bar.begin()
    for step in range(1, 470):
        clock.now += 0.002
        bar.update(step, [("loss", 0.5)], finalize=False)
    clock.now += 1
    bar.update(469, [("loss", 0.5), ("val_loss", 0.75)], finalize=True)
    assert capsys.readouterr().out == "Epoch 3/20 - 469/469 - 2s - 2ms/step - loss: 0.5000 - val_loss: 0.7500\n"


def test_silence(capsys):
    bar = Progbar(3, verbose=0)
    bar.begin()
    bar.update(3, [("loss", 1.0)])
    bar.close()
    assert capsys.readouterr().out == ""


def test_a_notebook_gets_a_bar_without_control_sequences(monkeypatch, clock):
    file = io.StringIO()
    monkeypatch.setattr(sys, "stdout", file)
    monkeypatch.setattr("rich.console._is_jupyter", lambda: True)
    bar = Progbar(3, interval=0)
    bar.update(1)
    bar.update(3)
    assert screen(file.getvalue())[0].startswith("3/3 ━━━")
    assert len(screen(file.getvalue())) == 2


@pytest.mark.parametrize("verbose", [1, 2])
@pytest.mark.parametrize(
    "values",
    [{"loss": 0.5}, {"accuracy": 0.98765, "loss": 12.3456789}, {"loss": 1e-3, "rate": 0.0, "mae": 2.0}, {}],
)
def test_the_last_line_is_that_of_keras(verbose, values, capsys, monkeypatch, clock):
    keras.utils.Progbar(25, verbose=verbose, stateless_metrics=()).update(25, list(values.items()))
    expected = timeless(capsys.readouterr().out)
    if verbose == 1:
        monkeypatch.setattr(progress, "make_console", lambda: console(sys.stdout, width=200))
    bar = Progbar(25, verbose=verbose, stateless_metrics=())
    bar.update(25, list(values.items()))
    assert timeless(capsys.readouterr().out) == expected
    bar.update(25, [("loss", 0.123)])
    assert timeless(capsys.readouterr().out) != expected


@pytest.mark.parametrize(
    "arguments, shown",
    [({}, 2.0), ({"stateful_metrics": ["loss"]}, 3.0), ({"stateless_metrics": ["loss"]}, 2.0)],
)
def test_averages_count_steps(arguments, shown, capsys, clock):
    bar = Progbar(6, verbose=2, **arguments)
    bar.update(2, [("loss", 1.0)])
    bar.add(1, [("loss", 2.0)])
    bar.add(1, [("loss", 2.0)])
    bar.add(2, [("loss", 3.0)])
    assert capsys.readouterr().out.endswith(f"loss: {shown:.4f}\n")


def test_two_kinds_of_metrics_are_one_too_many():
    with pytest.raises(ValueError, match="stateful_metrics"):
        Progbar(3, stateful_metrics=["a"], stateless_metrics=["b"])


# The callback --------------------------------------------------------------------------------------------------------


def fit(hooks, epochs=2, steps=4, clock=None, fetched=None):
    hooks.on_train_begin()
    for epoch in range(epochs):
        hooks.on_epoch_begin(epoch)
        for step in range(1, steps + 1):
            clock.now += 0.03

            def logs():
                if fetched is not None:
                    fetched.append(step)  # noqa: B023 - called before the next step
                return {"loss": 0.5}

            hooks.on_progress(step, logs)
        hooks.on_test_begin()
        hooks.on_test_progress(1, dict)
        hooks.on_test_end({"loss": 1.0})
        hooks.on_epoch_end(epoch, {"loss": 0.5, "val_loss": 1.0})
    hooks.on_train_end()
    hooks.close()


def test_fit_shows_one_bar_per_epoch_and_fetches_values_only_to_draw_them(terminal, clock):
    fetched = []
    fit(callbacks.CallbackList(add_progbar=True, verbose="auto", epochs=2, steps=4), clock=clock, fetched=fetched)
    lines = screen(terminal.getvalue())
    assert [line.split(" ")[0] for line in lines] == ["Epoch", "4/4", "Epoch", "4/4", ""]
    assert lines[3].endswith("- loss: 0.5000 - val_loss: 1.0000")
    assert fetched == [1, 1], "the other steps came within a tenth of a second"


@pytest.mark.parametrize("epochs, expected", [(1, r"4/4 - 0s - 30ms/step - .*"), (2, r"Epoch \d/2 - 4/4 - 0s - .*")])
def test_fit_in_a_pipe(epochs, expected, capsys, clock):
    fetched = []
    hooks = callbacks.CallbackList(add_progbar=True, verbose=1, epochs=epochs, steps=None)
    fit(hooks, epochs=epochs, clock=clock, fetched=fetched)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == epochs
    assert all(re.fullmatch(expected, line) for line in lines)
    assert fetched == []


@pytest.mark.parametrize("kind", ["test", "predict"])
def test_evaluate_and_predict_show_a_bar(kind, terminal, clock):
    hooks = callbacks.CallbackList(add_progbar=True, verbose=1, epochs=1, steps=3)
    getattr(hooks, f"on_{kind}_begin")()
    for step in range(3):
        clock.now += 1
        getattr(hooks, f"on_{kind}_batch_end")(step, {"loss": 0.5})
    getattr(hooks, f"on_{kind}_end")({"loss": 0.25})
    (line, _) = screen(terminal.getvalue())
    assert line == "3/3 ━━━━━━━━━━━━━━━━━━━━ 3s 1s/step" + (" - loss: 0.2500" if kind == "test" else "")


def test_a_loop_that_breaks_leaves_the_terminal_clean(terminal, clock):
    hooks = callbacks.CallbackList(add_progbar=True, verbose=1, epochs=2, steps=4)
    hooks.on_train_begin()
    hooks.on_epoch_begin(0)
    hooks.on_progress(1, dict)
    hooks.close()
    assert screen(terminal.getvalue())[-1] == ""


PROGRAM = """
import time
from cornu.training.progress import Progbar
bar = Progbar(1000, interval=0)
try:
    for step in range(1000):
        bar.update(step, [("loss", 0.5)])
        time.sleep(0.01)
except KeyboardInterrupt:
    pass
finally:
    bar.close()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_ctrl_c_on_a_real_terminal():
    master, slave = os.openpty()
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "80"}
    process = subprocess.Popen([sys.executable, "-c", PROGRAM], stdout=slave, stderr=slave, env=environment)
    os.close(slave)
    written = b""
    while b"3/1000" not in written:
        written += os.read(master, 1000)
    process.send_signal(signal.SIGINT)
    with contextlib.suppress(OSError):  # what Linux says at the end
        while chunk := os.read(master, 1000):
            written += chunk
    assert process.wait() == 0
    os.close(master)
    lines = screen(written.decode().replace("\r\n", "\n"))
    assert len(lines) == 2
    assert re.fullmatch(r"\s*\d+/1000 ━{20} .*loss: 0.5000", lines[0])
    assert lines[1] == ""
