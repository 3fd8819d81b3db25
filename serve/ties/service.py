"""What can be done with ties between a tenant's carriers and shippers."""

from __future__ import annotations

import uuid

from freight.fleet.ties import Tie, TieKind
from serve.gateway import Gateway
from serve.identity.principal import Principal
from serve.paging import ListOf, Page
from serve.problems import InvalidError
from serve.ties.wire import NewTie, TieOut
from store import carrier_ties, carriers
from store.errors import NotFoundError


async def create(gateway: Gateway, who: Principal, carrier_id: str, new: NewTie) -> TieOut:
    tie = Tie(new.kind, carrier_id, _shipper_of(who, new))
    tie_id = new.id or f"tie-{uuid.uuid4().hex}"
    subject = f"carriers/{carrier_id}/ties/{tie_id}"
    async with gateway.changing(who, "ties.create", subject) as change:
        made = await carrier_ties.create(change.conn, who.tenant_key, tie_id, tie, new.reason)
        change.after = out = TieOut.of(made)
    return out


async def list_page(
    gateway: Gateway, who: Principal, carrier_id: str, page: Page
) -> ListOf[TieOut]:
    async with gateway.as_tenant(who) as conn:
        if not await carriers.exists(conn, who.tenant_key, carrier_id):
            raise NotFoundError("carrier", carrier_id)
        found = await carrier_ties.list_page(conn, carrier_id, page.after, page.one_more)
    kept, next_cursor = page.cut(found, lambda stored: stored.id)
    return ListOf(items=[TieOut.of(stored) for stored in kept], next_cursor=next_cursor)


async def delete(gateway: Gateway, who: Principal, carrier_id: str, tie_id: str) -> None:
    subject = f"carriers/{carrier_id}/ties/{tie_id}"
    async with gateway.changing(who, "ties.delete", subject) as change:
        change.before = TieOut.of(await carrier_ties.get(change.conn, carrier_id, tie_id))
        await carrier_ties.delete(change.conn, carrier_id, tie_id)


def _shipper_of(who: Principal, new: NewTie) -> str | None:
    """A shipper speaks for itself, and not for how a carrier's fleet is used."""
    if who.shipper is not None:
        if new.shipper not in {None, who.shipper}:
            raise InvalidError.at("/shipper", f"you speak for the shipper {who.shipper} only")
        if new.kind is TieKind.DEDICATED:
            raise InvalidError.at("/kind", "whom a carrier drives for is not a shipper's to say")
        return who.shipper
    if new.shipper is None and new.kind is not TieKind.BLOCKED:
        raise InvalidError.at("/shipper", f"{new.kind} names a shipper")
    return new.shipper
