"""The life of a message under answers and receipts in any order; hours, turns, and plans."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from config.policy import defaults
from freight.notifying import decide
from freight.notifying.channels import Channel
from freight.notifying.consent import Standing, keyword, objection
from freight.notifying.decide import Now, Told, Way
from freight.notifying.events import AttemptMade, MessageEvent
from freight.notifying.evolve import RANKS, replayed
from freight.notifying.hours import Hours, ends_ms, next_ms
from freight.notifying.on_call import Calendar, Override, Rotation, called, on_call
from freight.notifying.planning import Fact, Person, Wanted, merged, messages, tells
from freight.notifying.rules import Telling
from freight.notifying.segments import plain, segments
from freight.notifying.state import Message, Severity, Status
from freight.notifying.wishes import KindWish, Wishes
from freight.refusal import Refusal

RULES = defaults().notifying
START_MS = 1_795_240_800_000  # 21 Nov 2026, 11:30 in India
HOUR_MS = 3_600_000
FEW = settings(max_examples=100, deadline=None)
CHANNELS = (Channel.PUSH, Channel.WHATSAPP, Channel.SMS)


def a_message(severity: Severity = Severity.WARNING) -> Message:
    return Message(
        id="ntf-1",
        version=1,
        kind="alert.raised",
        severity=severity,
        subject="alerts/a",
        person="users/u",
        language="en",
        channels=CHANNELS,
        cause="fact",
        created_ms=START_MS,
        expires_ms=START_MS + HOUR_MS,
        status=Status.WAITING,
        due_ms=START_MS,
    )


@dataclass
class Story:
    """Takes steps, and keeps what must hold of them."""

    message: Message
    repeatable: bool
    now_ms: int = START_MS

    def step(self, made: list[MessageEvent]) -> None:
        before = self.message
        if not made:
            return
        self.message = replayed(made, before)
        assert self.message.version == before.version + len(made)
        if RANKS.get(before.status, 0) >= RANKS[Status.DELIVERED]:
            assert RANKS[self.message.status] >= RANKS[before.status], "it went back"
        asked = [one for one in made if isinstance(one, AttemptMade)]
        self.asked += [one.asked.attempt for one in asked]

    def __post_init__(self) -> None:
        self.asked: list[str] = []

    def act(self, what: str, nr: int) -> None:
        self.now_ms += 1000
        now, message = Now(self.now_ms, RULES.sending, 0.5), self.message
        way = Way(provider="p", is_repeatable=self.repeatable, has_receipts=True)
        nr = message.nr if nr == 0 else max(message.nr - nr, 0)
        failed = Told(state="failed", reason="blocked", code="1")
        match what:
            case "ask" if message.status is Status.WAITING:
                self.step(decide.ask(message, way, None, now))
            case "accepted":
                self.step(decide.accepted(message, nr, "id", "accepted", now))
            case "undone":
                self.step(decide.undone(message, nr, "busy", 0, now))
            case "refused":
                self.step(decide.refused(message, nr, "no", failed, self.now_ms))
            case "lost":
                self.step(decide.lost(message, nr, "no answer", now))
            case "sent" | "delivered" | "read" if nr:
                self.step(decide.heard(message, nr, Told(state=what), self.now_ms))
            case "failed" if nr:
                self.step(decide.heard(message, nr, failed, self.now_ms))
            case "chased" if message.status is Status.SENT and message.due_ms is not None:
                self.step(decide.chased(message, self.now_ms))


ACTS = (
    *("ask", "ask", "accepted", "undone", "refused", "lost"),
    *("sent", "delivered", "read", "failed", "chased"),
)


@FEW
@given(
    st.lists(st.tuples(st.sampled_from(ACTS), st.integers(0, 2)), max_size=40),
    st.booleans(),
    st.sampled_from(list(Severity)),
)
def test_any_story_asks_no_channel_twice_for_what_may_have_been_sent(
    acts: list[tuple[str, int]], repeatable: bool, severity: Severity
) -> None:
    """A name is used again only where nothing was sent, or where the same twice goes out once."""
    story = Story(a_message(severity), repeatable)
    unclear: set[str] = set()
    for what, nr in acts:
        before = story.message
        asked = len(story.asked)
        story.act(what, nr)
        if story.message is not before and what in {"accepted", "lost"}:
            unclear.add(before.attempt if before.asked is None else before.asked.attempt)
        new = story.asked[asked:]
        if not repeatable:
            assert not unclear & set(new), "sent again though it may have come"
    places = [int(name.rsplit("-", 1)[1]) for name in story.asked]
    assert places == sorted(places), "it went back to a channel before"
    assert all(name.startswith("ntf-1-0-") for name in story.asked)
    if story.message.status is Status.SENDING:
        assert story.message.due_ms is not None, "nobody would look at it again"


def test_receipts_only_go_forward_and_a_late_delivery_stops_the_next_channel() -> None:
    story = Story(a_message(Severity.CRITICAL), repeatable=False)
    seen = []
    for act in ("ask", "accepted", "chased", "sent", "delivered", "sent"):
        story.act(act, 0)
        seen.append(story.message.status)
    assert seen == [
        *(Status.SENDING, Status.SENT, Status.WAITING, Status.WAITING),
        *(Status.DELIVERED, Status.DELIVERED),
    ]
    assert story.asked == ["ntf-1-0-0"]
    assert (story.message.channel, story.message.due_ms) == (Channel.WHATSAPP, None)


def test_an_answer_after_it_was_taken_for_lost_counts() -> None:
    story = Story(a_message(), repeatable=False)
    seen = []
    for act in ("ask", "lost", "accepted"):
        story.act(act, 0)
        seen.append(story.message.status)
    assert seen == [Status.SENDING, Status.UNKNOWN, Status.SENT]


def test_people_replay_what_came_to_nothing_and_keep_back_what_waits() -> None:
    waits = a_message()
    with pytest.raises(Refusal, match="dead, unknown or cancelled"):
        decide.replay(waits, "user:ann", HOUR_MS, START_MS)
    cancelled = replayed(decide.cancel(waits, "user:ann", "over", START_MS), waits)
    assert decide.cancel(cancelled, "user:ann", "over", START_MS) == []
    again = replayed(decide.replay(cancelled, "user:ann", HOUR_MS, START_MS + 5), cancelled)
    assert (again.status, again.due_ms, again.attempt) == (
        *(Status.WAITING, START_MS + 5),
        "ntf-1-1-0",
    )
    with pytest.raises(Refusal):
        decide.cancel(replace(waits, status=Status.SENT), "user:ann", "over", START_MS)


def test_the_waits_double_differ_and_end() -> None:
    message, waits = a_message(), []
    for _ in range(20):
        now = Now(START_MS, RULES.sending, 1.0)
        last = replace(message, status=Status.SENDING, nr=1, channels=(Channel.SMS,))
        message = replayed(decide.undone(last, 1, "busy", 0, now), last)
        waits.append(((message.due_ms or 0) - START_MS) // 1000)
    assert waits[:4] == [2, 4, 8, 16]
    assert set(waits[9:]) == {300}


# -------------------------------------------------------------------------------- the clock


@pytest.mark.parametrize(
    ("clock", "ends"),
    [
        ("20:59", None),
        ("21:00", "07:00+1"),
        ("23:59", "07:00+1"),
        ("06:59", "07:00"),
        ("07:00", None),
    ],
)
def test_quiet_hours_go_over_midnight(clock: str, ends: str | None) -> None:
    hour, minute = map(int, clock.split(":"))
    midnight_ms = START_MS - 11 * HOUR_MS - HOUR_MS // 2
    found = ends_ms(
        Hours("21:00", "07:00"), "Asia/Kolkata", midnight_ms + (hour * 60 + minute) * 60_000
    )
    days = 1 if ends is not None and ends.endswith("+1") else 0
    assert found == (None if ends is None else midnight_ms + (7 + 24 * days) * HOUR_MS)


def test_equal_clocks_are_no_hours_and_digests_have_a_next_time() -> None:
    assert ends_ms(Hours("09:00", "09:00"), "Asia/Kolkata", START_MS) is None
    found = next_ms(["09:00", "18:00"], "Asia/Kolkata", START_MS)
    assert found == START_MS + 6 * HOUR_MS + HOUR_MS // 2
    assert next_ms(["18:00"], "Asia/Kolkata", found) == found + 24 * HOUR_MS


def test_turns_hours_stand_ins_and_the_next_level() -> None:
    day = Rotation(
        level=1,
        people=("users/a", "users/b"),
        begins_ms=START_MS,
        turn_hours=24,
        hours=Hours("08:00", "20:00"),
    )
    boss = Rotation(level=3, people=("users/boss",), begins_ms=0, turn_hours=8000)
    calendar = Calendar(id="c", name="c", time_zone="Asia/Kolkata", rotations=(day, boss))
    assert on_call(calendar, 1, START_MS) == ("users/a",)
    assert on_call(calendar, 1, START_MS + 24 * HOUR_MS) == ("users/b",)
    assert on_call(calendar, 1, START_MS + 48 * HOUR_MS) == ("users/a",)
    assert on_call(calendar, 1, START_MS - 1) == ()
    at_night_ms = START_MS + 12 * HOUR_MS
    assert on_call(calendar, 1, at_night_ms) == ()
    assert called(calendar, 1, at_night_ms) == ("users/boss",)
    stands = Override(id="o", level=1, person="users/c", from_ms=START_MS, to_ms=START_MS + HOUR_MS)
    with_c = replace(calendar, overrides=(stands,))
    assert on_call(with_c, 1, START_MS) == ("users/c",)
    assert on_call(with_c, 1, START_MS + HOUR_MS) == ("users/a",)


# ------------------------------------------------------------------------ plans and consent


def _fact(**data: object) -> Fact:
    return Fact(id="f", type="alert.raised", subject="alerts/a", at_ms=START_MS, data=data)


def test_several_rules_tell_a_person_once_by_each_channel() -> None:
    person = Person(key="users/u", email="u@example.in", phone="+919876543210")
    one = Wanted(
        person=person,
        wishes=Wishes(),
        kind="alert.raised",
        severity=Severity.INFO,
        routes=((Channel.IN_APP,), (Channel.SMS, Channel.EMAIL)),
    )
    more = ((Channel.EMAIL, Channel.VOICE), (Channel.SMS,))
    two = replace(one, severity=Severity.CRITICAL, routes=more)
    (both,) = merged([one, two])
    assert both.severity is Severity.CRITICAL
    planned = messages(7, _fact(), both, RULES, START_MS)
    assert [each.channels for each in planned] == [
        *((Channel.IN_APP,), (Channel.SMS, Channel.EMAIL), (Channel.VOICE,)),
    ]
    assert len({each.id for each in planned}) == 3
    assert planned == messages(7, _fact(), both, RULES, START_MS)


def test_who_mutes_gets_nothing_but_what_is_critical() -> None:
    person = Person(key="users/u", email="u@example.in")
    wishes = Wishes(kinds={"*": KindWish(is_muted=True)})
    for severity, many in ((Severity.WARNING, 0), (Severity.CRITICAL, 1)):
        one = Wanted(
            person=person,
            wishes=wishes,
            kind="alert.raised",
            severity=severity,
            routes=((Channel.EMAIL,),),
        )
        assert len(messages(7, _fact(), one, RULES, START_MS)) == many


def test_rules_look_at_what_facts_say() -> None:
    rule = Telling(
        facts=("alert.raised",), where={"level": ("1",)}, to=("role:admin",), routes=("mail",)
    )
    assert tells(rule, _fact(level=1))
    assert not tells(rule, _fact(level=2))
    assert not tells(rule, _fact())


def test_words_of_consent() -> None:
    assert keyword(" STOP! ", RULES) is Standing.WITHDRAWN
    assert keyword("बंद", RULES) is Standing.WITHDRAWN
    assert keyword("start", RULES) is Standing.GRANTED
    assert keyword("please stop the truck", RULES) is None
    promoting = RULES.model_copy(update={"promotional": ("offer",)})
    assert objection(None, "offer.made", promoting) == "no consent was given"
    assert objection(None, "alert.raised", promoting) is None
    assert objection(Standing.WITHDRAWN, "alert.raised", promoting) == "opted out"


# ------------------------------------------------------------------------------------- SMS


@pytest.mark.parametrize(
    ("text", "encoding", "parts"),
    [
        ("a" * 160, "GSM-7", 1),
        ("a" * 161, "GSM-7", 2),
        ("€" * 80, "GSM-7", 1),
        ("€" * 81, "GSM-7", 2),
        ("ट" * 70, "UCS-2", 1),
        ("ट" * 71, "UCS-2", 2),
        ("😀" * 35, "UCS-2", 1),
        ("😀" * 36, "UCS-2", 2),
        ("", "GSM-7", 1),
    ],
)
def test_parts_of_an_sms(text: str, encoding: str, parts: int) -> None:
    found = segments(text)
    assert (found.encoding, found.parts) == (encoding, parts)


def test_what_phones_put_in_is_written_plainly() -> None:
    assert plain("\u201cRs\u00a05\u201d \u2013 \u2026") == '"Rs 5" - ...'
    assert plain("\u20b95") == "Rs 5"
    joined = "क\u094d\u200dष"
    assert plain(joined) == joined
