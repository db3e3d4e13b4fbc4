"""Walks through a program and rewrites it; the one class that knows all the parts."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NamedTuple

import libcst as cst
from libcst import metadata

from cornu.compat import dialect
from cornu.compat.migrate import imports, methods, names, rules
from cornu.compat.migrate.calls import code, literal, quoted, translate, written
from cornu.compat.migrate.names import Meaning
from cornu.compat.migrate.program import Reference, study

_HISTORY_KEY = re.compile(r"((?:val_)?(?:\w+_)?)acc")
_IN_FILE_NAME = re.compile(r"\{((?:val_)?(?:\w+_)?)acc(?=[:}])")
_OF_IMAGES = re.compile(r"\.(\w*Conv\w*[23]D|\w*Pooling[23]D|UpSampling|ZeroPadding|Cropping|image\.)")


class Remark(NamedTuple):
    """What couldn't be rewritten, and in which line."""

    line: int
    text: str


class Rewritten(NamedTuple):
    """A program of today, how many places were changed, and what remains to be done by hand."""

    text: str
    changes: int
    remarks: list[Remark]


def rewrite(source: str) -> Rewritten:
    """A program in today's spelling; its era is the one in force.

    Raises libcst.ParserSyntaxError for what isn't Python.
    """
    wrapper = metadata.MetadataWrapper(cst.parse_module(source))
    rewriter = Rewriter(wrapper)
    module = wrapper.visit(rewriter)
    before = imports.used_names(wrapper.module)
    used = imports.used_names(module)
    module = module.visit(imports.Tidy(rewriter.imported & before, used))
    module = imports.with_imports(module, rewriter.names.wanted, rewriter.settings())
    text = module.code
    changes = rewriter.changes if text != source else 0
    return Rewritten(text, changes, sorted(set(rewriter.remarks)))


class Rewriter(cst.CSTTransformer):
    """Rewrites what stands for names of Keras, calls of it and of models, and the keys of histories."""

    METADATA_DEPENDENCIES = (metadata.PositionProvider, metadata.ParentNodeProvider, metadata.ScopeProvider)

    def __init__(self, wrapper: metadata.MetadataWrapper) -> None:
        super().__init__()
        self.program = study(wrapper)
        self.names = imports.Names(wrapper.module, self.program.bound)
        self.imported = set(self.names.bindings.values())
        self.remarks: list[Remark] = []
        self.changes = 0
        self._module = wrapper.module
        self._inputs: dict[cst.CSTNode, cst.BaseExpression] = {}
        now = dialect.current()
        asked = bool(self.program.shows_accuracy) or "accuracy" in self.program.metrics
        self._acc = now.accuracy == "acc" and asked

    def settings(self) -> list[str]:
        """The statements that today's program needs after its imports."""
        if dialect.current().image_data_format != "channels_first" or "_image_data_format(" in self._module.code:
            return []
        paths = [reference.meaning.path for reference in self.program.references.values()]
        if "set_image_dim_ordering" in self._module.code or not any(map(_OF_IMAGES.search, paths)):
            return []
        self.changes += 1
        return [f'{self.names.refer("config.set_image_data_format")}("channels_first")']

    # Where, and what can't be ----------------------------------------------------------------------------------------

    def _line(self, node: cst.CSTNode) -> int:
        return self.get_metadata(metadata.PositionProvider, node).start.line

    def _note(self, node: cst.CSTNode) -> Callable[[str], None]:
        return lambda text: self.remarks.append(Remark(self._line(node), text))

    def _parent(self, node: cst.CSTNode) -> Any:
        return self.get_metadata(metadata.ParentNodeProvider, node, None)

    def _count(self, changed: bool) -> None:
        self.changes += changed

    # Imports and names -----------------------------------------------------------------------------------------------

    def visit_Import(self, node: cst.Import) -> bool:
        """Imports are rewritten whole."""
        return False

    def visit_ImportFrom(self, node: cst.ImportFrom) -> bool:
        """Imports are rewritten whole."""
        return False

    def _leave_import(self, node: Any) -> Any:
        found = imports.rewritten(node, self.names)
        self._count(found != [node])
        return found[0] if len(found) == 1 else cst.FlattenSentinel(found)

    def leave_Import(self, original_node: cst.Import, updated_node: cst.Import) -> Any:
        """The import of today's modules."""
        return self._leave_import(updated_node)

    def leave_ImportFrom(self, original_node: cst.ImportFrom, updated_node: cst.ImportFrom) -> Any:
        """The import of today's names."""
        return self._leave_import(updated_node)

    def _leave_name(self, node: cst.CSTNode, updated: Any) -> Any:
        if node in self.program.unknown:
            self._note(node)(f"{self.program.unknown[node]}: no era of Keras had this name")
        found = self.program.references.get(node)
        if found is None:
            return updated
        self._remark_on(node, found.meaning)
        text = self._today(found)
        if text == code(updated):
            return updated
        self._count(True)
        return cst.parse_expression(text)

    def _today(self, found: Reference) -> str:
        full = found.meaning.full
        base = names.meaning(found.path)
        if base is not None and base.key:
            return self.names.today(found.base, found.path, base)
        path = base.full if base is not None else found.path
        name = self.names.today(found.base, found.path, base)
        if full == path:
            return name
        return (
            f"{name}.{full[len(path) + 1 :]}" if full.startswith(f"{path}.") else self.names.refer(found.meaning.path)
        )

    def _remark_on(self, node: cst.CSTNode, found: Meaning) -> None:
        words = names.otherwise(found)
        if words:
            self._note(node)(f"{found.path.rpartition('.')[2]} of that era: {words}")
        if found.known or not found.key or found.key in rules.REPLACED:
            return
        name = found.path.rpartition(".")[2]
        instead = f"; see keras.ops.{name}" if found.path.startswith("backend.") and names.today(f"ops.{name}") else ""
        self._note(node)(f"{found.path} is gone{instead}; cornu has it still")

    def leave_Name(self, original_node: cst.Name, updated_node: cst.Name) -> Any:
        """A name of Keras."""
        return self._leave_name(original_node, updated_node)

    def leave_Attribute(self, original_node: cst.Attribute, updated_node: cst.Attribute) -> Any:
        """A dotted name of Keras, or an optimizer's learning rate."""
        if original_node.attr.value == "lr" and original_node not in self.program.references:
            owner = code(original_node.value)
            if owner.endswith("optimizer") or owner in self.program.optimizers:
                self._count(True)
                return updated_node.with_changes(attr=cst.Name("learning_rate"))
        if original_node.attr.value == "set_value" and code(original_node.value).endswith("optimizer.lr"):
            return updated_node.with_changes(attr=cst.Name("assign"))
        return self._leave_name(original_node, updated_node)

    # Calls -----------------------------------------------------------------------------------------------------------

    def leave_Call(self, original_node: cst.Call, updated_node: cst.Call) -> cst.BaseExpression:
        """A call of a class, function or method of Keras."""
        found = self.program.references.get(original_node.func)
        site = self._site(original_node)
        if found is not None and found.meaning.key:
            result = self._call(found.meaning, updated_node, site)
        elif isinstance(original_node.func, cst.Attribute) and isinstance(updated_node.func, cst.Attribute):
            result = methods.rewrite(updated_node, original_node, site)
        else:
            return updated_node
        self._count(not result.deep_equals(updated_node))
        return result

    def _call(self, found: Meaning, call: cst.Call, site: rules.Site) -> cst.BaseExpression:
        other = rules.replaced(found, call, site)
        if other is not None or not found.known:
            return other if other is not None else call
        arguments = translate(call, found, site.note)
        rules.finish(found, arguments, site)
        return call.with_changes(args=written(call, arguments))

    def _site(self, node: cst.Call) -> rules.Site:
        argument = self._parent(node)
        outer = self._parent(argument)
        adds = isinstance(argument, cst.Arg) and isinstance(outer, cst.Call) and _method(outer) == "add"
        listed = isinstance(argument, cst.Element) and isinstance(outer, cst.List)
        stands_alone = adds and isinstance(self._parent(outer), cst.Expr)

        def put_input(shape: cst.BaseExpression) -> bool:
            if stands_alone or listed:
                self._inputs[outer if adds else argument] = shape
            return stands_alone or listed

        return rules.Site(self.program, self._note(node), self.names.refer, put_input, adds or listed)

    def leave_SimpleStatementLine(
        self, original_node: cst.SimpleStatementLine, updated_node: cst.SimpleStatementLine
    ) -> Any:
        """A statement, with one before it for the shape of a Sequential's input; imports, one in a line."""
        if len(updated_node.body) > 1 and len(original_node.body) == 1:
            first, *others = updated_node.body
            lines = [
                cst.SimpleStatementLine([small.with_changes(semicolon=cst.MaybeSentinel.DEFAULT)]) for small in others
            ]
            lines[-1] = lines[-1].with_changes(trailing_whitespace=updated_node.trailing_whitespace)
            first = first.with_changes(semicolon=cst.MaybeSentinel.DEFAULT)
            head = updated_node.with_changes(body=[first], trailing_whitespace=cst.TrailingWhitespace())
            return cst.FlattenSentinel([head, *lines])
        small = original_node.body[0] if len(original_node.body) == 1 else None
        shape = self._inputs.get(small.value) if isinstance(small, cst.Expr) else None
        if shape is None or not isinstance(small, cst.Expr) or not isinstance(small.value, cst.Call):
            return updated_node
        made = f"{code(small.value.func)}({self.names.refer('layers.Input')}(batch_shape={code(shape)}))"
        before = cst.SimpleStatementLine([cst.Expr(cst.parse_expression(made))], updated_node.leading_lines)
        return cst.FlattenSentinel([before, updated_node.with_changes(leading_lines=[])])

    def leave_Element(self, original_node: cst.Element, updated_node: cst.Element) -> Any:
        """A layer in a list, with one before it for the shape of a Sequential's input."""
        shape = self._inputs.get(original_node)
        if shape is None:
            return updated_node
        made = cst.parse_expression(f"{self.names.refer('layers.Input')}(batch_shape={code(shape)})")
        comma = updated_node.comma if isinstance(updated_node.comma, cst.Comma) else cst.Comma(
            whitespace_after=cst.SimpleWhitespace(" "))  # fmt: skip
        return cst.FlattenSentinel([cst.Element(made, comma=comma), updated_node])

    def leave_Comparison(self, original_node: cst.Comparison, updated_node: cst.Comparison) -> cst.Comparison:
        """`K.image_dim_ordering() == "th"`."""
        call = original_node.left
        found = self.program.references.get(call.func) if isinstance(call, cst.Call) else None
        if found is None or found.meaning.key != "backend.image_dim_ordering":
            return updated_node
        first = updated_node.comparisons[0]
        changed = first.with_changes(comparator=rules.order_of_axes(first.comparator))
        return updated_node.with_changes(comparisons=[changed, *updated_node.comparisons[1:]])

    def leave_FunctionDef(self, original_node: cst.FunctionDef, updated_node: cst.FunctionDef) -> cst.FunctionDef:
        """A layer's `get_output_shape_for`, which is `compute_output_shape` today."""
        if original_node.name.value != "get_output_shape_for":
            return updated_node
        self._count(True)
        return updated_node.with_changes(name=cst.Name("compute_output_shape"))

    # Texts: the keys of histories ------------------------------------------------------------------------------------

    def leave_SimpleString(self, original_node: cst.SimpleString, updated_node: cst.SimpleString) -> cst.BaseExpression:
        """A key of a history, a metric or a file's name that has "acc" in it, where it is "accuracy" today."""
        text = literal(original_node)
        new = self._key(original_node, text) if isinstance(text, str) else None
        if new is None or new == text:
            return updated_node
        self._count(True)
        if isinstance(text, str) and "{" in text:
            return updated_node.with_changes(value=_IN_FILE_NAME.sub(r"{\1accuracy", updated_node.value))
        return quoted(new, updated_node)

    def _key(self, node: cst.SimpleString, text: str) -> str | None:
        if self._acc and _IN_FILE_NAME.search(text):
            return _IN_FILE_NAME.sub(r"{\1accuracy", text)
        key = _HISTORY_KEY.fullmatch(text)
        if self._acc and key is not None and (self._is_key(node) or (text == "acc" and self._is_metric(node))):
            return f"{key[1]}accuracy"
        return "learning_rate" if text == "lr" and self._is_key(node) else None

    def _is_key(self, node: cst.CSTNode) -> bool:
        """Whether a text is the key of a history or of logs, or what a callback monitors."""
        parent = self._parent(node)
        if isinstance(parent, cst.Arg):
            call = self._parent(parent)
            if parent.keyword is not None:
                return parent.keyword.value == "monitor"
            path = self.program.path_of(call.func) if isinstance(call, cst.Call) else ""
            place = {"callbacks.ModelCheckpoint": 1}.get(path, 0)
            if path.startswith("callbacks."):
                return len(call.args) > place and call.args[place] is parent
            return _method(call) == "get" and self._is_history(call.func.value)
        subscript = self._parent(self._parent(parent)) if isinstance(parent, cst.Index) else None
        return isinstance(subscript, cst.Subscript) and self._is_history(subscript.value)

    def _is_history(self, node: cst.BaseExpression) -> bool:
        text = code(node)
        return text.endswith(".history") or text in self.program.histories or text == "logs"

    def _is_metric(self, node: cst.CSTNode) -> bool:
        while isinstance(node, (cst.SimpleString, cst.BaseElement, cst.List, cst.Tuple, cst.BaseDictElement, cst.Dict)):
            node = self._parent(node)
        if not isinstance(node, cst.Arg) or (node.keyword is not None and node.keyword.value != "metrics"):
            return False
        return _method(self._parent(node)) == "compile"


def _method(call: cst.CSTNode) -> str:
    func = call.func if isinstance(call, cst.Call) else None
    return func.attr.value if isinstance(func, cst.Attribute) else ""
