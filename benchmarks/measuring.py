"""What the benchmarks share: processes of their own, what a machine is, and the file of the figures."""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import statistics
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "performance.json"
"""What docs/make_performance.py makes tables of."""


def fresh(
    script: str,
    arguments: Sequence[str],
    variables: Mapping[str, str] | None = None,
    timeout: float = 600,
    python: str = sys.executable,
) -> dict[str, Any]:
    """What a script prints as JSON in a process of its own; what went wrong, in a line, where it fails."""
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONPATH": path, **(variables or {})}
    command = [python, str(Path(script).resolve()), *arguments]
    try:
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=timeout)
    except subprocess.TimeoutExpired:
        return {"failed": f"no end in {timeout:.0f} s"}
    if done.returncode:
        return {"failed": (done.stderr.strip().splitlines() or ["no word"])[-1][:160]}
    return json.loads(done.stdout.strip().splitlines()[-1])


def machine(libraries: Sequence[str]) -> dict[str, Any]:
    """What figures depend on: the processor, and the versions of libraries."""
    versions = {}
    for library in libraries:
        for distribution in (library, f"{library}-cpu"):
            try:
                versions[library] = importlib.metadata.version(distribution)
            except importlib.metadata.PackageNotFoundError:
                continue
    return {
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "python": platform.python_version(),
        **versions,
    }


def _processor() -> str:
    """The processor's name and kind."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        name = next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        name = platform.processor()
    return f"{name} {platform.machine()}".strip()


def keep(section: str, found: dict[str, Any], path: Path) -> None:
    """Writes a section of the file of figures; what it holds of the tables that were not measured now stays."""
    kept = json.loads(path.read_text()) if path.is_file() else {}
    before = kept.get(section, {})
    for part in found.keys() & {"rounds", "tables"}:
        found[part] = {**before.get(part, {}), **found[part]}
    kept[section] = found
    path.write_text(json.dumps(kept, indent=1) + "\n")


def summary(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """The median of each figure over the rounds that went well."""
    good = [run for run in runs if "failed" not in run]
    if not good:
        return runs[0]
    return {name: statistics.median(run[name] for run in good) for name in good[0]}


def markdown(rows: Sequence[Sequence[str]]) -> str:
    """A table whose first row is its head."""
    head, *body = (f"| {' | '.join(row)} |" for row in rows)
    return "\n".join([head, "|---" * len(rows[0]) + "|", *body])
