"""All that one step of a message writes, in one transaction: log, standing, and what is told."""

from __future__ import annotations

from collections.abc import Sequence

from actors.messages.notification_desk import Scene
from freight.events import TruckEvent, aggregate_event_id
from freight.notifying.events import Accepted, MessageEvent
from freight.notifying.evolve import replayed
from freight.notifying.state import Message, Status
from store import events, notifications, provider_inbox

FAMILY = "notification."
_TOLD = {Status.DEAD: "notification.dead", Status.UNKNOWN: "notification.unknown"}


async def take(
    scene: Scene,
    before: Message,
    made: Sequence[MessageEvent],
    *,
    said_sealed: bytes | None = None,
) -> Message:
    """StaleVersionError: somebody else was first."""
    if not made:
        return before
    after = replayed(made, before)
    key = scene.tenant.key
    await notifications.write(scene.conn, key, after, made, said_sealed=said_sealed)
    for event in made:
        if isinstance(event, Accepted):
            # A receipt that was quicker waits for one of these names.
            names = [name for name in (event.provider_id, after.attempt) if name]
            await provider_inbox.wake(scene.conn, names, scene.at_ms)
    if after.status is not before.status:
        await tell(scene, after)
    return after


async def tell(scene: Scene, message: Message) -> None:
    """Of what did not arrive. That a message about a message did not is told nobody: it would have
    no end."""
    kind = _TOLD.get(message.status)
    if kind is None or message.kind.startswith(FAMILY):
        return
    subject = f"notifications/{message.id}"
    event = TruckEvent(
        id=aggregate_event_id(scene.tenant.key, subject, message.version, 0),
        type=kind,
        tenant_key=scene.tenant.key,
        truck_key=None,
        tenant=scene.tenant.id,
        subject=subject,
        time_ms=scene.at_ms,
        known_at_ms=scene.at_ms,
        data={
            "notification": message.id,
            "kind": message.kind,
            "about": message.subject,
            "person": message.person,
            "channel": message.channels[-1].value if message.channels else None,
            "booking": message.booking,
            "truck": message.truck,
            "why": message.why,
        },
    )
    await events.insert(scene.conn, [event])
