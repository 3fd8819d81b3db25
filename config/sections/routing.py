"""Routes and journeys: how large they may be, and how a router is asked.

How patiently it is asked is said here for any router; `providers/patience` can say all of it for
one by its name (config/patience.py).
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from config.schema import Count, Positive, Section, Who, key

NotNegative = Annotated[float, Field(ge=0)]


class Breaker(Section):
    """When a router that fails is left alone."""

    failures: Count = key("After so many failures in a row nobody asks it.", live=True)
    rest_s: Positive = key("For so long; then one request tries it.", live=True)


class RouterAnswers(Section):
    """Answers that a replica remembers, so that the same lane is asked for once."""

    remembered_max: Count = key("Answers of a router that a replica remembers.", live=True)
    remembered_s: Positive = key("For how long, for roads change.", live=True)


class Routing(Section):
    points_max: Annotated[int, Field(ge=2)] = key(
        "Points of one route's line.", who=Who.OPERATOR, live=True
    )
    via_max: Annotated[int, Field(ge=2)] = key(
        "Points that a router is asked to connect.", who=Who.OPERATOR, live=True
    )
    stops_max: Count = key("Stops of one journey.", who=Who.OPERATOR, live=True)
    alternates_max: Count = key(
        "Other routes that count as on the way of one journey.", who=Who.OPERATOR, live=True
    )
    allowed_max: Count = key(
        "Places of one journey where leaving the route means nothing.", who=Who.OPERATOR, live=True
    )
    stop_radius_m: Positive = key(
        "How far around a stop or allowed place it reaches, where a journey does not say.",
        who=Who.TENANT,
        live=True,
    )
    falls_back: bool = key(
        "Whether the built-in highways plan a route that the router could not, because it was "
        "away.",
        who=Who.TENANT,
        live=True,
    )
    line_error_m: NotNegative = key(
        "How far the line of a planned route may be from what the router drew.", live=True
    )
    snap_km_max: Positive = key(
        "The built-in highways know no way from a place farther from them.", live=True
    )
    deadline_s: Positive = key("A router that has not answered by then is away.", live=True)
    attempt_s: Positive = key("One attempt that has not been answered by then failed.", live=True)
    attempts: Count = key("How often a router is asked before it counts as away.", live=True)
    retry_wait_s: Positive = key("The wait before the next attempt.", live=True)
    requests_at_once: Count = key("Requests of one replica to a router at a time.", live=True)
    answer_bytes_max: Count = key("A longer answer of a router is not read.", live=True)
    breaker: Breaker
    answers: RouterAnswers
