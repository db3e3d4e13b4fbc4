"""Writes the tables of docs/performance.md from benchmarks/performance.json; the text around them is written by hand.

    python docs/make_performance.py

A table stands between `<!-- table: name -->` and `<!-- end -->`, where its name is one of `TABLES`. The figures come
from `benchmarks/peers.py`, `growth.py` and `kernels.py`, run with `--output`.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
DOCUMENT = ROOT / "docs" / "performance.md"
FIGURES = ROOT / "benchmarks" / "performance.json"

sys.path.insert(0, str(ROOT / "benchmarks"))

import growth  # noqa: E402
import kernels  # noqa: E402
from measuring import markdown  # noqa: E402
from peers import LIBRARIES, PEERS  # noqa: E402
from workloads import WORKLOADS  # noqa: E402

_PLACE = re.compile(r"(<!-- table: (\S+) -->\n).*?(<!-- end -->)", re.DOTALL)


def text(document: str, figures: dict[str, Any]) -> str:
    """The document with the tables that these figures make; what wasn't measured has none.

    Raises KeyError for a table that isn't among `TABLES`.
    """

    def filled(place: re.Match) -> str:
        section, table = TABLES[place[2]]
        there = section == "" or section in figures
        return f"{place[1]}{table(figures.get(section, {})) if there else 'Not measured.'}\n{place[3]}"

    return _PLACE.sub(filled, document)


def measured() -> dict[str, Any]:
    """The figures of the file, where there is one."""
    return json.loads(FIGURES.read_text(encoding="utf-8")) if FIGURES.is_file() else {}


def conditions(found: dict[str, Any]) -> str:
    """The machine and the versions, in a sentence."""
    of = found["machine"]
    versions = ", ".join(f"{name} {of[name]}" for name in ("python", *LIBRARIES) if name in of)
    images = "MNIST's" if of["mnist"] else "random numbers of MNIST's shape, so the accuracies mean nothing"
    processor = f"{of['cores']} cores of {of['processor']}, no GPU"
    counts = sorted(set(found["rounds"].values()))
    by_count = [f"{count} for {', '.join(n for n in WORKLOADS if found['rounds'].get(n) == count)}" for count in counts]
    rounds = str(counts[0]) if len(counts) == 1 else " and ".join(by_count)
    return f"{processor}; {versions}. The median of the rounds, {rounds}; images are {images}."


def workload_table(_: dict[str, Any]) -> str:
    """What is trained."""
    rows = [["", "network", "samples", "batch", "epochs"]]
    for name, one in WORKLOADS.items():
        rows.append([name, one.title, f"{one.samples:,}", str(one.batch_size), str(one.epochs)])
    return markdown(rows)


def mark_table(mark: str, form: str, compared: bool = True) -> Callable[[dict[str, Any]], str]:
    """A table of a mark: a row per workload, a column per peer; `compared`: with multiples of cornu's figure."""

    def table(found: dict[str, Any]) -> str:
        tables = found["tables"]
        shown = [peer for peer in PEERS if any(mark in peers.get(peer, {}) for peers in tables.values())]
        rows = [["", *shown]]
        for name in (name for name in WORKLOADS if name in tables):
            rows.append([name, *(_cell(tables[name], peer, mark, form, compared) for peer in shown)])
        return markdown(rows)

    return table


def _cell(peers: dict[str, Any], peer: str, mark: str, form: str, compared: bool) -> str:
    run = peers.get(peer, {})
    if mark not in run:
        return run.get("failed", "")
    ratio = compared and peer != "cornu" and mark in peers.get("cornu", {})
    return format(run[mark], form) + (f" (×{run[mark] / peers['cornu'][mark]:.2g})" if ratio else "")


def distance_table(found: dict[str, Any]) -> str:
    """How near the epochs come to the machine's speed of matrix products."""
    rows = [["", "operations of an epoch", "GFLOP/s", "of a large product's", "is"]]
    tables = found["tables"]
    for name in (name for name in WORKLOADS if "rate" in tables.get(name, {}).get("cornu", {})):
        run = tables[name]["cornu"]
        share = f"{run['rate'] / run['machine']:.0%}"
        rows.append([name, f"{run['operations']:.2g}", f"{run['rate']:.3g}", f"{run['machine']:.0f}", share])
    return markdown(rows)


def growth_table(name: str) -> Callable[[dict[str, Any]], str]:
    """A table of benchmarks/growth.py."""
    return lambda found: growth.table(name, found["tables"].get(name, {}))


def kernel_table(found: dict[str, Any]) -> str:
    """What stands in for XLA's own, beside it."""
    return kernels.table(found["tables"]["kernels"])


TABLES: dict[str, tuple[str, Callable[[dict[str, Any]], str]]] = {
    "workloads": ("", workload_table),
    "conditions": ("peers", conditions),
    "import": ("peers", mark_table("import", ".2f")),
    "start": ("peers", mark_table("start", ".2f")),
    "first": ("peers", mark_table("first", ".3g")),
    "epoch": ("peers", mark_table("epoch", ".3g")),
    "predict": ("peers", mark_table("predict", ".2f")),
    "total": ("peers", mark_table("total", ".1f")),
    "memory": ("peers", mark_table("memory", ".0f")),
    "accuracy": ("peers", mark_table("accuracy", ".4f", compared=False)),
    "distance": ("peers", distance_table),
    "kernels": ("kernels", kernel_table),
    **{name: ("growth", growth_table(name)) for name in growth.TITLES},
}
"""For each table, the section of the figures that it is made of, and what makes it."""


if __name__ == "__main__":
    DOCUMENT.write_text(text(DOCUMENT.read_text(encoding="utf-8"), measured()), encoding="utf-8")
