"""Why an alert: its facts, the rule that made it, and the fixes around its causes."""

from __future__ import annotations

import uuid
from collections.abc import Iterable

import msgspec

from config.policy import Policy
from freight.alerts.lasting import rule_of
from freight.alerts.state import Alert
from freight.cloudevents import cloud_event
from serve.alerts.service import visible
from serve.alerts.wire import AlertOut, EvidenceOut, TrackOut
from serve.gateway import Gateway
from serve.identity.permissions import Permission
from serve.identity.principal import Principal
from serve.tracking.wire import fix_fields
from store import alert_context, fixes, trucks
from store.errors import NotFoundError
from store.postgres import AnyConnection

TRUCKS = "trucks/"


async def of_alert(gateway: Gateway, who: Principal, alert_id: str) -> EvidenceOut:
    policy = gateway.policy_of(who)
    async with gateway.as_tenant(who) as conn:
        alert = await visible(conn, alert_id)
        facts = await alert_context.facts(conn, _ids(alert.evidence.events))
        tracks: list[TrackOut] = []
        if Permission.POSITIONS_READ in who.permissions:
            tracks = [await _track(conn, alert, truck, policy) for truck in trucks_of(alert)]
    rule = rule_of(alert, policy.alerts)
    return EvidenceOut(
        alert=AlertOut.of(alert),
        facts=[cloud_event(fact) for fact in facts],
        causes=[msgspec.to_builtins(cause) for cause in alert.causes],
        rule=rule.rule.model_dump(mode="json"),
        is_same_rule=rule.digest == alert.rule.digest,
        tracks=tracks,
    )


def trucks_of(alert: Alert) -> list[str]:
    """Those that its causes are about, else the one that it is about."""
    named = {
        cause.subject.removeprefix(TRUCKS)
        for cause in alert.causes
        if cause.subject.startswith(TRUCKS)
    }
    return sorted(named | ({alert.truck} if alert.truck is not None else set()))


def _ids(names: Iterable[str]) -> list[uuid.UUID]:
    """What was found by looking has no fact."""
    found: list[uuid.UUID] = []
    for name in names:
        try:
            found.append(uuid.UUID(name))
        except ValueError:
            continue
    return found


async def _track(conn: AnyConnection, alert: Alert, truck: str, policy: Policy) -> TrackOut:
    """From a little before its causes to a little behind."""
    around_ms = round(policy.api.evidence_around_s * 1000)
    most, basis = policy.api.evidence_fixes_max, alert.evidence
    try:
        key = (await trucks.get(conn, truck)).key
    except NotFoundError:
        return TrackOut(truck=truck, is_cut=False, fixes=[])
    found = await fixes.track(
        conn, key, basis.from_ms - around_ms, basis.to_ms + around_ms, most + 1
    )
    shown = [fix_fields(fix) for fix in found[:most]]
    return TrackOut(truck=truck, is_cut=len(found) > most, fixes=shown)
