"""How quotes are made and kept, whatever they say."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from freight.pricing.amounts import Bp
from freight.rules import Rules, Who, key

Count = Annotated[int, Field(gt=0)]


class QuoteRules(Rules):
    valid_minutes: Count = key("For so long a quote can be booked.", who=Who.TENANT, live=True)
    detour_bp: Bp = key(
        "Where no router knows a road, the straight way times this counts; 0: there is no price.",
        who=Who.TENANT,
        live=True,
    )
    lanes_remembered_max: Count = key(
        "Lanes whose length a replica remembers, for as long as routers' answers.", live=True
    )
    affected_max: Count = key("Quotes that one question about a change computes again.", live=True)
