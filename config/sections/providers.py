"""Other people's services that we call: whose account, and with how much patience."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from config.schema import Count, Positive, Section, Who, key
from freight.rules import Rules

NotNegativeCount = Annotated[int, Field(ge=0)]


USUAL = "usual"


class Account(StrEnum):
    """Through which account a tenant's money goes."""

    SANDBOX = "sandbox"  # the installation's local stand-in: no money moves
    PLATFORM = "platform"  # whoever runs the installation has one for all
    OWN = "own"  # the tenant's


class Patience(Rules):
    """How one of them is called."""

    connect_s: Positive = key("A connection that is not there by then failed.")
    attempt_s: Positive = key("One attempt that has not been answered by then failed.")
    deadline_s: Positive = key("All attempts together, the waits between them included.")
    attempts: Count = key("How often it is asked before it counts as away.")
    retry_wait_s: Positive = key("The wait before the second attempt; it doubles.")
    retry_wait_s_max: Positive = key("The longest wait between two attempts.")
    at_once_max: Count = key("Calls of one process at a time.")
    waiting_max: NotNegativeCount = key("Calls that wait for their turn; more are turned away.")
    answer_bytes_max: Count = key("A longer answer is not read.")
    failures_max: Count = key("After so many failures in a row nobody asks it.")
    rest_s: Positive = key("For so long; then one call tries it.")


class Razorpay(Section):
    """The account with Razorpay, for accounts of the platform's or a tenant's own."""

    base_url: str = key("Where its API is.", who=Who.OPERATOR, live=True)
    key_id: str = key("The public half of the API key.", who=Who.TENANT, live=True)
    key_secret: str = key("Where the other half is kept.", who=Who.TENANT, live=True)
    webhook_secret: str = key(
        "Where the secret is kept that its webhooks are signed with.", who=Who.TENANT, live=True
    )
    payout_account: str = key(
        "The number of the RazorpayX account that payouts are paid from.",
        who=Who.TENANT,
        live=True,
    )
    rotation_overlap_s: Positive = key(
        "For how long what was signed with the secret before still counts.",
        who=Who.TENANT,
        live=True,
    )


class Providers(Section):
    account: Account = key(
        "Whose account payments and payouts go through.", who=Who.OPERATOR, live=True
    )
    razorpay: Razorpay
    patience: dict[str, Patience] = key(
        "How each is called, by its name; `usual` is for those that are not named, but for what a "
        "section of their own says.",
        live=True,
    )
