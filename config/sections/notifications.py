"""How messages to people are worked on."""

from __future__ import annotations

from config.schema import Count, Positive, Section, key


class Notifications(Section):
    """What the messenger and the gateway do at once, and keep."""

    due_max: Count = key("Messages that a round takes before it asks for more.", live=True)
    due_of_tenant_max: Count = key("... of one tenant, so that all get their turn.", live=True)
    at_once_max: Count = key("Messages that are sent at the same time.", live=True)
    digests_at_once: Count = key("Digests that a round makes.", live=True)
    digest_takes_max: Count = key(
        "Messages that one digest takes up; the others go into another one.", live=True
    )
    unset_retry_s: Positive = key(
        "A channel whose account is not set up is looked at again after so long.", live=True
    )
    receipts_at_once: Count = key("Receipts that a round works on.", live=True)
    receipt_retry_s: Positive = key(
        "One about a message that is not known yet is tried again after so long; it doubles.",
        live=True,
    )
    receipt_retry_s_max: Positive = key("The longest wait for that.", live=True)
    receipt_waits_s_max: Positive = key("Afterwards it is about nothing of ours.", live=True)
    letter_bytes_max: Count = key("The longest receipt that is read.", live=True)
    trouble_chars_max: Count = key("What is kept of why a receipt could not be used.", live=True)
    swept_at_once: Count = key("Messages whose texts and addresses a round forgets.", live=True)
    push_tokens_max: Count = key("Phones that one person can be reached on.", live=True)
    own_templates_max: Count = key("Templates of one tenant.", live=True)
    calendars_max: Count = key("On-call calendars of one tenant.", live=True)
