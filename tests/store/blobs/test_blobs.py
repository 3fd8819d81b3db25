"""Blobs lie whole or not at all, in a directory as in a bucket; sealed, and readable in part."""

from __future__ import annotations

import stat
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import SecretStr

from config.installation import S3Server
from store.blobs.directory import DirectoryBlobs
from store.blobs.port import BlobMissingError, Blobs, BlobsAwayError
from store.blobs.s3 import S3Blobs
from store.blobs.sealed import HEAD, PIECE_BYTES, SEALED_BYTES, new_secret, opened, sealed
from store.blobs.signing import Credentials, signed
from store.sealing import SealError
from tests.store.blobs.s3_server import Bucket, serving

NAME = "7/doc-1"
WHOLE = bytes(n * 7 % 251 for n in range(2 * PIECE_BYTES + 1000))


@pytest.fixture
def bucket() -> Bucket:
    return Bucket()


@pytest.fixture
def where(bucket: Bucket) -> Iterator[S3Server]:
    with serving(bucket) as found:
        yield found


@pytest.fixture(params=["directory", "s3"])
async def blobs(
    request: pytest.FixtureRequest, tmp_path: Path, where: S3Server
) -> AsyncIterator[Blobs]:
    made = (
        DirectoryBlobs(tmp_path / "papers") if request.param == "directory" else S3Blobs(where, 5)
    )
    yield made
    await made.close()


async def names(blobs: Blobs) -> set[str]:
    return {blob.name async for blob in blobs.listed()}


async def test_what_was_put_is_read_in_parts_and_removed(blobs: Blobs) -> None:
    assert await names(blobs) == set()
    for number in range(5):
        await blobs.put(f"7/doc-{number}", b"0123456789")
    await blobs.put(NAME, b"abcdefghij")

    assert await blobs.read(NAME, 2, 5) == b"cde"
    assert await blobs.read(NAME, 8, 99) == b"ij"
    assert await names(blobs) == {f"7/doc-{number}" for number in range(5)}
    for _ in "12":
        await blobs.delete(NAME)
    with pytest.raises(BlobMissingError):
        await blobs.read(NAME, 0, 1)
    assert NAME not in await names(blobs)


async def test_when_it_was_written_is_known(blobs: Blobs) -> None:
    before_ms = datetime.now(UTC).timestamp() * 1000 - 1000
    await blobs.put(NAME, b"x")

    (blob,) = [blob async for blob in blobs.listed()]

    assert before_ms <= blob.written_ms <= before_ms + 60_000


@pytest.mark.parametrize("name", ["../etc/passwd", "7/../8/doc", "doc", "7/a/b", "/7/doc", "7/.."])
async def test_names_lead_nowhere_else(blobs: Blobs, name: str) -> None:
    with pytest.raises(ValueError, match="not the name"):
        await blobs.put(name, b"x")


async def test_files_are_for_their_owner_and_leave_nothing_half(tmp_path: Path) -> None:
    blobs = DirectoryBlobs(tmp_path / "papers")
    await blobs.put(NAME, b"x")
    path = tmp_path / "papers" / NAME
    assert stat.S_IMODE(path.stat().st_mode) == 0o600

    path.unlink()
    path.mkdir()  # what is to take the name cannot
    with pytest.raises(OSError, match="directory"):
        await blobs.put(NAME, b"y")
    assert [found.name for found in path.parent.iterdir()] == ["doc-1"]


async def test_any_part_of_a_sealed_content_opens(blobs: Blobs) -> None:
    secret = new_secret()
    await blobs.put(NAME, sealed(WHOLE, secret, NAME))

    async def part(start: int, end: int) -> bytes:
        return b"".join([one async for one in opened(blobs, NAME, secret, len(WHOLE), start, end)])

    ends = (0, 1, PIECE_BYTES - 1, PIECE_BYTES, PIECE_BYTES + 1, 2 * PIECE_BYTES, len(WHOLE))
    for start in ends:
        for end in ends:
            if start < end:
                assert await part(start, end) == WHOLE[start:end], (start, end)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda raw: raw[:10] + bytes((raw[10] ^ 1,)) + raw[11:],
        lambda raw: raw[:-SEALED_BYTES],
        lambda raw: raw[: len(HEAD)] + raw[len(HEAD) + SEALED_BYTES :],
        lambda raw: raw[: len(HEAD)] + raw[SEALED_BYTES:][: 2 * SEALED_BYTES],
    ],
    ids=["changed", "cut", "without its first piece", "shifted"],
)
async def test_what_was_changed_does_not_open(tmp_path: Path, spoil: object) -> None:
    assert callable(spoil)
    blobs, secret = DirectoryBlobs(tmp_path), new_secret()
    await blobs.put(NAME, spoil(sealed(WHOLE, secret, NAME)))

    with pytest.raises(SealError):
        [one async for one in opened(blobs, NAME, secret, len(WHOLE), 0, len(WHOLE))]


async def test_it_opens_only_under_its_own_name_and_secret(tmp_path: Path) -> None:
    blobs, secret = DirectoryBlobs(tmp_path), new_secret()
    raw = sealed(WHOLE, secret, NAME)
    await blobs.put("7/doc-2", raw)
    await blobs.put(NAME, raw)
    assert WHOLE[:64] not in raw

    for name, key in (("7/doc-2", secret), (NAME, new_secret())):
        with pytest.raises(SealError):
            [one async for one in opened(blobs, name, key, len(WHOLE), 0, 10)]


async def test_a_wrong_secret_is_refused_by_the_bucket(where: S3Server, bucket: Bucket) -> None:
    wrong = where.model_copy(update={"key_secret": SecretStr("another")})
    blobs = S3Blobs(wrong, 5)
    with pytest.raises(BlobsAwayError, match="403"):
        await blobs.put(NAME, b"x")
    assert bucket.refused == ["signed otherwise"]
    assert not bucket.objects
    await blobs.close()


async def test_a_bucket_in_trouble_is_away(where: S3Server, bucket: Bucket) -> None:
    blobs = S3Blobs(where, 5)
    bucket.trouble = 503
    with pytest.raises(BlobsAwayError, match="503"):
        await blobs.put(NAME, b"x")
    await blobs.close()
    nobody = where.model_copy(update={"url": "http://127.0.0.1:1"})
    gone = S3Blobs(nobody, 5)
    with pytest.raises(BlobsAwayError, match="does not answer"):
        await gone.read(NAME, 0, 1)
    await gone.close()


def test_the_signature_is_the_one_of_the_published_example() -> None:
    """GET Object of Amazon's own page about signing requests by headers."""
    secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
    credentials = Credentials("AKIAIOSFODNN7EXAMPLE", secret, "us-east-1")
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    headers = {"Host": "examplebucket.s3.amazonaws.com", "Range": "bytes=0-9"}
    at = datetime(2013, 5, 24, tzinfo=UTC)

    told = signed(credentials, "GET", "/test.txt", {}, headers, empty, at)

    assert told["authorization"].endswith(
        "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"
    )
    listed = signed(
        credentials,
        "GET",
        "/",
        {"max-keys": "2", "prefix": "J"},
        {"Host": "examplebucket.s3.amazonaws.com"},
        empty,
        at,
    )
    assert listed["authorization"].endswith(
        "Signature=34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"
    )
