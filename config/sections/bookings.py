"""The actors of bookings."""

from __future__ import annotations

from config.schema import Count, Positive, Section, key


class Bookings(Section):
    """The actors of bookings: how many, what they remember, how they follow their trucks."""

    shards: Count = key("Actors that the bookings are spread over.")
    known_max: Count = key("Bookings that a shard remembers; the longest unused are forgotten.")
    waiting_max: Count = key("Commands that may wait at a shard; more are refused until later.")
    attempts_max: Count = key("How often a command is decided anew when others were first.")
    deadline_s: Positive = key("A shard that has not answered by then is away.", live=True)
    look_s: Positive = key("How often new facts about trucks are looked for.", live=True)
    facts_max: Count = key(
        "Facts of all trucks looked through at a time; more than come while they settle.", live=True
    )
    settle_s: Positive = key(
        "Facts younger than this may still be joined by older-numbered ones, and are read again.",
        live=True,
    )
    journeys_look_s: Positive = key(
        "How often it is looked which trucks are to follow a way through the stops of their leg.",
        live=True,
    )
    journeys_at_once: Count = key(
        "Such ways planned one after another, before facts are followed again.", live=True
    )
    silence_look_s: Positive = key(
        "How often it is looked which trucks are out of reach that have a leg.", live=True
    )
    retry_wait_s_max: Positive = key("The longest wait before the store is tried again.")
    code_digits: Count = key("Digits of a one-time password for a pickup or delivery.", live=True)
    code_valid_s: Positive = key("How long such a password can be used.", live=True)
