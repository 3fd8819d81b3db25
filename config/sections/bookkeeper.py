"""The actor that keeps the books."""

from __future__ import annotations

from config.schema import Count, Positive, key
from config.sections.pace import Pace


class Bookkeeper(Pace):
    """How the actor that keeps the books goes round."""

    bookings_at_once: Count = key(
        "Changed bookings that it looks at before it asks for more.", live=True
    )
    put_off_s_min: Positive = key(
        "The first wait before a booking is looked at again that could not be; doubled each time.",
        live=True,
    )
    put_off_s_max: Positive = key("The longest such wait.", live=True)
    stuck_tries: Count = key(
        "Looks in vain after which a booking is a trouble that operators are told of.", live=True
    )
    trouble_chars_max: Count = key("What is kept of why a look was in vain.", live=True)
    story_entries_max: Count = key(
        "Entries of the books that are shown with a booking's money.", live=True
    )
