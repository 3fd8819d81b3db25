"""Clients as the API takes and gives them; their secrets are shown once."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from serve.fields import LongText, ObjectId, Strict
from store.clients import StoredClient

ROLES_MAX = 20  # fixed: the form of a request; a role may allow everything
Roles = Annotated[list[ObjectId], Field(max_length=ROLES_MAX)]


class NewClient(Strict):
    name: LongText
    roles: Roles
    carrier: ObjectId | None = Field(default=None, description="it sees this carrier's only")
    shipper: ObjectId | None = Field(default=None, description="it sees this shipper's only")


class ClientChange(Strict):
    """What is left out stays as it is; null frees it of its carrier or shipper."""

    name: LongText | None = None
    roles: Roles | None = None
    carrier: ObjectId | None = None
    shipper: ObjectId | None = None


class SecretRotation(Strict):
    overlap_s: Annotated[float, Field(ge=0)] | None = Field(
        default=None,
        description="how long the secret before stays good; 0 ends it, and tokens got with it",
    )


class ClientOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: str
    name: str | None
    roles: list[str]
    carrier: str | None
    shipper: str | None
    created_at: datetime
    rotated_at: datetime | None
    previous_until: datetime | None = Field(description="until then the secret before is good")
    revoked_at: datetime | None
    version: int

    @classmethod
    def of(cls, client: StoredClient) -> ClientOut:
        return cls.model_validate(client)


class ClientWithSecret(ClientOut):
    secret: str = Field(description="shown this once")
