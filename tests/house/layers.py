"""Rules about who may import what: layers point down, pure folders stay pure, one file knows."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from tests.house.sources import CODE_FOLDERS, Source, Violation

# The table of ARCHITECTURE.md, "Code map".
_ALL_BELOW_LAUNCH = frozenset(CODE_FOLDERS) - {"launch", "sim", "bench", "lint"}
MAY_IMPORT: dict[str, frozenset[str]] = {
    "geo": frozenset(),
    "freight": frozenset({"geo"}),
    "config": frozenset({"freight", "geo"}),
    "telemetry": frozenset({"config", "freight", "geo"}),
    "store": frozenset({"telemetry", "config", "freight", "geo"}),
    "providers": frozenset({"telemetry", "config", "freight", "geo"}),
    "actors": frozenset({"providers", "store", "telemetry", "config", "freight", "geo"}),
    "ingest": frozenset({"actors", "store", "telemetry", "config", "freight", "geo"}),
    "serve": frozenset({"actors", "providers", "store", "telemetry", "config", "freight", "geo"}),
    "sim": frozenset({"freight", "geo", "config"}),
    "launch": _ALL_BELOW_LAUNCH,
    "lint": frozenset(),
    "bench": (frozenset(CODE_FOLDERS) - {"lint"}) | {"ubertruck"},
    "ubertruck": frozenset(CODE_FOLDERS),
    "tests": frozenset(CODE_FOLDERS) | {"ubertruck"},
}


@dataclass(frozen=True)
class Import:
    line: int
    module: str
    names: tuple[str, ...]
    binds_top: bool  # `import a.b` binds `a`; `from a.b import c` does not
    relative: bool

    @property
    def top(self) -> str:
        return self.module.partition(".")[0]


def imports(source: Source) -> Iterator[Import]:
    """All imports, wherever they stand: a late import couples as much as one at the top."""
    for node in source.nodes:
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(node.lineno, alias.name, (), alias.asname is None, relative=False)
        elif isinstance(node, ast.ImportFrom):
            names = tuple(alias.name for alias in node.names)
            relative = node.level > 0
            yield Import(node.lineno, node.module or "", names, binds_top=False, relative=relative)
        elif isinstance(node, ast.Call) and _called(node) in {"import_module", "__import__"}:
            first = node.args[0] if node.args else None
            if isinstance(first, ast.Constant) and isinstance(first.value, str):
                yield Import(node.lineno, first.value, (), binds_top=False, relative=False)


def _called(call: ast.Call) -> str:
    if isinstance(call.func, ast.Attribute):
        return call.func.attr
    return call.func.id if isinstance(call.func, ast.Name) else ""


def imports_point_down(source: Source) -> Iterator[Violation]:
    """Prevents rings: a rule that reaches for a server can be tested only with the server."""
    if source.folder not in MAY_IMPORT:
        return
    allowed = MAY_IMPORT[source.folder] | {source.folder}
    for found in imports(source):
        if found.relative:
            yield Violation(source.path, found.line, "write the whole module name, from the root")
        elif found.top in MAY_IMPORT and found.top not in allowed:
            says = f"{source.folder}/ may not import {found.module}"
            yield Violation(source.path, found.line, says)


def folders_imported_by_from(source: Source) -> Iterator[Violation]:
    """Prevents `import serve.x` replacing the `serve` that `from ray import serve` had bound."""
    for found in imports(source):
        if found.binds_top and found.top in CODE_FOLDERS:
            says = f"write `from {found.module} import ...`, which binds no folder name"
            yield Violation(source.path, found.line, says)


# Standard modules that neither do I/O nor read a clock nor draw random numbers.
_PURE_STANDARD = frozenset(
    {
        *("__future__", "abc", "array", "base64", "binascii", "bisect", "collections", "copy"),
        *("contextlib", "dataclasses", "datetime", "decimal", "enum", "fractions", "functools"),
        *("hashlib", "heapq", "hmac", "itertools", "json", "math", "numbers", "operator", "re"),
        *("statistics", "string", "struct", "types", "typing", "unicodedata", "uuid", "warnings"),
        *("xml", "zlib", "zoneinfo"),
    }
)
_PURE_LIBRARIES = {
    "geo": frozenset({"numpy", "h3", "h3ronpy", "shapely", "pyarrow", "numba"}),
    "freight": frozenset({"numpy", "scipy", "pydantic", "msgspec", "h3", "shapely"}),
}
# The road graph is data that lies beside the code; reading it is the pure folders' only I/O.
ROAD_DATA_READER = "geo/roads.py"
_READER_MAY_IMPORT = frozenset({"pathlib", "importlib", "csv"})
_IMPURE_NAMES = frozenset({"open", "print", "input", "exec", "eval", "__import__"})
_IMPURE_ATTRIBUTES = frozenset(
    {
        *("datetime.now", "datetime.utcnow", "datetime.today", "date.today"),
        *("uuid.uuid1", "uuid.uuid4", "np.random", "numpy.random"),
        *("np.load", "np.save", "np.loadtxt", "np.genfromtxt", "np.fromfile", "np.memmap"),
    }
)


def pure_folders_stay_pure(source: Source) -> Iterator[Violation]:
    """Prevents rules that answer differently tomorrow: no Ray, no I/O, no clock, no randomness."""
    if source.folder not in _PURE_LIBRARIES:
        return
    allowed = _PURE_STANDARD | _PURE_LIBRARIES[source.folder] | {"geo", "freight"}
    is_reader = source.path == ROAD_DATA_READER
    for found in imports(source):
        if found.top not in allowed and not (is_reader and found.top in _READER_MAY_IMPORT):
            says = f"{source.folder}/ is pure and may not import {found.module}"
            yield Violation(source.path, found.line, says)
    for node in source.nodes:
        impure = _impure(node)
        if impure and not (is_reader and impure == "open"):
            line = node.lineno if isinstance(node, ast.expr) else 1
            says = f"{source.folder}/ is pure: {impure} does I/O, reads a clock or draws lots"
            yield Violation(source.path, line, says)


def _impure(node: ast.AST) -> str:
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        return node.func.id if node.func.id in _IMPURE_NAMES else ""
    if isinstance(node, ast.Attribute):
        dotted = ast.unparse(node)
        matches = [name for name in _IMPURE_ATTRIBUTES if ("." + dotted).endswith("." + name)]
        return matches[0] if matches else ""
    return ""


RAY_CALLER = "actors/handles.py"


def only_handles_call_actors(source: Source) -> Iterator[Violation]:
    """Prevents untyped, unbounded actor calls: deadlines and types live in one file."""
    if source.path == RAY_CALLER:
        return
    for node in source.nodes:
        if isinstance(node, ast.Attribute) and node.attr == "remote":
            says = f"only {RAY_CALLER} says .remote; add a typed method there"
            yield Violation(source.path, node.lineno, says)


MQTT_LIBRARIES = frozenset({"aiomqtt", "paho", "gmqtt", "amqtt"})
MQTT_CLIENT = "ingest/mqtt_client.py"
# Devices, not us: tests publish as plain clients, and the benchmark's floor is a bare consumer.
_MQTT_DEVICES = frozenset({"tests", "bench"})


def one_file_knows_the_mqtt_library(source: Source) -> Iterator[Violation]:
    """Prevents a second acknowledgement path, which is how accepted messages get lost."""
    if source.path == MQTT_CLIENT or source.folder in _MQTT_DEVICES:
        return
    for found in imports(source):
        if found.top in MQTT_LIBRARIES:
            says = f"only {MQTT_CLIENT} imports {found.top}"
            yield Violation(source.path, found.line, says)
