"""How well a truck's device reports, by what it has sent."""

from __future__ import annotations

import time

from freight.conformance import judge
from serve.conformance.wire import ConformanceOut
from serve.gateway import Gateway
from serve.identity.principal import Principal
from serve.problems import InvalidError
from store import conformance, trucks

MS_PER_S = 1000


async def report(
    gateway: Gateway, who: Principal, truck_id: str, from_ms: int | None, to_ms: int | None
) -> ConformanceOut:
    policy = gateway.policy_of(who)
    limits, signal = policy.doors.reports, policy.tracking_rules.signal
    end_ms = int(time.time() * MS_PER_S) if to_ms is None else to_ms
    start_ms = end_ms - int(limits.span_s_usual * MS_PER_S) if from_ms is None else from_ms
    if start_ms >= end_ms:
        raise InvalidError.at("/from", "from must be before to", **{"in": "query"})
    if end_ms - start_ms > limits.span_s_max * MS_PER_S:
        detail = f"at most {limits.span_s_max:g} s in one report"
        raise InvalidError.at("/from", detail, **{"in": "query"})
    async with gateway.as_tenant(who) as conn:
        truck = await trucks.get(conn, truck_id)
        asked = conformance.Asked(
            truck_key=truck.key,
            truck=truck.id,
            from_ms=start_ms,
            to_ms=end_ms,
            gap_s=signal.interval_s * signal.intervals,
            parked_gap_s=signal.parked_interval_s * signal.intervals,
            fixes_max=limits.fixes_max,
        )
        try:
            figures = await conformance.figures_of(conn, asked)
        except conformance.TooManyFixesError:
            detail = f"more than {limits.fixes_max} fixes; ask for a shorter span"
            raise InvalidError.at("/from", detail, **{"in": "query"}) from None
    lines = judge(figures, policy.conformance)
    return ConformanceOut.of(truck.id, start_ms, end_ms, figures, lines)
