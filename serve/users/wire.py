"""Users as the API takes and gives them: what is personal is masked unless one may see it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from freight.personal import PersonalKind, masked
from serve.carriers.wire import Email, Phone
from serve.fields import LongText, ObjectId, Strict
from serve.identity.passwords import LENGTH_MAX
from store.personal import PersonalData
from store.users import User

ROLES_MAX = 20  # fixed: part of the published schema

Roles = Annotated[list[ObjectId], Field(min_length=1, max_length=ROLES_MAX)]
Password = Annotated[str, StringConstraints(min_length=1, max_length=LENGTH_MAX)]

_KINDS = {
    "email": PersonalKind.EMAIL,
    "name": PersonalKind.NAME,
    "phone": PersonalKind.PHONE,
}


class NewUser(Strict):
    email: Email
    name: LongText | None = None
    phone: Phone | None = None
    roles: Roles
    carrier: ObjectId | None = Field(default=None, description="it speaks for this carrier only")
    shipper: ObjectId | None = Field(default=None, description="it speaks for this shipper only")
    password: Password | None = Field(
        default=None,
        description="to begin with; without it one is made. Either way it must choose its own",
    )


class UserChange(Strict):
    """What is left out stays as it is; null empties a field, except e-mail and roles."""

    email: Email | None = None
    name: LongText | None = None
    phone: Phone | None = None
    roles: Roles | None = None
    carrier: ObjectId | None = None
    shipper: ObjectId | None = None


class UserOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: str
    email: str
    name: str | None
    phone: str | None
    roles: list[str]
    carrier: str | None
    shipper: str | None
    created_at: datetime
    disabled_at: datetime | None
    password_changed_at: datetime
    must_change_password: bool = Field(description="it may do nothing else before")
    has_second_factor: bool = Field(description="signing in takes a one-time code as well")
    version: int

    @classmethod
    def of(cls, user: User, personal: PersonalData, *, unmasked: bool = False) -> UserOut:
        person = person_of(user, personal)
        shown = person if unmasked else {name: _mask(name, text) for name, text in person.items()}
        rest: dict[str, Any] = {
            name: getattr(user, name) for name in cls.model_fields if hasattr(user, name)
        }
        return cls(
            **rest | {"roles": list(user.roles)},
            **shown,
            must_change_password=user.one_time_until is not None,
            has_second_factor=user.totp_confirmed_at is not None,
        )


def person_of(user: User, personal: PersonalData) -> dict[str, Any]:
    """What is personal about somebody, opened."""
    return {
        "email": personal.open(user.email_sealed),
        "name": None if user.name_sealed is None else personal.open(user.name_sealed),
        "phone": None if user.phone_sealed is None else personal.open(user.phone_sealed),
    }


def _mask(name: str, text: str | None) -> str | None:
    return None if text is None else masked(_KINDS[name], text)


class OneTimePassword(BaseModel):
    one_time_password: str | None = Field(
        description="shown this once; null when the request brought one"
    )


class NewUserOut(UserOut, OneTimePassword):
    pass
