"""The caller's trace goes on, and nonsense does not."""

from __future__ import annotations

import pytest

from serve.trace import continued

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


@pytest.mark.parametrize(
    "given",
    [f"00-{TRACE}-{PARENT}-01", f"00-{TRACE}-{PARENT}-00", f"cc-{TRACE}-{PARENT}-01-what-comes"],
)
def test_a_trace_goes_on_under_a_part_of_our_own(given: str) -> None:
    trace, sent = continued(given.encode())

    version, same, part, flags = sent.split("-")
    assert (trace, version, same) == (TRACE, "00", TRACE)
    assert part != PARENT
    assert len(part) == 16
    assert flags == given.split("-")[3]


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
def test_else_one_begins_here(given: str | None) -> None:
    trace, sent = continued(None if given is None else given.encode())

    assert trace != TRACE
    assert len(trace) == 32
    assert sent.startswith(f"00-{trace}-")
