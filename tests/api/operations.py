"""The operations of /openapi.json, and what it says about each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from serve.identity.permissions import Permission

METHODS = ("get", "post", "put", "patch", "delete")


@dataclass(frozen=True)
class Operation:
    method: str
    path: str
    needs: frozenset[Permission]
    declared: Mapping[str, Any]

    @property
    def says(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def parameters(self) -> tuple[str, ...]:
        declared = self.declared.get("parameters", [])
        return tuple(one["name"] for one in declared if one["in"] == "path")

    @property
    def is_public(self) -> bool:
        return not self.declared.get("security")

    def at(self, given: Mapping[str, str]) -> str:
        path = self.path
        for name in self.parameters:
            path = path.replace(f"{{{name}}}", given[name])
        return path


def operations_of(document: Mapping[str, Any]) -> list[Operation]:
    found = []
    for path, methods in document["paths"].items():
        for method in METHODS:
            if method in methods:
                declared = methods[method]
                scopes = {
                    scope
                    for way in declared.get("security", [])
                    for held in way.values()
                    for scope in held
                }
                needs = frozenset(map(Permission, scopes))
                found.append(Operation(method.upper(), path, needs, declared))
    return found
