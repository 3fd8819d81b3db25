"""/v1/documents: taken in whole, kept sealed, given to whom they concern, and on record."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from config.policy import Snapshot
from providers.errors import ProviderAwayError
from serve.documents.sweeping import Sweeper
from serve.documents.tokens import LinkSigner, LinkToken
from serve.gateway import Gateway
from serve.identity.permissions import PERMISSIONS_OF, Permission, Role
from store.blobs.port import BlobsAwayError
from store.key_file import KeyFile
from store.postgres import AnyPool, as_tenant
from store.reseal import reseal_database
from tests.freight.documents.pictures import jpeg, pdf, png, tiff
from tests.serve.bound import BoundTokens
from tests.serve.caller import Caller
from tests.serve.test_bookings import book, tell
from tests.serve.uploading import send, sent

PHOTO = jpeg(comment=b"at the gate")
LONG = jpeg(comment=b"x" * 60_000)
ACTING = pdf(b"<< /S /JavaScript >>")
DAY_MS = 86_400_000


@pytest.fixture
def bound(monkeypatch: pytest.MonkeyPatch) -> BoundTokens:
    return BoundTokens(monkeypatch)


@pytest.fixture
def speaking(caller: Caller, gateway: Gateway, bound: BoundTokens) -> Callable[..., Caller]:
    def of(role: Role, **binding: str) -> Caller:
        token = bound.token(gateway, caller.tenant, role, **binding)
        return Caller(caller.http, caller.tenant, token)

    return of


@pytest.fixture
async def booking(caller: Caller) -> str:
    return str((await book(caller, shipper="mill"))["id"])


@pytest.fixture
def sweeper(gateway: Gateway) -> Sweeper:
    return Sweeper(gateway.documents, gateway.settings, gateway.system_pool)


def with_rules(gateway: Gateway, **sections: Any) -> None:
    now = gateway.settings.now
    changed = {
        name: getattr(now, name).model_copy(update=update) for name, update in sections.items()
    }
    gateway.settings.swap(Snapshot(now.model_copy(update=changed)))


def files(gateway: Gateway) -> list[Path]:
    root = gateway.installation.data_dir / "documents"
    return sorted(path for path in root.rglob("*") if path.is_file())


async def test_a_picture_is_taken_in_and_read_again(
    caller: Caller, gateway: Gateway, booking: str
) -> None:
    answer = await send(
        caller, PHOTO, kind="photo", booking=booking, stop="S2", name="C:\\x\\à.jpg"
    )
    made = answer.json()

    assert answer.status_code == 201
    assert answer.headers["location"] == f"/v1/documents/{made['id']}"
    assert (made["content_type"], made["bytes"], made["scan"]) == ("image/jpeg", len(PHOTO), "none")
    assert (made["subject"], made["stop"], made["name"]) == (f"bookings/{booking}", "S2", "à.jpg")
    assert (await caller.get(f"/v1/documents/{made['id']}")).json() == made
    given = await caller.get(f"/v1/documents/{made['id']}/content")
    assert given.content == PHOTO
    assert given.headers["content-type"] == "image/jpeg"
    assert given.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in given.headers["content-security-policy"]
    assert given.headers["content-disposition"].startswith("inline; ")
    (kept,) = files(gateway)
    assert PHOTO[20:40] not in kept.read_bytes()


async def test_the_same_again_is_the_same_document(
    caller: Caller, gateway: Gateway, booking: str
) -> None:
    first = await send(caller, PHOTO, kind="photo", booking=booking)
    again = await send(caller, PHOTO, kind="photo", booking=booking, name="b.jpg")
    at_once = await asyncio.gather(
        *(send(caller, LONG, kind="photo", booking=booking) for _ in range(4))
    )
    elsewhere = await send(caller, PHOTO, kind="photo", booking=booking, stop="S1")

    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == first.json()
    assert len({one.json()["id"] for one in at_once}) == 1
    assert max(one.status_code for one in at_once) == 201
    assert elsewhere.json()["id"] != first.json()["id"]
    assert len(files(gateway)) == 3


async def test_where_it_was_taken_is_left_out_or_kept(
    caller: Caller, gateway: Gateway, booking: str
) -> None:
    taken = jpeg(tiff())
    stripped = await sent(caller, taken, kind="photo", booking=booking)
    with_rules(gateway, documents={"positions": "keep"})
    kept = await sent(caller, taken, kind="photo", booking=booking)

    assert stripped["sha256"] != kept["sha256"]
    content = (await caller.get(f"/v1/documents/{kept['id']}/content")).content
    assert content == taken


@pytest.mark.parametrize(
    ("content", "told", "fields", "pointer", "code"),
    [
        (b"<html>", "image/jpeg", {}, "/file", "unknown_form"),
        (png(), "image/jpeg", {}, "/file", "other_form"),
        (PHOTO[:-2], "image/jpeg", {}, "/file", "broken_document"),
        (
            pdf(b"<< /S /JavaScript >>"),
            "application/pdf",
            {"kind": "pod"},
            "/file",
            "active_document",
        ),
        (pdf(b"<<>>"), "application/pdf", {}, "/file", "unwanted_form"),
        (b"", "image/jpeg", {}, "/file", None),
        (PHOTO, "image/jpeg", {"kind": "holiday"}, "/kind", None),
        (PHOTO, "image/jpeg", {"kind": "paper"}, "/subject", None),
        (PHOTO, "image/jpeg", {"booking": "bk-nobody"}, "/booking", None),
        (PHOTO, "image/jpeg", {"leg": "L9"}, "/leg", None),
        (PHOTO, "image/jpeg", {"stop": "S9"}, "/stop", None),
        (PHOTO, "image/jpeg", {"subject": "trucks/T1"}, "/subject", None),
        (PHOTO, "image/jpeg", {"colour": "red"}, "/colour", None),
        (PHOTO, "image/jpeg", {"valid_until": "tomorrow"}, "/valid_until", None),
    ],
)
async def test_what_is_wrong_is_said_where(  # noqa: PLR0917 - fixtures, and what is sent
    caller: Caller,
    gateway: Gateway,
    booking: str,
    content: bytes,
    told: str,
    fields: dict[str, str],
    pointer: str,
    code: str | None,
) -> None:
    asked = {"kind": "photo", "booking": booking, **fields}
    refused = await send(caller, content, told, **asked)

    assert refused.status_code == 422, refused.text
    (error,) = refused.json()["errors"]
    assert (error["pointer"], error.get("code")) == (pointer, code)
    assert files(gateway) == []


async def test_a_request_without_one_file_is_refused(caller: Caller, booking: str) -> None:
    asked = {"kind": "photo", "booking": booking}
    two = [("file", ("a.jpg", PHOTO)), ("file", ("b.jpg", PHOTO))]
    answers = [
        await caller.ask("POST", "/v1/documents", json=asked),
        await caller.ask("POST", "/v1/documents", files={"other": ("a.jpg", PHOTO)}, data=asked),
        await caller.ask("POST", "/v1/documents", files=two, data=asked),
        await caller.ask("POST", "/v1/documents", files={"file": (None, "text")}, data=asked),
        await caller.ask(
            "POST",
            "/v1/documents",
            content=b"no parts",
            headers={"content-type": "multipart/form-data; boundary=x"},
        ),
    ]

    assert {answer.status_code for answer in answers} == {422}


async def test_too_large_and_too_many_are_refused(
    caller: Caller, gateway: Gateway, booking: str
) -> None:
    photo = gateway.policy.documents.kinds["photo"]
    small = photo.model_copy(update={"bytes_max": len(PHOTO) - 1})
    kinds = {**gateway.policy.documents.kinds, "photo": small}
    with_rules(gateway, documents={"kinds": kinds})
    large = await send(caller, PHOTO, kind="photo", booking=booking)
    with_rules(gateway, document_store={"body_bytes_max": 500})
    larger = await send(caller, LONG, kind="pod", booking=booking)
    with_rules(gateway, documents={"of_subject_max": 1}, document_store={"body_bytes_max": 500_000})
    fits = await send(caller, PHOTO, kind="pod", booking=booking)
    beyond = await send(caller, LONG, kind="pod", booking=booking)
    again = await send(caller, PHOTO, kind="pod", booking=booking)
    with_rules(gateway, document_store={"uploads_max": 1})
    with gateway.documents.taking(1):
        busy = await send(caller, PHOTO, kind="pod", booking=booking)

    assert (large.status_code, larger.status_code) == (413, 413)
    assert (fits.status_code, beyond.status_code, again.status_code) == (201, 409, 200)
    assert (busy.status_code, "retry-after" in busy.headers) == (503, True)


async def test_a_larger_body_than_others_may_have_is_taken(
    caller: Caller, gateway: Gateway, booking: str
) -> None:
    with_rules(gateway, api={"body_bytes_max": 1000})

    assert (await send(caller, LONG, kind="photo", booking=booking)).status_code == 201
    other = await caller.ask("POST", "/v1/trucks", json={"id": "x" * 2000})
    assert other.status_code == 413


@pytest.mark.parametrize(
    ("asked", "part"),
    [
        ("bytes=0-9", slice(0, 10)),
        ("bytes=100-", slice(100, None)),
        ("bytes=-7", slice(-7, None)),
        ("bytes=5-99999999", slice(5, None)),
    ],
)
async def test_a_part_is_given(caller: Caller, booking: str, asked: str, part: slice) -> None:
    made = await sent(caller, LONG, kind="photo", booking=booking)
    path = f"/v1/documents/{made['id']}/content"
    given = await caller.get(path, headers={"Range": asked, "Accept-Encoding": "gzip"})

    assert given.status_code == 206
    assert given.content == LONG[part]
    start, end, _ = part.indices(len(LONG))
    assert given.headers["content-range"] == f"bytes {start}-{end - 1}/{len(LONG)}"


async def test_parts_that_are_not_and_what_is_known_already(caller: Caller, booking: str) -> None:
    made = await sent(caller, PHOTO, kind="photo", booking=booking)
    path = f"/v1/documents/{made['id']}/content"
    tag = f'"{made["sha256"]}"'

    async def asked(**headers: str) -> httpx.Response:
        return await caller.get(path, headers=headers)

    beyond = await asked(Range=f"bytes={len(PHOTO)}-")
    assert (beyond.status_code, beyond.headers["content-range"]) == (416, f"bytes */{len(PHOTO)}")
    assert (await asked(Range="bytes=-0")).status_code == 416
    for odd in ("bytes=9-3", "lines=1-2", "bytes=1-2,5-6", "bytes=-"):
        whole = await asked(Range=odd)
        assert (whole.status_code, whole.content) == (200, PHOTO)
    another = await asked(**{"Range": "bytes=0-1", "If-Range": '"another"'})
    assert (another.status_code, another.content) == (200, PHOTO)
    same = await asked(**{"Range": "bytes=0-1", "If-Range": tag})
    assert same.status_code == 206
    assert (await asked(**{"If-None-Match": tag})).status_code == 304


async def test_documents_are_listed_by_what_they_are_about(caller: Caller, booking: str) -> None:
    await caller.truck("T1")
    made = [
        await sent(caller, PHOTO, kind="photo", booking=booking),
        await sent(caller, LONG, kind="pod", booking=booking),
        await sent(caller, PHOTO, kind="paper", subject="trucks/T1", paper="rc"),
    ]

    async def listed(**asked: str) -> list[str]:
        answer = await caller.get("/v1/documents", params=asked)
        return [one["id"] for one in answer.json()["items"]]

    ids = [one["id"] for one in made]
    assert await listed() == ids[::-1]
    assert await listed(booking=booking) == ids[1::-1]
    assert await listed(booking=booking, kind="pod") == [ids[1]]
    assert await listed(subject="trucks/T1") == [ids[2]]
    assert await listed(paper="rc") == [ids[2]]
    first = (await caller.get("/v1/documents", params={"limit": "2"})).json()
    assert await listed(limit="2", cursor=first["next_cursor"]) == ids[:1]


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


# ----------------------------------------------------------------------------------- links


async def linked(who: Caller, document: str, **asked: Any) -> dict[str, Any]:
    answer = await who.ask("POST", f"/v1/documents/{document}/links", json=asked)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def test_a_link_leads_to_one_document_without_a_token(
    caller: Caller, http: httpx.AsyncClient, booking: str
) -> None:
    made = await sent(caller, PHOTO, kind="pod", booking=booking)
    link = await linked(caller, made["id"])

    given = await http.get(link["path"])
    part = await http.get(link["path"], headers={"Range": "bytes=0-3"})

    assert (given.status_code, given.content) == (200, PHOTO)
    assert given.headers["cache-control"] == "private, no-store"
    assert given.headers["referrer-policy"] == "no-referrer"
    assert (part.status_code, part.content) == (206, PHOTO[:4])
    (listed,) = (await caller.get(f"/v1/documents/{made['id']}/links")).json()["items"]
    assert "path" not in listed
    assert listed["used_at"] is not None


async def test_a_link_ends_when_it_is_revoked_used_up_or_expired(
    caller: Caller, http: httpx.AsyncClient, gateway: Gateway, booking: str
) -> None:
    made = await sent(caller, PHOTO, kind="pod", booking=booking)
    once = await linked(caller, made["id"], single_use=True)
    at_once = await asyncio.gather(*(http.get(once["path"]) for _ in range(5)))
    assert sorted(one.status_code for one in at_once) == [200, 404, 404, 404, 404]

    revoked = await linked(caller, made["id"], valid_s=600)
    path = f"/v1/documents/{made['id']}/links/{revoked['id']}"
    first = await caller.ask("DELETE", path)
    again = await caller.ask("DELETE", path)
    assert first.json() == again.json()
    assert (await http.get(revoked["path"])).status_code == 404

    expiring = await linked(caller, made["id"], valid_s=600)
    token = expiring["path"].rpartition("/")[2]
    signer = gateway.documents.links
    assert signer.read(token, time.time() + 598) is not None
    assert signer.read(token, time.time() + 601) is None
    too_long = await caller.ask(
        "POST", f"/v1/documents/{made['id']}/links", json={"valid_s": 2**31}
    )
    assert too_long.status_code == 422


async def test_a_forged_link_leads_nowhere(
    caller: Caller, http: httpx.AsyncClient, gateway: Gateway, booking: str, tmp_path: Path
) -> None:
    made = await sent(caller, PHOTO, kind="pod", booking=booking)
    link = await linked(caller, made["id"])
    start, _, token = link["path"].rpartition("/")
    tenant, name, until, version, proof = token.split(".")
    forged = [
        ".".join((f"{int(tenant, 16) + 1:x}", name, until, version, proof)),
        ".".join((tenant, name, f"{int(until, 16) + 9999:x}", version, proof)),
        ".".join((tenant, name, until, "99", proof)),
        ".".join((tenant, name, until, version, proof[:-1] + ("A" if proof[-1] != "A" else "B"))),
        ".".join((tenant, "another", until, version, proof)),
        "x" * 80,
        "0.a.0.0." + "-" * 43,
    ]

    for one in forged:
        assert (await http.get(f"{start}/{one}")).status_code == 404, one
    assert (await http.get(link["path"])).status_code == 200


async def test_only_so_many_links_are_good(caller: Caller, gateway: Gateway, booking: str) -> None:
    links = gateway.policy.documents.links.model_copy(update={"of_document_max": 1})
    with_rules(gateway, documents={"links": links})
    made = await sent(caller, PHOTO, kind="pod", booking=booking)
    first = await linked(caller, made["id"])
    path = f"/v1/documents/{made['id']}/links"
    assert (await caller.ask("POST", path, json={})).status_code == 409
    await caller.ask("DELETE", f"{path}/{first['id']}")
    assert (await caller.ask("POST", path, json={})).status_code == 201


async def test_links_of_an_older_key_stay_good(
    caller: Caller, http: httpx.AsyncClient, gateway: Gateway, booking: str
) -> None:
    """And what it sealed opens, also after all has moved to the newer one."""
    made = await sent(caller, PHOTO, kind="pod", booking=booking)
    link = await linked(caller, made["id"])
    keys = KeyFile(gateway.installation.key_file)
    before = files(gateway)[0].read_bytes()

    keys.rotate()
    async with gateway.system_pool.acquire() as conn:
        moved = await reseal_database(conn, keys, 10)

    assert moved["documents.content_secret_sealed"] >= 1
    assert files(gateway)[0].read_bytes() == before
    assert (await http.get(link["path"])).content == PHOTO


async def test_every_access_is_on_record(
    caller: Caller, http: httpx.AsyncClient, app: AnyPool, booking: str
) -> None:
    made = await sent(caller, PHOTO, kind="pod", booking=booking)
    link = await linked(caller, made["id"])
    await http.get(link["path"])
    await caller.get(f"/v1/documents/{made['id']}/content")

    listed = (await caller.get(f"/v1/documents/{made['id']}/accesses")).json()["items"]

    assert [(one["by"], one["link"]) for one in listed] == [
        (f"client:{caller.tenant.id}-admin", None),
        ("link", link["id"]),
    ]
    async with as_tenant(app, caller.tenant.key) as conn:
        with pytest.raises(Exception, match="permission denied"):
            await conn.execute("DELETE FROM document_accesses")
    whole = (await caller.get("/v1/audit")).text
    assert "documents.upload" in whole
    assert "documents.share" in whole
    assert link["path"] not in whole


# --------------------------------------------------------------------------------- scanning


class Scanner:
    """Finds what it is told to, or is away."""

    def __init__(self) -> None:
        self.says: str | None = None
        self.is_away = False

    async def finding(self, content: bytes) -> str | None:
        assert content.startswith(b"\xff\xd8")
        if self.is_away:
            raise ProviderAwayError("nobody answers")
        return self.says


@pytest.fixture
def scanner(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> Scanner:
    found = Scanner()
    monkeypatch.setattr(gateway.documents, "_scanner", found)
    return found


async def test_a_clean_one_is_given_and_an_infected_one_not_taken(
    caller: Caller, gateway: Gateway, scanner: Scanner, booking: str
) -> None:
    clean = await sent(caller, PHOTO, kind="pod", booking=booking)
    scanner.says = "Eicar-Test"
    infected = await send(caller, LONG, kind="pod", booking=booking)

    assert clean["scan"] == "clean"
    assert infected.status_code == 422
    assert infected.json()["errors"][0]["code"] == "infected"
    assert len(files(gateway)) == 1


async def test_without_the_scanner_it_is_kept_and_waits(
    caller: Caller, http: httpx.AsyncClient, scanner: Scanner, sweeper: Sweeper, booking: str
) -> None:
    scanner.is_away = True
    made = [await sent(caller, content, kind="pod", booking=booking) for content in (PHOTO, LONG)]
    paths = [f"/v1/documents/{one['id']}" for one in made]
    link = await linked(caller, made[0]["id"])

    assert {one["scan"] for one in made} == {"pending"}
    assert {(await caller.get(f"{path}/content")).status_code for path in paths} == {409}
    assert (await http.get(link["path"])).status_code == 409
    assert await sweeper.scan_waiting() == 0
    scanner.is_away = False
    assert await sweeper.scan_waiting() >= 2
    assert {(await caller.get(f"{path}/content")).status_code for path in paths} == {200}


async def test_what_is_found_later_is_given_no_more(
    caller: Caller, scanner: Scanner, sweeper: Sweeper, booking: str
) -> None:
    scanner.is_away = True
    made = await sent(caller, PHOTO, kind="pod", booking=booking)
    scanner.is_away, scanner.says = False, "Eicar-Test"
    await sweeper.scan_waiting()

    refused = await caller.get(f"/v1/documents/{made['id']}/content")
    shown = (await caller.get(f"/v1/documents/{made['id']}")).json()
    assert (refused.status_code, shown["scan"], shown["finding"]) == (409, "infected", "Eicar-Test")


# ---------------------------------------------------------------------------------- the end


async def test_a_deleted_one_is_gone_with_its_content_and_links(
    caller: Caller, http: httpx.AsyncClient, gateway: Gateway, booking: str
) -> None:
    made = await sent(caller, PHOTO, kind="photo", booking=booking)
    link = await linked(caller, made["id"])

    deleted = await caller.ask("DELETE", f"/v1/documents/{made['id']}")

    assert deleted.status_code == 204
    assert (await caller.get(f"/v1/documents/{made['id']}")).status_code == 404
    assert (await http.get(link["path"])).status_code == 404
    assert files(gateway) == []


async def test_what_was_kept_long_enough_goes(
    caller: Caller, gateway: Gateway, sweeper: Sweeper, superuser: Any, booking: str
) -> None:
    old = await sent(caller, PHOTO, kind="photo", booking=booking)
    young = await sent(caller, LONG, kind="photo", booking=booking)
    await caller.get(f"/v1/documents/{old['id']}/content")
    await superuser.execute(
        "UPDATE documents SET keep_until = now() - interval '1 s' WHERE id = $1", old["id"]
    )
    await superuser.execute(
        "UPDATE document_accesses SET at = now() - interval '9 years' WHERE document = $1",
        old["id"],
    )

    assert await sweeper.forget_ended() == 1
    assert await sweeper.forget_accesses() == 1

    assert (await caller.get(f"/v1/documents/{old['id']}")).status_code == 404
    assert [path.name for path in files(gateway)] == [young["id"]]


async def test_files_of_nobody_are_removed_once_they_are_old(
    caller: Caller, gateway: Gateway, sweeper: Sweeper, booking: str
) -> None:
    """As a crash leaves them between the file and its row."""
    made = await sent(caller, PHOTO, kind="photo", booking=booking)
    vault, key = gateway.documents, caller.tenant.key
    await vault.keep(f"{key}/doc-lost", b"content")
    folder = files(gateway)[0].parent
    (folder / "doc-half.1234.part").write_bytes(b"half")
    now_ms = time.time_ns() // 1_000_000

    assert await sweeper.remove_orphans(now_ms) == 0
    assert await sweeper.remove_orphans(now_ms + DAY_MS) == 2

    assert [path.name for path in files(gateway)] == [made["id"]]


async def test_a_row_that_cannot_be_written_leaves_no_file(
    caller: Caller, gateway: Gateway, booking: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(*_: object) -> None:
        raise OSError("the database is away")

    monkeypatch.setattr("store.documents.create", fails)
    failed = await send(caller, PHOTO, kind="photo", booking=booking)

    assert failed.status_code == 503
    assert files(gateway) == []


async def test_a_store_that_is_away_is_said_so(
    caller: Caller, gateway: Gateway, booking: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object) -> None:
        raise BlobsAwayError("the bucket does not answer")

    made = await sent(caller, PHOTO, kind="photo", booking=booking)
    monkeypatch.setattr(gateway.documents.blobs, "put", away)
    failed = await send(caller, LONG, kind="photo", booking=booking)

    assert failed.status_code == 503
    listed = (await caller.get("/v1/documents")).json()["items"]
    assert [one["id"] for one in listed] == [made["id"]]


def test_a_token_reads_as_it_was_written(gateway: Gateway) -> None:
    signer = LinkSigner(KeyFile(gateway.installation.key_file))
    of = LinkToken(7, "a-link_1", 2_000_000_000)

    assert signer.read(signer.token(of), 1_999_999_999.0) == of
    assert signer.read(signer.token(of), 2_000_000_000.0) is None
