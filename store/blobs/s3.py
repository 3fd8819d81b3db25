"""Blobs in a bucket of S3, or of anything that speaks like it."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from http import HTTPStatus
from urllib.parse import urlsplit
from xml.etree import ElementTree as ET

import httpx

from config.installation import S3Server
from store.blobs.port import Blob, BlobMissingError, BlobsAwayError, checked
from store.blobs.signing import Credentials, canonical_query, signed
from store.postgres import epoch_ms

XML = "{http://s3.amazonaws.com/doc/2006-03-01/}"  # fixed: names a schema, and is not asked


def _now() -> datetime:
    return datetime.now(UTC)


class S3Blobs:
    def __init__(
        self, where: S3Server, timeout_s: float, clock: Callable[[], datetime] = _now
    ) -> None:
        self._where = where
        self._clock = clock
        self._credentials = Credentials(
            where.key_id, where.key_secret.get_secret_value(), where.region
        )
        parts = urlsplit(where.url)
        self._host = parts.netloc
        self._origin = f"{parts.scheme}://{parts.netloc}"
        self._base = f"{parts.path.rstrip('/')}/{where.bucket}"
        self._http = httpx.AsyncClient(
            timeout=timeout_s,
            verify=str(where.ca_file) if where.ca_file else True,
            trust_env=False,
        )

    async def put(self, name: str, content: bytes) -> None:
        await self._ask("PUT", self._path(name), content=content)

    async def read(self, name: str, start: int, end: int) -> bytes:
        wanted = {"range": f"bytes={start}-{end - 1}"}
        answer = await self._ask("GET", self._path(name), headers=wanted)
        if answer.status_code == HTTPStatus.NOT_FOUND:
            raise BlobMissingError(name)
        if answer.status_code != HTTPStatus.PARTIAL_CONTENT:
            raise BlobsAwayError(f"the store gave all of {name}, and a part was asked for")
        return answer.content

    async def delete(self, name: str) -> None:
        await self._ask("DELETE", self._path(name))

    async def listed(self) -> AsyncIterator[Blob]:
        query = {"list-type": "2", "prefix": self._where.prefix}
        while True:
            answer = await self._ask("GET", self._base, query=query)
            if answer.status_code == HTTPStatus.NOT_FOUND:
                raise BlobsAwayError(f"there is no bucket {self._where.bucket!r}")
            page = ET.fromstring(answer.content)  # noqa: S314 - of our own bucket
            for entry in page.iter(f"{XML}Contents"):
                key = entry.findtext(f"{XML}Key", "").removeprefix(self._where.prefix)
                written = datetime.fromisoformat(entry.findtext(f"{XML}LastModified", ""))
                yield Blob(key, epoch_ms(written))
            more = page.findtext(f"{XML}NextContinuationToken")
            if not more:
                return
            query["continuation-token"] = more

    async def close(self) -> None:
        await self._http.aclose()

    def _path(self, name: str) -> str:
        return f"{self._base}/{self._where.prefix}{checked(name)}"

    async def _ask(
        self,
        method: str,
        path: str,
        *,
        query: dict[str, str] | None = None,
        headers: dict[str, str] | None = None,
        content: bytes = b"",
    ) -> httpx.Response:
        """Not found is an answer; anything else that is no success is not."""
        digest = hashlib.sha256(content).hexdigest()
        given = {"host": self._host, **(headers or {})}
        proof = signed(self._credentials, method, path, query or {}, given, digest, self._clock())
        url = f"{self._origin}{path}" + (f"?{canonical_query(query)}" if query else "")
        try:
            answer = await self._http.request(method, url, headers=proof, content=content)
        except httpx.HTTPError as failed:
            says = f"the store at {self._host} does not answer: {type(failed).__name__}"
            raise BlobsAwayError(says) from failed
        if answer.is_success or answer.status_code == HTTPStatus.NOT_FOUND:
            return answer
        raise BlobsAwayError(f"the store answers {answer.status_code} to {method}")
