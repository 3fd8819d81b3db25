"""One's own messages on the screen: shown, counted and marked as read; and one's phones."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Sequence

import msgspec

from actors.life import now_ms
from actors.messages.notification_sending import OURS
from actors.messages.notification_writing import take
from freight.notifying import decide
from freight.notifying.decide import Told
from freight.notifying.state import Severity, Status
from freight.personal import PersonalKind
from serve.gateway import Change, Gateway
from serve.identity.principal import Principal
from serve.notifications.people_wire import (
    InboxItemOut,
    InboxSummaryOut,
    NewPushToken,
    PushTokenOut,
)
from serve.notifications.service import person_of, scene_of
from serve.paging import ListOf, Page, number_of
from serve.problems import ConflictError, NotFoundError
from store import inbox, notifications
from store.inbox import Item, PushToken
from store.personal import PersonalData


async def list_page(
    gateway: Gateway, who: Principal, page: Page, *, only_unread: bool
) -> ListOf[InboxItemOut]:
    async with gateway.as_tenant(who) as conn:
        found = await inbox.list_page(
            conn, person_of(who), number_of(page.after), page.one_more, only_unread=only_unread
        )
    kept, next_cursor = page.cut(found, lambda one: str(one.nr))
    return ListOf(items=[_item(gateway, one) for one in kept], next_cursor=next_cursor)


async def summary(gateway: Gateway, who: Principal) -> InboxSummaryOut:
    async with gateway.as_tenant(who) as conn:
        many, critical = await inbox.unread(conn, person_of(who))
    return InboxSummaryOut(unread=many, unread_critical=critical)


async def read_one(gateway: Gateway, who: Principal, item_id: str) -> InboxItemOut:
    async with gateway.changing(who, "inbox.read", f"inbox/{item_id}") as change:
        item = await inbox.mark_read(change.conn, person_of(who), item_id, now_ms())
        await _note_read(gateway, who, change, [item.id])
    return _item(gateway, item)


async def read_all(gateway: Gateway, who: Principal, up_to: str | None) -> InboxSummaryOut:
    person = person_of(who)
    async with gateway.changing(who, "inbox.read-all", f"inboxes/{who.subject}") as change:
        read = await inbox.mark_all_read(change.conn, person, up_to, now_ms())
        await _note_read(gateway, who, change, read)
        many, critical = await inbox.unread(change.conn, person)
        change.after = shown = InboxSummaryOut(unread=many, unread_critical=critical)
    return shown


async def phones(gateway: Gateway, who: Principal) -> ListOf[PushTokenOut]:
    async with gateway.as_tenant(who) as conn:
        found = await inbox.tokens_of(conn, person_of(who))
    return ListOf(items=[_phone(one) for one in found])


async def add_phone(gateway: Gateway, who: Principal, new: NewPushToken) -> PushTokenOut:
    person, personal = person_of(who), gateway.personal
    token_id = f"push-{uuid.uuid4().hex[:16]}"
    async with gateway.changing(who, "push-tokens.add", f"push-tokens/{token_id}") as change:
        made = await inbox.add_token(
            change.conn,
            who.tenant_key,
            id=token_id,
            person=person,
            app=new.app,
            token_sealed=personal.seal(new.token),
            token_index=_index(personal, new.token),
        )
        most = gateway.policy_of(who).notifications.push_tokens_max
        if len(await inbox.tokens_of(change.conn, person)) > most:
            raise ConflictError(f"a person is reached on at most {most} phones: remove one")
        change.after = shown = _phone(made)
    return shown


async def drop_phone(gateway: Gateway, who: Principal, token_id: str) -> None:
    async with gateway.changing(who, "push-tokens.remove", f"push-tokens/{token_id}") as change:
        if not await inbox.drop_token(change.conn, person_of(who), token_id):
            raise NotFoundError("there is no phone under this id")


async def _note_read(
    gateway: Gateway, who: Principal, change: Change, attempts: Sequence[str]
) -> None:
    """The messages were read, too."""
    scene, told = scene_of(gateway, who, change.conn), Told(state=Status.READ.value)
    for attempt in attempts:
        place = await notifications.of_attempt(change.conn, OURS, "", attempt)
        if place is not None:
            kept = await notifications.get(change.conn, place[0], is_to_change=True)
            made = decide.heard(kept.message, place[1], told, scene.at_ms)
            await take(scene, kept.message, made)


def _item(gateway: Gateway, item: Item) -> InboxItemOut:
    said = msgspec.json.decode(gateway.personal.open(item.said_sealed), type=dict[str, str])
    return InboxItemOut(
        id=item.id,
        kind=item.kind,
        severity=Severity(item.severity),
        title=said["title"],
        text=said["text"],
        subject=item.subject,
        booking=item.booking,
        truck=item.truck,
        at=item.at,
        read_at=item.read_at,
    )


def _index(personal: PersonalData, token: str) -> bytes:
    """Of its digest: kinds of personal data do not tell capitals from small letters."""
    digest = hashlib.sha256(token.encode()).hexdigest()
    return personal.blind_index(PersonalKind.ADDRESS, digest)


def _phone(token: PushToken) -> PushTokenOut:
    return PushTokenOut(id=token.id, app=token.app, created_at=token.created_at)
