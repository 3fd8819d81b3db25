"""Secrets as the API takes and tells of them: a value goes in and never comes out."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, BaseModel, Field, SecretStr

from freight.redaction import REFERENCE
from serve.fields import Strict
from store.postgres import moment
from store.secret_names import SecretInfo
from store.secret_uses import LastUse


def _text(value: SecretStr) -> SecretStr:
    if value.get_secret_value().encode(errors="ignore").decode() != value.get_secret_value():
        raise ValueError("a secret is text")
    return value


class NewSecret(Strict):
    value: Annotated[SecretStr, Field(min_length=1), AfterValidator(_text)]


class VersionOut(BaseModel):
    version: int
    created_at: datetime
    last_used_at: datetime | None = Field(description="null: not since it was made")
    uses: int


class SecretOut(BaseModel):
    name: str
    reference: str = Field(description="what configuration refers to it by")
    versions: list[VersionOut] = Field(description="the newest first")

    @classmethod
    def of(cls, info: SecretInfo, uses: Mapping[tuple[str, int], LastUse]) -> SecretOut:
        return cls(
            name=info.name,
            reference=REFERENCE + info.name,
            versions=[
                VersionOut(
                    version=kept.version,
                    created_at=moment(kept.created_ms),
                    last_used_at=used.at if (used := uses.get((info.name, kept.version))) else None,
                    uses=used.uses if used else 0,
                )
                for kept in info.versions
            ],
        )
