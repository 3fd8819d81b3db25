"""Tenants as the API takes and gives them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from serve.carriers.wire import Email
from serve.fields import LongText, Strict
from store.offboarding import Offboarding
from store.tenants import TenantDetail, TenantStatus

TENANT_PATTERN = r"^[a-z0-9-]{1,32}$"
VALUES_MAX = 500  # fixed: part of the published schema

TenantId = Annotated[str, StringConstraints(pattern=TENANT_PATTERN)]


class NewAdmin(Strict):
    email: Email
    name: LongText | None = None


class NewTenant(Strict):
    id: TenantId
    name: LongText
    admin: NewAdmin | None = Field(
        default=None, description="the person who administers it first, as a user of it"
    )
    configuration: dict[str, Any] | None = Field(
        default=None,
        max_length=VALUES_MAX,
        description="its first values, by their paths in the configuration tree",
    )


class TenantChange(Strict):
    """What is left out stays as it is."""

    name: LongText


class Reason(Strict):
    reason: LongText


class TenantOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: str
    name: str
    status: TenantStatus
    status_reason: str | None
    status_since: datetime
    created_at: datetime
    version: int

    @classmethod
    def of(cls, tenant: TenantDetail) -> TenantOut:
        return cls.model_validate(tenant)


class ClientCredentials(BaseModel):
    """How the tenant's first program signs in; the secret is shown this once."""

    id: str
    secret: str


class FirstUser(BaseModel):
    """How the tenant's first administrator signs in; the password is shown this once."""

    id: str
    email: str
    one_time_password: str = Field(description="good for choosing another, for a few days")


class NewTenantOut(TenantOut):
    client: ClientCredentials
    admin: FirstUser | None = Field(default=None, description="when the request named one")


class Offboard(Strict):
    reason: LongText
    confirmation: LongText | None = Field(
        default=None, description="the token that the request without one has given"
    )


class OffboardingOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    phase: str = Field(description="requested, exporting, erasing or done")
    confirm_until: datetime
    confirmed_at: datetime | None
    exported_at: datetime | None
    export_bytes: int | None
    downloaded_at: datetime | None
    erased_at: datetime | None
    trouble: str | None = Field(description="why it does not go on; it tries again by itself")

    @classmethod
    def of(cls, offboarding: Offboarding) -> OffboardingOut:
        return cls.model_validate(offboarding)


class OffboardAnswer(OffboardingOut):
    confirmation: str | None = Field(
        default=None, description="send it back within the time to go through with it"
    )
