"""Looks after payments that are unfinished: asks their providers again, and ever more rarely."""

from __future__ import annotations

import logging

from actors.booking_writing import TenantName
from actors.money.at_provider import advance
from actors.money.desk import Desk
from actors.money.payments import next_look_ms
from freight.refusal import Refusal
from providers.errors import ProviderAwayError, ProviderRefusedError, ProviderUnsetError
from store import payments
from store.errors import AlreadyExistsError, StaleVersionError
from store.payments import DueLook
from store.postgres import STORE_FAILURES

log = logging.getLogger(__name__)
# What may be otherwise at the next look.
_PUT_OFF = (
    *(ProviderAwayError, ProviderRefusedError, ProviderUnsetError),
    *(Refusal, StaleVersionError, AlreadyExistsError),
)


async def payments_round(desk: Desk) -> int:
    """So many at a time; how many stand otherwise now."""
    at_once = desk.settings.now.payment_work.looks_at_once
    async with desk.system.acquire() as conn:
        due = await payments.due_looks(conn, desk.now_ms(), at_once)
    moved = 0
    for one in due:
        moved += await _look(desk, one)
    return moved


async def _look(desk: Desk, due: DueLook) -> bool:
    """Whoever of two was first has moved it; the other finds nothing new."""
    tenant = TenantName(due.tenant_key, due.tenant)
    async with desk.writing(tenant) as conn:
        before = await payments.get(conn, due.payment)
    trouble: str | None = None
    try:
        await advance(desk, tenant, due.payment)
    except _PUT_OFF as failed:
        trouble = f"{type(failed).__name__}: {failed}"
        log.warning("payment %s of %s is looked at later: %s", due.payment, tenant.id, trouble)
    except STORE_FAILURES:
        raise
    except Exception as failed:  # one that we do not understand must not stop the others
        trouble = f"{type(failed).__name__}: {failed}"
        log.exception("payment %s of %s", due.payment, tenant.id)
    work = desk.policy_of(tenant).payment_work
    async with desk.writing(tenant) as conn:
        after = await payments.load(conn, due.payment, is_to_change=True)
        if after is None or after.version != before.version:
            return after is not None
        look_ms = next_look_ms(after, due.looks + 1, work, desk.now_ms())
        said = None if trouble is None else trouble[: work.trouble_chars_max]
        await payments.look_again(conn, due.payment, look_ms, said)
    return False
