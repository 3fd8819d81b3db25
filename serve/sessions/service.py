"""What users can do with their own sessions: see them, and end them."""

from __future__ import annotations

from serve.gateway import Gateway
from serve.identity.principal import Kind, Principal
from serve.paging import ListOf, Page
from serve.problems import NotFoundError
from serve.sessions.wire import SessionOut
from store import revocations, sessions
from store.sessions import EndReason


async def list_page(gateway: Gateway, who: Principal, page: Page) -> ListOf[SessionOut]:
    if who.kind is not Kind.USER:
        return ListOf(items=[])
    async with gateway.as_tenant(who) as conn:
        found = await sessions.list_live(conn, who.subject, page.after, page.one_more)
    kept, next_cursor = page.cut(found, lambda session: session.id)
    items = [SessionOut.of(session, who.session_id) for session in kept]
    return ListOf(items=items, next_cursor=next_cursor)


async def end_current(gateway: Gateway, who: Principal) -> None:
    await _end(gateway, who, who.session_id, EndReason.SIGNED_OUT)


async def end(gateway: Gateway, who: Principal, session_id: str) -> None:
    await _end(gateway, who, session_id, EndReason.ENDED)


async def _end(gateway: Gateway, who: Principal, session_id: str | None, reason: EndReason) -> None:
    if who.kind is not Kind.USER or session_id is None:
        raise NotFoundError("you have no such session")
    async with gateway.changing(who, "sessions.end", f"sessions/{session_id}") as change:
        ended = await sessions.end(change.conn, session_id, reason, who.subject)
        if ended is None:
            raise NotFoundError("you have no such session")
        change.before = SessionOut.of(ended, who.session_id)
        await revocations.revoke_session(
            change.conn, who.tenant_key, session_id, gateway.authority.token_lives_s
        )
    await gateway.authority.note_revoked()
