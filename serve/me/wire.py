"""Oneself, as the API takes and gives it."""

from __future__ import annotations

from pydantic import BaseModel, Field

from serve.fields import ShortText, Strict
from serve.identity.principal import Kind, Principal
from serve.users.wire import Password, UserOut


class MeOut(BaseModel):
    subject: str
    kind: Kind
    tenant: str
    roles: list[str]
    permissions: list[str]
    carrier: str | None
    shipper: str | None
    session_id: str | None
    user: UserOut | None = Field(description="null for who is no user of ours")

    @classmethod
    def of(cls, who: Principal, user: UserOut | None) -> MeOut:
        return cls(
            subject=who.subject,
            kind=who.kind,
            tenant=who.tenant,
            roles=sorted(who.roles),
            permissions=sorted(who.permissions),
            carrier=who.carrier,
            shipper=who.shipper,
            session_id=who.session_id,
            user=user,
        )


class PasswordChange(Strict):
    current: Password
    password: Password


class PasswordProof(Strict):
    """Who only found an open screen does not know it."""

    password: Password


class TotpOut(BaseModel):
    """Shown once; it counts from its confirmation on."""

    secret: str
    uri: str = Field(description="for an authenticator application, usually as a QR code")


class TotpConfirmation(Strict):
    code: ShortText


class RecoveryCodesOut(BaseModel):
    recovery_codes: list[str] = Field(description="each is good for one sign-in; shown once")
