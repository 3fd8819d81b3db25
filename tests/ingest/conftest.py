"""Ports of the dialects over TCP, for the tests of sessions and of their limits."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from config.policy import Snapshot, process_settings
from tests.ingest.tcp import IMEI, OTHER_IMEI, Port, device


@pytest.fixture
def quick() -> Iterator[None]:
    """Strangers are looked for again at once; limits are put back."""
    settings = process_settings()
    before = settings.snapshot
    now = settings.now
    waits = {"directory_poll_s": 1e-6, "retry_wait_s_min": 1e-6, "retry_wait_s_max": 1e-6}
    tcp = now.tcp.model_copy(update={"quiet_s": 0.02})
    ingest = now.ingest.model_copy(update=waits)
    settings.swap(Snapshot(now.model_copy(update={"ingest": ingest, "tcp": tcp})))
    yield
    settings.swap(before)


@pytest.fixture
async def port() -> AsyncIterator[Port]:
    async with Port("teltonika", device(1, IMEI), device(2, OTHER_IMEI)).opened() as made:
        yield made


@pytest.fixture
async def ais140() -> AsyncIterator[Port]:
    known = device(1, "869867036345389"), device(2, "868997031721531"), device(3, "869247046143589")
    async with Port("ais140", *known).opened() as made:
        yield made


@pytest.fixture
async def queclink() -> AsyncIterator[Port]:
    known = device(1, "868487004353181"), device(2, "861971050039361"), device(3, "861778061565387")
    async with Port("queclink", *known).opened() as made:
        yield made
