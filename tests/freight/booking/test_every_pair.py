"""Every command at every status: done, or refused with the code that is written here."""

from __future__ import annotations

from collections.abc import Callable
from typing import get_args

import pytest

from freight.booking import commands as asked
from freight.booking.commands import Command
from freight.booking.sightings import Seen, Sighting
from freight.booking.state import Milestone, ProofKind, Quoted, Side
from tests.freight.booking.story import (
    DESK,
    HOUR,
    MINUTE,
    Story,
    create,
    entered,
    exited,
    load,
    moved,
    rules,
)

NOW_MS = 100 * HOUR


def _created() -> Story:
    story = Story(rules())
    story.does(create())
    return story


def _confirmed() -> Story:
    story = _created()
    story.does(asked.Confirm(by=DESK))
    return story


def _dispatching() -> Story:
    story = _confirmed()
    story.does(asked.StartDispatch(by=DESK))
    return story


def _failed() -> Story:
    story = _dispatching()
    story.does(asked.Fail(by=DESK, leg="L1"))
    return story


def _assigned() -> Story:
    return Story(rules()).assigned()


def _en_route() -> Story:
    story = _assigned()
    story.hears(moved(5 * MINUTE, 18.4, 73.8))
    return story


def _at_pickup() -> Story:
    story = _en_route()
    story.hears(entered("plant", HOUR))
    return story


def _loaded() -> Story:
    story = _at_pickup()
    story.proves("S1")
    return story


def _in_transit() -> Story:
    story = _at_pickup()
    story.hears(exited("plant", 2 * HOUR))
    return story


def _at_drop() -> Story:
    story = _in_transit()
    story.hears(entered("site", 4 * HOUR))
    return story


def _delivered() -> Story:
    story = _at_drop()
    story.proves("S2")
    return story


def _closed() -> Story:
    story = _delivered()
    story.does(asked.Close(by=DESK))
    return story


def _cancelled() -> Story:
    story = _confirmed()
    story.does(asked.Cancel(by=DESK, side=Side.SHIPPER))
    return story


STORIES: dict[str, Callable[[], Story]] = {
    "created": _created,
    "confirmed": _confirmed,
    "failed": _failed,
    "dispatching": _dispatching,
    "assigned": _assigned,
    "en_route": _en_route,
    "at_pickup": _at_pickup,
    "loaded": _loaded,
    "in_transit": _in_transit,
    "at_drop": _at_drop,
    "delivered": _delivered,
    "closed": _closed,
    "cancelled": _cancelled,
}
WEIGHED = load(weight_kg=21_000)
SEEN = Sighting(
    fact="f1", told="f1", known_ms=1, truck="T1", seen=Seen.RESTED, at_ms=HOUR, place="fence/plant"
)
COMMANDS: dict[str, Command] = {
    "create": create(),
    "amend load": asked.Amend(by=DESK, load=WEIGHED),
    "amend references": asked.Amend(by=DESK, references={"po": "7"}),
    "reprice": asked.Reprice(by=DESK, price=Quoted("Q2", 5_000_000, "digest", "INR")),
    "adjust": asked.Adjust(by=DESK, head="toll", unit="trip", quantity=1, per=1, unit_minor=100),
    "confirm": asked.Confirm(by=DESK),
    "start dispatch": asked.StartDispatch(by=DESK, leg="L1"),
    "assign": asked.Assign(by=DESK, leg="L1", truck="T2"),
    "unassign": asked.Unassign(by=DESK, leg="L1"),
    "swap": asked.Swap(by=DESK, leg="L1", truck="T2"),
    "sight": asked.Sight(by=DESK, leg="L1", sighting=SEEN),
    "listen": asked.Listen(by=DESK, leg="L1", truck="T1", silent_ms=1),
    "relieve": asked.Relieve(by=DESK, leg="L1"),
    "reach": asked.Reach(by=DESK, leg="L1", milestone=Milestone.EN_ROUTE, reason="said so"),
    "take back": asked.TakeBack(
        by=DESK, leg="L1", milestone=Milestone.ARRIVED, stop="S2", reason="no"
    ),
    "set code": asked.SetCode(by=DESK, leg="L1", stop="S2", digest="d", salt="s"),
    "prove": asked.RecordProof(
        by=DESK, leg="L1", stop="S2", kind=ProofKind.DOCUMENT, reference="doc/1"
    ),
    "exclude": asked.ExcludeDetention(
        by=DESK, leg="L1", stop="S1", from_ms=1, to_ms=2, why="gate_closed"
    ),
    "shipper cancels": asked.Cancel(by=DESK, side=Side.SHIPPER),
    "carrier cancels": asked.Cancel(by=DESK, side=Side.CARRIER, leg="L1"),
    "fail": asked.Fail(by=DESK, leg="L1"),
    "split": asked.Split(by=DESK, leg="L1", weights_kg=(12_000, 8_000)),
    "merge": asked.Merge(by=DESK, legs=("L1",)),
    "close": asked.Close(by=DESK),
}

# By status, as in STORIES: a code of refusal, "." for done, or the status it then has.
EXPECTED: dict[str, str] = {
    "create": "exists " * 13,
    "amend load": """
        . . . >confirmed too_late too_late too_late too_late too_late too_late too_late closed
        cancelled
    """,
    "amend references": """
        . . . . . . . . . . too_late closed cancelled
    """,
    "reprice": """
        . . . . . . . . . . . closed cancelled
    """,
    "adjust": """
        not_confirmed . . . . . . . . . . closed cancelled
    """,
    "confirm": """
        >confirmed already_confirmed already_confirmed already_confirmed already_confirmed
        already_confirmed already_confirmed already_confirmed already_confirmed
        already_confirmed already_confirmed already_confirmed cancelled
    """,
    "start dispatch": """
        not_confirmed >dispatching >dispatching already_dispatching already_assigned
        already_assigned already_assigned loaded loaded loaded delivered closed cancelled
    """,
    "assign": """
        not_confirmed >assigned >assigned >assigned already_assigned already_assigned
        already_assigned loaded loaded loaded delivered closed cancelled
    """,
    "unassign": """
        not_confirmed not_assigned failed not_assigned >dispatching >dispatching >dispatching
        loaded loaded loaded delivered closed cancelled
    """,
    "swap": """
        not_confirmed not_assigned failed not_assigned . >assigned >assigned . . . delivered
        closed cancelled
    """,
    "sight": """
        not_its_truck not_its_truck not_its_truck not_its_truck >at_pickup >at_pickup . . . . .
        leg_over leg_over
    """,
    "listen": ". " * 13,
    "relieve": ". " * 13,
    "reach": """
        not_confirmed not_assigned failed not_assigned >en_route . . . . . . closed cancelled
    """,
    "take back": """
        not_confirmed not_assigned failed not_assigned not_reached not_reached not_reached
        not_reached not_reached >in_transit proven closed cancelled
    """,
    "set code": """
        not_confirmed . . . . . . . . . delivered closed cancelled
    """,
    "prove": """
        not_confirmed not_assigned failed not_assigned reason_needed reason_needed reason_needed
        reason_needed reason_needed >delivered . closed cancelled
    """,
    "exclude": """
        not_reached not_reached not_reached not_reached not_reached not_reached . . . . . closed
        cancelled
    """,
    "shipper cancels": """
        >cancelled >cancelled >cancelled >cancelled >cancelled >cancelled >cancelled loaded
        loaded loaded delivered closed cancelled
    """,
    "carrier cancels": """
        not_confirmed not_assigned failed not_assigned >dispatching >dispatching >dispatching
        loaded loaded loaded delivered closed cancelled
    """,
    "fail": """
        not_confirmed not_assigned failed >failed >failed >failed >failed >failed >failed
        >failed delivered closed cancelled
    """,
    "split": """
        . . . >confirmed already_assigned already_assigned already_assigned loaded loaded loaded
        delivered closed cancelled
    """,
    "merge": """
        no_merging no_merging no_merging no_merging no_merging no_merging no_merging no_merging
        no_merging no_merging no_merging closed cancelled
    """,
    "close": """
        not_delivered not_delivered not_delivered not_delivered not_delivered not_delivered
        not_delivered not_delivered not_delivered not_delivered >closed closed cancelled
    """,
}


@pytest.mark.parametrize("status", STORIES)
@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_at_every_status(name: str, status: str) -> None:
    story = STORIES[status]().at(NOW_MS)
    assert story.status == status
    expected = EXPECTED[name].split()[list(STORIES).index(status)]

    found = story.refused(COMMANDS[name])

    if found == "done":
        found = "." if story.status == status else f">{story.status}"
    assert found == expected


def test_every_kind_of_command_is_in_the_table() -> None:
    kinds = {type(command) for command in COMMANDS.values()}

    assert kinds == set(get_args(Command))


def test_what_is_refused_changes_nothing() -> None:
    for name, story in ((name, make()) for name, make in STORIES.items()):
        before = story.now
        for command in COMMANDS.values():
            if story.at(NOW_MS).refused(command) != "done":
                assert story.now is before, name
            before = story.now
