"""What secrets are called, how configuration refers to them, and what can go wrong with one.

SecretsError
├── SecretMissingError     no such secret, or not in this version: put it, or correct the name
├── SecretsAwayError       whoever keeps it does not answer: try again
└── SecretsRefusedError    whoever keeps it refuses us, or cannot be read: an operator must look
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from freight.redaction import REFERENCE
from store.audit_chain import INSTALLATION, INSTALLATION_KEY
from store.errors import StoreError

NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_REFERENCE = re.compile(rf"{REFERENCE}({NAME.pattern})(?:#([1-9]\d{{0,8}}))?")


class SecretsError(StoreError):
    """A secret could not be had."""


class SecretMissingError(SecretsError):
    def __init__(self, of: SecretName, version: int | None = None) -> None:
        at = "" if version is None else f" in version {version}"
        super().__init__(f"there is no secret {of.name!r}{at}")


class SecretsAwayError(SecretsError):
    def __init__(
        self,
        says: str,
        *,
        is_undone: bool = False,
        is_throttled: bool = False,
        after_s: float = 0.0,
    ) -> None:
        super().__init__(says)
        self.is_undone = is_undone  # it was not reached: whatever it was, it may be sent again
        self.is_throttled = is_throttled
        self.after_s = after_s  # as it said itself; 0: it did not


class SecretsRefusedError(SecretsError):
    pass


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose secrets: a tenant's own, or the installation's. Neither sees the other's."""

    tenant_key: int
    tenant: str


OF_INSTALLATION = Scope(INSTALLATION_KEY, INSTALLATION)


@dataclass(frozen=True, slots=True)
class SecretName:
    scope: Scope
    name: str

    def __post_init__(self) -> None:
        # It becomes a part of paths.
        if NAME.fullmatch(self.name) is None:
            raise ValueError(f"{self.name!r} is no name of a secret")


@dataclass(frozen=True, slots=True)
class SecretReference:
    """`secret://name` is the newest version, `secret://name#3` always the third."""

    name: str
    version: int | None

    @classmethod
    def parse(cls, text: str) -> SecretReference | None:
        """None for what is not meant as a reference; what is meant so and wrong raises."""
        if not text.startswith(REFERENCE):
            return None
        found = _REFERENCE.fullmatch(text)
        if found is None:
            raise ValueError(f"a reference is written {REFERENCE}NAME or {REFERENCE}NAME#VERSION")
        return cls(found[1], int(found[2]) if found[2] else None)


@dataclass(frozen=True, slots=True)
class SecretValue:
    text: str = field(repr=False)
    version: int
    created_ms: int


@dataclass(frozen=True, slots=True)
class SecretVersion:
    version: int
    created_ms: int


@dataclass(frozen=True, slots=True)
class SecretInfo:
    """What may be told of a secret."""

    name: str
    versions: tuple[SecretVersion, ...]  # the newest first
