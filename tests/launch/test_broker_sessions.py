"""Our own sessions at the embedded broker: what we ask for is granted, or we say that it is not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from config.policy import policy
from freight.device_topics import INGEST_SUBSCRIBES
from ingest.messages import Message
from ingest.mqtt_client import BrokerStream, Session
from tests.launch.conftest import RunningBroker
from tests.launch.waiting import until


class Heard(list[Message]):
    """What came, in order."""

    def take(self, session: Session, message: Message) -> None:
        self.append(message)
        session.acknowledge([message.mid])


@asynccontextmanager
async def stream(
    broker: RunningBroker, name: str, topics: Sequence[str], heard: Heard
) -> AsyncIterator[BrokerStream]:
    made = BrokerStream(broker.mqtt, policy().ingest, name, heard.take)
    running = asyncio.create_task(made.run(topics))
    try:
        yield made
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_each_of_our_two_sessions_is_granted_all_of_it(broker: RunningBroker) -> None:
    positions, *others = INGEST_SUBSCRIBES
    heard = Heard()
    async with (
        stream(broker, "positions", [positions], heard) as one,
        stream(broker, "others", others, heard) as other,
    ):
        await until(lambda: one.trouble is None and other.trouble is None)
        assert one.session is not None
        for topic in INGEST_SUBSCRIBES:
            await one.session.publish(topic.replace("+", "x"), b"?", policy().ingest.receipts)
        await one.session.until_confirmed(policy().ingest.receipts)
        await until(lambda: len(heard) == len(INGEST_SUBSCRIBES))

    assert sorted(message.topic for message in heard) == sorted(
        topic.replace("+", "x") for topic in INGEST_SUBSCRIBES
    )


async def test_a_subscription_that_is_refused_is_not_passed_over(broker: RunningBroker) -> None:
    """Four of them are more than a session may leave unacknowledged at this broker."""
    async with stream(broker, "all", INGEST_SUBSCRIBES, Heard()) as greedy:
        await until(lambda: "refuses" in (greedy.trouble or ""))
