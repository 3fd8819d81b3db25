"""Issuers of identities as the API takes and gives them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from serve.fields import LongText, ObjectId, Strict
from store.oidc_issuers import OidcIssuer

VALUES_MAX = 100  # fixed: bounds a row; no organisation tells more groups of people apart
ROLES_MAX = 20  # fixed: bounds a row
RolesOf = Annotated[
    dict[LongText, Annotated[list[ObjectId], Field(max_length=ROLES_MAX)]],
    Field(max_length=VALUES_MAX, description="from a value of the claim to names of roles"),
]
Claim = Annotated[
    LongText, Field(description="its name as the issuer writes it, or a path with dots")
]


class NewIssuer(Strict):
    id: ObjectId
    issuer: LongText = Field(description="as it calls itself in the claim iss")
    audience: LongText = Field(description="what its identities must be made out to")
    role_claim: Claim
    roles_of: RolesOf
    carrier_claim: Claim | None = None
    shipper_claim: Claim | None = None
    is_enabled: bool = True


class IssuerChange(Strict):
    """What is left out stays as it is; null empties carrier_claim or shipper_claim only."""

    audience: LongText | None = None
    role_claim: Claim | None = None
    roles_of: RolesOf | None = None
    carrier_claim: Claim | None = None
    shipper_claim: Claim | None = None
    is_enabled: bool | None = None


class IssuerOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: str
    issuer: str
    audience: str
    role_claim: str
    roles_of: dict[str, list[str]]
    carrier_claim: str | None
    shipper_claim: str | None
    is_enabled: bool
    created_at: datetime
    version: int

    @classmethod
    def of(cls, issuer: OidcIssuer) -> IssuerOut:
        return cls.model_validate(issuer)
