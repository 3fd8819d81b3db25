"""Which value holds: the most specific one, tenant before all tenants, environment before any."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from config.paths import ANY, ConfigPath, key_of, split_key
from config.tree import Fault, Leaf, Tree
from freight.rules import Who


@dataclass(frozen=True, slots=True)
class Override:
    """One value somebody set: whose, under which key, and by which version of that tree."""

    tenant: str  # the tenant's id, or * for all
    key: str  # with its environment, without the tenant
    value: Any
    version: int = 0


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a value cannot be, and at which path; `where` leads on inside the value."""

    path: str
    says: str
    where: tuple[str | int, ...] = ()


@dataclass(frozen=True, slots=True)
class Resolved:
    """All values as nested mappings, and where those come from that somebody set."""

    values: dict[str, Any]
    origins: Mapping[str, Override]  # by the leaf's name


def resolve(
    tree: Tree,
    defaults: Mapping[str, Any],
    overrides: Iterable[Override],
    tenant: str,
    environment: str,
) -> Resolved:
    """What this tenant (* is none in particular) sees in this environment; unknown keys and those
    that may not be set there are left out."""
    values, origins = copy.deepcopy(dict(defaults)), {}
    for name, one in most_specific(overrides, tenant, environment).items():
        leaf = tree.find(name)
        if leaf is not None and leaf.who is not Who.FILE:
            _put(values, leaf.route, one.value)
            origins[name] = one
    return Resolved(values, origins)


def most_specific(
    overrides: Iterable[Override], tenant: str, environment: str
) -> dict[str, Override]:
    """Of all that apply here the one that holds, by the leaf's name."""
    chosen: dict[str, tuple[tuple[bool, bool], Override]] = {}
    for one in overrides:
        name, where = split_key(one.key)
        if one.tenant not in {tenant, ANY} or where not in {environment, ANY}:
            continue
        rank = (one.tenant != ANY, where != ANY)
        best = chosen.get(name)
        if best is None or rank > best[0]:
            chosen[name] = rank, one
    return {name: one for name, (_, one) in chosen.items()}


def _put(values: dict[str, Any], route: tuple[str, ...], value: Any) -> None:
    for step in route[:-1]:
        values = values.setdefault(step, {})
    values[route[-1]] = value


def flatten(tree: Tree, path: ConfigPath, value: Any) -> tuple[dict[str, Any], list[Refused]]:
    """A value for a leaf or nested values for a subtree, by stored key; and what is no key."""
    leaf = tree.find(path.name) if path.parts else None
    if leaf is not None and key_of(leaf.name, path.environment) == path.key:
        return {path.key: value}, []
    if not isinstance(value, Mapping):
        return {}, [Refused(path.text, "there is no such key")]
    found: dict[str, Any] = {}
    refused: list[Refused] = []
    for segment, inner in value.items():
        if not isinstance(segment, str) or "/" in segment:
            refused.append(Refused(f"{path.text}/{segment}", "there is no such key"))
            continue
        inside, wrong = flatten(tree, path.child(segment), inner)
        found |= inside
        refused += wrong
    return found, refused


def refusals(tree: Tree, tenant: str, values: Mapping[str, Any]) -> list[Refused]:
    """Everything that is wrong with these values by key, all of it at once."""
    found = []
    for key, value in values.items():
        path = f"/{tenant}/{key}"
        leaf = tree.find(split_key(key)[0])
        if leaf is None:
            found.append(Refused(path, "there is no such key"))
        elif leaf.who is Who.FILE:
            says = "is read before the store can be: set it in its defaults file"
            found.append(Refused(path, says))
        elif tenant != ANY and leaf.who is Who.INSTALLATION:
            found.append(Refused(path, "can be set for all tenants (*) only"))
        else:
            found += [_refused(path, fault) for fault in leaf.faults(value)]
    return found


def _refused(path: str, fault: Fault) -> Refused:
    return Refused(path, fault.says, fault.where)


def contradictions(tree: Tree, resolved: Resolved, tenant: str) -> list[Refused]:
    """What is wrong with values that are each right: bounds that cross, references that dangle."""
    try:
        tree.model.model_validate(resolved.values)
    except ValidationError as error:
        return [
            Refused(_path_of(tree, tenant, fault["loc"]), fault["msg"])
            for fault in error.errors(include_url=False)
        ]
    return []


def _path_of(tree: Tree, tenant: str, where: tuple[int | str, ...]) -> str:
    """The leaf or section that a place in the policy model belongs to."""
    steps = tuple(str(step) for step in where)
    leaves: list[Leaf] = [*tree.leaves.values(), *tree.maps.values()]
    for leaf in leaves:
        if steps[: len(leaf.route)] == leaf.route:
            return f"/{tenant}/{key_of(leaf.name)}"
    inside = [leaf for leaf in leaves if leaf.route[: len(steps)] == steps]
    if not inside:
        return f"/{tenant}"
    depth = len(inside[0].route) - len(steps)
    folder = inside[0].name.rsplit("/", depth)[0]
    return f"/{tenant}/{key_of(folder)}"


@dataclass(frozen=True, slots=True)
class Difference:
    """One key that is or was set to something else; None where it is not set at all."""

    key: str
    before: Any
    after: Any


def difference(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Difference]:
    """What changes from one set of values by key to another, in the order of the keys."""
    return [
        Difference(key, before.get(key), after.get(key))
        for key in sorted(before.keys() | after.keys())
        if key not in before or key not in after or before[key] != after[key]
    ]
