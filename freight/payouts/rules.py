"""What a tenant decides about sending money to carriers: ways by amount, and how often to ask."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from freight.rules import Rules, Who, key

Positive = Annotated[int, Field(gt=0)]
Seconds = Annotated[float, Field(gt=0)]
NARRATION = r"^[A-Za-z0-9 ]{1,20}$"


class Mode(StrEnum):
    NEFT = "NEFT"
    RTGS = "RTGS"
    IMPS = "IMPS"
    UPI = "UPI"


class ModeRule(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    mode: Mode
    from_minor: Positive
    to_minor: Positive | None = Field(default=None, description="null: no limit")

    def takes(self, amount_minor: int) -> bool:
        return self.from_minor <= amount_minor and (
            self.to_minor is None or amount_minor <= self.to_minor
        )


class PayoutRules(Rules):
    modes: tuple[ModeRule, ...] = key(
        "Ways of paying in the order in which they are preferred, and for which amounts, in paise.",
        who=Who.TENANT,
        live=True,
    )
    narration: Annotated[str, Field(pattern=NARRATION)] = key(
        "What the carrier's bank statement says, before the booking.", who=Who.TENANT, live=True
    )
    attempts_max: Positive = key(
        "So often one payout is tried anew after it has failed.", who=Who.OPERATOR, live=True
    )
    pays_itself: bool = key(
        "Whether what is approved is paid without anybody asking.", who=Who.TENANT, live=True
    )
    ask_again_s_min: Seconds = key(
        "So soon after a payout was sent the provider is asked about it.",
        who=Who.OPERATOR,
        live=True,
    )
    ask_again_s_max: Seconds = key(
        "At least so often it is asked, each wait being twice the one before.",
        who=Who.OPERATOR,
        live=True,
    )
    watched_days: Positive = key(
        "For so long it is asked whether the bank gave back what had been paid.",
        who=Who.OPERATOR,
        live=True,
    )
    at_once: Positive = key("Payouts looked at in one round.", live=True)
