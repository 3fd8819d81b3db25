"""Fixes to be folded again: in order, in pieces, without those that came too late."""

from __future__ import annotations

import secrets

import numpy as np

from freight.tracking.facts import Flaw
from store import fixes, late_fixes
from store.postgres import AnyPool
from store.tenants import Tenant
from tests.store.fix_arrays import START_MS, bare_fixes

DAY_MS = 86_400_000


def new_truck_key() -> int:
    """Fixes know no foreign keys: any number that no other test uses is a truck."""
    return secrets.randbelow(2**40) + 10**6


async def test_pieces_and_what_is_not_believed(telemetry: AnyPool, tenant: Tenant) -> None:
    one, other = new_truck_key(), new_truck_key()
    steps = [-2 * DAY_MS, 0, 1000, 2000, 3000]
    given = bare_fixes(tenant.key, one, [START_MS + step for step in steps])
    flaws = np.array([0, 0, Flaw.JUMP, Flaw.BEYOND_HORIZON, Flaw.ACCURACY], dtype=np.int8)
    beside = bare_fixes(tenant.key, other, [START_MS])
    async with telemetry.acquire() as conn:
        await fixes.ensure_partitions(conn, fixes.days_of(given))
        await fixes.insert_older(conn, given, {}, 31_000, 1, flaws=flaws)
        await fixes.copy_new(conn, beside, {}, 31_000, 1)

        whole = await late_fixes.pieces(conn, {one: 0, other: START_MS + 1}, 10)
        begun = await late_fixes.pieces(conn, {one: START_MS - 5}, 2)
        before = await late_fixes.flaws(conn, {one: (0, START_MS + 3000), other: (0, START_MS)})
        await late_fixes.mark(conn, [(one, START_MS, Flaw.NOWHERE), (one, START_MS + 3000, None)])
        after = await late_fixes.flaws(conn, {one: (START_MS, START_MS + 3000)})

    assert (whole[one]["ts_ms"] - START_MS).tolist() == [-2 * DAY_MS, 0, 1000, 3000]
    assert len(whole[other]) == 0
    assert (begun[one]["ts_ms"] - START_MS).tolist() == [0, 1000]
    assert before == {
        one: {START_MS + 1000: Flaw.JUMP, START_MS + 3000: Flaw.ACCURACY},
        other: {},
    }
    assert after == {one: {START_MS: Flaw.NOWHERE, START_MS + 1000: Flaw.JUMP}}
