"""Rules about what the code says to the world outside: environment, Ray, addresses, SQL."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from itertools import pairwise

from tests.house.sources import Source, Violation

OUR_ENVIRONMENT = frozenset(
    {"SERVICE_NAME", "ENVIRONMENT", "CONFIG_SERVICE_URL", "AWS_REGION", "LOG_LEVEL"}
)
# Folders that start other programs hand the whole environment on; launch/ also sets Ray's.
_STARTS_PROGRAMS = frozenset({"launch", "bench", "tests", "ubertruck"})
# Whoever joins the cluster tells Ray's own library how, which it reads from nowhere else.
_JOINS_RAY = "actors/handles.py"


def only_our_environment_is_read(source: Source) -> Iterator[Violation]:
    """Prevents settings that no file lists: everything but five names is in the config tree."""
    if source.folder == "launch":
        return
    parents = {id(child): node for node in source.nodes for child in ast.iter_child_nodes(node)}
    for node in source.nodes:
        if not _is_environment(node):
            continue
        name = _name_read(node, parents)
        if name is None and source.folder in _STARTS_PROGRAMS:
            continue
        if source.path == _JOINS_RAY and name is not None and name.startswith("RAY_"):
            continue
        if name not in OUR_ENVIRONMENT:
            line = node.lineno if isinstance(node, ast.expr | ast.alias) else 1
            says = f"environment variable {name or '(any)'} is not one of our five"
            yield Violation(source.path, line, says)


def _is_environment(node: ast.AST) -> bool:
    if isinstance(node, ast.alias):
        return node.name in {"environ", "getenv", "environb"}
    return isinstance(node, ast.Attribute) and (
        ast.unparse(node) in {"os.environ", "os.getenv", "os.environb"}
    )


def _name_read(node: ast.AST, parents: dict[int, ast.AST]) -> str | None:
    """The literal in os.environ["X"], os.environ.get("X") or os.getenv("X"); None if none."""
    parent = parents.get(id(node))
    key: ast.expr | None = None
    if isinstance(parent, ast.Subscript):
        key = parent.slice
    elif isinstance(parent, ast.Call) and parent.func is node and parent.args:
        key = parent.args[0]
    elif isinstance(parent, ast.Attribute):
        call = parents.get(id(parent))
        key = call.args[0] if isinstance(call, ast.Call) and call.args else None
    return key.value if isinstance(key, ast.Constant) and isinstance(key.value, str) else None


_STOPS_RAY = re.compile(r"\bray\s+st" + r"op\b")


def ray_is_ours_alone(source: Source) -> Iterator[Violation]:
    """Prevents joining or killing somebody else's Ray: only our own address and processes."""
    for line, text in source.strings():
        if _STOPS_RAY.search(text):
            yield Violation(source.path, line, "stops every Ray on the machine")
    for node in source.nodes:
        if isinstance(node, ast.List | ast.Tuple):
            words = [e.value for e in node.elts if isinstance(e, ast.Constant)]
            if any(str(a).endswith("ray") and b == "stop" for a, b in pairwise(words)):
                yield Violation(source.path, node.lineno, "stops every Ray on the machine")
        elif isinstance(node, ast.keyword) and node.arg == "address" and _is_auto(node.value):
            says = 'address="auto" joins whichever Ray is found first'
            yield Violation(source.path, node.value.lineno, says)


def _is_auto(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and value.value == "auto"


# In halves, so that this file does not find itself.
_MACHINE_PATH = re.compile(r"(?<![\w.$}])/(?:wo" + r"rk|ro" + r"ot|home/\w+|Users/\w+)/")
_INDEX_NAME = re.compile(r"py" + r"pi\.|pythonho" + r"sted|registry\.np" + r"mjs", re.IGNORECASE)
_INDEX_OPTION = re.compile(
    r"--(?:extra-)?index-" + r"url|--find-" + r"links|\"resol" + r"ved\"\s*:"
)
_ADDRESS = re.compile(r"\bhttps?://([\w.-]+)", re.IGNORECASE)
_LOCK_FILES = re.compile(r"(?:^|/)(?:requirements[\w.-]*\.(?:lock|in|txt)|package-lock\.json)$")
# npm notes where a package's authors take donations; nothing is installed from there.
_FUNDING = re.compile(r'"funding":\s*(?:"[^"]*"|\{[^}]*\}|\[[^\]]*\])')
_THIS_MACHINE = frozenset({"localhost", "127.0.0.1"})


def nothing_of_this_machine(source: Source) -> Iterator[Violation]:
    """Prevents a checkout that installs or runs only where it was written."""
    for number, line in enumerate(source.lines, start=1):
        found = _MACHINE_PATH.search(line) or _INDEX_NAME.search(line) or _INDEX_OPTION.search(line)
        if found:
            says = f"{found.group()!r} belongs to one machine or index"
            yield Violation(source.path, number, says)


def locks_name_no_address(source: Source) -> Iterator[Violation]:
    """Prevents a lock file from sending every installation to one package index."""
    if not _LOCK_FILES.search(source.path):
        return
    text = _FUNDING.sub("", source.text)
    for host in sorted(set(_ADDRESS.findall(text)) - _THIS_MACHINE):
        yield Violation(source.path, 1, f"a lock file names {host}")


_SQL = re.compile(
    r"\s*(?:select\b.*\bfrom\b|select\s+(?:\d|\w+\s*\()|insert\s+into\b|update\s+\w+\s+set\b"
    r"|delete\s+from\b|copy\s+\w+.*\bfrom\b|with\s+\w+\s+as\s*\(|create\s+(?:table|role|index)\b"
    r"|alter\s+(?:table|role|system)\b|truncate\s+\w+)",
    re.IGNORECASE | re.DOTALL,
)
_MAY_SPEAK_SQL = frozenset({"store", "bench", "tests"})
# A stand-in for somebody else's server remembers by itself, in a file that is none of ours.
_OWN_FILE = "sim/razorpay/book.py"


def sql_lives_in_store(source: Source) -> Iterator[Violation]:
    """Prevents queries that a migration breaks unseen: the schema is known to one folder."""
    if source.folder in _MAY_SPEAK_SQL or source.path == _OWN_FILE:
        return
    for line, text in source.strings():
        if _SQL.match(text):
            yield Violation(source.path, line, f"SQL outside store/: {text.strip()[:40]!r}")
