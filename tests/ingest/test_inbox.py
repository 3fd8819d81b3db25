"""Between sockets and windows: nothing is lost or overflows; each is acknowledged to its own."""

from __future__ import annotations

from collections import Counter
from typing import Any

from config.policy import policy
from ingest.inbox import Inbox
from ingest.messages import Message
from ingest.mqtt_client import Session

LIMITS = policy().ingest.batching.model_copy(
    update={
        "messages_max": 3,
        "bytes_max": 100,
        "pending_messages_max": 10,
        "pending_bytes_max": 200,
    }
)


class Socket:
    """A session as far as an inbox sees it."""

    def __init__(self) -> None:
        self.is_read = True

    def pause_reading(self) -> None:
        self.is_read = False

    def resume_reading(self) -> None:
        self.is_read = True

    @property
    def session(self) -> Session:
        session: Any = self
        return session  # type: ignore[no-any-return]


def message(mid: int, size: int = 1) -> Message:
    return Message(mid, "topic", b"x" * size, 0)


def test_a_window_holds_messages_of_all_sessions_in_their_order() -> None:
    inbox, one, other = Inbox(LIMITS, Counter()), Socket(), Socket()
    for mid, socket in ((1, one), (1, other), (0, one), (2, other)):
        inbox.take(socket.session, message(mid))

    first, second = inbox.pick(), inbox.pick()

    assert [m.mid for m in first.messages] == [1, 1, 0]
    assert first.mids == {one.session: [1], other.session: [1]}, "QoS 0 has nothing to acknowledge"
    assert second.mids == {other.session: [2]}
    assert not inbox.news.is_set()


def test_a_window_of_long_messages_is_short() -> None:
    inbox, one = Inbox(LIMITS, Counter()), Socket()
    for mid in (1, 2, 3):
        inbox.take(one.session, message(mid, size=60))

    assert [m.mid for m in inbox.pick().messages] == [1, 2]
    assert (len(inbox), inbox.bytes) == (1, 60)


def test_full_it_reads_no_more_until_half_of_it_is_gone() -> None:
    counts: Counter[str] = Counter()
    inbox, one, other = Inbox(LIMITS, counts), Socket(), Socket()
    for mid in range(1, 11):
        inbox.take(one.session if mid % 2 else other.session, message(mid))
    assert (one.is_read, other.is_read) == (True, False), "who would overflow it waits"
    inbox.take(one.session, message(11))
    assert not one.is_read

    inbox.pick()
    assert not one.is_read, "8 wait still"
    inbox.pick()
    inbox.pick()

    assert one.is_read
    assert other.is_read
    assert counts["read_pauses_total"] == 2


def test_few_long_messages_fill_it_as_well() -> None:
    inbox, one = Inbox(LIMITS, Counter()), Socket()
    inbox.take(one.session, message(1, size=199))
    assert one.is_read
    inbox.take(one.session, message(2, size=1))
    assert not one.is_read

    inbox.pick()

    assert one.is_read


async def test_closed_it_takes_nothing_more_and_gives_what_it_has() -> None:
    inbox, one = Inbox(LIMITS, Counter()), Socket()
    inbox.take(one.session, message(1))
    assert not inbox.empty.is_set()

    inbox.close()
    inbox.take(one.session, message(2))

    assert not one.is_read, "the broker keeps what it was not told of"
    assert [m.mid for m in inbox.pick().messages] == [1]
    assert inbox.empty.is_set()
    assert not one.is_read


def test_a_window_is_full_by_messages_or_by_bytes() -> None:
    for sizes, is_full in (([1, 1], False), ([1, 1, 1], True), ([99], False), ([99, 1], True)):
        inbox, one = Inbox(LIMITS, Counter()), Socket()
        for mid, size in enumerate(sizes, start=1):
            inbox.take(one.session, message(mid, size))

        assert inbox.fills_a_window is is_full
