"""The reference of every key, as a page for operators."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import Any

import msgspec

from config.paths import ANY, key_of
from config.policy import defaults, tree
from config.tree import Leaf, value_at
from freight.rules import Who

HEAD = """# Configuration

Written by `python -m ubertruck config reference`; a test fails when it is out of step.

Every key stands in the tree under `/{tenant or *}` and is read and changed by `/v1/config/...`, by
`python -m ubertruck config get|set|history|rollback|diff|validate PATH`, or by export and import
as YAML. Where several values are set, the most specific one holds: a tenant's before that of all
tenants (`*`), and one for this environment before one for any (`*`, the third part of a service's
path). Nothing set: the default, from `config/defaults/`.

**Who** may set a key:

| | |
|---|---|
| tenant | for all tenants and for any single one; a tenant's administrators for their own |
| operator | for all tenants and for any single one, by who operates the installation |
| installation | for all tenants together only, by who operates the installation |
| file | nobody while running: it is read from its defaults file before there is a store to ask |

**Effect**: `live` is in force in every process within two seconds. `next start` is in force when
the installation starts again (`up`); a process that restarts by itself may take it in earlier.

Dated rows are `[{valid_from, valid_to, value}]`: a value holds from `valid_from` up to, but not on,
`valid_to`; rows may not overlap. A flag is `{enabled, percentage, tenants, variants: [{name,
weight}], meaning}` (no tenants: all of them).
"""
# 600.0 of seconds is 600.
_WHOLE = re.compile(r"(?<![\w.])(\d+)\.0(?!\d)")
TABLE = """| key | type | unit | default | meaning | who | effect |
|---|---|---|---|---|---|---|"""


def reference() -> str:
    """Markdown; the same for the same code."""
    leaves = sorted((*tree().leaves.values(), *_maps()), key=lambda leaf: leaf.name)
    parts = [HEAD]
    for folder, inside in groupby(leaves, key=_folder):
        rows = [_row(leaf, folder) for leaf in inside]
        parts.append("\n".join([f"## `/{ANY}/{key_of(folder)}`", "", TABLE, *rows, ""]))
    return "\n".join(parts)


def _maps() -> Iterator[Leaf]:
    yield from tree().maps.values()


def _folder(leaf: Leaf) -> str:
    """global/{area} or services/{service}/{area}."""
    depth = 2 if leaf.name.startswith("global/") else 3
    return "/".join(leaf.name.split("/")[:depth])


def _row(leaf: Leaf, folder: str) -> str:
    is_map = leaf.name in tree().maps
    name = leaf.name.removeprefix(folder + "/") + ("/{name}" if is_map else "")
    default = _in_order(value_at(defaults().model_dump(), leaf.route))
    cells = (
        f"`{name}`",
        leaf.kind,
        leaf.unit or "",
        "none" if is_map and not default else f"`{_shown(default)}`",
        leaf.meaning,
        leaf.who.value,
        "" if leaf.who is Who.FILE else leaf.effect,
    )
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _in_order(value: Any) -> Any:
    """Sets have no order of their own, and in each process another one."""
    if isinstance(value, Mapping):
        return {name: _in_order(inner) for name, inner in value.items()}
    if isinstance(value, frozenset):
        return sorted(value)
    return [_in_order(inner) for inner in value] if isinstance(value, list | tuple) else value


def _shown(value: Any) -> str:
    return _WHOLE.sub(r"\1", msgspec.json.encode(value).decode())
