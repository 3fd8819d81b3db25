"""The consumer's example of the documentation takes what we send, and nothing else."""

from __future__ import annotations

import runpy
import threading
import time
from collections.abc import Callable, Iterator
from http.server import HTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from config.policy import defaults
from freight.webhooks.messages import test_message as message_of_test
from freight.webhooks.signing import secret_of, signed_headers
from providers.webhooks import WebhookSender

EXAMPLE = Path("docs/examples/receive_webhooks.py")
SECRET, OTHER = secret_of(b"k" * 32), secret_of(b"o" * 32)


@pytest.fixture
def handled() -> list[dict[str, Any]]:
    return []


@pytest.fixture
def url(handled: list[dict[str, Any]]) -> Iterator[str]:
    made: Callable[..., HTTPServer] = runpy.run_path(str(EXAMPLE))["server"]
    server = made(0, SECRET, handled.append)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    thread.join()
    server.server_close()


async def test_it_takes_what_we_send_once(url: str, handled: list[dict[str, Any]]) -> None:
    sender = WebhookSender(lambda: defaults().webhook_sending, "development")
    message = message_of_test("test-1", "demo", "whe-1", 1_780_000_000_000)
    # While the secret changes the other one signs first.
    for secrets in ([SECRET], [OTHER, SECRET]):
        headers = signed_headers(secrets, message.id, int(time.time()), message.body)
        sent = await sender.send(url, headers, message.body)
        assert (sent.status, sent.trouble) == (204, None)

    assert [event["type"] for event in handled] == ["webhook.test"]


def test_it_takes_nothing_else(url: str, handled: list[dict[str, Any]]) -> None:
    body, now_s = b"{}", int(time.time())
    forged = signed_headers([OTHER], "m", now_s, body)
    old = signed_headers([SECRET], "m", now_s - 600, body)
    genuine = signed_headers([SECRET], "m", now_s, body)

    for headers, sent in ((forged, body), (old, body), (genuine, b"{ }"), ({}, body)):
        assert httpx.post(url, content=sent, headers=headers).status_code == 401
    assert handled == []
