"""A small S3: one bucket in memory, which checks each signature as the service does."""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from pydantic import SecretStr

from config.installation import S3Server
from store.blobs.signing import Credentials, signed

KEY_ID, SECRET, REGION, BUCKET = "AKIATEST", "a secret of the test", "ap-south-1", "papers"
PAGE = 2
WRITTEN = "%Y-%m-%dT%H:%M:%S.%fZ"
_PROOF = re.compile(r"AWS4-HMAC-SHA256 Credential=(\S+?)/.*SignedHeaders=(\S+?), Signature=(\w+)")


class Bucket:
    def __init__(self) -> None:
        self.objects: dict[str, tuple[bytes, datetime]] = {}
        self.refused: list[str] = []
        self.trouble: int | None = None  # the status it answers with, whatever is asked


class _Handler(BaseHTTPRequestHandler):
    server: Any

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        if self._is_ours(body):
            self._bucket.objects[self._key] = (body, datetime.now(UTC))
            self._answer(200)

    def do_GET(self) -> None:
        if not self._is_ours(b""):
            return
        if not self._key:
            self._list()
            return
        found = self._bucket.objects.get(self._key)
        if found is None:
            self._answer(404)
            return
        start, end = map(int, self.headers["range"].removeprefix("bytes=").split("-"))
        self._answer(206, found[0][start : end + 1])

    def do_DELETE(self) -> None:
        if self._is_ours(b""):
            self._bucket.objects.pop(self._key, None)
            self._answer(204)

    def _list(self) -> None:
        query = dict(parse_qsl(urlsplit(self.path).query))
        after = query.get("continuation-token", "")
        keys = sorted(k for k in self._bucket.objects if k > after)
        mine = [k for k in keys if k.startswith(query["prefix"])]
        rows = "".join(
            f"<Contents><Key>{k}</Key><LastModified>"
            f"{self._bucket.objects[k][1].strftime(WRITTEN)}</LastModified></Contents>"
            for k in mine[:PAGE]
        )
        more = mine[PAGE - 1] if len(mine) > PAGE else ""
        token = f"<NextContinuationToken>{more}</NextContinuationToken>" if more else ""
        space = "http://s3.amazonaws.com/doc/2006-03-01/"
        self._answer(
            200, f'<ListBucketResult xmlns="{space}">{rows}{token}</ListBucketResult>'.encode()
        )

    def _is_ours(self, body: bytes) -> bool:
        if self._bucket.trouble is not None:
            self._answer(self._bucket.trouble)
            return False
        proof = _PROOF.fullmatch(self.headers.get("authorization", ""))
        said = self.headers.get("x-amz-content-sha256", "")
        if proof is None or proof[1] != KEY_ID or said != hashlib.sha256(body).hexdigest():
            self._bucket.refused.append("no proof, or of another body")
            self._answer(403)
            return False
        parts = urlsplit(self.path)
        own = ("authorization", "x-amz-date", "x-amz-content-sha256")
        headers = {n: self.headers[n] for n in proof[2].split(";") if n not in own}
        at = datetime.strptime(self.headers["x-amz-date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        again = signed(
            Credentials(KEY_ID, SECRET, REGION),
            self.command,
            unquote(parts.path),
            dict(parse_qsl(parts.query)),
            headers,
            said,
            at,
        )
        if not again["authorization"].endswith(proof[3]):
            self._bucket.refused.append("signed otherwise")
            self._answer(403)
            return False
        return True

    @property
    def _key(self) -> str:
        path = unquote(urlsplit(self.path).path)
        return path.removeprefix(f"/{BUCKET}").removeprefix("/")

    @property
    def _bucket(self) -> Bucket:
        found: Bucket = self.server.bucket
        return found

    def _answer(self, status: int, body: bytes = b"") -> None:
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Tests say what went wrong."""


@contextmanager
def serving(bucket: Bucket) -> Iterator[S3Server]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.bucket = bucket  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield S3Server(
            url=f"http://127.0.0.1:{server.server_port}",
            bucket=BUCKET,
            region=REGION,
            key_id=KEY_ID,
            key_secret=SecretStr(SECRET),
            prefix="ubertruck/",
        )
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
