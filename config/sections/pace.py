"""How fast actors go that work in the background."""

from __future__ import annotations

from config.schema import Count, Positive, Section, key


class Pace(Section):
    """How often an actor's rounds are made."""

    every_s: dict[str, Positive] = key(
        "How often each of its rounds looks for something to do, while there is nothing.",
        live=True,
    )
    retry_wait_s_min: Positive = key("The first wait before it is tried again.", live=True)
    retry_wait_s_max: Positive = key("The longest wait before it is tried again.", live=True)


class Following(Section):
    """How a follower of the log of facts reads it."""

    facts_max: Count = key("Facts that it takes up before it asks for more.", live=True)
    gather_s: Positive = key(
        "After it took up all there was, so long for more to gather: each look costs the store.",
        live=True,
    )
    kept_every_s: Positive = key(
        "How often it writes down how far it has come, which spares a look what is behind that.",
        live=True,
    )
    settle_s: Positive = key(
        "Older facts, with no older transaction that still runs, have nothing before them to come.",
        live=True,
    )
    settle_facts_max: Count = key("Facts that it puts behind itself at once.", live=True)
    trouble_chars_max: Count = key("What is kept of why a fact could not be taken up.", live=True)
