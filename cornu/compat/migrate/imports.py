"""The imports of a program: today's modules and names in them, what is added, and what nothing uses any more."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import libcst as cst
from libcst import matchers

from cornu.compat.migrate.calls import code
from cornu.compat.migrate.names import Meaning, meaning


class Names:
    """Under which names the rewritten program has what it imports of Keras.

    Args:
        module: the program.
        bound: every name that it binds.
    """

    def __init__(self, module: cst.Module, bound: set[str]) -> None:
        self.bound = bound
        self.bindings: dict[str, str] = {}
        self.wanted: list[tuple[str, str]] = []
        found = [
            (path, name, meaning(path))
            for statement in module.body
            for small in (statement.body if isinstance(statement, cst.SimpleStatementLine) else ())
            for path, name in _bindings(small)
        ]
        self._as_today = {m.full for _, name, m in found if m is not None and name == m.full.rpartition(".")[2]}
        for path, name, m in found:
            self.bindings.setdefault(m.full if m else path, self.today(name, path, m))
        roots = [m.root if m else "tensorflow.keras" for path, _, m in found if m or path == "tensorflow"]
        self.root = next(iter(roots), "keras")

    def today(self, name: str, path: str, found: Meaning | None) -> str:
        """The name to which something imported is bound today: its own new one where nothing else has that."""
        if found is None or name != path.rpartition(".")[2]:
            return name
        new = found.full.rpartition(".")[2]
        return new if new not in self.bound or found.full in self._as_today else name

    def refer(self, path: str) -> str:
        """The expression for a name of today's Keras; imports it where the program has no way to it yet."""
        full = f"{self.root}.{path}"
        prefix, rest = full, ""
        while prefix:
            if prefix in self.bindings:
                return f"{self.bindings[prefix]}.{rest}".rstrip(".")
            prefix, _, last = prefix.rpartition(".")
            rest = f"{last}.{rest}".rstrip(".")
        module, _, name = full.rpartition(".")
        if name in self.bound:
            module, name = "", self.root
        self.wanted.append((module, name))
        self.bindings[full if module else self.root] = name
        return name if module else f"{name}.{path}"


def _bindings(statement: cst.BaseSmallStatement) -> Iterator[tuple[str, str]]:
    """Dotted names that an import binds, and the names to which it binds them."""
    if isinstance(statement, cst.Import):
        for alias in statement.names:
            dotted = code(alias.name)
            first = dotted.partition(".")[0]
            yield (dotted, _as(alias)) if alias.asname else (first, first)
    elif isinstance(statement, cst.ImportFrom) and statement.module is not None and not statement.relative:
        for alias in statement.names if not isinstance(statement.names, cst.ImportStar) else ():
            yield f"{code(statement.module)}.{code(alias.name)}", _as(alias) or code(alias.name)


def _as(alias: cst.ImportAlias) -> str:
    return code(alias.asname.name) if alias.asname else ""


def rewritten(statement: cst.Import | cst.ImportFrom, names: Names) -> list[cst.Import | cst.ImportFrom]:
    """An import of Keras as today's: one statement for each module of which it takes names."""
    if isinstance(statement, cst.Import):
        return [statement.with_changes(names=[_plain(alias, names) for alias in statement.names])]
    if statement.module is None or statement.relative:
        return [statement]
    module = code(statement.module)
    if isinstance(statement.names, cst.ImportStar):
        found = meaning(module)
        return [statement if found is None else _from(statement, found.full, None)]
    groups: dict[str, dict[str, cst.ImportAlias]] = {}
    for alias in statement.names:
        home, new = _alias(alias, module, names)
        groups.setdefault(home, {}).setdefault(code(new).strip(" ,\n"), new)
    if list(groups) == [module] and list(groups[module].values()) == list(statement.names):
        return [statement]
    return [_from(statement, home, list(aliases.values())) for home, aliases in groups.items()]


def _plain(alias: cst.ImportAlias, names: Names) -> cst.ImportAlias:
    found = meaning(code(alias.name))
    if found is None or found.full == code(alias.name):
        return alias
    name = cst.parse_expression(found.full)
    if alias.asname is None:
        return alias.with_changes(name=name)
    own = cst.Name(names.today(_as(alias), code(alias.name), found))
    return alias.with_changes(name=name, asname=alias.asname.with_changes(name=own))


def _alias(alias: cst.ImportAlias, module: str, names: Names) -> tuple[str, cst.ImportAlias]:
    """The module of today, and the name as it is imported from there."""
    path = f"{module}.{code(alias.name)}"
    found = meaning(path)
    if found is None or (not found.key and "." not in found.full):
        return module, alias
    home, _, new = found.full.rpartition(".")
    name = names.today(_as(alias) or code(alias.name), path, found)
    if new == code(alias.name) and home == module:
        return module, alias
    asname = cst.AsName(cst.Name(name)) if name != new else None
    return home, alias.with_changes(name=cst.Name(new), asname=asname)


def _from(statement: cst.ImportFrom, module: str, aliases: Sequence[cst.ImportAlias] | None) -> cst.ImportFrom:
    found = statement.with_changes(module=cst.parse_expression(module))
    if aliases is None:
        return found
    return found.with_changes(names=_last_without_comma(aliases, statement.lpar is not None))


def _last_without_comma(aliases: Sequence[cst.ImportAlias], in_parentheses: bool) -> list[cst.ImportAlias]:
    apart = cst.Comma(whitespace_after=cst.SimpleWhitespace(" "))
    result = [a if isinstance(a.comma, cst.Comma) else a.with_changes(comma=apart) for a in aliases[:-1]]
    last = aliases[-1]
    return [*result, last if in_parentheses else last.with_changes(comma=cst.MaybeSentinel.DEFAULT)]


class Tidy(cst.CSTTransformer):
    """Takes names out of imports of Keras that nothing uses any more.

    Args:
        candidates: the names.
        used: those that the program uses elsewhere.
    """

    def __init__(self, candidates: set[str], used: set[str]) -> None:
        self.unused = candidates - used

    def leave_ImportFrom(
        self, original_node: cst.ImportFrom, updated_node: cst.ImportFrom
    ) -> cst.ImportFrom | cst.RemovalSentinel:
        """The import without them."""
        module = updated_node.module
        if module is None or isinstance(updated_node.names, cst.ImportStar) or meaning(code(module)) is None:
            return updated_node
        kept = [a for a in updated_node.names if (_as(a) or code(a.name)) not in self.unused]
        if len(kept) == len(updated_node.names):
            return updated_node
        return (
            updated_node.with_changes(names=_last_without_comma(kept, updated_node.lpar is not None))
            if kept
            else cst.RemoveFromParent()
        )


def used_names(module: cst.Module) -> set[str]:
    """The names that a program uses outside of its imports."""
    outside = _Uses()
    module.visit(outside)
    return outside.names


class _Uses(cst.CSTVisitor):
    def __init__(self) -> None:
        self.names: set[str] = set()

    def visit_Name(self, node: cst.Name) -> None:
        """A name."""
        self.names.add(node.value)

    def visit_Import(self, node: cst.Import) -> bool:
        """Not what imports name."""
        return False

    def visit_ImportFrom(self, node: cst.ImportFrom) -> bool:
        """Not what imports name."""
        return False


def with_imports(module: cst.Module, wanted: Sequence[tuple[str, str]], then: Sequence[str] = ()) -> cst.Module:
    """The program with names imported, ("", "keras") for a module, and with statements after its imports."""
    body: list[Any] = list(module.body)
    first = next((i for i, s in enumerate(body) if _is_keras_import(s)), None)
    new: dict[str, list[str]] = {}
    for home, name in dict.fromkeys(wanted):
        place = next((i for i, s in enumerate(body) if home and _takes_from(s, home)), None)
        if place is not None:
            body[place] = _and(body[place], home, name)
        else:
            new.setdefault(home or name, []).append(name if home else "")
    lines = [_line(home, given) for home, given in new.items()]
    at = _after_head(body) if first is None else first + 1
    body[at:at] = [cst.parse_statement(line) for line in lines]
    if then:
        end = at + len(lines)
        while end < len(body) and _is_import(body[end]):
            end += 1
        body[end:end] = [cst.parse_statement(line) for line in then]
    return module.with_changes(body=body)


def _line(home: str, given: list[str]) -> str:
    if any(given):
        return f"from {home} import {', '.join(given)}"
    return "import keras" if home == "keras" else "from tensorflow import keras"


def _after_head(body: Sequence[cst.CSTNode]) -> int:
    """The place after a docstring and `from __future__`."""
    place = 0
    for i, statement in enumerate(body):
        small = statement.body[0] if isinstance(statement, cst.SimpleStatementLine) else None
        if i == 0 and isinstance(small, cst.Expr) and isinstance(small.value, cst.SimpleString):
            place = 1
        elif isinstance(small, cst.ImportFrom) and small.module and code(small.module) == "__future__":
            place = i + 1
    return place


def _is_import(statement: cst.CSTNode) -> bool:
    return isinstance(statement, cst.SimpleStatementLine) and all(
        isinstance(small, (cst.Import, cst.ImportFrom)) for small in statement.body
    )


def _is_keras_import(statement: cst.CSTNode) -> bool:
    if not isinstance(statement, cst.SimpleStatementLine):
        return False
    paths = [path for small in statement.body for path, _ in _bindings(small)]
    stars = matchers.findall(statement, matchers.ImportFrom(names=matchers.ImportStar()))
    modules = [code(s.module) for s in stars if isinstance(s, cst.ImportFrom) and s.module]
    return any(meaning(path) for path in (*paths, *modules))


def _takes_from(statement: cst.CSTNode, home: str) -> bool:
    small = statement.body[-1] if isinstance(statement, cst.SimpleStatementLine) else None
    if not isinstance(small, cst.ImportFrom) or isinstance(small.names, cst.ImportStar):
        return False
    return small.module is not None and not small.relative and code(small.module) == home


def _and(statement: cst.CSTNode, home: str, name: str) -> cst.CSTNode:
    assert isinstance(statement, cst.SimpleStatementLine)
    small = statement.body[-1]
    assert isinstance(small, cst.ImportFrom)
    assert not isinstance(small.names, cst.ImportStar)
    last = small.names[-1]
    names = [*small.names[:-1], last.with_changes(comma=cst.Comma(whitespace_after=cst.SimpleWhitespace(" "))),
             cst.ImportAlias(cst.Name(name), comma=last.comma)]  # fmt: skip
    return statement.with_changes(body=[*statement.body[:-1], small.with_changes(names=names)])
