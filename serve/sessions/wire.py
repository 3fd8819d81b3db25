"""Sessions as the API takes and gives them."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from serve.carriers.wire import Email
from serve.fields import ShortText, Strict
from serve.tenancy.wire import TenantId
from serve.users.wire import Password
from store.sessions import Session


class NewSession(Strict):
    tenant: TenantId
    email: Email
    password: Password
    code: ShortText | None = Field(
        default=None, description="a one-time or recovery code, of who has a second factor"
    )


class AccessOut(BaseModel):
    access_token: str
    token_type: str = "Bearer"  # noqa: S105 - the scheme's name
    expires_in: int
    scope: str


class TokensOut(AccessOut):
    refresh_token: str = Field(description="good for one use; the next comes with the answer")
    refresh_expires_in: int


class NewSessionOut(TokensOut):
    session_id: str
    must_change_password: bool = Field(
        description="the token allows nothing but PUT /v1/me/password"
    )


class SessionOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: str
    created_at: datetime
    used_at: datetime
    expires_at: datetime
    origin: str | None
    user_agent: str | None
    is_current: bool

    @classmethod
    def of(cls, session: Session, current_id: str | None) -> SessionOut:
        told = {name: getattr(session, name) for name in cls.model_fields if name != "is_current"}
        return cls(**told, is_current=session.id == current_id)
