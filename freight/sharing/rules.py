"""What a tenant decides about links by which others follow its bookings."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from freight.rules import Rules, Who, key
from freight.sharing.words import Language

Count = Annotated[int, Field(gt=0)]
Seconds = Annotated[float, Field(gt=0)]
Resolution = Annotated[int, Field(ge=1, le=9)]


class SharingRules(Rules):
    valid_s: Count = key("How long a link is good, usually.", who=Who.TENANT, live=True)
    valid_s_max: Count = key("The longest that may be asked for.", who=Who.OPERATOR, live=True)
    of_booking_max: Count = key("Good links that a booking may have.", who=Who.OPERATOR, live=True)
    coarse: bool = key(
        "Whether a link shows the truck's neighbourhood only, unless asked otherwise.",
        who=Who.TENANT,
        live=True,
    )
    coarse_resolution: Resolution = key(
        "How small that neighbourhood is: the resolution of an H3 cell.", who=Who.TENANT, live=True
    )
    language: Language = key("That pages begin in.", who=Who.TENANT, live=True)
    consent_required: bool = key(
        "Whether a truck is shown only once its driver or carrier has agreed; otherwise until one "
        "of them has withdrawn.",
        who=Who.TENANT,
        live=True,
    )
    position_age_s_max: Seconds = key(
        "A position older than that is not shown.", who=Who.TENANT, live=True
    )
    refresh_s: Seconds = key("How often an open page looks again.", who=Who.TENANT, live=True)
    timezone: Annotated[str, Field(pattern=r"^[A-Za-z_]+(/[A-Za-z_]+)*$", max_length=64)] = key(
        "Of the times on pages, as the IANA names it.", live=True
    )
    route_points_max: Count = key("Points that the drawn route has at most.", live=True)
    accesses_kept_days: Count = key(
        "How long it is kept who opened a link.", who=Who.INSTALLATION, live=True
    )
