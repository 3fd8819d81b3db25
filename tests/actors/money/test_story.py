"""The whole story of a booking's money through the sandbox's real HTTP, to the paisa; and the same
when the process that tells it is killed at any of its steps."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from actors.booking_writing import TenantName
from config.installation import Postgres
from freight.invoices.documents import Document
from freight.settlements.state import Head, Settlement, Status
from store import invoices, settlements
from store.key_file import create_key_ring
from store.postgres import AnyConnection, AnyPool, as_tenant
from tests.actors.money import story as told
from tests.actors.money.telling import Books, Telling, tell
from tests.conftest import found_tenant
from tests.providers.sandbox import SandboxServer

# Of all steps at which one can die, every so manyth in the suite; 1 tries them all.
EVERY = 17
WITHIN_S = 120.0
Begin = Callable[[], Awaitable[Telling]]

pytestmark = pytest.mark.usefixtures("fresh_books")


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxServer]:
    made = SandboxServer(tmp_path_factory.mktemp("story-sandbox"))
    made.start()
    made.act("switches", is_automatic=False, is_paused=True)
    yield made
    made.kill()


class Tellers:
    """Processes of their own, each forked from one that has loaded the program and nothing else."""

    def __init__(self) -> None:
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(["tests.actors.money.telling"])

    def tell(self, telling: Telling, at: int | None = None) -> int | None:
        """How the process ended."""
        process = self._context.Process(target=tell, args=(telling, at))
        process.start()
        process.join(WITHIN_S)
        if process.exitcode is None:
            process.kill()
        return process.exitcode


BY_HAND = Books(
    balances={
        "provider_clearing": 103_172_00,
        "freight_income": -1_00_000_00,
        "detention_income": -400_00,
        "output_igst": -18_072_00,
        "shortage_cost": 15_300_00,
        "carriage_cost": 80_000_00,
        "detention_cost": 400_00,
        "recoveries": -15_300_00,
        "tds_payable": -1_608_00,
        "payout_account": -63_492_00,
    },
    papers=[
        ("receipt_voucher", 94_400_00, "RV/26-27/0000001"),
        ("consignment_note", 0, "LR26-27/0000001"),
        ("tax_invoice", 1_18_000_00, "IN/26-27/0000001"),
        ("tax_invoice", 472_00, "IN/26-27/0000002"),
    ],
    paid=[(94_400_00, 0), (8_772_00, 0)],
    settled=[
        ("freight", 80_000_00),
        ("detention", 400_00),
        ("shortage", -15_300_00),
        ("tds", -1_608_00),
    ],
    paid_out=[("processed", 63_492_00)],
    owed=[("advance-1", 94_400_00, 94_400_00), ("balance-1", 8_772_00, 8_772_00)],
)


@pytest.fixture(scope="module")
def tellers() -> Tellers:
    return Tellers()


@pytest.fixture
def begin(where: Postgres, owner: AnyConnection, sandbox: SandboxServer, tmp_path: Path) -> Begin:
    """The story in the books of a new tenant each time."""
    key_file = tmp_path / "keys.json"
    create_key_ring(key_file)

    async def begun() -> Telling:
        made = await found_tenant(owner, "Story")
        name, kept = TenantName(made.key, made.id), tmp_path / made.id
        return Telling(where, key_file, sandbox.installed, sandbox.url, name, kept)

    return begun


async def test_the_story_ends_as_it_was_reckoned_by_hand(
    begin: Begin, tellers: Tellers, app: AnyPool
) -> None:
    telling = await begin()
    assert tellers.tell(telling) == 0

    end = telling.outcome()
    assert (told.BALANCE, told.PAYOUT) == (8_772_00, 63_492_00)
    assert end is not None
    assert end.books == BY_HAND
    async with as_tenant(app, telling.tenant.key) as conn:
        papers = {one.number: one for one in await invoices.of_booking(conn, end.booking)}
        (settlement,) = await settlements.of_booking(conn, end.booking)
    _invoices_are_right(papers)
    _settlement_is_right(settlement)


def _invoices_are_right(papers: dict[str, Document]) -> None:
    voucher, first, second = (
        papers["RV/26-27/0000001"],
        papers["IN/26-27/0000001"],
        papers["IN/26-27/0000002"],
    )
    assert (voucher.taxable_minor, voucher.tax_minor) == (80_000_00, 14_400_00)
    assert (first.taxable_minor, first.tax_minor, first.is_inter_state) == (
        *(1_00_000_00, 18_000_00),
        True,
    )
    assert [reference.number for reference in first.references] == [voucher.number]
    assert (second.taxable_minor, second.tax_minor) == (400_00, 72_00)
    assert (first.buyer.gstin, first.seller.gstin) == ("29AAGCB7383J1Z4", "27AAPFU0939F1ZV")
    assert first.lacks == ()


def _settlement_is_right(settlement: Settlement) -> None:
    tds = next(line for line in settlement.lines if line.head is Head.TDS)
    assert (tds.base_minor, tds.rate_bp) == (80_400_00, 200)
    assert settlement.status is Status.PAID


async def test_killed_wherever_the_books_are_the_same(begin: Begin, tellers: Tellers) -> None:
    """With -9, before and after every commit and every question to the provider."""
    whole = await begin()
    assert tellers.tell(whole) == 0
    end = whole.outcome()
    assert end is not None
    assert end.steps > 100

    for at in range(1 + end.steps % EVERY, end.steps + 1, EVERY):
        telling = await begin()
        assert tellers.tell(telling, at) == -signal.SIGKILL, f"step {at} of {end.steps}"
        assert telling.outcome() is None
        assert tellers.tell(telling) == 0
        after = telling.outcome()
        assert after is not None
        assert after.deaths == 1
        assert after.books == BY_HAND, f"killed at step {at} of {end.steps}"
