"""Documents when the installation's key is changed."""

from __future__ import annotations

import httpx
import pytest

from config.installation import Postgres
from config.policy import policy
from serve.gateway import Gateway
from store.key_file import KeyFile
from store.migrate import migrate
from store.reseal import reseal_database
from tests.serve.caller import Caller
from tests.serve.uploading import PHOTO, files, linked, sent


@pytest.fixture
async def where(empty_database: Postgres) -> Postgres:
    """Of its own: who reseals opens all that there is, also what other tests sealed."""
    await migrate(empty_database, policy().storage)
    return empty_database


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
