"""What a device of a benchmark says once, over HTTP, and its session to say it in over MQTT."""

from __future__ import annotations

import contextlib
from urllib.parse import quote

import aiomqtt
import httpx

from bench.brokers import Broker
from bench.seeding import TENANT
from serve.identity.development import DEVICE_SECRET


async def is_posted(http: httpx.AsyncClient, truck: str, body: bytes) -> bool:
    with contextlib.suppress(httpx.HTTPError):
        answer = await http.post(
            "/v1/ingest/positions", content=body, auth=(f"{TENANT}/{truck}", DEVICE_SECRET)
        )
        return answer.is_success
    return False


def session(broker: Broker, truck: str, answer_s_max: float) -> aiomqtt.Client:
    user = f"{TENANT}/{truck}"
    return aiomqtt.Client(
        broker.host,
        broker.port,
        identifier=quote(user, safe="").replace("%2F", "-"),
        username=user,
        password=DEVICE_SECRET,
        timeout=answer_s_max,
    )
