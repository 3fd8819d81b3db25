"""A shop that takes webhooks over real HTTP, and can be told how to answer."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
from collections import deque
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.providers.sandbox import WEBHOOK_SECRET


class Shop:
    def __init__(self) -> None:
        self.received: list[tuple[str, bytes, str]] = []  # event id, body, signature
        self.answers: deque[int] = deque()  # 200 when there is none
        shop = self

        class Door(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                event = self.headers["X-Razorpay-Event-Id"]
                shop.received.append((event, body, self.headers["X-Razorpay-Signature"]))
                self.send_response(shop.answers.popleft() if shop.answers else 200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                """Tests are quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1/webhooks/razorpay"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def bodies(self) -> list[dict[str, Any]]:
        return [json.loads(body) for _, body, _ in self.received]

    @property
    def events(self) -> list[str]:
        return [body["event"] for body in self.bodies]

    def are_all_signed(self) -> bool:
        return all(
            hmac.new(WEBHOOK_SECRET.encode(), body, hashlib.sha256).hexdigest() == signature
            for _, body, signature in self.received
        )
