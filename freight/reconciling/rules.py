"""What a tenant says of its bank statements: their form, and what differences may be."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

from freight.rules import Rules, Who, key

Count = Annotated[int, Field(ge=0)]
Positive = Annotated[int, Field(gt=0)]
Share = Annotated[int, Field(ge=0, le=10_000)]


class Holds(StrEnum):
    """Which of our accounts a bank account is."""

    BANK = "bank"
    PAYOUT_ACCOUNT = "payout_account"


class BankFormat(BaseModel):
    """Names of columns, as the bank writes them; either two columns of amounts, or one with a
    sign of its own or Cr and Dr beside it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    date: str
    date_form: str = Field(description="as strptime reads it: %d/%m/%Y")
    narration: str
    reference: str | None = None
    withdrawal: str | None = None
    deposit: str | None = None
    amount: str | None = None
    side: str | None = Field(default=None, description="the column of Cr and Dr")
    balance: str | None = None

    @model_validator(mode="after")
    def _says_where_amounts_are(self) -> BankFormat:
        if (self.withdrawal is None) != (self.deposit is None):
            raise ValueError("withdrawal and deposit go together")
        if (self.amount is None) == (self.withdrawal is None):
            raise ValueError("name either amount, or withdrawal and deposit")
        return self


class BankAccount(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    form: str = Field(description="one of the formats")
    holds: Holds = Holds.BANK


class ReconcilingRules(Rules):
    formats: dict[str, BankFormat] = key(
        "Forms of bank statements by name.", who=Who.TENANT, live=True
    )
    accounts: dict[str, BankAccount] = key(
        "Bank accounts by the name that a statement is imported under.", who=Who.TENANT, live=True
    )
    utr_forms: tuple[str, ...] = key(
        "Regular expressions that find a UTR in a narration; the first that does counts.",
        who=Who.TENANT,
        live=True,
    )
    top_up_words: tuple[str, ...] = key(
        "Words in the narration of money that is moved to the account that payouts are paid from.",
        who=Who.TENANT,
        live=True,
    )
    rounding_minor_max: Count = key(
        "So much may be off by rounding, in paise.", who=Who.TENANT, live=True
    )
    timing_days_max: Count = key(
        "So many days apart two may still be the same.", who=Who.TENANT, live=True
    )
    fee_bp_max: Share = key(
        "A provider's fee, its tax included, that is a larger share of the amount is told, of "
        "10 000.",
        who=Who.TENANT,
        live=True,
    )
    rows_max: Positive = key("Rows of one statement.", who=Who.OPERATOR, live=True)
    bytes_max: Positive = key("Bytes of one statement.", who=Who.OPERATOR, live=True)
