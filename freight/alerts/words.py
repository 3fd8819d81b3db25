"""An alert in words: one line for lists, and one sentence that says why."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from freight.alerts.kinds import Kind
from freight.alerts.state import Alert

MS_PER_MINUTE = 60_000
_TITLES = {
    Kind.LONG_STOPPAGE: "Standing too long",
    Kind.OVERSPEED: "Too fast",
    Kind.NIGHT_DRIVING: "Driving by night",
    Kind.CONTINUOUS_DRIVING: "Driving without rest",
    Kind.TRACKING_INTERRUPTED: "No position",
    Kind.UNTRACKED_TRIP: "Trip without tracking",
    Kind.ROUTE_DEVIATION: "Off the route",
    Kind.WRONG_WAY: "Wrong way",
    Kind.TRIP_NOT_STARTED: "Trip not started",
    Kind.PROMISE_AT_RISK: "Likely to be late",
    Kind.DETENTION_RUNNING: "Detention running",
    Kind.EWAY_BILL_EXPIRING: "E-way bill ends before arrival",
    Kind.DOCUMENT_EXPIRING: "Document ends before arrival",
    Kind.GEOFENCE_BREACH: "In a restricted area",
    Kind.NO_ENTRY: "In a no-entry area",
    Kind.FUEL_DROP: "Fuel dropped",
    Kind.PANIC: "Emergency",
    Kind.TAMPERING: "Device tampered with",
    Kind.WEIGHT_SHORTAGE: "Weight missing",
    Kind.PAYMENT_OVERDUE: "Payment overdue",
    Kind.DISPATCH_EXHAUSTED: "No truck found",
    Kind.SEVERAL_TRUCKS: "Several trucks at one unknown place",
    Kind.WEBHOOK_PAUSED: "Webhook paused",
    Kind.WATCH_IMPAIRED: "Quiet means nothing now",
}
_Facts = Mapping[str, Any]
_HALTS = {
    "unknown": "at an unknown place",
    "fuel": "at a fuel station",
    "toll": "at a toll plaza",
    "place": "at a known place",
}


def title(alert: Alert) -> str:
    return f"{_TITLES[alert.kind]}: {whom(alert)}"


def whom(alert: Alert) -> str:
    if alert.kind is Kind.SEVERAL_TRUCKS:
        return ", ".join(sorted({cause.subject.rpartition("/")[2] for cause in alert.standing}))
    return alert.truck or alert.booking or alert.subject.rpartition("/")[2]


def text(alert: Alert) -> str:
    facts = alert.evidence.facts
    say = _TEXTS.get(alert.kind)
    told = None if say is None else say(facts)
    times = f" ({alert.count} times)" if alert.count > 1 and alert.kind not in _CROWDS else ""
    return (told or _TITLES[alert.kind]) + times + "."


_CROWDS = frozenset({Kind.SEVERAL_TRUCKS})


def _with(*names: str) -> Callable[[Callable[..., str]], Callable[[_Facts], str | None]]:
    """A sentence that is said only when all its numbers are known."""

    def named(say: Callable[..., str]) -> Callable[[_Facts], str | None]:
        def told(facts: _Facts) -> str | None:
            known = [facts.get(name) for name in names]
            return None if any(value is None for value in known) else say(*known)

        return told

    return named


_TEXTS: dict[Kind, Callable[[_Facts], str | None]] = {
    Kind.LONG_STOPPAGE: _with("halt")(
        lambda halt: f"It stands {_HALTS.get(halt, 'at a known place')}"
    ),
    Kind.OVERSPEED: _with("speed_kmh_max", "limit_kmh")(
        lambda fastest, limit: f"{fastest:g} km/h where {limit:g} km/h are allowed"
    ),
    Kind.NIGHT_DRIVING: _with("driving_s")(
        lambda driven: f"Driven for {driven // 60} minutes in the hours of the night"
    ),
    Kind.CONTINUOUS_DRIVING: _with("driving_s")(
        lambda driven: f"Driven for {driven // 60} minutes without a rest"
    ),
    Kind.TRACKING_INTERRUPTED: _with("allowed_s")(
        lambda allowed: f"Silent for longer than {allowed // 60} minutes"
    ),
    Kind.ROUTE_DEVIATION: _with("off_m")(lambda off: f"{off:g} m off its route"),
    Kind.WRONG_WAY: _with("back_km")(lambda back: f"{back:g} km back along its route"),
    Kind.PROMISE_AT_RISK: _with("probability")(
        lambda share: f"It will be late with a probability of {share:.0%}"
    ),
    Kind.GEOFENCE_BREACH: _with("fence_name")(lambda name: f"It is in {name}"),
    Kind.NO_ENTRY: _with("fence_name")(lambda name: f"It is in {name}, closed to it now"),
    Kind.FUEL_DROP: _with("before_pct", "after_pct")(
        lambda before, after: f"From {before:g} % to {after:g} % of the tank"
    ),
    Kind.PANIC: _with("alarm")(lambda alarm: f"The device says: {alarm.replace('_', ' ')}"),
    Kind.TAMPERING: _with("alarm")(lambda alarm: f"The device says: {alarm.replace('_', ' ')}"),
    Kind.WATCH_IMPAIRED: _with("why")(lambda why: f"What happens may go unseen: {', '.join(why)}"),
    Kind.DISPATCH_EXHAUSTED: _with("reason")(lambda why: f"Offers have come to nothing: {why}"),
}
