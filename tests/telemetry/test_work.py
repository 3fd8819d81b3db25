"""A piece of work keeps its name from process to process, and nothing odd passes for one."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telemetry import tracing, work
from telemetry.spans import Waiting
from telemetry.traceparent import SpanContext
from telemetry.work import Work

PART = SpanContext("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7", is_sampled=True)


@pytest.mark.parametrize("correlation", ["", "order-66.a:b/c=+", "x" * 128])
@pytest.mark.parametrize("trace", [None, PART])
def test_what_is_carried_arrives(correlation: str, trace: SpanContext | None) -> None:
    with work.doing(Work(correlation, trace)):
        carried = work.carried()

    assert " " not in correlation
    taken = work.taken_over(carried) if carried else Work()
    assert (taken.correlation, taken.trace) == (correlation, trace)


@settings(max_examples=50)
@given(st.text(max_size=200))
def test_whatever_is_sent_nothing_odd_is_taken_over(text: str) -> None:
    taken = work.taken_over(text)

    assert taken.correlation == "" or work.is_fit(taken.correlation)


def test_what_is_not_recorded_is_not_carried_as_a_trace() -> None:
    with work.doing(Work("c", PART._replace(is_sampled=False))):
        assert work.traceparent() is None
        assert work.carried() == "c -"


def test_names_of_what_a_fact_is_about() -> None:
    with work.doing(Work("c")) as at_hand:
        for subject in ("bookings/B-1", "trucks/T1", "alerts/a-1"):
            work.note_subject(subject)

    assert at_hand.fields == {"booking": "B-1", "truck": "T1", "subject": "alerts/a-1"}


async def test_pieces_of_work_beside_each_other_do_not_mix() -> None:
    async def one(name: str) -> str:
        work.begin(Work(name))
        await asyncio.sleep(0)
        return work.correlation_id()

    first, second = await asyncio.gather(one("a"), one("b"))
    assert (first, second) == ("a", "b")


class Shares:
    requests_one_in = 1
    windows_one_in = 1_000_000_000


@pytest.fixture
def waiting() -> object:
    spans = Waiting(100)
    tracing.record_to(tracing.Recording(spans, Shares))
    yield spans
    tracing.record_to(None)


def test_parts_know_what_they_are_a_part_of(waiting: Waiting) -> None:
    with work.doing(Work("c", PART, {"tenant": "t"})), tracing.span("outer"):
        with tracing.span("inner", rows=3):
            since_ns = tracing.clock()
        tracing.lap("lap", since_ns)

    inner, lap, outer = waiting.take(10)
    assert (outer.name, outer.parent_id) == ("outer", PART.span_id)
    assert (inner.name, inner.parent_id) == ("inner", outer.context.span_id)
    assert (lap.name, lap.parent_id) == ("lap", outer.context.span_id)
    assert {span.context.trace_id for span in (inner, lap, outer)} == {PART.trace_id}
    assert inner.attributes == {"rows": 3, "ubertruck.tenant": "t", "ubertruck.correlation_id": "c"}
    assert outer.start_ns <= inner.start_ns <= inner.end_ns <= outer.end_ns


def test_a_part_that_fails_says_so(waiting: Waiting) -> None:
    with pytest.raises(KeyError), work.doing(Work("", PART)), tracing.span("outer"):
        raise KeyError("nothing there")

    (span,) = waiting.take(10)
    assert span.error == "KeyError"


def test_a_device_that_asks_to_be_seen_has_the_window_in_its_own_trace(waiting: Waiting) -> None:
    other = SpanContext("a" * 32, "b" * 16, is_sampled=True)
    payloads = [
        b'{"lat": 1}',
        f'{{"lat": 1, "traceparent": "{PART.header()}"}}'.encode(),
        f'{{"traceparent" : "{other.header()}", "lat": 1}}'.encode(),
        b'{"traceparent": "nonsense"}',
        b'{"traceparent',
        b'"traceparent":',
    ]

    window = tracing.window_of(payloads, begun_ms=5)

    assert window is not None
    assert (window.part.trace_id, window.parent_id) == (PART.trace_id, PART.span_id)
    assert (window.links, window.begun_ns) == ((other,), 5_000_000)
    with tracing.working_on(window, fixes=2):
        assert work.traceparent() == window.part.header()
    (span,) = waiting.take(10)
    assert (span.name, span.links, span.attributes) == ("ingest.window", (other,), {"fixes": 2})


def test_of_other_windows_nearly_none_is_seen(waiting: Waiting) -> None:
    assert tracing.window_of([b'{"lat": 1}'], begun_ms=5) is None


def test_without_a_collector_nothing_is_recorded() -> None:
    with work.doing(Work("", PART)), tracing.span("outer"):
        assert work.current() == Work("", PART)
        assert tracing.clock() == 0
    assert tracing.window_of([b'"traceparent": "x"'], begun_ms=5) is None
    part, parent_id = tracing.part_of_request(None)
    assert (part.is_sampled, parent_id) == (False, None)


def test_more_than_may_wait_is_left_out_and_counted() -> None:
    spans = Waiting(2)
    tracing.record_to(tracing.Recording(spans, Shares))
    try:
        with work.doing(Work("", PART)):
            for name in "abc":
                with tracing.span(name):
                    pass
    finally:
        tracing.record_to(None)

    assert (spans.ended, spans.dropped, [span.name for span in spans.take(9)]) == (3, 1, ["a", "b"])
