"""What can be done with payouts: looked at, tried anew, stopped while they can be."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from actors.money import payouts as engine
from actors.money.desk import Desk
from freight.payouts.messages import Cancel
from freight.payouts.state import Payout, Status
from freight.refusal import Refusal
from providers.errors import ProviderAwayError, ProviderRefusedError, ProviderUnsetError
from serve.gateway import Gateway
from serve.identity.principal import Principal
from serve.paging import ListOf, Page, number_of
from serve.payments.changing import desk_of, tenant_of
from serve.payouts.wire import PayoutOut
from serve.problems import ConflictError, StaleError, UnavailableError
from serve.settlements.service import problem_of
from store import payouts
from store.postgres import AnyConnection

Work = Callable[[Desk, AnyConnection], Awaitable[object]]


async def get(gateway: Gateway, who: Principal, payout_id: str) -> PayoutOut:
    async with gateway.as_tenant(who) as conn:
        found = await payouts.look_up(conn, payout_id)
    return PayoutOut.of(found.payout, found.trouble)


async def list_page(
    gateway: Gateway, who: Principal, page: Page, having: dict[str, str | None]
) -> ListOf[PayoutOut]:
    """The newest first."""
    before = number_of(page.after)
    async with gateway.as_tenant(who) as conn:
        found = await payouts.list_page(conn, before=before, limit=page.one_more, having=having)
    kept, next_cursor = page.cut(found, lambda one: str(one.nr))
    items = [PayoutOut.of(one.payout, one.trouble) for one in kept]
    return ListOf(items=items, next_cursor=next_cursor)


async def retry(
    gateway: Gateway, who: Principal, payout_id: str, expected: int | None
) -> PayoutOut:
    async def work(desk: Desk, conn: AnyConnection) -> object:
        return await engine.retry(desk, conn, tenant_of(who), payout_id, who.name)

    return await _changed(gateway, who, ("retry", payout_id, expected), work)


async def cancel(
    gateway: Gateway, who: Principal, payout_id: str, reason: str, expected: int | None
) -> PayoutOut:
    """Of one that is queued at the provider, it must agree."""
    async with gateway.as_tenant(who) as conn:
        payout = await payouts.get(conn, payout_id)
    if payout.status is Status.QUEUED:
        return await _cancel_there(gateway, who, payout, expected)

    async def work(desk: Desk, conn: AnyConnection) -> object:
        command = Cancel(by=who.name, reason=reason)
        return await engine.cancel_unsent(desk, conn, tenant_of(who), payout_id, command)

    return await _changed(gateway, who, ("cancel", payout_id, expected), work)


async def _cancel_there(
    gateway: Gateway, who: Principal, payout: Payout, expected: int | None
) -> PayoutOut:
    """Asked outside any transaction; what it answers is what has happened."""
    attempt = payout.attempt
    if attempt is None or attempt.provider_id is None:
        raise ConflictError("the provider has not said yet how it stands")
    _must_be_at(payout, expected)
    try:
        provider = await gateway.providers.payouts(tenant_of(who))
        seen = await provider.cancel(attempt.provider_id)
    except ProviderUnsetError as unset:
        raise ConflictError(str(unset)) from unset
    except ProviderRefusedError as refused:
        raise ConflictError(f"the provider does not cancel it: {refused.detail}") from refused
    except ProviderAwayError as away:
        retry_s = gateway.policy.edge.overloaded_retry_s
        says = "the provider does not answer; look again how it stands"
        raise UnavailableError(says, retry_after_s=retry_s) from away

    async def work(desk: Desk, conn: AnyConnection) -> object:
        return await engine.observe(desk, conn, tenant_of(who), seen)

    return await _changed(gateway, who, ("cancel", payout.id, None), work)


async def _changed(
    gateway: Gateway, who: Principal, wish: tuple[str, str, int | None], work: Work
) -> PayoutOut:
    action, payout_id, expected = wish
    try:
        async with gateway.changing(who, f"payouts.{action}", f"payouts/{payout_id}") as change:
            before = await payouts.get(change.conn, payout_id)
            _must_be_at(before, expected)
            change.before = PayoutOut.of(before)
            await work(desk_of(gateway), change.conn)
            change.after = after = PayoutOut.of(await payouts.get(change.conn, payout_id))
            return after
    except Refusal as refusal:
        raise problem_of(refusal) from refusal


def _must_be_at(payout: Payout, expected: int | None) -> None:
    if expected not in (None, payout.version):
        raise StaleError(f"it is at version {payout.version}, not {expected}")
