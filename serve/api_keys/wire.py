"""API keys as the API takes and gives them; a key itself is shown once."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from serve.fields import LongText, Strict
from serve.identity.permissions import Permission
from store.api_keys import ApiKey

Scopes = Annotated[list[Permission], Field(min_length=1, max_length=len(Permission))]


class NewApiKey(Strict):
    name: LongText
    scopes: Scopes = Field(description="permissions; of those, it has what its maker has")
    expires_at: AwareDatetime | None = Field(
        default=None, description="identity.api_keys.usual_life_s from now, if not given"
    )


class ApiKeyOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: str
    name: str
    scopes: list[str]
    carrier: str | None
    shipper: str | None
    created_by: str
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None = Field(
        validation_alias="used_at", description="to the minute or so"
    )
    revoked_at: datetime | None
    version: int

    @classmethod
    def of(cls, key: ApiKey) -> ApiKeyOut:
        return cls.model_validate(key)


class ApiKeyWithSecret(BaseModel):
    """What was made, and the key to send as X-API-Key."""

    id: str
    name: str
    scopes: list[str]
    carrier: str | None
    shipper: str | None
    created_by: str
    created_at: datetime
    expires_at: datetime
    version: int
    key: str = Field(description="shown this once")
