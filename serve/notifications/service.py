"""Messages to people: listed, looked at, sent by hand, kept back and sent anew."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from pydantic import BaseModel

from actors.life import now_ms
from actors.messages.notification_desk import MessageDesk, Scene
from actors.messages.notification_people import Recipients
from actors.messages.notification_planning import Queue
from actors.messages.notification_said import Said
from actors.messages.notification_writing import take
from freight.notifying import decide, planning
from freight.notifying.events import MessageEvent
from freight.notifying.planning import Fact, Wanted
from freight.notifying.state import Message
from freight.notifying.texts import NOTICE
from freight.notifying.wishes import Wishes
from freight.refusal import Refusal
from serve.addressed import Addressed
from serve.gateway import Gateway
from serve.identity.principal import Principal
from serve.notifications.wire import NewNotification, NotificationOut, WholeNotificationOut
from serve.paging import ListOf, Page, number_of
from serve.payments.changing import tenant_of
from serve.problems import ConflictError, InvalidError
from store import bookings, notification_wishes, notifications
from store.errors import StaleVersionError
from store.notifications import Kept
from store.postgres import AnyConnection, epoch_ms

NOTICE_ROUTES = ("screen", "mail")
MS = 1000
Decides = Callable[[Scene, Message], list[MessageEvent]]


class SentOut(BaseModel):
    items: list[NotificationOut]


def desk_of(gateway: Gateway) -> MessageDesk:
    return MessageDesk(
        gateway.app_pool,
        gateway.system_pool,
        gateway.settings,
        now_ms,
        gateway.channels,
        gateway.personal,
    )


def scene_of(gateway: Gateway, who: Principal, conn: AnyConnection) -> Scene:
    return Scene(desk_of(gateway), conn, tenant_of(who), now_ms())


async def list_page(
    gateway: Gateway, who: Principal, page: Page, wanted: dict[str, str | None]
) -> ListOf[NotificationOut]:
    async with gateway.as_tenant(who) as conn:
        before = number_of(page.after)
        found = await notifications.list_page(conn, before=before, limit=page.one_more, **wanted)
    kept, next_cursor = page.cut(found, lambda one: str(one.nr))
    return ListOf(items=[NotificationOut.of(one.message) for one in kept], next_cursor=next_cursor)


async def get(gateway: Gateway, who: Principal, message_id: str) -> WholeNotificationOut:
    async with gateway.as_tenant(who) as conn:
        kept = await notifications.get(conn, message_id)
        log = await notifications.log(conn, message_id)
    return WholeNotificationOut.whole(kept.message, log, _said(gateway, kept))


async def replay(at: Addressed, who: Principal) -> NotificationOut:
    """Once more from its first channel, as if it were new."""

    def anew(scene: Scene, message: Message) -> list[MessageEvent]:
        valid_s = scene.now.rules.valid_s.get(message.severity, 0)
        return decide.replay(message, who.name, round(valid_s * MS), scene.at_ms)

    return await _change(at, who, "replay", anew)


async def cancel(at: Addressed, who: Principal, why: str | None) -> NotificationOut:
    def kept_back(scene: Scene, message: Message) -> list[MessageEvent]:
        return decide.cancel(message, who.name, why or "by hand", scene.at_ms)

    return await _change(at, who, "cancel", kept_back)


async def _change(at: Addressed, who: Principal, what: str, follows: Decides) -> NotificationOut:
    gateway, subject = at.gateway, f"notifications/{at.id}"
    try:
        async with gateway.changing(who, f"notifications.{what}", subject) as change:
            kept = await notifications.get(change.conn, at.id, is_to_change=True)
            before = kept.message
            if at.expected not in {None, before.version}:
                raise StaleVersionError("notification", at.id, at.expected or 0, before.version)
            if what == "replay" and kept.facts_sealed is None:
                raise ConflictError("what it said is kept no longer")
            change.before = NotificationOut.of(before)
            scene = scene_of(gateway, who, change.conn)
            after = await take(scene, before, follows(scene, before))
            change.after = shown = NotificationOut.of(after)
    except Refusal as refusal:
        error = {"pointer": "", "detail": refusal.detail, "code": refusal.code}
        raise ConflictError(refusal.detail, errors=[error]) from refusal
    return shown


async def send(gateway: Gateway, who: Principal, new: NewNotification) -> SentOut:
    """A notice by hand, to each person by each route."""
    cause = f"hand-{uuid.uuid4().hex}"
    routes = _routes(gateway, who, new)
    async with gateway.changing(who, "notifications.send", f"notices/{cause}") as change:
        scene = scene_of(gateway, who, change.conn)
        if new.booking is not None:
            await bookings.get(change.conn, new.booking)
        data: dict[str, Any] = {"title": new.title, "text": new.text, "booking": new.booking}
        people = await Recipients(scene, data).of(new.to)
        if not people:
            raise InvalidError.at("/to", "nobody is meant by this")
        wishes = await notification_wishes.of(change.conn, [one.key for one in people])
        subject = f"notices/{cause}" if new.booking is None else f"bookings/{new.booking}"
        fact = Fact(id=cause, type=NOTICE, subject=subject, at_ms=scene.at_ms, data=data)
        queue, due_ms = Queue(scene), None if new.send_at is None else epoch_ms(new.send_at)
        made: list[Message] = []
        for person in people:
            one = Wanted(
                person=person,
                wishes=wishes.get(person.key, Wishes()),
                kind=NOTICE,
                severity=new.severity,
                routes=routes,
            )
            made += await queue.put(fact, planning.merged([one])[0], {}, due_ms=due_ms)
        change.after = sent = SentOut(items=[NotificationOut.of(one) for one in made])
    return sent


def _routes(gateway: Gateway, who: Principal, new: NewNotification) -> Any:
    known = gateway.policy_of(who).notifying.routes
    wanted: Sequence[str] = new.routes or [one for one in NOTICE_ROUTES if one in known]
    missing = [one for one in wanted if one not in known]
    if missing:
        raise InvalidError.at("/routes", f"no route is called {missing[0]!r}")
    return tuple(known[one] for one in wanted)


def _said(gateway: Gateway, kept: Kept) -> tuple[str, str] | None:
    if kept.said_sealed is None:
        return None
    said = msgspec.json.decode(gateway.personal.open(kept.said_sealed), type=Said)
    return said.letter.subject, said.letter.text


def person_of(who: Principal) -> str:
    """As messages name whoever asks."""
    return f"users/{who.subject}" if who.kind == "user" else f"{who.kind.value}s/{who.subject}"
