"""An installation's own bucket and virus scanner are used where its file names them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest

from config.installation import DocumentPlaces, Http, Installation, S3Server
from tests.freight.documents.pictures import jpeg
from tests.providers.test_clamav import VIRUS, Clamd
from tests.serve.caller import Caller
from tests.serve.uploading import LONG, PHOTO, send, sent
from tests.store.blobs.s3_server import Bucket, serving


@pytest.fixture
def bucket() -> Bucket:
    return Bucket()


@pytest.fixture
def s3(bucket: Bucket) -> Iterator[S3Server]:
    with serving(bucket) as found:
        yield found


@pytest.fixture
async def clamd() -> AsyncIterator[Http]:
    server = await asyncio.start_server(Clamd().serve, "127.0.0.1", 0)
    async with server:
        yield Http(host="127.0.0.1", port=server.sockets[0].getsockname()[1])


@pytest.fixture
def installation(installation: Installation, s3: S3Server, clamd: Http) -> Installation:
    return installation.model_copy(update={"documents": DocumentPlaces(s3=s3, clamav=clamd)})


async def test_documents_lie_in_the_bucket_and_are_scanned(
    caller: Caller, booking: str, bucket: Bucket
) -> None:
    made = await sent(caller, LONG, kind="pod", booking=booking)
    infected = await send(caller, jpeg(comment=VIRUS), kind="pod", booking=booking)

    assert made["scan"] == "clean"
    assert infected.status_code == 422
    (name,) = bucket.objects
    assert name == f"ubertruck/{caller.tenant.key}/{made['id']}"
    assert LONG[20:60] not in bucket.objects[name][0]
    path = f"/v1/documents/{made['id']}/content"
    assert (await caller.get(path)).content == LONG
    part = await caller.get(path, headers={"Range": "bytes=-9"})
    assert part.content == LONG[-9:]

    bucket.trouble = 503
    assert (await send(caller, PHOTO, kind="pod", booking=booking)).status_code == 503
    bucket.trouble = None
    assert (await caller.ask("DELETE", f"/v1/documents/{made['id']}")).status_code == 204
    assert not bucket.objects
