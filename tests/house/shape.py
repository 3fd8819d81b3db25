"""Rules about the shape of a file: length, its one sentence, its name, and nothing left over."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from tests.house.sources import Source, Violation

MODULE_LINES_MAX = 400
MODULE_LINES_AIM = 300
FUNCTION_LINES_MAX = 70
FUNCTION_LINES_AIM = 40
LINE_COLUMNS_MAX = 100
# "Aim" means: nearly all. This share may lie between the aim and the limit.
OVER_AIM_SHARE_MAX = 0.1

CODE_SUFFIXES = (".py", ".sql", ".ts", ".tsx", ".css")


def modules_are_short(source: Source) -> Iterator[Violation]:
    """Prevents the file that everyone edits and nobody has read."""
    if source.path.endswith(CODE_SUFFIXES) and len(source.lines) > MODULE_LINES_MAX:
        says = f"{len(source.lines)} lines; at most {MODULE_LINES_MAX}, aim for {MODULE_LINES_AIM}"
        yield Violation(source.path, 1, says)


def function_lengths(source: Source) -> Iterator[tuple[int, str, int]]:
    """Line, name and length of every function of the file."""
    for node in source.nodes:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.lineno, node.name, (node.end_lineno or node.lineno) - node.lineno + 1


def functions_are_short(source: Source) -> Iterator[Violation]:
    """Prevents the function whose beginning has scrolled away when its end is read."""
    for line, name, length in function_lengths(source):
        if length > FUNCTION_LINES_MAX:
            says = f"{name} has {length} lines; at most {FUNCTION_LINES_MAX}"
            yield Violation(source.path, line, f"{says}, aim for {FUNCTION_LINES_AIM}")


# What a tool wants to be told stands at the end of the line and is not read by people.
_TOOL_REMARK = re.compile(r"\s+# (?:noqa|type: ignore).*$")
# A drawing's path or a sentence, alone on its line: cutting it up would not help anyone.
_ONE_STRING = re.compile(r"""\s*(?:\w+: )?(["'`])[^"'`]*\1[,;]?""")


def lines_are_short(source: Source) -> Iterator[Violation]:
    """Prevents lines that a review beside another window cuts off."""
    if not source.path.endswith(CODE_SUFFIXES):
        return
    for number, line in enumerate(source.lines, start=1):
        columns = len(_TOOL_REMARK.sub("", line))
        if columns > LINE_COLUMNS_MAX and not _ONE_STRING.fullmatch(line):
            says = f"{columns} columns; at most {LINE_COLUMNS_MAX}"
            yield Violation(source.path, number, says)


_SECOND_SENTENCE = re.compile(r"[.!?]\s+[A-Z]")


def modules_say_what_they_are_for(source: Source) -> Iterator[Violation]:
    """Prevents opening a file to find out that it was the wrong one."""
    first, _, _ = (ast.get_docstring(source.tree) or "").partition("\n\n")
    if not first:
        yield Violation(source.path, 1, "no module docstring; say in one sentence what it is for")
    elif not first.endswith((".", "?", "!")) or _SECOND_SENTENCE.search(first):
        yield Violation(source.path, 1, "the module docstring must begin with one full sentence")


_VAGUE_NAMES = frozenset({"utils", "util", "common", "core", "helpers", "helper", "misc"})


def names_say_what_is_inside(source: Source) -> Iterator[Violation]:
    """Prevents the drawer that everything lands in because its name excludes nothing."""
    for part in PurePosixPath(source.path).parts:
        if part.partition(".")[0] in _VAGUE_NAMES:
            yield Violation(source.path, 1, f"{part!r} names no subject")


# Spelt in halves so that this file does not find itself.
_MARKERS = re.compile(
    r"\b(?:" + "|".join(("TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK")) + r")\b"
    r"|Not" + r"ImplementedError|\bpass +#"
)


def nothing_is_left_unfinished(source: Source) -> Iterator[Violation]:
    """Prevents promises in the margin: what is not done is an issue, not a comment."""
    for number, line in enumerate(source.lines, start=1):
        marker = _MARKERS.search(line)
        if marker:
            yield Violation(source.path, number, f"leftover {marker.group()!r}")


def folders_are_namespace_packages(source: Source) -> Iterator[Violation]:
    """Prevents tests/geo shadowing the real geo, which an __init__.py there would do."""
    if PurePosixPath(source.path).name == "__init__.py":
        yield Violation(source.path, 1, "folders are namespace packages: delete this file")


def tests_wait_on_conditions(source: Source) -> Iterator[Violation]:
    """Prevents tests that pass or fail by how busy the machine is: sleep only between looks."""
    name = PurePosixPath(source.path).name
    if source.folder != "tests" or not name.startswith(("test_", "conftest")):
        return
    in_loops = {
        id(inner)
        for node in source.nodes
        if isinstance(node, ast.While | ast.For | ast.AsyncFor)
        for inner in ast.walk(node)
    }
    for node in source.nodes:
        if isinstance(node, ast.Call) and id(node) not in in_loops:
            called = ast.unparse(node.func)
            if called in {"time.sleep", "asyncio.sleep", "sleep"} and not _yields_only(node):
                yield Violation(source.path, node.lineno, f"{called} outside a waiting loop")


def _yields_only(call: ast.Call) -> bool:
    first = call.args[0] if call.args else None
    return isinstance(first, ast.Constant) and first.value == 0
