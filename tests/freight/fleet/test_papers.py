"""Papers that cover a trip, and those that do not."""

from __future__ import annotations

from datetime import date

import pytest

from config.policy import defaults
from freight.fleet.papers import Paper, PaperKind, faults, held, needed_until

RULES = defaults().fleet.papers
STRICT = RULES.model_copy(update={"required": frozenset({PaperKind.RC, PaperKind.PERMIT_NATIONAL})})
DAY = date(2026, 11, 25)
AFTER, BEFORE = date(2026, 11, 26), date(2026, 11, 24)
MAHARASHTRA, GUJARAT = "27", "24"


def paper(kind: str, end: date | None = None, *states: str) -> Paper:
    return Paper(PaperKind(kind), "N-1", end, frozenset(states))


STORIES = [
    ("nothing is known", [], [], []),
    ("all hold", [paper("rc"), paper("insurance", AFTER), paper("puc", DAY)], [], []),
    ("one is over the day before", [paper("insurance", BEFORE)], [], ["papers.expired"]),
    ("a toll tag's end stops nobody", [paper("fastag", BEFORE)], [], []),
    ("a national permit", [paper("permit_national", AFTER)], ["27", "24"], []),
    ("over", [paper("permit_national", BEFORE)], ["27"], ["papers.expired"]),
    ("at home", [paper("permit_state", AFTER, "27")], ["27"], []),
    ("away", [paper("permit_state", AFTER, "27")], ["27", "24"], ["papers.permit_reach"]),
    ("nobody knows where it goes", [paper("permit_state", AFTER, "27")], [], []),
    (
        "the national one is over, at home that matters not",
        [paper("permit_national", BEFORE), paper("permit_state", AFTER, "27")],
        ["27"],
        [],
    ),
    (
        "the national one is over, and away",
        [paper("permit_national", BEFORE), paper("permit_state", AFTER, "27")],
        ["24"],
        ["papers.expired"],
    ),
]


@pytest.mark.parametrize(("_story", "papers", "states", "codes"), STORIES)
def test_what_papers_are_good_for(
    _story: str, papers: list[Paper], states: list[str], codes: list[str]
) -> None:
    found = faults(held(papers, RULES), RULES, DAY, frozenset(states))

    assert [reason.code for reason in found] == codes


def test_what_is_required_must_be_on_record() -> None:
    lacking = faults(held([], STRICT), STRICT, DAY, frozenset())
    # Either permit will do.
    enough = [paper("rc"), paper("permit_state", AFTER, MAHARASHTRA)]

    assert [(reason.code, reason.about) for reason in lacking] == [
        ("papers.missing", "rc"),
        ("papers.missing", "permit"),
    ]
    assert faults(held(enough, STRICT), STRICT, DAY, frozenset({MAHARASHTRA})) == []


def test_the_first_to_end_is_named() -> None:
    papers = held([paper("puc", BEFORE), paper("insurance", date(2026, 11, 1))], RULES)

    (reason,) = faults(papers, RULES, DAY, frozenset())

    assert (reason.about, papers.earliest_end) == ("insurance", date(2026, 11, 1))
    assert reason.detail == "its insurance ends on 2026-11-01, before 2026-11-25"


def test_a_delivery_late_in_the_evening_needs_the_next_day() -> None:
    """By the clock in India, and with twelve hours to spare."""
    half_past_noon_utc_ms = 1_795_869_000_000  # 2026-11-28 12:30 UTC, 18:00 in India

    assert needed_until(half_past_noon_utc_ms - 30 * 60_000 - 1, RULES) == date(2026, 11, 29)
    assert needed_until(half_past_noon_utc_ms - 7 * 3_600_000, RULES) == date(2026, 11, 28)
