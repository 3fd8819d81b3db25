"""How payments are followed at their providers."""

from __future__ import annotations

from config.schema import Count, Positive, Section, key


class PaymentWork(Section):
    """How payments are followed, and how what providers tell us is kept."""

    look_first_s: Positive = key(
        "The first wait before a provider is asked about a payment; doubled each time nothing has "
        "changed. Longer than any call of a provider's may take.",
        live=True,
    )
    look_s_max: Positive = key("The longest such wait.", live=True)
    late_watch_s: Positive = key(
        "For so long after its end a payment is still watched for money that comes late.", live=True
    )
    looks_at_once: Count = key("Payments that one round looks at.", live=True)
    letters_at_once: Count = key("Webhooks that one round looks at again.", live=True)
    letter_bytes_max: Count = key("A longer webhook is refused.", live=True)
    letter_age_s_max: Positive = key(
        "A webhook about something older is stale, and refused.", live=True
    )
    letter_ahead_s_max: Positive = key(
        "By how much a provider's clock may be ahead of ours.", live=True
    )
    letter_retry_s: Positive = key(
        "The first wait before a webhook about an unknown payment is looked at again; doubled.",
        live=True,
    )
    letter_retry_s_max: Positive = key("The longest such wait.", live=True)
    letter_waits_s_max: Positive = key("For so long it waits for its payment.", live=True)
    letters_kept_days: Count = key("How long webhooks are kept that are done with.", live=True)
    letters_refused_max: Count = key("Refused webhooks that are kept, of all tenants.", live=True)
    sweep_rows: Count = key("Webhooks that one sweep removes at most.", live=True)
    trouble_chars_max: Count = key("What is kept of why a look was in vain.", live=True)
