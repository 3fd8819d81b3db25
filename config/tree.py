"""The tree of keys that the sections make up: type, unit, default, meaning and rights of each."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Annotated, Any, get_args, get_origin

import msgspec
from pydantic import BaseModel, RootModel, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from config.paths import GLOBAL, GLOBAL_AREAS, SERVICE_AREAS, SERVICES
from freight.rules import Who

# What the end of a name says; a bound's _min or _max comes behind it.
UNITS = {
    "ms": "milliseconds",
    "s": "seconds",
    "minutes": "minutes",
    "hour": "hour of the day",
    "days": "days",
    "bytes": "bytes",
    "kmh": "km/h",
    "km": "km",
    "m": "metres",
    "mps2": "m/s²",
    "deg": "degrees",
    "pct": "percent",
    "percentage": "percent",
    "l": "litres",
    "t": "tonnes",
    "l_per_100km": "litres per 100 km",
    "fixes_per_s": "fixes per second",
    "connects_per_s": "connections per second",
    "share": "share, 0 to 1",
    "bp": "hundredths of a percent",
    "minor": "paise",
    "minor_per_l": "paise per litre",
    "minor_per_t": "paise per tonne",
    "minor_per_km": "paise per km",
    "m3": "cubic metres",
    "pace": "share, 0 to 1",
    "fixes": "fixes",
    "messages": "messages",
    "rows": "rows",
    "connections": "connections",
    "events": "events",
}
_BOUND = re.compile(r"_(?:min|max)$")
_CHILD = re.compile(r"[a-z0-9][a-z0-9_.-]{0,63}")


class TreeError(TypeError):
    """The sections do not make up a tree; a mistake in the code."""


@dataclass(frozen=True, slots=True)
class At:
    """Where a section's keys stand: global/{area}[/...] or services/{service}/{area}[/...]."""

    folder: str
    # Read before any store can be asked, so that only the defaults file counts.
    file_only: bool = False

    def __post_init__(self) -> None:
        branch, *rest = self.folder.split("/")
        is_global = branch == GLOBAL and rest[:1] and rest[0] in GLOBAL_AREAS
        is_service = branch == SERVICES and rest[1:] and rest[1] in SERVICE_AREAS
        if not (is_global or is_service):
            raise TreeError(f"{self.folder} is not a folder of the tree")


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with a value: where inside it, and what."""

    where: tuple[str | int, ...]
    says: str


@dataclass(frozen=True)
class Leaf:
    name: str  # its path without tenant and environment
    route: tuple[str, ...]  # the attributes that lead to it from the policy
    meaning: str
    who: Who
    live: bool
    annotation: Any

    @property
    def adapter(self) -> TypeAdapter[Any]:
        return _adapter_of(self.annotation)

    @property
    def unit(self) -> str | None:
        return unit_of(self.route[-1])

    @property
    def effect(self) -> str:
        return "live" if self.live else "next start"

    @property
    def kind(self) -> str:
        return kind_of(self.adapter.json_schema())

    def faults(self, value: Any) -> list[Fault]:
        """Empty when the value is of the type; strict: no text for a number, no 1 for true."""
        if value is None:
            return [Fault((), "null is no value; delete the key to take its value back")]
        try:
            self.adapter.validate_json(msgspec.json.encode(value), strict=True)
        except ValidationError as error:
            return [Fault(e["loc"], e["msg"]) for e in error.errors(include_url=False)]
        except (TypeError, ValueError) as error:
            return [Fault((), str(error))]
        return []


@cache
def _adapter_of(annotation: Any) -> TypeAdapter[Any]:
    """One for all leaves of a type: making one takes far longer than using it."""
    return TypeAdapter(annotation)


class Tree:
    """All leaves of a policy model, by name."""

    def __init__(self, model: type[BaseModel]) -> None:
        self.model = model
        self.leaves: dict[str, Leaf] = {}
        # Folders whose leaves come and go: every child is a leaf of the same type.
        self.maps: dict[str, Leaf] = {}
        for section, field in model.model_fields.items():
            place = _place_of(section, field)
            self._walk(_model_of(field), place.folder, (section,), file_only=place.file_only)

    def find(self, name: str) -> Leaf | None:
        leaf = self.leaves.get(name)
        if leaf is not None:
            return leaf
        folder, _, child = name.rpartition("/")
        each = self.maps.get(folder)
        if each is None or not _CHILD.fullmatch(child):
            return None
        return replace(each, name=name, route=(*each.route, child))

    def under(self, folder: str, values: Mapping[str, Any]) -> Iterator[Leaf]:
        """The leaves below a folder's name (the folder itself, when it is one), by name."""
        inside = folder + "/" if folder else ""
        names = {name for name in self.leaves if name == folder or name.startswith(inside)}
        for name, each in self.maps.items():
            children = value_at(values, each.route) or {}
            names |= {
                full
                for child in children
                if (full := f"{name}/{child}") == folder or full.startswith(inside)
            }
        for name in sorted(names):
            leaf = self.find(name)
            if leaf is not None:
                yield leaf

    def has_folder(self, name: str) -> bool:
        """Whether a subtree of this name can hold anything."""
        inside = name + "/" if name else ""
        return any(
            known == name or known.startswith(inside) for known in (*self.leaves, *self.maps)
        )

    def _walk(
        self, model: type[BaseModel] | None, folder: str, route: tuple[str, ...], *, file_only: bool
    ) -> None:
        if model is None:
            raise TreeError(f"{'.'.join(route)} is not a section")
        for name, field in model.model_fields.items():
            path, inner = f"{folder}/{name}", _model_of(field)
            if inner is not None:
                self._walk(inner, path, (*route, name), file_only=file_only)
                continue
            each = _mapped(field)
            leaf = _leaf_of(path, (*route, name), field, each, file_only=file_only)
            kept = self.leaves if each is None else self.maps
            if path in self.leaves or path in self.maps:
                raise TreeError(f"two keys are called {path}")
            kept[path] = leaf


def value_at(values: Mapping[str, Any], route: tuple[str, ...]) -> Any:
    """What nested mappings hold at the end of a route; None when there is nothing."""
    found: Any = values
    for step in route:
        found = found.get(step) if isinstance(found, Mapping) else None
    return found


def unit_of(name: str) -> str | None:
    """From the end of the name, the longest ending that is a unit."""
    words = _BOUND.sub("", name).split("_")
    for start in range(len(words)):
        unit = UNITS.get("_".join(words[start:]))
        if unit is not None:
            return unit
    return None


_BOUNDS = {
    "exclusiveMinimum": "> {}",
    "minimum": "≥ {}",
    "exclusiveMaximum": "< {}",
    "maximum": "≤ {}",
}


def kind_of(schema: Mapping[str, Any]) -> str:
    """A JSON schema in few words, as the reference prints it."""
    if "prefixItems" in schema:
        return "[" + ", ".join(kind_of(item) for item in schema["prefixItems"]) + "]"
    kind = str(schema.get("type", "object"))
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2].partition("[")[0]
    if kind == "array":
        inner = kind_of(schema["items"])
        return "dated rows" if inner.startswith("DatedRow") else f"list of {inner}"
    if kind == "object" and isinstance(schema.get("additionalProperties"), Mapping):
        return f"map of {kind_of(schema['additionalProperties'])}"
    bounds = [text.format(schema[name]) for name, text in _BOUNDS.items() if name in schema]
    title = str(schema.get("title", kind)) if kind == "object" else kind
    return " ".join([title, *([", ".join(bounds)] if bounds else [])])


def _place_of(section: str, field: FieldInfo) -> At:
    named = [extra for extra in field.metadata if isinstance(extra, At)]
    return named[0] if named else At(f"{SERVICES}/{section}/technical")


def _model_of(field: FieldInfo) -> type[BaseModel] | None:
    """The section behind a field; None for a leaf."""
    kind = field.annotation
    if isinstance(kind, type) and issubclass(kind, BaseModel) and not issubclass(kind, RootModel):
        return kind
    return None


def _mapped(field: FieldInfo) -> Any:
    """The type of the children, for a field that is a map of models; None for any other."""
    if get_origin(field.annotation) is not dict:
        return None
    each = get_args(field.annotation)[1]
    is_model = isinstance(each, type) and issubclass(each, BaseModel)
    return each if is_model else None


def _leaf_of(
    path: str, route: tuple[str, ...], field: FieldInfo, each: Any, *, file_only: bool
) -> Leaf:
    extra = field.json_schema_extra
    marks: Mapping[str, Any] = extra if isinstance(extra, Mapping) else {}
    who = Who.FILE if file_only else Who(marks.get("who", Who.INSTALLATION))
    annotation = Annotated[field.annotation, *field.metadata] if field.metadata else None
    return Leaf(
        name=path,
        route=route,
        meaning=field.description or "",
        who=who,
        live=bool(marks.get("live", False)) and not file_only,
        annotation=each or annotation or field.annotation,
    )
