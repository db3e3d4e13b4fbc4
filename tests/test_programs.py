"""Programs of every era, unchanged, and what they print."""

from __future__ import annotations

import pytest
from program_runner import ERAS, ROOT, expected, misses, run

PROGRAMS = sorted(ROOT.glob("*/*.py"))
SLOW = {file: [pytest.mark.slow] for file in PROGRAMS if "# slow" in file.read_text().splitlines()}


@pytest.mark.parametrize(
    "file",
    [pytest.param(f, marks=SLOW.get(f, []), id=f"{f.parent.name}/{f.stem}") for f in PROGRAMS],
)
def test_program_prints_what_it_says(file, tmp_path):
    outcome = run(file, tmp_path)
    assert outcome.status == 0, outcome.errors
    wanted = expected(file, "prints")
    assert wanted, "a program says what it prints"
    assert misses(outcome.printed, wanted) == [], outcome.printed + outcome.errors
    assert misses(outcome.report, expected(file, "notice")) == [], outcome.report
    assert outcome.era == (expected(file, "era") or [ERAS[file.parent.name]])[0]


@pytest.mark.parametrize("era", ERAS)
def test_there_are_programs_enough(era):
    assert sum(file.parent.name == era for file in PROGRAMS) >= 15


def test_a_program_that_prints_something_else_is_seen():
    assert misses("accuracy 0.5", ["accuracy <0.9..1.0>"]) == ["accuracy <0.9..1.0>"]
    assert misses("b\na", ["a", "b"]) == ["b"]
