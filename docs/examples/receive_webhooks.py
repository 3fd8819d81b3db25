"""Takes webhooks of UberTruck: believes only what is signed, and handles each message once.

Needs nothing but Python. Run it with the secret of your endpoint in a file:

    python receive_webhooks.py 9000 secret.txt
"""

from __future__ import annotations

import base64
import hmac
import json
import sys
import time
from collections.abc import Callable, Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

TOLERANCE_S = 5 * 60
BODY_BYTES_MAX = 1024 * 1024


def is_genuine(secret: str, headers: Mapping[str, str], body: bytes, now_s: float) -> bool:
    """Whether it was signed with our secret, a moment ago, and not changed since."""
    message_id, at = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not at.isdecimal() or abs(now_s - int(at)) > TOLERANCE_S:
        return False
    key = base64.b64decode(secret.removeprefix("whsec_"))
    mac = hmac.digest(key, f"{message_id}.{at}.".encode() + body, "sha256")
    right = b"v1," + base64.b64encode(mac)
    # While the secret changes there are two signatures, of which one is by the secret we know.
    given = headers.get("webhook-signature", "").encode("latin-1", "replace").split(b" ")
    return any(hmac.compare_digest(right, one) for one in given)


def server(port: int, secret: str, handle: Callable[[dict[str, Any]], None]) -> ThreadingHTTPServer:
    """`handle` is given each event once; where it must survive a restart, keep the ids in the
    database in which `handle` keeps what follows from the event, in the same transaction."""
    seen: set[str] = set()

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers.get("content-length") or 0)
            if length > BODY_BYTES_MAX:
                self._answer(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
                return
            body = self.rfile.read(length)  # the bytes as they came: these are signed
            if not is_genuine(secret, dict(self.headers.items()), body, time.time()):
                self._answer(HTTPStatus.UNAUTHORIZED)
                return
            message_id = self.headers["webhook-id"]
            if message_id not in seen:
                handle(json.loads(body))
                seen.add(message_id)
            # Soon: what takes long is done behind the answer, or it is sent again.
            self._answer(HTTPStatus.NO_CONTENT)

        def _answer(self, status: HTTPStatus) -> None:
            self.send_response(status)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Nothing: bodies and addresses do not belong into a log."""

    return ThreadingHTTPServer(("127.0.0.1", port), Receiver)


def show(event: dict[str, Any]) -> None:
    sys.stdout.write(f"{event['time']} {event['type']} {event['subject']}\n")


if __name__ == "__main__":
    server(int(sys.argv[1]), Path(sys.argv[2]).read_text().strip(), show).serve_forever()
