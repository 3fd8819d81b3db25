"""Carriers as the API takes and gives them: what is personal is masked unless one may see it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from freight.personal import masked
from serve.fields import LongText, ObjectId, Strict
from store.carriers import PERSONAL, Carrier

Phone = Annotated[str, StringConstraints(pattern=r"^\+?[0-9][0-9 ()-]{4,22}[0-9]$")]
Email = Annotated[
    str, StringConstraints(pattern=r"^[^@\s\x00-\x1f\x7f]{1,64}@[^@\s\x00-\x1f\x7f]{1,190}$")
]
Gstin = Annotated[
    str, StringConstraints(pattern=r"^[0-9]{2}[A-Z]{5}[0-9]{4}[A-Z][1-9A-Z]Z[0-9A-Z]$")
]
Pan = Annotated[str, StringConstraints(pattern=r"^[A-Z]{5}[0-9]{4}[A-Z]$")]
BankAccount = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9 /-]{4,33}$")]


class Contact(Strict):
    phone: Phone | None = None
    email: Email | None = None
    gstin: Gstin | None = Field(default=None, description="goods and services tax number")
    pan: Pan | None = Field(default=None, description="permanent account number")
    bank_account: BankAccount | None = Field(
        default=None, description="where to pay, such as IFSC/account number"
    )


class NewCarrier(Contact):
    id: ObjectId
    name: LongText


class CarrierChange(Contact):
    """What is left out stays as it is; null empties a field, except the name."""

    name: LongText | None = None


class CarrierOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: str
    name: str
    phone: str | None
    email: str | None
    gstin: str | None
    pan: str | None
    bank_account: str | None
    created_at: datetime
    version: int

    @classmethod
    def of(cls, carrier: Carrier, *, unmasked: bool = False) -> CarrierOut:
        out = cls.model_validate(carrier)
        if unmasked:
            return out
        shown = {name: _masked(name, getattr(carrier, name)) for name in PERSONAL}
        return out.model_copy(update=shown)


def _masked(name: str, text: str | None) -> str | None:
    return None if text is None else masked(PERSONAL[name], text)
