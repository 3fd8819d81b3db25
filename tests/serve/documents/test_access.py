"""Documents are for whom they concern, and papers end when their documents say."""

from __future__ import annotations

import time
from collections.abc import Callable

from serve.gateway import Gateway
from serve.identity.permissions import PERMISSIONS_OF, Permission, Role
from tests.serve.caller import Caller
from tests.serve.test_bookings import book, tell
from tests.serve.uploading import LONG, PHOTO, send, sent

# -------------------------------------------------------------------------------- who may


async def test_a_shipper_has_its_own_bookings_documents(
    caller: Caller, speaking: Callable[..., Caller], booking: str
) -> None:
    mine, other = speaking(Role.SHIPPER, shipper="mill"), speaking(Role.SHIPPER, shipper="else")
    pod = await sent(caller, PHOTO, kind="pod", booking=booking)
    inner = await sent(caller, PHOTO, kind="office", booking=booking)
    own = await sent(mine, LONG, kind="goods_invoice", booking=booking)

    async def seen(who: Caller) -> set[str]:
        return {one["id"] for one in (await who.get("/v1/documents")).json()["items"]}

    assert await seen(mine) == {pod["id"], own["id"]}
    assert await seen(other) == set()
    for path in ("", "/content"):
        assert (await mine.get(f"/v1/documents/{pod['id']}{path}")).status_code == 200
        assert (await mine.get(f"/v1/documents/{inner['id']}{path}")).status_code == 404
        assert (await other.get(f"/v1/documents/{pod['id']}{path}")).status_code == 404
    assert (await send(other, PHOTO, kind="pod", booking=booking)).status_code == 422
    assert (await send(mine, PHOTO, kind="office", booking=booking)).status_code == 403
    papers = await send(mine, PHOTO, kind="kyc", subject="carriers/ravi")
    assert papers.status_code == 403
    about = await send(mine, PHOTO, kind="kyc", subject="shippers/mill")
    assert about.status_code == 201
    assert (await send(mine, PHOTO, kind="kyc", subject="shippers/else")).status_code == 422
    assert about.json()["id"] in await seen(mine)
    assert (await mine.get(f"/v1/documents/{about.json()['id']}/content")).status_code == 200


async def test_a_carrier_has_its_own_legs_and_trucks_documents(
    caller: Caller, speaking: Callable[..., Caller]
) -> None:
    for carrier, truck in (("ravi", "R1"), ("other", "O1")):
        await caller.ask("POST", "/v1/carriers", json={"id": carrier, "name": carrier})
        await caller.truck(truck, carrier=carrier)
    made = (await book(caller, legs_kg=[4000, 5000]))["id"]
    await tell(caller, made, "confirm")
    for leg, truck in (("L1", "R1"), ("L2", "O1")):
        await tell(caller, made, "assign", leg=leg, truck=truck, override=True, reason="a test")
    ravi, other = speaking(Role.CARRIER, carrier="ravi"), speaking(Role.DRIVER, carrier="other")
    whole = await sent(caller, PHOTO, kind="pod", booking=made)
    mine = await sent(ravi, PHOTO, kind="pod", booking=made, leg="L1")
    theirs = await sent(other, PHOTO, kind="pod", booking=made, leg="L2")
    paper = await sent(ravi, PHOTO, kind="paper", subject="trucks/R1", paper="rc")
    kyc = await sent(ravi, PHOTO, kind="kyc", subject="carriers/ravi", paper="pan_card")

    async def seen(who: Caller) -> set[str]:
        return {one["id"] for one in (await who.get("/v1/documents")).json()["items"]}

    assert await seen(ravi) == {whole["id"], mine["id"], paper["id"], kyc["id"]}
    assert await seen(other) == {whole["id"], theirs["id"]}
    for document in (mine, paper, kyc):
        assert (await other.get(f"/v1/documents/{document['id']}/content")).status_code == 404
    wrong = await send(ravi, LONG, kind="paper", subject="trucks/O1", paper="rc")
    assert wrong.status_code == 422
    assert (await send(ravi, LONG, kind="pod", booking=made, leg="L2")).status_code == 422
    assert (await ravi.get(f"/v1/documents/{kyc['id']}/content")).status_code == 200


async def test_another_tenant_finds_nothing(
    caller: Caller, neighbour: Caller, booking: str
) -> None:
    made = await sent(caller, PHOTO, kind="pod", booking=booking)

    for path in ("", "/content", "/links", "/accesses"):
        assert (await neighbour.get(f"/v1/documents/{made['id']}{path}")).status_code == 404
    assert (await neighbour.get("/v1/documents")).json()["items"] == []


async def test_personal_papers_want_the_permission(caller: Caller, gateway: Gateway) -> None:
    await caller.ask("POST", "/v1/carriers", json={"id": "ravi", "name": "Ravi"})
    made = await sent(caller, PHOTO, kind="kyc", subject="carriers/ravi")
    token = gateway.issuer.issue(
        client_id="c",
        tenant=caller.tenant.id,
        tenant_key=caller.tenant.key,
        permissions=tuple(set(PERMISSIONS_OF[Role.ADMIN]) - {Permission.PERSONAL_READ}),
        now_s=int(time.time()),
    )
    without = Caller(caller.http, caller.tenant, token)

    assert (await without.get(f"/v1/documents/{made['id']}")).status_code == 200
    for asked in (
        without.get(f"/v1/documents/{made['id']}/content"),
        without.ask("POST", f"/v1/documents/{made['id']}/links", json={}),
    ):
        assert (await asked).status_code == 403
    assert (await caller.get(f"/v1/documents/{made['id']}/content")).status_code == 200


# ---------------------------------------------------------------------------------- papers


async def test_a_paper_ends_when_its_document_says(caller: Caller) -> None:
    await caller.truck("T1")
    await caller.ask("PUT", "/v1/trucks/T1/papers/insurance", json={"number": "P-1"})
    await caller.ask("POST", "/v1/carriers", json={"id": "ravi", "name": "Ravi"})
    scan = {"kind": "paper", "subject": "trucks/T1", "paper": "insurance"}
    first = await sent(caller, PHOTO, **scan, valid_until="2027-05-31")
    second = await sent(caller, LONG, **scan)
    asked = {"kind": "kyc", "subject": "carriers/ravi", "paper": "pan_card"}
    pan = await sent(caller, PHOTO, **asked, valid_until="2030-01-31")
    none = await send(caller, PHOTO, **{**scan, "paper": "holiday"})

    (paper,) = (await caller.get("/v1/trucks/T1/papers")).json()["items"]
    assert (paper["number"], paper["valid_until"]) == ("P-1", "2027-05-31")
    assert (paper["document"], first["valid_until"]) == (second["id"], "2027-05-31")
    (document,) = (await caller.get("/v1/carriers/ravi/documents")).json()["items"]
    assert (document["kind"], document["valid_until"]) == ("pan_card", "2030-01-31")
    assert document["document"] == pan["id"]
    assert none.status_code == 422
