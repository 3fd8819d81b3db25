"""Documents wait for the scanner, end, and leave nothing behind, whatever breaks off."""

from __future__ import annotations

import time
from typing import Any

import httpx
import pytest

from providers.errors import ProviderAwayError
from serve.documents.sweeping import Sweeper
from serve.gateway import Gateway
from store.blobs.port import BlobsAwayError
from tests.serve.caller import Caller
from tests.serve.uploading import LONG, PHOTO, files, linked, send, sent

DAY_MS = 86_400_000


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


async def test_a_content_that_is_lost_or_spoilt_is_not_given_for_whole(
    caller: Caller, gateway: Gateway, booking: str
) -> None:
    made = await sent(caller, LONG, kind="photo", booking=booking)
    (file,) = files(gateway)
    raw = bytearray(file.read_bytes())
    raw[100] ^= 1
    file.write_bytes(raw)
    path = f"/v1/documents/{made['id']}/content"

    assert (await caller.get(path)).status_code == 503
    file.unlink()
    assert (await caller.get(path)).status_code == 503


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
