"""What simulated shippers and the office do about money, without a platform."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import httpx

from config.policy import policy
from freight.fleet.identifiers import gstin_fault, ifsc_fault
from geo.roads import read_roads
from sim.office import Office
from sim.paperwork import CARRIER_PLACE, OWN, SHIPPER
from sim.parties import Parties
from sim.party import Party
from sim.payers import Payers
from sim.world import World

RULES = policy().simulation
MARKET = RULES.market
NOW_MS = 1_793_520_000_000
WORLD = World(read_roads(), RULES, trucks=1, seed=3, start_ms=NOW_MS)
AT_ONCE = (0.0, 0.0)


def due(booking: str, amount_minor: int, kind: str = "balance") -> dict[str, Any]:
    amount = {"amount_minor": amount_minor, "currency": "INR"}
    return {"booking": booking, "due": f"{kind}-1", "kind": kind, "open": amount}


class Town(Parties):
    """Lists are as the test says, what is told is kept, and links are paid at a made-up sandbox."""

    def __init__(self, *, has_sandbox: bool = True) -> None:
        self.listed: list[dict[str, Any]] = []
        self.told: list[tuple[str, str, str, dict[str, Any]]] = []
        self.paid: list[tuple[str, dict[str, Any]]] = []
        self.seen: dict[str, Any] = {"approvals": ["a"], "approvals_needed": 1}
        self.link: dict[str, Any] | None = {"id": "plink_1"}
        there = httpx.AsyncClient(
            transport=httpx.MockTransport(self._at_sandbox), base_url="http://s"
        )
        here = httpx.AsyncClient(transport=httpx.MockTransport(self._answer), base_url="http://t")
        super().__init__(here, "demo", RULES, print, there if has_sandbox else None)
        self.now_ms = NOW_MS

    def _answer(self, _: httpx.Request) -> httpx.Response:
        page = {"access_token": "t", "items": self.listed, "next_cursor": None}
        return httpx.Response(200, json=page | {"id": "pay-1", "link": {"id": "plink_late"}})

    def _at_sandbox(self, request: httpx.Request) -> httpx.Response:
        self.paid.append((request.url.path, json.loads(request.content)))
        return httpx.Response(200, json={})

    async def tell(self, who: Party, what: str, path: str, **body: Any) -> dict[str, Any] | None:
        self.told.append((who.client_id, what, path, body))
        return {"id": f"pay-{len(self.told)}", "link": self.link, **self.seen}

    @property
    def whats(self) -> Counter[str]:
        return Counter(what for _, what, _, _ in self.told)


class Scene:
    def __init__(self, *, has_sandbox: bool = True, **changes: Any) -> None:
        usual = {"pay_after_s": AT_ONCE, "late_share": 0.0, "failed_share": 0.0, "cash_share": 0.0}
        rules = MARKET.payers.model_copy(update=usual | changes)
        self.town = Town(has_sandbox=has_sandbox)
        WORLD.now_ms = NOW_MS
        self.payers = Payers(self.town, WORLD, rules)

    async def look(self, *dues: dict[str, Any], after_s: float = 20.0) -> None:
        self.town.listed = list(dues)
        WORLD.now_ms += round(after_s * 1000)
        await self.payers.look({"b1", "b2"})


async def test_what_is_due_is_paid_once_by_a_link_and_others_dues_are_left_alone() -> None:
    scene = Scene()
    for _ in range(3):
        await scene.look(due("b1", 500_00), due("people's", 700_00))

    ((who, what, path, body),) = scene.town.told
    assert (who, what, path) == ("demo-shipper", "asked to pay", "/v1/payments")
    assert body == {
        "method": "upi",
        "amount": {"amount_minor": 500_00, "currency": "INR"},
        "booking": "b1",
        "due": "balance-1",
        "link": True,
    }
    assert scene.town.paid == [("/sandbox/links/plink_1/pay", {"method": "upi"})]


async def test_more_than_upi_takes_goes_by_netbanking() -> None:
    scene = Scene()
    await scene.look(due("b1", 100_000_01))

    assert scene.town.paid[0][1] == {"method": "netbanking"}


async def test_what_fails_first_is_paid_by_the_same_link() -> None:
    scene = Scene(failed_share=1.0)
    for _ in range(3):
        await scene.look(due("b1", 500_00))

    assert scene.town.whats == {"asked to pay": 1}
    assert [body.get("outcome") for _, body in scene.town.paid] == ["fail", None]


async def test_who_is_late_pays_later() -> None:
    scene = Scene(late_share=1.0, late_after_s=(600.0, 601.0))
    await scene.look(due("b1", 500_00))
    await scene.look(due("b1", 500_00), after_s=500)
    early = len(scene.town.paid)
    await scene.look(due("b1", 500_00), after_s=200)

    assert (early, len(scene.town.paid)) == (0, 1)


async def test_balances_are_paid_in_cash_and_handed_in_advances_are_not() -> None:
    scene = Scene(cash_share=1.0)
    await scene.look(due("b1", 500_00), due("b2", 900_00, "advance"))

    assert scene.town.whats == {"asked to pay": 2, "paid in cash": 1, "handed in": 1}
    assert [body["method"] for _, what, _, body in scene.town.told if "asked" in what] == [
        "cod",
        "upi",
    ]
    assert len(scene.town.paid) == 1


async def test_a_link_that_is_not_there_yet_is_asked_for_again() -> None:
    scene = Scene()
    scene.town.link = None
    await scene.look(due("b1", 500_00))
    await scene.look(due("b1", 500_00))

    assert scene.town.whats == {"asked to pay": 1}
    assert [path for path, _ in scene.town.paid] == ["/sandbox/links/plink_late/pay"]


async def test_without_a_sandbox_nobody_asks_or_pays() -> None:
    scene = Scene(has_sandbox=False, cash_share=1.0)
    await scene.look(due("b1", 500_00))

    assert scene.town.told == []


async def approved(settlements: list[dict[str, Any]], **seen: Any) -> Town:
    town = Town()
    town.seen |= seen
    town.listed = settlements
    WORLD.now_ms = NOW_MS
    office = Office(town, WORLD, MARKET.office)
    for _ in range(12):
        WORLD.now_ms += 30_000
        await office.look({"b1"})
    return town


async def test_the_office_approves_what_is_proposed_once() -> None:
    proposed = {"id": "set-1", "version": 2, "booking": "b1"}
    town = await approved([proposed, {**proposed, "id": "set-2", "booking": "people's"}])

    assert [(who, path) for who, _, path, _ in town.told] == [
        ("demo-finance", "/v1/settlements/set-1/approve")
    ]


async def test_a_second_person_approves_what_is_large() -> None:
    town = await approved([{"id": "set-1", "version": 2, "booking": "b1"}], approvals_needed=2)

    assert [who for who, _, _, _ in town.told] == ["demo-finance", "demo-admin"]


def test_those_who_stand_on_documents_have_numbers_that_can_be() -> None:
    for facts in (OWN, SHIPPER):
        assert gstin_fault(facts["gstin"]) is None
    assert ifsc_fault(SHIPPER["ifsc"]) is None
    assert SHIPPER["gstin"].startswith(SHIPPER["state"])
    assert all(CARRIER_PLACE[name] for name in ("address", "pin", "state"))
