"""Journeys as the API takes and gives them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from freight.tracking.progress import Progress
from serve.fields import YEARS, LongText, ObjectId, Strict
from serve.routes.wire import PlaceIn
from store.journeys import Journey, JourneyState, JourneyTerms, Place, Stop
from store.postgres import moment
from store.routes import RouteHead, RouteRef

VERSION_MAX = 2**31 - 1
SHARE_DIGITS = 4
CORRIDOR_M_MAX = 100_000.0  # fixed: part of the published API
RADIUS_M_MAX = 50_000.0  # fixed: part of the published API
AMOUNT_MINOR_MAX = 10**12  # fixed: part of the published API
SERVICE_S_MAX = 30 * 86400.0  # fixed: part of the published API


def _of_our_time(moment: datetime) -> datetime:
    if moment.year not in YEARS:
        raise ValueError(f"a year from {YEARS.start} to {YEARS.stop - 1}")
    return moment


Moment = Annotated[AwareDatetime, AfterValidator(_of_our_time)]
Radius = Annotated[float, Field(gt=0, le=RADIUS_M_MAX)]


class Window(Strict):
    """Either end may be open."""

    model_config = ConfigDict(validate_by_name=True, validate_by_alias=True)

    since: Moment | None = Field(default=None, alias="from")
    until: Moment | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Window:
        if self.since is not None and self.until is not None and self.until < self.since:
            raise ValueError("until is before from")
        return self


class Money(Strict):
    amount_minor: Annotated[int, Field(ge=0, le=AMOUNT_MINOR_MAX)]
    currency: Literal["INR"]


class Cost(Strict):
    """What leaving the route costs, instead of what the configuration says."""

    per_km: Money | None = None
    per_hour: Money | None = None


class PlaceFields(Strict):
    """A point, with how far around it reaches, or a fence."""

    name: LongText | None = None
    point: PlaceIn | None = None
    radius_m: Radius | None = Field(default=None, description="default: as configured")
    fence: ObjectId | None = Field(default=None, description="the circle around it counts")

    @model_validator(mode="after")
    def _somewhere(self) -> PlaceFields:
        if (self.point is None) == (self.fence is None):
            raise ValueError("give a point or a fence")
        if self.radius_m is not None and self.point is None:
            raise ValueError("radius_m goes with a point")
        return self


class StopFields(PlaceFields):
    arrival: Window | None = None
    service_s: Annotated[float, Field(ge=0, le=SERVICE_S_MAX)] = Field(
        default=0.0, description="how long loading or unloading takes there"
    )


class PlaceOut(BaseModel):
    name: str | None
    point: PlaceIn
    radius_m: float
    fence: str | None

    @classmethod
    def of(cls, place: Place) -> PlaceOut:
        return cls(**_of_place(place))


class StopOut(PlaceOut):
    arrival: Window | None
    service_s: float

    @classmethod
    def of_stop(cls, stop: Stop) -> StopOut:
        arrival = _window(stop.arrives_from, stop.arrives_until)
        return cls(**_of_place(stop), arrival=arrival, service_s=stop.service_s)


class RouteRefIn(Strict):
    id: ObjectId
    version: Annotated[int, Field(ge=1, le=VERSION_MAX)] | None = Field(
        default=None, description="default: the newest"
    )


class JourneyFields(Strict):
    model_config = ConfigDict(validate_by_name=True, validate_by_alias=True)

    id: ObjectId | None = Field(
        default=None, description="another id than that of the truck's journey begins a new one"
    )
    route: RouteRefIn
    alternates: list[RouteRefIn] = Field(
        default=[], description="other routes that count as on the way"
    )
    since: Moment | None = Field(
        default=None,
        alias="from",
        description="fixes count from then on; default: now, or as it was",
    )
    departure: Window | None = None
    arrival: Window | None = Field(default=None, description="what was promised")
    stops: list[StopFields] = Field(default=[])
    corridor_m: Annotated[float, Field(gt=0, le=CORRIDOR_M_MAX)] | None = Field(
        default=None, description="so far to each side is on the way; default: as configured"
    )
    allowed: list[PlaceFields] = Field(default=[], description="where leaving the route is no news")
    cost: Cost | None = None


class RouteRefOut(BaseModel):
    id: str
    version: int


class JourneyRouteOut(RouteRefOut):
    name: str
    length_m: float
    duration_s: float | None


class JourneyOut(BaseModel):
    model_config = ConfigDict(serialize_by_alias=True, validate_by_name=True)

    id: str
    truck: str
    state: JourneyState
    route: JourneyRouteOut
    alternates: list[JourneyRouteOut]
    since: datetime = Field(alias="from")
    departure: Window | None
    arrival: Window | None
    stops: list[StopOut]
    corridor_m: float | None
    allowed: list[PlaceOut]
    cost: Cost | None
    arrived_at: datetime | None
    ended_at: datetime | None
    end_reason: str | None
    created_at: datetime
    version: int

    @classmethod
    def of(cls, journey: Journey, heads: dict[RouteRef, RouteHead]) -> JourneyOut:
        said = {
            "id": journey.id,
            "truck": journey.truck,
            "state": journey.state,
            "route": _route_out(heads[journey.route]),
            "alternates": [_route_out(heads[ref]) for ref in journey.alternates],
            "since": journey.starts_at,
            "departure": _window(journey.departs_from, journey.departs_until),
            "arrival": _window(journey.arrives_from, journey.arrives_until),
            "stops": [StopOut.of_stop(stop) for stop in journey.stops],
            "corridor_m": journey.corridor_m,
            "allowed": [PlaceOut.of(place) for place in journey.allowed],
            "cost": _cost(journey),
            "arrived_at": journey.arrived_at,
            "ended_at": journey.ended_at,
            "end_reason": journey.end_reason,
            "created_at": journey.created_at,
            "version": journey.version,
        }
        return cls.model_validate(said)


class AwayOut(BaseModel):
    """Off every way of the journey; a deviation when it has been for long enough."""

    since: datetime
    farthest_m: float
    is_deviation: bool


class ExpectedOut(BaseModel):
    """When it is expected at the end of its route: with which probability by when."""

    known_at: datetime
    p50: datetime
    p80: datetime
    p95: datetime
    late_probability: float | None = Field(description="of breaking the promise, if there is one")


class ProgressOut(BaseModel):
    """As of the truck's newest fix that is believed."""

    ts: datetime
    mode: str = Field(description="awaited, under_way or over")
    along_m: float | None
    remaining_m: float | None
    share: float | None = Field(description="of the route, 0 to 1")
    alternate: int | None = Field(description="which of the alternates it takes, from 0")
    off_m: float | None = Field(description="from the way it takes")
    away: AwayOut | None
    is_wrong_way: bool
    expected: ExpectedOut | None

    @classmethod
    def of(cls, seen: Progress) -> ProgressOut:
        along_m, away, expected = seen.along_m, seen.away, seen.expected
        share = None if along_m is None else min(max(along_m / seen.length_m, 0.0), 1.0)
        return cls(
            ts=moment(seen.ts_ms),
            mode=seen.mode,
            along_m=_rounded(along_m),
            remaining_m=None if along_m is None else _rounded(max(seen.length_m - along_m, 0.0)),
            share=None if share is None else round(share, SHARE_DIGITS),
            alternate=seen.way - 1 if seen.way else None,
            off_m=_rounded(seen.off_m),
            away=None
            if away is None
            else AwayOut(
                since=moment(away.since_ms),
                farthest_m=round(away.farthest_m, 1),
                is_deviation=away.is_told,
            ),
            is_wrong_way=seen.is_wrong_way,
            expected=None
            if expected is None
            else ExpectedOut(
                known_at=moment(expected.looked_ms),
                p50=moment(expected.p50_ms),
                p80=moment(expected.p80_ms),
                p95=moment(expected.p95_ms),
                late_probability=expected.late_share,
            ),
        )


class JourneyNowOut(JourneyOut):
    progress: ProgressOut | None = None


def terms_of(
    given: JourneyFields, ways: Sequence[RouteRef], stops: Sequence[Place], allowed: Sequence[Place]
) -> JourneyTerms:
    """As it is stored; the routes are those that hold now, and places are where they are now."""
    departure, arrival = given.departure or Window(), given.arrival or Window()
    cost = given.cost or Cost()
    return JourneyTerms(
        route=ways[0],
        alternates=tuple(ways[1:]),
        starts_at=given.since,
        departs_from=departure.since,
        departs_until=departure.until,
        arrives_from=arrival.since,
        arrives_until=arrival.until,
        stops=tuple(map(_stop, given.stops, stops)),
        corridor_m=given.corridor_m,
        allowed=tuple(allowed),
        paise_per_km=cost.per_km.amount_minor if cost.per_km else None,
        paise_per_hour=cost.per_hour.amount_minor if cost.per_hour else None,
    )


def _stop(given: StopFields, place: Place) -> Stop:
    arrival = given.arrival or Window()
    return Stop(
        lat=place.lat,
        lon=place.lon,
        radius_m=place.radius_m,
        name=place.name,
        fence=place.fence,
        arrives_from=arrival.since,
        arrives_until=arrival.until,
        service_s=given.service_s,
    )


def _of_place(place: Place) -> dict[str, Any]:
    return {
        "name": place.name,
        "point": PlaceIn(lat=place.lat, lon=place.lon),
        "radius_m": place.radius_m,
        "fence": place.fence,
    }


def _route_out(head: RouteHead) -> JourneyRouteOut:
    return JourneyRouteOut(
        id=head.id,
        version=head.version,
        name=head.name,
        length_m=head.length_m,
        duration_s=head.duration_s,
    )


def _window(since: datetime | None, until: datetime | None) -> Window | None:
    return (
        None
        if since is None and until is None
        else Window.model_validate({"since": since, "until": until})
    )


def _rounded(metres: float | None) -> float | None:
    return None if metres is None else round(metres, 1)


def _cost(journey: Journey) -> Cost | None:
    per_km, per_hour = _inr(journey.paise_per_km), _inr(journey.paise_per_hour)
    return None if per_km is None and per_hour is None else Cost(per_km=per_km, per_hour=per_hour)


def _inr(paise: int | None) -> Money | None:
    if paise is None:
        return None
    return Money(amount_minor=paise, currency="INR")  # fixed: the columns are in paise
