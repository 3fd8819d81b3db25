"""Proofs with quantities and kept documents over the API, and the weights that follow."""

from __future__ import annotations

from typing import Any

import pytest

from serve.gateway import Gateway
from serve.identity.permissions import Role
from tests.serve.bound import BoundTokens
from tests.serve.caller import Caller
from tests.serve.test_bookings import book, tell
from tests.serve.uploading import LONG, PHOTO, sent

WORTH = {"amount_minor": 6_300_000, "currency": "INR"}


@pytest.fixture
async def booking(caller: Caller) -> str:
    """With its truck at the drop; seven rupees a kilogram."""
    await caller.ask("POST", "/v1/carriers", json={"id": "ravi", "name": "Ravi"})
    await caller.truck("R1", carrier="ravi")
    made = (await book(caller, declared_value=WORTH, shipper="mill"))["id"]
    await tell(caller, made, "confirm")
    await tell(caller, made, "assign", truck="R1", override=True, reason="a test")
    for milestone, stop in (("arrived", "S1"), ("left", "S1"), ("arrived", "S2")):
        await tell(caller, made, "milestones", milestone=milestone, stop=stop, reason="rang")
    return str(made)


async def proves(who: Caller, booking: str, **more: Any) -> Any:
    said = {"stop": "S2", "kind": "signature", "receiver": "Rao"} | more
    return await who.ask("POST", f"/v1/bookings/{booking}/proofs", json=said)


async def test_a_delivery_is_proven_with_its_weights(
    caller: Caller, gateway: Gateway, monkeypatch: pytest.MonkeyPatch, booking: str
) -> None:
    token = BoundTokens(monkeypatch).token(gateway, caller.tenant, Role.CARRIER, carrier="ravi")
    ravi = Caller(caller.http, caller.tenant, token)
    slip = await sent(ravi, PHOTO, kind="weighbridge_slip", booking=booking, leg="L1", stop="S1")
    pod = await sent(ravi, LONG, kind="pod", booking=booking, leg="L1", stop="S2")
    weighing = {"tare_kg": 8000, "gross_kg": 17_000, "slip": slip["id"]}
    received = [{"material": "cement", "quantity_kg": 8820, "remarks": "4 bags torn"}]
    path = f"/v1/bookings/{booking}/weights"
    before = (await caller.get(path)).json()["legs"][0]

    for more in (
        {"stop": "S1", "weighing": weighing},
        {"received": received, "documents": [pod["id"]]},
    ):
        proven = await proves(ravi, booking, **more)
        assert proven.status_code == 200, proven.text

    assert (before["loaded_kg"], before["unloaded_kg"], before["shortage"]) == (9000, None, None)
    (leg,) = (await caller.get(path)).json()["legs"]
    assert (leg["loaded_kg"], leg["unloaded_kg"]) == (9000, 8820)
    assert (leg["loaded"][0]["source"], leg["loaded"][0]["slip"]) == ("weighbridge", slip["id"])
    # 180 missing, 27 of them tolerated for cement; 153 at seven rupees.
    short = leg["shortage"]
    assert (short["missing_kg"], short["tolerated_kg"], short["charged_kg"]) == (180, 27, 153)
    assert short["debit"] == {"amount_minor": 107_100, "currency": "INR"}
    assert (await ravi.get(path)).json()["legs"] == [leg]
    assert (await ravi.get(f"/v1/bookings/{booking}")).json()["declared_value"] == WORTH
    (shown,) = (await caller.get(f"/v1/bookings/{booking}")).json()["legs"]
    assert [proof["documents"] for proof in shown["proofs"]] == [[slip["id"]], [pod["id"]]]
    assert shown["proofs"][1]["received"][0]["remarks"] == "4 bags torn"
    for kept in (slip, pod):
        assert (await caller.ask("DELETE", f"/v1/documents/{kept['id']}")).status_code == 409


async def test_only_documents_of_the_booking_prove_it(caller: Caller, booking: str) -> None:
    other = (await book(caller))["id"]
    strange = await sent(caller, PHOTO, kind="pod", booking=other)
    at_pickup = await sent(caller, PHOTO, kind="pod", booking=booking, stop="S1")

    for more, pointer in (
        ({"documents": [strange["id"]]}, "/documents/0"),
        ({"documents": ["doc-nobody"]}, "/documents/0"),
        ({"documents": [at_pickup["id"]]}, "/documents/0"),
        ({"weighing": {"tare_kg": 1, "gross_kg": 2, "slip": strange["id"]}}, "/weighing/slip"),
        ({"received": [{"material": "sand", "quantity_kg": 5}]}, ""),
        ({"weighing": {"tare_kg": 5, "gross_kg": 2}}, ""),
    ):
        refused = await proves(caller, booking, **more)
        assert refused.status_code == 422, refused.text
        assert refused.json()["errors"][0]["pointer"] == pointer
