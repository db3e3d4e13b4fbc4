"""Which modules are not collected: those that drive a library which isn't installed here."""

from __future__ import annotations

import ast
from importlib.util import find_spec
from pathlib import Path

LIBRARIES = {"tensorflow", "torch", "pytensor", "onnx", "onnxruntime"}
PACKAGE = Path(__file__).parent / "cornu"


def needs(path: Path) -> set[str]:
    """The libraries that a module imports, itself or by the modules of cornu that it imports, when it is loaded."""
    names: set[str] = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    beside = [path.with_name(f"{name.split('.')[2]}.py") for name in names if name.startswith("cornu.engines.onnx_")]
    return {name.split(".")[0] for name in names} & LIBRARIES | {found for one in beside for found in needs(one)}


collect_ignore = [
    str(path)
    for folder in ("engines", "export")
    for path in (PACKAGE / folder).glob("*.py")
    if any(find_spec(library) is None for library in needs(path))
]
