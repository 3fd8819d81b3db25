"""How long what was recorded is kept."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from config.schema import Positive, Section, key
from freight.dated import Dated

# Devices may store and forward for a month; what they still may send must find its day in place.
Days = Annotated[int, Field(ge=31)]


class Retention(Section):
    fixes_kept_days: Dated[Days] = key(
        "Fixes older than this are removed, a whole day at a time; dated.", live=True
    )
    look_every_s: Positive = key("How often it is looked for what is too old.", live=True)
