"""Credentials of devices, what brokers refuse them, and the tokens between our own processes."""

from __future__ import annotations

from config.schema import Count, Positive, Section, Who, key


class Refusals(Section):
    """What brokers refused devices, as the tenant sees it."""

    flush_s: Positive = key("Refusals are stored together, this often.")
    waiting_max: Count = key("Different refusals that wait to be stored; more are only counted.")
    topics_per_minute_max: Count = key(
        "Topics of one device and minute that are told apart; others count together."
    )
    kept_days: Count = key("Older refusals are forgotten.")
    kept_per_device_max: Count = key("Of one device only so many are kept, the newest.")
    purge_s: Positive = key("How often old refusals are looked for.")
    log_bytes_max: Count = key("Of the embedded broker's log, read at one look at most.")


class Door(Section):
    """Brokers that ask us over HTTP whether a device may come in."""

    verified_max: Count = key(
        "Secrets that a replica remembers as good, so as not to hash again.", live=True
    )
    failures_per_minute_max: Count = key(
        "A device that failed so often from one address is refused unheard for the minute.",
        live=True,
    )
    checks_at_once: Count = key("Secrets that a replica hashes at a time.")


class Control(Section):
    """Brokers that we tell of devices over a control topic or an interface of theirs."""

    commands_max: Count = key("Commands that go to the broker in one message.")
    page_max: Count = key("Devices or roles that are read back from the broker at a time.")
    answer_s_max: Positive = key("A broker that gives no answer for so long is gone.")
    check_s: Positive = key("How often it is asked whether it still knows our devices.")
    silent_s: Positive = key(
        "While two secrets are good, a device that sends no fix for so long is let in with the "
        "other, at a broker that does not tell whom it refuses."
    )


class Devices(Section):
    """Credentials of devices."""

    usual_overlap_s: Positive = key(
        "How long a rotated secret stays good, if nothing is said.", who=Who.TENANT, live=True
    )
    overlap_s_max: Positive = key(
        "The longest overlap that may be asked for.", who=Who.OPERATOR, live=True
    )
    secret_toggle_s_min: Positive = key(
        "While two secrets are good, a broker that knows one at a time changes at most this often."
    )
    embedded_knows_secrets: bool = key(
        "Whether the embedded broker is told secrets instead of hashes, which it checks twenty "
        "times faster: for fleets of more than a thousand connected devices."
    )
    refusals: Refusals
    door: Door
    control: Control
