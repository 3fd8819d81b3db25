"""The actor that keeps the books."""

from __future__ import annotations

from config.schema import Positive, Section, key


class Bookkeeper(Section):
    """How the actor that keeps the books goes round."""

    every_s: dict[str, Positive] = key(
        "How often each of its rounds looks for something to do, while there is nothing.",
        live=True,
    )
    retry_wait_s_min: Positive = key("The first wait before it is tried again.", live=True)
    retry_wait_s_max: Positive = key("The longest wait before it is tried again.", live=True)
