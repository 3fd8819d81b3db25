"""When a truck follows its route and when it has left it: what tenants may set."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from freight.rules import Rules, Who, key

Positive = Annotated[float, Field(gt=0)]
Whole = Annotated[int, Field(gt=0)]
Angle = Annotated[float, Field(gt=0, le=180)]
Paise = Annotated[int, Field(ge=0)]


class FollowingRules(Rules):
    """When a truck follows its route and when it has left it."""

    leave_m: Positive = key(
        "A truck leaves its route when it is farther than this from every way of it, by more than "
        "its fix may be wrong, unless its journey has a corridor of its own ...",
        who=Who.TENANT,
        live=True,
    )
    leave_s: Positive = key("... for so long ...", who=Who.TENANT, live=True)
    leave_fixes: Whole = key("... in so many fixes.", who=Who.TENANT, live=True)
    return_m: Positive = key(
        "It is back when it is at most so far from one of them ...", who=Who.TENANT, live=True
    )
    rejoin_fixes: Whole = key("... in so many fixes one after another.", who=Who.TENANT, live=True)
    start_m: Positive = key(
        "A trip has started when the truck has driven so far along its route.",
        who=Who.TENANT,
        live=True,
    )
    arrive_m: Positive = key(
        "A truck has arrived when no more than this of its route is left.",
        who=Who.TENANT,
        live=True,
    )
    wrong_way_m: Positive = key(
        "A truck drives the wrong way when it has gone back so far along its route ...",
        who=Who.TENANT,
        live=True,
    )
    wrong_way_s: Positive = key("... for so long.", who=Who.TENANT, live=True)
    back_m: Positive = key("Less than this back is the receiver's noise.", live=True)
    detour_kinds: tuple[str, ...] = key(
        "A truck may leave its route for fences of these kinds.", who=Who.TENANT, live=True
    )
    detour_m: Positive = key(
        "So near to such a fence, or to a stop's circle, being off the route is no deviation.",
        who=Who.TENANT,
        live=True,
    )
    paise_per_km: Paise = key(
        "What a kilometre more costs, unless the journey says.", who=Who.TENANT, live=True
    )
    paise_per_hour: Paise = key(
        "What an hour more costs, unless the journey says.", who=Who.TENANT, live=True
    )
    behind_m: Positive = key(
        "A truck is looked for on its route from so far behind where it was last ...", live=True
    )
    ahead_m: Positive = key("... to so far ahead of it ...", live=True)
    ahead_kmh: Positive = key(
        "... and what it can have driven since at this speed; only when it is not there the whole "
        "route is searched.",
        live=True,
    )
    tie_m: Positive = key(
        "Of places on a route whose distances differ by less, the heading decides, then which is "
        "nearer along the route.",
        live=True,
    )
    angle_deg: Angle = key("A heading that differs more goes against the road.", live=True)
    heading_kmh_min: Positive = key("The heading of a slower truck is noise.", live=True)
    section_m: Positive = key(
        "Progress along a route is noted at multiples of this distance ...", live=True
    )
    section_blind_m: Positive = key(
        "... or of this one when the device does not say where it heads: that a truck has turned "
        "then only shows from where it was noted last ...",
        live=True,
    )
    look_s: Positive = key(
        "... and of this time; then the arrival is expected anew, too.", live=True
    )

    @model_validator(mode="after")
    def _has_hysteresis(self) -> FollowingRules:
        if self.return_m >= self.leave_m:
            raise ValueError("return_m must be less than leave_m")
        if self.back_m >= self.wrong_way_m:
            raise ValueError("back_m must be less than wrong_way_m")
        if self.behind_m < self.back_m:
            raise ValueError("behind_m must be at least back_m")
        return self
