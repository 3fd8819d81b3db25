"""A plain MQTT device as others write it, whose every step waits for the answer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

REFUSED = 0x80
ANSWER_WITHIN_S = 10.0
CONNACK_WELCOME = bytes([0x20, 2, 0, 0])


class Device:
    """Speaks MQTT 3.1.1 in a thread of its own; every call waits for the broker's answer."""

    def __init__(self, port: int, user: str, password: str, client_id: str, *, clean: bool) -> None:
        self.received: list[tuple[str, bytes]] = []
        self.client = paho.Client(
            CallbackAPIVersion.VERSION2, client_id=client_id, clean_session=clean
        )
        self.client.username_pw_set(user, password)
        self.client.on_message = lambda _c, _u, m: self.received.append((m.topic, bytes(m.payload)))
        self.client.on_subscribe = self._subscribed
        self.client.on_connect = self._connected
        self._port = port
        self._answered = Event()
        self._code = -1

    def connect(self) -> int:
        """The broker's return code; 0 means welcome."""
        self._answered.clear()
        self.client.connect("127.0.0.1", self._port)
        self.client.loop_start()
        assert self._answered.wait(ANSWER_WITHIN_S)
        return self._code

    def subscribe(self, topic: str, qos: int = 1) -> int:
        """What the broker grants: a QoS, or REFUSED."""
        self._answered.clear()
        self.client.subscribe(topic, qos)
        assert self._answered.wait(ANSWER_WITHIN_S)
        return self._code

    def publish(self, topic: str, payload: bytes, qos: int = 1, *, retain: bool = False) -> None:
        self.client.publish(topic, payload, qos, retain).wait_for_publish(ANSWER_WITHIN_S)

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()

    def _subscribed(self, _c: object, _u: object, _m: int, codes: list, _p: object) -> None:  # type: ignore[type-arg]
        self._code = codes[0].value
        self._answered.set()

    def _connected(self, _c: object, _u: object, _f: object, code: object, _p: object) -> None:
        self._code = int(getattr(code, "value", -1))
        self._answered.set()


@contextmanager
def device(
    port: int, user: str, password: str, client_id: str, *, clean: bool = True
) -> Iterator[Device]:
    made = Device(port, user, password, client_id, clean=clean)
    try:
        assert made.connect() == 0
        yield made
    finally:
        made.close()


async def may_connect(port: int, user: str, password: str) -> bool:
    """One try, by the bare protocol: a library would wait before it reports a refusal."""
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    try:
        writer.write(_connect_packet(user, password))
        answer = await asyncio.wait_for(reader.readexactly(4), ANSWER_WITHIN_S)
    except (asyncio.IncompleteReadError, ConnectionError):
        return False
    finally:
        writer.close()
    return answer == CONNACK_WELCOME


def _connect_packet(user: str, password: str) -> bytes:
    fields = b"".join(_text(t) for t in (f"try-{time.monotonic_ns()}", user, password))
    body = _text("MQTT") + bytes([4, 0xC2]) + (60).to_bytes(2, "big") + fields
    assert len(body) < 128
    return bytes([0x10, len(body)]) + body


def _text(value: str) -> bytes:
    return len(value).to_bytes(2, "big") + value.encode()
