"""Everything is killed while fixes stream in; afterwards every fix and event is there once."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench import chaos_bookings, chaos_receipts, chaos_stream
from bench.chaos import broker_killer
from bench.chaos_kills import everyone
from bench.evidence import Account
from bench.fleet import Fleet, fleet
from bench.stack import attach
from tests.launch.instance import Instance

pytestmark = pytest.mark.stack

TRUCKS = 40


async def _fleet(stack: Instance, folder: Path, prefix: str, fences: int) -> Fleet:
    return await fleet(
        attach(stack.summary_file),
        folder,
        TRUCKS,
        fences=fences,
        track_points=120,
        across_per_truck=3,
        clear_of_borders=True,
        prefix=prefix,
    )


def _is_whole(account: Account, published: int) -> bool:
    return account.acked >= published and not (account.lost or account.doubled or account.foreign)


async def test_every_process_dies_and_every_fix_and_event_is_there_once(
    stack: Instance, tmp_path: Path
) -> None:
    """Also the live feed: each kill is followed by new positions for every viewer."""
    ready = await _fleet(stack, tmp_path, "chaos", fences=400)
    victims = everyone(ready.stack)

    done = await chaos_stream.with_kills(ready, victims, fixes=5_000, seconds=20, say=print)

    assert len(done.recoveries) == len(victims)
    assert _is_whole(done.account, published=5_000), done.account
    assert done.events.expected > 100
    assert done.events.right, done.events


async def test_who_books_and_who_dispatches_die_and_no_command_is_lost(
    stack: Instance, tmp_path: Path
) -> None:
    """Nothing that was answered is lost, no truck is promised twice, no leg awarded twice."""
    done = await chaos_bookings.with_kills(
        attach(stack.summary_file), tmp_path, trucks=12, clients=4, kills=2, say=print
    )

    assert [one.victim for one in done.recoveries] == list(chaos_bookings.VICTIMS)
    assert done.acked.count > 2 * chaos_bookings.BETWEEN_COMMANDS
    assert done.account.awards > 0
    assert done.account.is_whole, done.account


async def test_the_broker_dies_and_devices_with_receipts_lose_nothing(
    stack: Instance, tmp_path: Path
) -> None:
    ready = await _fleet(stack, tmp_path, "chaos-broker", fences=0)

    account = await chaos_receipts.broker_dies(
        ready, broker_killer(ready), devices=20, fixes_each=40, kills=2
    )

    assert _is_whole(account, published=800), account


async def test_nothing_leaves_our_hands_while_postgres_stands_still(
    stack: Instance, tmp_path: Path
) -> None:
    """No acknowledgement to the broker, no receipt to a device, before the commit."""
    ready = await _fleet(stack, tmp_path, "chaos-frozen", fences=0)

    proof = await chaos_receipts.database_stands_still(ready, devices=10, fixes_each=10)

    assert proof.broker_pending > 0
    assert (proof.pubacks_by_us, proof.receipts) == (0, 0)
    assert proof.receipts_after == proof.fixes
    assert _is_whole(proof.account, published=proof.fixes), proof.account
