"""The local server that plays the payment provider: how it behaves."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from config.schema import Count, Positive, Section, key

NotNegative = Annotated[int, Field(ge=0)]


class PaymentSandboxHabits(Section):
    """What the real one decides by itself."""

    fee_bp: dict[str, NotNegative] = key("What it keeps of a payment, by method.")
    tax_on_fee_bp: NotNegative = key("The tax on that.")
    amount_minor_min: Count = key("It refuses to move less.")
    link_days_max: Count = key("A payment link is good for no longer.")
    start_balance_minor: NotNegative = key("In the payout account at the very first.")
    refund_after_s: Positive = key("A refund is through after so long.")
    payout_after_s: Positive = key("A payout is through after so long.")
    late_after_s: Positive = key("A payment that seemed to have failed is authorised then.")
    webhook_attempt_s: Positive = key("A webhook that is not answered by then failed.")
    webhook_wait_s_min: Positive = key("The wait before it is sent again; it doubles.")
    webhook_wait_s_max: Positive = key("The longest such wait.")
    webhook_give_up_s: Positive = key("An older webhook is not sent again.")
    webhooks_kept_max: Count = key("Webhooks that its log remembers.")
    webhooks_at_once: Count = key("Webhooks about different things that are sent at a time.")
    shuffle_s: Positive = key("When webhooks are shuffled, each waits for up to so long.")
    page_items: Count = key("Lines of each list on its pages.")
    day_starts_minutes: int = key("How far its country's clock is before UTC.")
