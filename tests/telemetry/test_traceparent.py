"""The caller's trace goes on, and nonsense does not."""

from __future__ import annotations

import pytest

from telemetry.traceparent import SpanContext, begun, parsed

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


@pytest.mark.parametrize(
    ("given", "is_sampled"),
    [
        (f"00-{TRACE}-{PARENT}-01", True),
        (f"00-{TRACE}-{PARENT}-00", False),
        (f"cc-{TRACE}-{PARENT}-03-what-comes", True),
    ],
)
def test_a_trace_goes_on_under_a_part_of_our_own(given: str, is_sampled: bool) -> None:
    caller = parsed(given)

    assert caller == SpanContext(TRACE, PARENT, is_sampled)
    part = caller.child()
    assert (part.trace_id, part.is_sampled) == (TRACE, is_sampled)
    assert part.span_id != PARENT
    assert part.header() == f"00-{TRACE}-{part.span_id}-{'01' if is_sampled else '00'}"


@pytest.mark.parametrize(
    "given",
    [
        None,
        "",
        "hello",
        f"00-{TRACE.upper()}-{PARENT}-01",
        f"00-{'0' * 32}-{PARENT}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"ff-{TRACE}-{PARENT}-01",
        f"00-{TRACE}-{PARENT}-01-more",
    ],
)
def test_nonsense_is_nobodys_trace(given: str | None) -> None:
    assert parsed(given) is None


def test_one_that_begins_here_can_be_gone_on_with() -> None:
    first, second = begun(is_sampled=True), begun(is_sampled=False)

    assert first.trace_id != second.trace_id
    assert parsed(first.header()) == first
    assert parsed(second.header()) == second
