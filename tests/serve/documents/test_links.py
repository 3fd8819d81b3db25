"""Links lead whoever has them to one document, until they end; every access is on record."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import httpx
import pytest

from serve.documents.tokens import LinkSigner, LinkToken
from serve.gateway import Gateway
from store.key_file import KeyFile
from store.postgres import AnyPool, as_tenant
from tests.serve.caller import Caller
from tests.serve.uploading import PHOTO, linked, sent, with_rules


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


def test_a_token_reads_as_it_was_written(gateway: Gateway) -> None:
    signer = LinkSigner(KeyFile(gateway.installation.key_file))
    of = LinkToken(7, "a-link_1", 2_000_000_000)

    assert signer.read(signer.token(of), 1_999_999_999.0) == of
    assert signer.read(signer.token(of), 2_000_000_000.0) is None
