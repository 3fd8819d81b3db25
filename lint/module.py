"""One Python file as the rules read it: its tree, who holds what, its comments."""

from __future__ import annotations

import ast
import io
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

_ENUMS = ("Enum", "IntEnum", "StrEnum", "Flag", "IntFlag")
_HOLDERS = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Module:
    """`path` is relative to the directory that is checked, with forward slashes."""

    path: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text, filename=self.path)

    @cached_property
    def nodes(self) -> list[ast.AST]:
        return list(ast.walk(self.tree))

    @cached_property
    def parents(self) -> dict[int, ast.AST]:
        return {id(child): node for node in self.nodes for child in ast.iter_child_nodes(node)}

    @cached_property
    def docstrings(self) -> set[int]:
        """Identities of the constants that are prose: strings that are statements."""
        return {
            id(node.value)
            for node in self.nodes
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        }

    @cached_property
    def enumerated(self) -> set[int]:
        """Identities of what stands in the body of an enumeration: names, not settings."""
        return {
            id(inner)
            for node in self.nodes
            if isinstance(node, ast.ClassDef)
            and any(ast.unparse(base).rpartition(".")[2] in _ENUMS for base in node.bases)
            for inner in ast.walk(node)
        }

    @cached_property
    def comments(self) -> list[tuple[int, bool, str]]:
        """Line, whether it stands alone there, and text of every comment."""
        found = []
        for token in tokenize.generate_tokens(io.StringIO(self.text).readline):
            if token.type == tokenize.COMMENT:
                alone = not token.line[: token.start[1]].strip()
                found.append((token.start[0], alone, token.string))
        return found

    def up(self, node: ast.AST) -> Iterator[ast.AST]:
        """The nodes around this one, from the inside out."""
        parent = self.parents.get(id(node))
        while parent is not None:
            yield parent
            parent = self.parents.get(id(parent))

    def statement_of(self, node: ast.AST) -> ast.stmt | None:
        if isinstance(node, ast.stmt):
            return node
        return next((above for above in self.up(node) if isinstance(above, ast.stmt)), None)

    def strings(self) -> Iterator[ast.Constant]:
        """Every string that is not prose, parts of f-strings too."""
        for node in self.nodes:
            if not isinstance(node, ast.Constant) or id(node) in self.docstrings:
                continue
            if isinstance(node.value, str):
                yield node

    def written(self, node: ast.expr) -> str:
        """As it stands in the file: 0x40 and 64 are the same number but not the same thought."""
        return ast.get_source_segment(self.text, node) or ""

    def calls(self) -> Iterator[tuple[ast.Call, str]]:
        """Every call and the last part of what is called."""
        for node in self.nodes:
            if isinstance(node, ast.Call):
                called = node.func
                if isinstance(called, ast.Attribute):
                    yield node, called.attr
                elif isinstance(called, ast.Name):
                    yield node, called.id
