"""Paths of the configuration tree: whose, which branch, which environment, which key.

/{tenant|*}/global/{security|compliance|operational}/...
/{tenant|*}/services/{service}/{environment|*}/{business|technical|integration}/...
"""

from __future__ import annotations

import re
from dataclasses import dataclass

ANY = "*"
GLOBAL, SERVICES = "global", "services"
GLOBAL_AREAS = ("security", "compliance", "operational")
SERVICE_AREAS = ("business", "technical", "integration")
# Behind services/{service}/ stands the environment, which is no part of a key's name.
ENVIRONMENT_AT = 2
_SEGMENT = re.compile(r"[A-Za-z0-9_.*-]{1,64}")
SEGMENTS_MAX = 16


class PathError(ValueError):
    """Not a path of the tree, whatever is stored in it."""


@dataclass(frozen=True, slots=True)
class ConfigPath:
    """A leaf or a subtree of one tenant's tree; `parts` come behind the tenant."""

    tenant: str
    parts: tuple[str, ...]

    @property
    def key(self) -> str:
        """As stored: without the tenant."""
        return "/".join(self.parts)

    @property
    def text(self) -> str:
        return "/".join(("", self.tenant, *self.parts))

    @property
    def environment(self) -> str:
        return environment_of(self.parts)

    @property
    def name(self) -> str:
        """What the schema calls it: without tenant and environment."""
        return name_of(self.parts)

    def child(self, segment: str) -> ConfigPath:
        return ConfigPath(self.tenant, (*self.parts, segment))


def environment_of(parts: tuple[str, ...]) -> str:
    is_named = parts[:1] == (SERVICES,) and len(parts) > ENVIRONMENT_AT
    return parts[ENVIRONMENT_AT] if is_named else ANY


def name_of(parts: tuple[str, ...]) -> str:
    if parts[:1] == (SERVICES,):
        parts = (*parts[:ENVIRONMENT_AT], *parts[ENVIRONMENT_AT + 1 :])
    return "/".join(parts)


def key_of(name: str, environment: str = ANY) -> str:
    """The stored key of a schema's name, for one environment or any."""
    parts = name.split("/")
    if parts[0] != SERVICES:
        return name
    return "/".join((*parts[:ENVIRONMENT_AT], environment, *parts[ENVIRONMENT_AT:]))


def split_key(key: str) -> tuple[str, str]:
    """A stored key's name in the schema, and its environment."""
    parts = tuple(key.split("/"))
    return name_of(parts), environment_of(parts)


def is_under(key: str, folder: str) -> bool:
    """Whether it is this folder or lies in it; the empty folder holds everything."""
    return not folder or key == folder or key.startswith(folder + "/")


def parse(text: str, own: str) -> ConfigPath:
    """Without a leading tenant it is the own one's."""
    parts = tuple(part for part in text.strip("/").split("/") if part)
    if len(parts) > SEGMENTS_MAX or not all(_SEGMENT.fullmatch(part) for part in parts):
        raise PathError(f"{text[:200]!r} is not a path of the configuration tree")
    branches = (GLOBAL, SERVICES)
    starts_with_branch = parts[:1] and parts[0] in branches
    if not parts or (starts_with_branch and (len(parts) < 2 or parts[1] not in branches)):
        return ConfigPath(own, parts)
    if len(parts) > 1 and parts[1] not in branches:
        raise PathError(f"{text!r}: behind the tenant comes {GLOBAL} or {SERVICES}")
    return ConfigPath(parts[0], parts[1:])
