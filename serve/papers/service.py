"""What can be done with the papers of a tenant's trucks."""

from __future__ import annotations

from freight.fleet.papers import PaperKind
from serve.gateway import Gateway
from serve.identity.principal import Principal
from serve.paging import ListOf
from serve.papers.wire import PaperFields, PaperOut
from serve.problems import InvalidError
from store import documents, truck_papers, trucks


async def of_truck(gateway: Gateway, who: Principal, truck_id: str) -> ListOf[PaperOut]:
    async with gateway.as_tenant(who) as conn:
        truck = await trucks.get(conn, truck_id)
        found = await truck_papers.of_truck(conn, truck.key)
        shown = await documents.newest_of_papers(conn, f"trucks/{truck_id}", truck.key)
    return ListOf(items=[PaperOut.of(one, shown.get(one.paper.kind)) for one in found])


async def put(  # noqa: PLR0917 - as the route names them
    gateway: Gateway,
    who: Principal,
    truck_id: str,
    kind: PaperKind,
    given: PaperFields,
    expected: int | None,
) -> PaperOut:
    if given.states and kind is not PaperKind.PERMIT_STATE:
        raise InvalidError.at("/states", f"only a {PaperKind.PERMIT_STATE} names states")
    async with gateway.changing(who, "papers.put", f"trucks/{truck_id}/papers/{kind}") as change:
        truck = await trucks.get(change.conn, truck_id)
        before = await truck_papers.find(change.conn, truck.key, kind)
        change.before = None if before is None else PaperOut.of(before)
        stored = await truck_papers.put(
            change.conn, who.tenant_key, truck.key, given.paper(kind), expected
        )
        change.after = made = PaperOut.of(stored)
    return made


async def delete(
    gateway: Gateway, who: Principal, truck_id: str, kind: PaperKind, expected: int | None
) -> None:
    async with gateway.changing(who, "papers.delete", f"trucks/{truck_id}/papers/{kind}") as change:
        truck = await trucks.get(change.conn, truck_id)
        before = await truck_papers.find(change.conn, truck.key, kind)
        change.before = None if before is None else PaperOut.of(before)
        await truck_papers.delete(change.conn, truck.key, kind, expected)
