"""Traces of a few of all pieces of work, from door to door; nothing while nobody collects them."""

from __future__ import annotations

import contextlib
import dataclasses
import random
import time
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple, Protocol

from telemetry import work
from telemetry.spans import Attributes, Kind, Span, Waiting
from telemetry.traceparent import SpanContext, begun, parsed
from telemetry.work import Work

# What a device's message has in it when somebody wants to see its way.
MARK = b'"traceparent"'


class Shares(Protocol):
    """One of how many is traced though nobody asked."""

    @property
    def requests_one_in(self) -> int: ...

    @property
    def windows_one_in(self) -> int: ...


@dataclasses.dataclass(frozen=True, slots=True)
class Recording:
    waiting: Waiting
    shares: Callable[[], Shares]


_recording: Recording | None = None


def record_to(recording: Recording | None) -> None:
    """None: from here on nothing is recorded."""
    global _recording  # noqa: PLW0603 - a process has one
    _recording = recording


def is_on() -> bool:
    return _recording is not None


def _drawn(one_in: int) -> bool:
    return random.random() * one_in < 1.0  # noqa: S311 - which are shown is no secret


# ------------------------------------------------------------------------------- where work begins


def part_of_request(given: bytes | None) -> tuple[SpanContext, str | None]:
    """This request's own part, and what it is a part of, unless its trace begins here."""
    caller = None if given is None else parsed(given.decode("latin-1"))
    if caller is not None:
        return caller.child(), caller.span_id
    recording = _recording
    is_sampled = recording is not None and _drawn(recording.shares().requests_one_in)
    return begun(is_sampled=is_sampled), None


def tell_request(name: str, parent_id: str | None, took_s: float, attributes: Attributes) -> None:
    """Once it is answered."""
    at_hand = work.current()
    if _recording is None or at_hand is None or at_hand.trace is None:
        return
    if at_hand.trace.is_sampled:
        end_ns = time.time_ns()
        start_ns = end_ns - int(took_s * 1e9)
        said = {**attributes, **_about(at_hand)}
        span = Span(name, at_hand.trace, start_ns, end_ns, parent_id, Kind.SERVER, said)
        _recording.waiting.put(span)


class Window(NamedTuple):
    """A window of devices' messages, which is worked on as one."""

    part: SpanContext
    parent_id: str | None
    links: tuple[SpanContext, ...]
    begun_ns: int


def window_of(payloads: Iterable[bytes], begun_ms: int) -> Window | None:
    """If one of its messages asks to be seen, or the lot falls on it. The first of those that ask
    has the whole way in its own trace; the others are linked."""
    recording = _recording
    if recording is None:
        return None
    marked = [payload for payload in payloads if MARK in payload]
    asked = tuple(part for payload in marked if (part := _named_in(payload)) is not None)
    begun_ns = begun_ms * 1_000_000
    if asked:
        return Window(asked[0].child(), asked[0].span_id, asked[1:], begun_ns)
    if not _drawn(recording.shares().windows_one_in):
        return None
    return Window(begun(is_sampled=True), None, (), begun_ns)


@contextlib.contextmanager
def working_on(window: Window | None, **attributes: str | int | float | bool) -> Iterator[None]:
    """All of a window, from its first message on; ends when the last of it is confirmed."""
    recording = _recording
    if window is None or recording is None:
        yield
        return
    error = None
    try:
        with work.doing(Work("", window.part)):
            yield
    except BaseException as failed:
        error = type(failed).__name__
        raise
    finally:
        recording.waiting.put(
            Span(
                "ingest.window",
                window.part,
                window.begun_ns,
                time.time_ns(),
                window.parent_id,
                Kind.CONSUMER,
                attributes,
                window.links,
                error,
            )
        )


def _named_in(payload: bytes) -> SpanContext | None:
    """The message is read elsewhere; here only the text behind the first mark counts."""
    rest = payload[payload.index(MARK) + len(MARK) :].lstrip(b" \t\r\n:")
    text = rest[1:].partition(b'"')[0] if rest[:1] == b'"' else b""
    part = parsed(text.decode("latin-1"))
    return part if part is not None and part.is_sampled else None


# ----------------------------------------------------------------------------- what is part of it


@contextlib.contextmanager
def span(
    name: str,
    kind: Kind = Kind.INTERNAL,
    links: tuple[SpanContext, ...] = (),
    **attributes: str | int | float | bool,
) -> Iterator[None]:
    """A part of the work at hand, if that is recorded; what is called inside is part of it."""
    at_hand, recording = work.current(), _recording
    if recording is None or at_hand is None or at_hand.trace is None:
        yield
        return
    if not at_hand.trace.is_sampled:
        yield
        return
    own = at_hand.trace.child()
    start_ns, error = time.time_ns(), None
    try:
        with work.doing(Work(at_hand.correlation, own, at_hand.fields)):
            yield
    except BaseException as failed:
        error = type(failed).__name__
        raise
    finally:
        said = {**attributes, **_about(at_hand)}
        parent_id = at_hand.trace.span_id
        recording.waiting.put(
            Span(name, own, start_ns, time.time_ns(), parent_id, kind, said, links, error)
        )


def clock() -> int:
    """When something begins that `lap` will tell; 0 when nobody will read it."""
    at_hand = work.current()
    if _recording is None or at_hand is None or at_hand.trace is None:
        return 0
    return time.time_ns() if at_hand.trace.is_sampled else 0


def lap(name: str, since_ns: int, **attributes: str | int | float | bool) -> int:
    """A part of the work at hand that ends now; gives the beginning of the next one."""
    at_hand, recording = work.current(), _recording
    if recording is None or at_hand is None or at_hand.trace is None:
        return 0
    if not at_hand.trace.is_sampled:
        return 0
    now_ns = time.time_ns()
    if since_ns:
        own, parent_id = at_hand.trace.child(), at_hand.trace.span_id
        recording.waiting.put(Span(name, own, since_ns, now_ns, parent_id, attributes=attributes))
    return now_ns


def _about(at_hand: Work) -> dict[str, str]:
    said = {f"ubertruck.{name}": value for name, value in at_hand.fields.items()}
    if at_hand.correlation:
        said["ubertruck.correlation_id"] = at_hand.correlation
    return said
