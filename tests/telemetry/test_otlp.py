"""Spans come to a collector as they were, and one that is away holds up nobody."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import pytest

from telemetry.otlp import Sender
from telemetry.spans import Kind, Span, Waiting
from telemetry.traceparent import SpanContext
from tests.launch.waiting import until
from tests.telemetry.collector import Collector

PART = SpanContext("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7", is_sampled=True)
OTHER = SpanContext("a" * 32, "b" * 16, is_sampled=True)


@dataclasses.dataclass
class Pace:
    batch_spans_max: int = 2
    send_every_s: float = 0.01
    send_timeout_s: float = 5.0
    retry_wait_s_max: float = 0.02


@pytest.fixture
def collector() -> Iterator[Collector]:
    made = Collector()
    yield made
    made.close()


def span(name: str, parent_id: str | None = None, error: str | None = None) -> Span:
    said: dict[str, str | int | float | bool] = {
        "rows": 3,
        "share": 0.5,
        "late": True,
        "shard": "s",
    }
    return Span(name, PART, 10, 20, parent_id, Kind.SERVER, said, (OTHER,), error)


def started(url: str, waiting: Waiting) -> Sender:
    sender = Sender(url, {"X-Key": "k"}, {"service.name": "me"}, waiting, Pace)
    sender.start()
    return sender


async def test_they_arrive_as_they_were(collector: Collector) -> None:
    waiting = Waiting(10)
    sender = started(collector.url, waiting)

    for name in "abc":
        waiting.put(span(name, parent_id="1" * 16, error="KeyError"))
    await until(lambda: len(collector.collected) == 3)
    sender.stop()

    first = collector.collected[0]
    sent = first.span
    assert [each.name for each in collector.collected] == ["a", "b", "c"]
    assert (first.service, first.trace_id, sent.span_id.hex()) == (
        "me",
        PART.trace_id,
        PART.span_id,
    )
    assert (sent.parent_span_id.hex(), sent.kind) == ("1" * 16, 2)
    assert (sent.start_time_unix_nano, sent.end_time_unix_nano) == (10, 20)
    assert {a.key: str(a.value).split(":")[0] for a in sent.attributes} == {
        "rows": "int_value",
        "share": "double_value",
        "late": "bool_value",
        "shard": "string_value",
    }
    assert [link.trace_id.hex() for link in sent.links] == [OTHER.trace_id]
    assert (sent.status.code, sent.status.message) == (2, "KeyError")
    assert collector.headers[0]["X-Key"] == "k"
    assert sender.sent == 3


async def test_one_that_is_busy_gets_them_again(collector: Collector) -> None:
    collector.answers = [503, 429]
    waiting = Waiting(10)
    sender = started(collector.url, waiting)

    waiting.put(span("a"))
    await until(lambda: len(collector.collected) == 1)
    sender.stop()

    assert (sender.sent, waiting.dropped) == (1, 0)


async def test_what_one_refuses_or_never_takes_is_let_go(collector: Collector) -> None:
    collector.answers = [400, 503, 503, 503]
    waiting = Waiting(10)
    sender = started(collector.url, waiting)

    waiting.put(span("refused"))
    await until(lambda: len(collector.headers) == 1)
    waiting.put(span("never taken"))
    await until(lambda: waiting.dropped == 2)
    waiting.put(span("taken"))
    await until(lambda: len(collector.collected) == 1)
    sender.stop()

    assert [each.name for each in collector.collected] == ["taken"]
    assert (sender.sent, waiting.dropped) == (1, 2)


def test_the_last_ones_are_sent_at_the_end(collector: Collector) -> None:
    waiting = Waiting(10)
    slow = dataclasses.replace(Pace(), send_every_s=60.0)
    sender = Sender(collector.url, {}, {"service.name": "me"}, waiting, lambda: slow)
    sender.start()

    waiting.put(span("last"))
    sender.stop()

    assert [each.name for each in collector.collected] == ["last"]


def test_nobody_waits_for_one_that_is_not_there() -> None:
    waiting = Waiting(10)
    sender = started("http://127.0.0.1:1/v1/traces", waiting)

    for _ in range(1000):
        waiting.put(span("x"))
    assert waiting.dropped >= 900
    sender.stop()
