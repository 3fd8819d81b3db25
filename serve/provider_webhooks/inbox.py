"""What a person does with what providers sent: looks at it, and has it worked on again."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated

from fastapi import Depends, Path

from actors.life import now_ms
from actors.money.letters import work_on
from serve.gateway import Gateway
from serve.identity.principal import Principal
from serve.notifications import receiving
from serve.paging import ListOf, Page, number_of
from serve.payments.changing import desk_of, tenant_of
from serve.problems import ConflictError, NotFoundError
from serve.provider_webhooks.wire import LETTER_ID, LetterOut
from store import provider_inbox
from store.provider_inbox import InboxState, KeptLetter

NUMBER_MAX = 2**63  # fixed: the column's type
_ID = re.compile(f"{LETTER_ID}([0-9]{{1,19}})")


async def path_number(letter_id: Annotated[str, Path(alias="id")]) -> int:
    found = _ID.fullmatch(letter_id)
    if found is None or int(found[1]) >= NUMBER_MAX:
        raise NotFoundError("there is nothing under this id")
    return int(found[1])


Number = Annotated[int, Depends(path_number)]


async def list_page(
    gateway: Gateway,
    who: Principal,
    page: Page,
    *,
    states: Sequence[InboxState],
    provider: str | None,
    about: str | None,
) -> ListOf[LetterOut]:
    before = number_of(page.after)
    async with gateway.as_tenant(who) as conn:
        found = await provider_inbox.list_page(
            conn, before, page.one_more, states=states, provider=provider, about=about
        )
    return _listed(page, found)


async def list_unclaimed(gateway: Gateway, page: Page) -> ListOf[LetterOut]:
    before = number_of(page.after)
    async with gateway.system_pool.acquire() as conn:
        found = await provider_inbox.list_unclaimed(conn, before, page.one_more)
    return _listed(page, found)


async def get(gateway: Gateway, who: Principal, number: int) -> LetterOut:
    async with gateway.as_tenant(who) as conn:
        return LetterOut.of(await provider_inbox.get(conn, number))


async def replay(gateway: Gateway, who: Principal, number: int) -> LetterOut:
    subject = f"provider-webhooks/{LETTER_ID}{number}"
    async with gateway.changing(who, "provider-webhooks.replay", subject) as change:
        letter = await provider_inbox.get(change.conn, number, is_to_change=True)
        if letter.state == InboxState.REFUSED:
            raise ConflictError(f"it is not believed: {letter.why}")
        at_ms = now_ms()
        await provider_inbox.note(change.conn, number, InboxState.NEW, None, at_ms, at_ms)
    if receiving.is_of_messages(letter.provider):
        stored = receiving.Stored(tenant_of(who), number)
        await receiving.work(gateway, stored)
    else:
        await work_on(desk_of(gateway), tenant_of(who), number)
    return await get(gateway, who, number)


def _listed(page: Page, found: list[KeptLetter]) -> ListOf[LetterOut]:
    shown, next_cursor = page.cut(found, lambda one: str(one.nr))
    return ListOf(items=[LetterOut.of(one) for one in shown], next_cursor=next_cursor)
