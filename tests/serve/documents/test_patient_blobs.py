"""A bucket that stumbles is asked again, and one that is down is left alone for a while."""

from __future__ import annotations

import asyncio

import pytest

from config.patience import patience_with
from config.policy import defaults
from providers.attempts import Attempts
from serve.documents.patient_blobs import NAME, PatientBlobs
from store.blobs.port import Blob, BlobMissingError, BlobsAwayError

PATIENCE = patience_with(defaults(), NAME)


async def at_once(_: float) -> None:
    """No wait between attempts."""


class Bucket:
    """Fails so many times, then has everything but `1/gone`."""

    def __init__(self, failures: int) -> None:
        self.failures = failures
        self.asked = 0
        self.kept: dict[str, bytes] = {}

    def _stumble(self) -> None:
        self.asked += 1
        if self.asked <= self.failures:
            raise BlobsAwayError("down")

    async def put(self, name: str, content: bytes) -> None:
        self._stumble()
        self.kept[name] = content

    async def read(self, name: str, start: int, end: int) -> bytes:
        self._stumble()
        if name not in self.kept:
            raise BlobMissingError(name)
        return self.kept[name][start:end]

    async def delete(self, name: str) -> None:
        self._stumble()
        self.kept.pop(name, None)

    async def listed(self):  # type: ignore[no-untyped-def]
        for name in self.kept:
            yield Blob(name, 0)

    async def close(self) -> None:
        """Nothing is held open."""


def patient(bucket: Bucket) -> PatientBlobs:
    return PatientBlobs(bucket, Attempts(NAME, lambda: PATIENCE, sleep=at_once))


async def test_it_is_asked_again_until_it_answers() -> None:
    bucket = Bucket(failures=PATIENCE.attempts - 1)
    blobs = patient(bucket)

    await blobs.put("1/a", b"content")

    assert await blobs.read("1/a", 1, 3) == b"on"
    assert [blob.name async for blob in blobs.listed()] == ["1/a"]
    with pytest.raises(BlobMissingError):
        await blobs.read("1/gone", 0, 1)
    await blobs.delete("1/a")
    assert bucket.kept == {}


async def test_one_that_stays_down_is_left_alone() -> None:
    bucket = Bucket(failures=1_000)
    blobs = patient(bucket)
    for _ in range(PATIENCE.failures_max):
        with pytest.raises(BlobsAwayError):
            await blobs.read("1/a", 0, 1)
    asked = bucket.asked

    with pytest.raises(BlobsAwayError, match="left alone"):
        await blobs.read("1/a", 0, 1)
    assert bucket.asked == asked


async def test_no_more_than_so_many_ask_at_once() -> None:
    inside, most, go_on = 0, 0, asyncio.Event()

    class Slow(Bucket):
        async def read(self, name: str, start: int, end: int) -> bytes:
            nonlocal inside, most
            inside, most = inside + 1, max(most, inside + 1)
            await go_on.wait()
            inside -= 1
            return f"{name}:{start}-{end}".encode()

    blobs = patient(Slow(0))
    asked = [asyncio.create_task(blobs.read("1/a", 0, 1)) for _ in range(PATIENCE.at_once_max + 5)]
    for _ in range(20):
        await asyncio.sleep(0)
    go_on.set()
    await asyncio.gather(*asked)

    assert most == PATIENCE.at_once_max
