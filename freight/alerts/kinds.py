"""What alerts can be about, how grave they are, and what of a cause can tell two of them apart."""

from __future__ import annotations

from enum import StrEnum


class Kind(StrEnum):
    LONG_STOPPAGE = "long_stoppage"
    OVERSPEED = "overspeed"
    NIGHT_DRIVING = "night_driving"
    CONTINUOUS_DRIVING = "continuous_driving"
    TRACKING_INTERRUPTED = "tracking_interrupted"
    UNTRACKED_TRIP = "untracked_trip"
    ROUTE_DEVIATION = "route_deviation"
    WRONG_WAY = "wrong_way"
    TRIP_NOT_STARTED = "trip_not_started"
    PROMISE_AT_RISK = "promise_at_risk"
    DETENTION_RUNNING = "detention_running"
    EWAY_BILL_EXPIRING = "eway_bill_expiring"
    DOCUMENT_EXPIRING = "document_expiring"
    GEOFENCE_BREACH = "geofence_breach"
    NO_ENTRY = "no_entry"
    FUEL_DROP = "fuel_drop"
    PANIC = "panic"
    TAMPERING = "tampering"
    WEIGHT_SHORTAGE = "weight_shortage"
    PAYMENT_OVERDUE = "payment_overdue"
    DISPATCH_EXHAUSTED = "dispatch_exhausted"
    SEVERAL_TRUCKS = "several_trucks"
    WEBHOOK_PAUSED = "webhook_paused"
    WATCH_IMPAIRED = "watch_impaired"  # we ourselves may not see what happens


# What is looked up in the database as it stands now, and told by no fact.
SURVEYED = frozenset(
    {
        Kind.UNTRACKED_TRIP,
        Kind.TRIP_NOT_STARTED,
        Kind.DETENTION_RUNNING,
        Kind.EWAY_BILL_EXPIRING,
        Kind.DOCUMENT_EXPIRING,
        Kind.WEIGHT_SHORTAGE,
        Kind.PAYMENT_OVERDUE,
        Kind.WATCH_IMPAIRED,
    }
)

# What `trigger` and `clear` of a kind count; a kind that is not here has no such value.
MEASURES: dict[Kind, str] = {
    Kind.OVERSPEED: "km/h above the limit",
    Kind.NIGHT_DRIVING: "seconds driven in the night",
    Kind.ROUTE_DEVIATION: "metres off the route",
    Kind.WRONG_WAY: "km driven back",
    Kind.PROMISE_AT_RISK: "probability of being late, 0 to 1",
    Kind.DETENTION_RUNNING: "minutes beyond the free time",
    Kind.EWAY_BILL_EXPIRING: "minutes by which it ends before the predicted arrival",
    Kind.DOCUMENT_EXPIRING: "minutes by which it ends before the predicted arrival",
    Kind.FUEL_DROP: "percent of the tank lost",
    Kind.WEIGHT_SHORTAGE: "kg missing beyond what is tolerated",
    Kind.PAYMENT_OVERDUE: "days overdue",
    Kind.SEVERAL_TRUCKS: "trucks",
}


class Severity(StrEnum):
    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"


GRAVITY = {severity: rank for rank, severity in enumerate(Severity)}


class Part(StrEnum):
    """What two causes must have in common to be one alert."""

    TRUCK = "truck"
    BOOKING = "booking"
    JOURNEY = "journey"
    CUSTOMER = "customer"
    CARRIER = "carrier"
    LANE = "lane"
    FENCE = "fence"
    ALARM = "alarm"
    ABOUT = "about"  # whatever the fact itself tells apart
    SUBJECT = "subject"
    PLACE = "place"  # within the rule's radius
