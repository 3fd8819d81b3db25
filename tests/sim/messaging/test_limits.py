"""The stand-in forgets the oldest first, in its book and of the receipts that wait."""

from __future__ import annotations

from pathlib import Path

from config.policy import defaults
from sim.messaging.book import LINES_PER_MESSAGE, Book, Kept
from sim.messaging.receipts import Due, Receipts
from sim.messaging.settings import Habits, TwinSettings


def kept(nr: int, state: str = "accepted") -> Kept:
    return Kept(
        nr=nr,
        id=f"m{nr}",
        service="msg91",
        channel="sms",
        to="+91",
        at_ms=nr,
        text="t",
        state=state,
    )


def test_the_book_knows_so_many_and_its_file_does_not_grow_for_ever(tmp_path: Path) -> None:
    file = tmp_path / "messages.jsonl"
    book = Book(file, 2)
    for nr in (1, 2, 3):
        book.keep(kept(nr))
    assert [one.nr for one in book.all()] == [2, 3]

    for turn in range(LINES_PER_MESSAGE * 2 + 1):
        book.keep(kept(3, f"state {turn}"))
    assert len(file.read_bytes().splitlines()) <= LINES_PER_MESSAGE * 2
    book.close()

    again = Book(file, 2)
    assert [(one.nr, one.state) for one in again.all()] == [(2, "accepted"), (3, "state 16")]
    assert again.next_nr() == 4
    again.close()


def test_a_line_that_a_kill_cut_short_was_not_taken(tmp_path: Path) -> None:
    file = tmp_path / "messages.jsonl"
    book = Book(file, 10)
    book.keep(kept(1))
    book.keep(kept(2))
    book.close()
    file.write_bytes(file.read_bytes()[:-5])

    again = Book(file, 10)
    assert [one.nr for one in again.all()] == [1]
    again.keep(kept(2))
    again.close()
    assert [one.nr for one in Book(file, 10).all()] == [1, 2]


def test_of_receipts_that_wait_the_oldest_go_first() -> None:
    usual = defaults().messaging_sandbox.model_dump()
    habits = Habits(**{**usual, "receipts_waiting_max": 2})
    receipts = Receipts(TwinSettings("h", 1, 2, "f", "s", "k", "", habits))
    for nr, since_s in ((1, 5.0), (2, 1.0), (3, 9.0)):
        receipts.later(Due(nr, "sent", "", since_s, 100.0 - nr))

    assert sorted(due.nr for _, due in receipts._waiting) == [1, 3]
