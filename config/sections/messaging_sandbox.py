"""The local server that plays those who carry messages: how it behaves."""

from __future__ import annotations

from config.schema import Count, Positive, Section, key


class MessagingSandboxHabits(Section):
    """What the real ones decide by themselves."""

    sent_after_s: Positive = key("A message is handed on after so long.")
    delivered_after_s: Positive = key("A message arrives after so long.")
    receipt_attempt_s: Positive = key("A receipt that is not answered by then failed.")
    receipt_wait_s_min: Positive = key("The wait before it is sent again; it doubles.")
    receipt_wait_s_max: Positive = key("The longest such wait.")
    receipt_give_up_s: Positive = key("An older receipt is not sent again.")
    receipts_waiting_max: Count = key("Receipts that wait to be sent; the oldest go first.")
    messages_kept_max: Count = key("Messages that it remembers; the oldest go first.")
    page_items: Count = key("Messages on each of its pages.")
    mail_bytes_max: Count = key("It takes no longer mail.")
    connection_s: Positive = key("A mail client that says nothing for so long is sent away.")
    token_s: Count = key("The tokens that it gives out for pushes are good for so long.")
    clock_ahead_minutes: int = key("How far the clock on its pages is before UTC.")
