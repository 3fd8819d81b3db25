"""The files of this repository as the lints read them: path, text and syntax tree, read once."""

from __future__ import annotations

import ast
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import cached_property, lru_cache
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).resolve().parents[2]

CODE_FOLDERS = (
    "geo",
    "freight",
    "config",
    "telemetry",
    "store",
    "providers",
    "actors",
    "ingest",
    "serve",
    "sim",
    "launch",
    "bench",
    "lint",
)


@dataclass(frozen=True)
class Source:
    """One file; `path` is relative to the repository's root, with forward slashes."""

    path: str
    text: str

    @property
    def folder(self) -> str:
        """The top-level folder; for a file at the root its own name without suffix."""
        first = PurePosixPath(self.path).parts[0]
        return first.removesuffix(".py")

    @cached_property
    def lines(self) -> list[str]:
        return self.text.splitlines()

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text, filename=self.path)

    @cached_property
    def nodes(self) -> list[ast.AST]:
        return list(ast.walk(self.tree))

    @cached_property
    def docstrings(self) -> set[int]:
        """Identities of the constants that are docstrings: prose, not data."""
        found = set()
        for node in self.nodes:
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                first = node.body[0] if node.body else None
                if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                    found.add(id(first.value))
        return found

    def strings(self) -> Iterator[tuple[int, str]]:
        """Line and text of every string that is not a docstring, parts of f-strings too."""
        for node in self.nodes:
            if not isinstance(node, ast.Constant) or id(node) in self.docstrings:
                continue
            if isinstance(node.value, str):
                yield node.lineno, node.value


@dataclass(frozen=True, order=True)
class Violation:
    path: str
    line: int
    says: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.says}"


# A rule reads one file; which files it is given is `reads`, what it prevents is its docstring.
Rule = Callable[[Source], Iterator[Violation]]


def _ignored() -> list[str]:
    return [
        line.strip().rstrip("/")
        for line in (ROOT / ".gitignore").read_text().splitlines()
        if line.strip() and not line.startswith("#")
    ]


def _is_ignored(relative: str, patterns: list[str]) -> bool:
    name = PurePosixPath(relative).name
    return any(fnmatch(name, pattern) or fnmatch(relative, pattern) for pattern in patterns)


@lru_cache(maxsize=1)
def all_paths() -> tuple[str, ...]:
    """Every file that could be committed: the tree without .git and without what git ignores."""
    patterns = [".git", *_ignored()]
    found = []
    for folder, subfolders, names in os.walk(ROOT):
        base = Path(folder).relative_to(ROOT)
        subfolders[:] = [d for d in subfolders if not _is_ignored((base / d).as_posix(), patterns)]
        found += [(base / n).as_posix() for n in names]
    return tuple(sorted(path for path in found if not _is_ignored(path, patterns)))


@lru_cache(maxsize=1)
def text_files() -> tuple[Source, ...]:
    """Every file that is text; pictures and other binaries are left out."""
    found = []
    for path in all_paths():
        try:
            found.append(Source(path, (ROOT / path).read_text(encoding="utf-8")))
        except UnicodeDecodeError:
            continue
    return tuple(found)


@lru_cache(maxsize=1)
def python_files() -> tuple[Source, ...]:
    return tuple(source for source in text_files() if source.path.endswith(".py"))


def broken(rule: Rule, sources: tuple[Source, ...]) -> str:
    """What the rule finds in these files, one readable line each; empty when all is well."""
    found = [str(violation) for source in sources for violation in sorted(rule(source))]
    return "\n".join(["", *found]) if found else ""
