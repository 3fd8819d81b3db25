"""Configuration and flags as the API takes and gives them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, Field, StringConstraints

from config.resolution import Difference
from config.sections.operational import Flag
from serve.fields import TEXT_PATTERN, Strict
from store.configuration import Version

REASON_CHARS_MAX = 500  # fixed: part of the published schema
Reason = Annotated[str, StringConstraints(max_length=REASON_CHARS_MAX, pattern=TEXT_PATTERN)]


class OriginOut(BaseModel):
    """Where a value that somebody set was set."""

    path: str
    version: int


class LeafOut(BaseModel):
    path: str
    value: Any
    default: Any
    origin: OriginOut | None = Field(description="null: nobody set it, the default holds")
    type: str
    unit: str | None
    meaning: str
    who: str = Field(description="who may change it: file, installation, operator or tenant")
    effect: str = Field(description="when a change works: live or next start")


class ConfigOut(BaseModel):
    """A leaf, or a subtree with all its leaves; `value` is nested as the paths are."""

    path: str
    value: Any
    version: int = Field(description="of this tree's versions the last that changed something here")
    leaves: list[LeafOut]


UNSET_MAX = 100  # fixed: part of the published schema
UnsetPath = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.*/-]{1,500}$")]


class NewValue(Strict):
    value: Any = Field(description="of a leaf, or nested values of a subtree")
    unset: Annotated[list[UnsetPath], Field(max_length=UNSET_MAX)] = Field(
        default=[],
        description="below the path: what is set there is taken back in the same version",
    )
    reason: Reason = ""


class Candidate(Strict):
    value: Any
    reason: Reason = ""


class Rollback(Strict):
    version: Annotated[int, Field(ge=0, lt=2**31)]
    reason: Reason = ""


class ChangeOut(BaseModel):
    """One key; null is what is not set."""

    path: str
    before: Any
    after: Any

    @classmethod
    def of(cls, tenant: str, change: Difference) -> ChangeOut:
        return cls(path=f"/{tenant}/{change.key}", before=change.before, after=change.after)


class DryRunOut(BaseModel):
    valid: bool
    changes: list[ChangeOut]


class VersionOut(BaseModel):
    version: int
    at: datetime
    author: str
    reason: str
    path: str
    restores: int | None
    correlation_id: str | None
    changes: list[ChangeOut]

    @classmethod
    def of(cls, tenant: str, version: Version) -> VersionOut:
        return cls(
            version=version.version,
            at=version.at,
            author=version.author,
            reason=version.reason,
            path=f"/{tenant}/{version.path}".rstrip("/"),
            restores=version.restores,
            correlation_id=version.correlation_id,
            changes=[ChangeOut.of(tenant, change) for change in version.changes],
        )


class ValuesOut(BaseModel):
    """What a change found or left, by path, as the audit trail keeps it."""

    values: dict[str, Any]


class Document(Strict):
    """A whole tree's own values, by path without the tenant; what is exported and imported."""

    tenant: str = ""
    version: int | None = None
    values: dict[str, Any]
    reason: Reason = ""


class FlagChange(Flag):
    reason: Reason = ""


class FlagOut(Flag):
    name: str
    version: int
    origin: OriginOut | None


class AssignmentOut(BaseModel):
    """The same for the same subject for as long as the flag is not changed."""

    flag: str
    subject: str
    on: bool
    variant: str | None
    reason: str
