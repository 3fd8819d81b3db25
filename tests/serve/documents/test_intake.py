"""POST /v1/documents: taken in whole or refused by name; read again in whole or in part."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from serve.gateway import Gateway
from tests.freight.documents.pictures import jpeg, pdf, png, tiff
from tests.serve.caller import Caller
from tests.serve.uploading import LONG, PHOTO, files, send, sent, with_rules

ACTING = pdf(b"<< /S /JavaScript >>")


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
