"""The adapter against the simulator's real HTTP: the portal's rules, its codes, its outages."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from msgspec import convert
from msgspec.structs import replace

from freight.eway.codes import CancelReason, ExtensionReason, PartBReason
from freight.eway.payloads import (
    Extension,
    PartB,
    cancellation,
    extension,
    generation,
    transporter_change,
    vehicle_change,
)
from freight.eway.times import ms_from, time_text
from providers.errors import ProviderAwayError, ProviderRefusedError
from providers.eway.gsp import GspPortal, code_of
from providers.eway.wire import Bill, Wrapped
from tests.freight.eway.given import CONSIGNMENT, GENERATED_MS, TRANSPORT, UNTIL_MS
from tests.providers.eway_simulator import GSTIN, Simulated

HOUR_MS = 3_600_000


@pytest.fixture
async def simulated(tmp_path: Path) -> AsyncIterator[Simulated]:
    async with Simulated(tmp_path / "portal").running() as running:
        await running.at(GENERATED_MS)
        yield running


def request(number: str = "INV-1", **transport: Any) -> dict[str, Any]:
    document = replace(CONSIGNMENT.document, number=number)
    given = replace(CONSIGNMENT, document=document)
    return generation(given, replace(TRANSPORT, **transport), GSTIN)


async def code(portal: GspPortal, action: str, payload: dict[str, Any]) -> str:
    with pytest.raises(ProviderRefusedError) as refused:
        await getattr(portal, action)(payload)
    return refused.value.code


async def test_a_bill_from_generation_to_cancellation(simulated: Simulated) -> None:
    portal = simulated.portal()
    made = await portal.generate(request())
    assert made.number is not None
    assert (made.at_ms, time_text(made.valid_until_ms or 0)) == (
        GENERATED_MS,
        "27/11/2026 11:59:00 PM",
    )

    swap = PartB("MH12AB1234", "Dhule", 27, PartBReason.BREAK_DOWN, "Break down")
    changed = await portal.change_vehicle(vehicle_change(made.number, swap))
    moved = await portal.change_transporter(transporter_change(made.number, "05AAACG2140A1ZL"))
    found = await portal.fetch(made.number)
    assert changed.valid_until_ms == made.valid_until_ms
    assert moved.at_ms == GENERATED_MS
    assert (found.vehicle, found.transporter, found.is_cancelled) == (
        "MH12AB1234",
        "05AAACG2140A1ZL",
        False,
    )

    await portal.cancel(cancellation(made.number, CancelReason.DATA_ENTRY, "For Test"))
    assert (await portal.fetch(made.number)).is_cancelled
    again = vehicle_change(made.number, swap)
    assert await code(portal, "change_vehicle", again) == "312"


async def test_a_document_gets_one_bill(simulated: Simulated) -> None:
    portal = simulated.portal()
    made = await portal.generate(request())

    assert await code(portal, "generate", request()) == "604"
    assert await portal.by_document("INV", "INV-1") == made.number
    assert await portal.by_document("INV", "INV-2") is None


async def test_part_a_alone_is_valid_from_its_first_vehicle(simulated: Simulated) -> None:
    portal = simulated.portal()
    made = await portal.generate(request(vehicle=None, transporter="05AAACG2140A1ZL"))
    assert made.number is not None
    assert made.valid_until_ms is None

    await simulated.at(GENERATED_MS + 48 * HOUR_MS)
    first = PartB("GJ07DL9009", "Surat", 24, PartBReason.FIRST_TIME, "First time")
    entered = await portal.change_vehicle(vehicle_change(made.number, first))
    assert time_text(entered.valid_until_ms or 0) == "29/11/2026 11:59:00 PM"


@pytest.mark.parametrize(
    ("hours", "allowed"), [(-8.01, False), (-8, True), (0, True), (8, True), (8.01, False)]
)
async def test_the_portal_extends_inside_its_window(
    simulated: Simulated, hours: float, allowed: bool
) -> None:
    portal = simulated.portal()
    made = await portal.generate(request())
    given = Extension("Dhule", 424001, 27, 300, ExtensionReason.OTHERS, "Delay")
    payload = extension(made.number or "", given)
    await simulated.at(UNTIL_MS + int(hours * HOUR_MS))

    if not allowed:
        assert await code(portal, "extend", payload) == "373"
        return
    longer = await portal.extend(payload)
    day = 29 if hours <= 0 else 30
    assert time_text(longer.valid_until_ms or 0) == f"{day}/11/2026 11:59:00 PM"


@pytest.mark.parametrize("kind", ["lost", "outage"])
async def test_what_nobody_knows_is_no_refusal(simulated: Simulated, kind: str) -> None:
    portal = simulated.portal()
    await simulated.trouble("GENEWAYBILL", kind)
    with pytest.raises(ProviderAwayError):
        await portal.generate(request())

    assert (await portal.by_document("INV", "INV-1") is not None) is (kind == "lost")
    assert (await simulated.calls())["GENEWAYBILL"] == 1


async def test_wrong_credentials_are_not_the_bills_fault(simulated: Simulated) -> None:
    with pytest.raises(ProviderAwayError, match="credentials"):
        await simulated.portal("another").generate(request())


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"distance_km": 4_001}, "702"),
        ({"vehicle": "LORRY"}, "304"),
        ({"transporter": "nobody"}, "328"),
        ({"vehicle": None}, "303"),
    ],
)
async def test_the_portals_refusals(
    simulated: Simulated, changes: dict[str, Any], expected: str
) -> None:
    assert await code(simulated.portal(), "generate", request(**changes)) == expected


async def test_its_bills_and_clock_survive_it(tmp_path: Path) -> None:
    first = Simulated(tmp_path / "portal")
    async with first.running():
        await first.at(GENERATED_MS)
        made = await first.portal().generate(request())
    again = Simulated(tmp_path / "portal")
    async with again.running():
        found = await again.portal().fetch(made.number or "")
        second = await again.portal().generate(request("INV-2"))

    assert (found.generated_ms, found.vehicle) == (GENERATED_MS, "GJ07DL9009")
    assert (second.at_ms, int(second.number or 0)) == (GENERATED_MS, int(made.number or 0) + 1)


async def test_the_other_party_rejects(simulated: Simulated) -> None:
    portal = simulated.portal()
    made = await portal.generate(request())
    await simulated.ask("POST", f"/bills/{made.number}/reject")

    assert (await portal.fetch(made.number or "")).is_rejected


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (Wrapped(False, "604: duplicate"), "604"),
        (Wrapped(False, "[312] - not yours"), "312"),
        (Wrapped(False, "This eway bill is either not generated by you or cancelled"), "312"),
        (Wrapped(False, "Could not retrieve transporter details from gstin"), "328"),
        (Wrapped(False, "something else", None, 702), "702"),
        (Wrapped(False, "something else"), None),
    ],
)
def test_codes_are_found_where_they_stand(said: Wrapped, expected: str | None) -> None:
    assert code_of(said) == expected


def test_the_last_vehicle_is_the_one_entered_last() -> None:

    bill = convert(
        {
            "ewbNo": "301002999920",
            "ewayBillDate": "05/10/2022 12:39:00 PM",
            "validUpto": "",
            "VehiclListDetails": [
                {"vehicleNo": "GJ07DL9001", "enteredDate": "05/10/2022 12:44:00 PM"},
                {"vehicleNo": "GJ07DL9009", "enteredDate": "05/10/2022 12:39:00 PM"},
            ],
        },
        Bill,
        strict=False,
    )

    assert (bill.found.vehicle, bill.found.valid_until_ms) == ("GJ07DL9001", None)
    assert bill.found.generated_ms == ms_from("05/10/2022 12:39:00 PM")
