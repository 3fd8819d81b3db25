"""A payout is never sent twice: what may follow what, in any order of the provider's news."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.policy import defaults
from freight.ledger.accounts import Role
from freight.payouts import messages as m
from freight.payouts.decide import decide, key_of, mode_for
from freight.payouts.evolve import evolve
from freight.payouts.outlook import look_again_ms, look_ms
from freight.payouts.postings import moved
from freight.payouts.state import CAME_TO_NOTHING, UNDER_WAY, Payout, Purpose, Status
from freight.refusal import Refusal

RULES = defaults().payouts
AMOUNT_MINOR = 3_920_000
NOW_MS = 1_790_000_000_000
CREATE = m.Create(
    id="po-1",
    purpose=Purpose.SETTLEMENT,
    settlement="set-1",
    carrier="C1",
    amount_minor=AMOUNT_MINOR,
)
REQUEST = m.Request(fund_account="fa_1", mode="IMPS", narration="Freight B1")
RETRY = m.Retry(by="user:ann")


class Told:
    """A payout as it stands, and where its money is by the books."""

    def __init__(self, *commands: m.Command) -> None:
        self.found: Payout | None = None
        self.books: dict[str, int] = {}
        self.tell(CREATE, *commands)

    @property
    def state(self) -> Payout:
        assert self.found is not None
        return self.found

    def tell(self, *commands: m.Command) -> list[str]:
        names: list[str] = []
        for command in commands:
            for event in decide(self.found, command, RULES, NOW_MS):
                after = evolve(self.found, event)
                entry = moved(self.found, after, NOW_MS)
                for posting in () if entry is None else entry.postings:
                    known = self.books.get(posting.account, 0)
                    self.books[posting.account] = known + posting.amount_minor
                self.found = after
                names.append(type(event).__name__)
        return names


def seen(status: Status, nr: int = 1, **changes: object) -> m.Observe:
    fields = {"reference": key_of("po-1", nr), **changes}
    return m.Observe(provider_id=f"pout_{nr}", status=status, **fields)  # type: ignore[arg-type]


def refused(told: Told, command: m.Command) -> str:
    with pytest.raises(Refusal) as refusal:
        told.tell(command)
    return refusal.value.code


@pytest.mark.parametrize(
    ("news", "status"),
    [
        ((Status.QUEUED, Status.PROCESSING, Status.PROCESSED), Status.PROCESSED),
        ((Status.PROCESSED, Status.PROCESSING, Status.QUEUED), Status.PROCESSED),
        ((Status.PROCESSED, Status.REVERSED), Status.REVERSED),
        ((Status.REVERSED, Status.PROCESSED), Status.REVERSED),
        ((Status.PROCESSING, Status.FAILED), Status.FAILED),
        ((Status.FAILED, Status.PROCESSING), Status.FAILED),
        ((Status.FAILED, Status.REVERSED), Status.FAILED),
        ((Status.FAILED, Status.PROCESSED), Status.PROCESSED),
        ((Status.PROCESSED, Status.FAILED), Status.PROCESSED),
        ((Status.QUEUED, Status.CANCELLED), Status.CANCELLED),
        ((Status.QUEUED, Status.REJECTED), Status.REJECTED),
    ],
)
def test_news_in_any_order(news: tuple[Status, ...], status: Status) -> None:
    told = Told(REQUEST, *(seen(each) for each in news))
    assert told.state.status is status


def test_the_same_news_again_is_none() -> None:
    told = Told(REQUEST, seen(Status.PROCESSED, utr="U1"))
    assert told.tell(seen(Status.PROCESSED, utr="U1"), seen(Status.QUEUED)) == []
    assert told.tell(seen(Status.PROCESSED, utr="U2")) == ["Moved"]


def test_while_it_may_be_under_way_nothing_is_sent_anew() -> None:
    told = Told(REQUEST)
    assert told.tell(REQUEST) == []
    for status in (Status.QUEUED, Status.PROCESSING):
        told.tell(seen(status))
        assert refused(told, RETRY) == f"payout_{status}"
    told.tell(seen(Status.PROCESSED))
    assert refused(told, RETRY) == "payout_processed"


def test_a_new_attempt_has_a_new_key() -> None:
    told = Told(REQUEST, m.Refuse(reason="no", nr=1))
    assert [told.state.status] == [Status.FAILED]
    told.tell(RETRY, REQUEST)
    assert [each.key for each in told.state.attempts] == ["po-1-1", "po-1-2"]
    assert told.tell(m.Refuse(reason="late", nr=1)) == []
    assert told.state.status is Status.REQUESTED


def test_paid_after_all_when_another_was_sent_is_for_a_person() -> None:
    told = Told(REQUEST, seen(Status.FAILED), RETRY, REQUEST)
    assert told.tell(seen(Status.PROCESSED)) == ["Contradicted"]
    assert told.tell(seen(Status.PROCESSED)) == []
    told.tell(seen(Status.FAILED, 2))
    assert refused(told, RETRY) == "contradicted"


def test_before_it_is_sent_it_is_cancelled_here() -> None:
    cancel = m.Cancel(by="user:ann", reason="wrong account")
    told = Told(cancel)
    assert (told.state.status, told.books) == (Status.CANCELLED, {})
    assert told.tell(cancel, REQUEST) == []
    assert refused(Told(REQUEST), cancel) == "payout_requested"


def test_what_is_held_waits_for_a_person() -> None:
    told = Told(m.Refuse(reason="no account", nr=0))
    assert told.tell(REQUEST) == []
    told.tell(RETRY, REQUEST)
    assert told.state.status is Status.REQUESTED


def test_at_the_limit_of_attempts() -> None:
    told = Told()
    for nr in range(1, RULES.attempts_max + 1):
        told.tell(REQUEST, m.Refuse(reason="no", nr=nr), *([RETRY] * (nr < RULES.attempts_max)))
    assert refused(told, RETRY) == "too_many_attempts"


def test_news_of_another_amount_or_attempt_are_not_believed() -> None:
    told = Told(REQUEST)
    assert refused(told, seen(Status.PROCESSED, amount_minor=1)) == "amount_differs"
    assert refused(told, seen(Status.PROCESSED, 7)) == "unknown_attempt"
    other = m.Create(
        id="po-1", purpose=Purpose.SETTLEMENT, settlement="set-2", carrier="C1", amount_minor=1
    )
    assert refused(told, other) == "payout_id_taken"


def test_money_is_where_the_books_say() -> None:
    told = Told(REQUEST)
    transit = {Role.CARRIER_PAYABLES: AMOUNT_MINOR, Role.PAYOUTS_IN_TRANSIT: -AMOUNT_MINOR}
    assert told.books == transit
    told.tell(seen(Status.PROCESSED, fees_minor=590, tax_minor=90))
    assert {name: minor for name, minor in told.books.items() if minor} == {
        Role.CARRIER_PAYABLES: AMOUNT_MINOR,
        Role.PROVIDER_FEES: 500,
        Role.INPUT_GST: 90,
        Role.PAYOUT_ACCOUNT: -(AMOUNT_MINOR + 590),
    }
    told.tell(seen(Status.REVERSED))
    assert not any(told.books.values())


@pytest.mark.parametrize(
    ("amount_minor", "has_vpa", "mode"),
    [
        (100, False, "IMPS"),
        (50_000_000, False, "IMPS"),
        (50_000_001, False, "RTGS"),
        (10_000_000, True, "UPI"),
    ],
)
def test_ways_by_amount(amount_minor: int, has_vpa: bool, mode: str) -> None:
    assert mode_for(RULES.modes, amount_minor, has_vpa=has_vpa) == mode


@pytest.mark.parametrize(("amount_minor", "has_vpa"), [(99, False), (10_000_001, True)])
def test_amounts_that_no_way_takes(amount_minor: int, has_vpa: bool) -> None:
    with pytest.raises(Refusal):
        mode_for(RULES.modes, amount_minor, has_vpa=has_vpa)


def test_it_is_asked_about_less_and_less_often_and_not_for_ever() -> None:
    told = Told()
    assert look_ms(told.state, RULES, NOW_MS) == NOW_MS
    told.tell(REQUEST)
    waits_ms = [(look_again_ms(told.state, looks, RULES, 0) or 0) for looks in (0, 1, 2, 30)]
    assert waits_ms == [5000, 10_000, 20_000, 3_600_000]
    told.tell(seen(Status.PROCESSED))
    day_ms = 86_400_000
    assert look_again_ms(told.state, 9, RULES, NOW_MS + 4 * day_ms) is not None
    assert look_again_ms(told.state, 9, RULES, NOW_MS + 5 * day_ms) is None
    told.tell(seen(Status.REVERSED))
    assert look_ms(told.state, RULES, NOW_MS) is None


COMMANDS = st.one_of(
    st.just(REQUEST),
    st.just(RETRY),
    st.builds(m.Refuse, reason=st.just("no"), nr=st.integers(0, 4)),
    st.builds(seen, st.sampled_from(sorted(set(Status) - {Status.CREATED})), st.integers(1, 4)),
    st.just(m.Hold("unclear")),
    st.just(m.Cancel(by="a", reason="b")),
)


@settings(max_examples=80, deadline=None)
@given(st.lists(COMMANDS, max_size=25))
def test_whatever_comes_no_second_is_sent_while_the_first_may_be_paid(
    commands: list[m.Command],
) -> None:
    told = Told()
    for command in commands:
        before = told.state
        try:
            told.tell(command)
        except Refusal:
            assert told.state is before
            continue
        if len(told.state.attempts) > len(before.attempts):
            assert all(each.status in CAME_TO_NOTHING for each in before.attempts)
        live = [a for a in told.state.attempts if a.status in {*UNDER_WAY, Status.PROCESSED}]
        assert len(live) <= 1
        assert sum(told.books.values()) == 0
        owed = AMOUNT_MINOR if live else 0
        assert told.books.get(Role.CARRIER_PAYABLES, 0) == owed
