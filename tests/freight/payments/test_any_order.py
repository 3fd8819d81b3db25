"""Whatever a provider tells, in any order, twice or not at all: once it was asked, all agree."""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from freight.ledger.entries import substance
from freight.payments import commands as asked
from freight.payments.seen import RefundState, Seen, SeenPayment, SeenRefund, SeenState
from freight.payments.state import Payment, RefundTo
from tests.freight.payments.stories import AMOUNT, WHO, Story, attempt, giving_back

# How an attempt may go, as providers let it.
WAYS = st.sampled_from(
    [
        (SeenState.CREATED, SeenState.FAILED),
        (SeenState.CREATED, SeenState.AUTHORIZED, SeenState.CAPTURED),
        (SeenState.CREATED, SeenState.FAILED, SeenState.AUTHORIZED, SeenState.CAPTURED),
        (SeenState.CREATED, SeenState.AUTHORIZED, SeenState.VOIDED),
        (SeenState.AUTHORIZED,),
        (SeenState.CAPTURED,),
    ]
)
ENDS = st.sampled_from([RefundState.PENDING, RefundState.PROCESSED, RefundState.FAILED])


@dataclass
class Provider:
    """Where everything stands there; what it told on the way is a list of snapshots."""

    attempts: dict[str, SeenPayment] = field(default_factory=dict)
    refunds: dict[str, SeenRefund] = field(default_factory=dict)
    told: list[Seen] = field(default_factory=list)

    def go(self, name: str, way: tuple[SeenState, ...], at: int) -> None:
        for state in way:
            self.attempts[name] = attempt(state, name, at=at)
            self.told.append(self.attempts[name])

    def do_refunds(self, payment: Payment, ends: list[RefundState]) -> None:
        """Those that it was asked for and has not begun."""
        for one in payment.refunds:
            if one.to is not RefundTo.SOURCE or one.of is None or f"rfnd_{one.id}" in self.refunds:
                continue
            made = giving_back(
                RefundState.PENDING,
                receipt=one.id,
                name=f"rfnd_{one.id}",
                of=one.of,
                amount_minor=one.amount_minor,
            )
            end = ends[sum(one.id.encode()) % len(ends)]
            self.told += [made, replace(made, state=end)]
            self.refunds[made.id] = replace(made, state=end)
            of = self.attempts[one.of]
            refunded = of.refunded_minor + one.amount_minor
            self.attempts[one.of] = replace(of, refunded_minor=refunded)
            self.told.append(self.attempts[one.of])

    def polled(self) -> list[Seen]:
        return [*self.attempts.values(), *self.refunds.values()]


def ended(told: Story, provider: Provider, ends: list[RefundState]) -> None:
    """Asked until nothing is new: what we want back is asked for, and what it says is taken."""
    for _ in range(6):
        provider.do_refunds(told.now, ends)
        told.saw(*provider.polled())  # type: ignore[arg-type]


def what_counts(told: Story) -> tuple[object, ...]:
    """All but when and how often we learned it."""
    now = told.now
    entries = sorted((one.id, substance(one)) for one in told.posted.values())
    refunds = sorted(
        (one.id, one.of, one.amount_minor, one.state, one.cause, one.provider_refund)
        for one in now.refunds
    )
    return now.status, now.seen, refunds, now.troubles, entries


@settings(max_examples=100, deadline=None)
@given(
    ways=st.lists(WAYS, min_size=1, max_size=3),
    ends=st.lists(ENDS, min_size=1, max_size=3),
    asked_back=st.sampled_from([0, 1, AMOUNT // 2, AMOUNT]),
    is_cancelled=st.booleans(),
    data=st.data(),
)
def test_any_order_ends_alike(
    ways: list[tuple[SeenState, ...]],
    ends: list[RefundState],
    asked_back: int,
    is_cancelled: bool,
    data: st.DataObject,
) -> None:
    outcomes = []
    for is_disturbed in (False, True):
        told, provider = Story(), Provider()
        if is_cancelled:
            told.take(asked.Cancel(WHO))
        for nr, way in enumerate(ways):
            provider.go(f"pay_{nr}", way, at=nr)
        heard = list(provider.told)
        if is_disturbed:
            heard = data.draw(st.permutations(heard))
            heard = [
                one for one in heard for _ in range(data.draw(st.integers(0, 2), label="copies"))
            ]
        told.saw(*heard)  # type: ignore[arg-type]
        ended(told, provider, ends)
        if asked_back and told.now.kept_minor >= asked_back:
            told.refund(asked_back)
            before = len(provider.told)
            provider.do_refunds(told.now, ends)
            news = provider.told[before:]
            if is_disturbed:
                news = data.draw(st.permutations(news))
                news = news[: data.draw(st.integers(0, len(news)), label="that arrive")]
            told.saw(*news)  # type: ignore[arg-type]
            ended(told, provider, ends)
        outcomes.append(what_counts(told))
        it_adds_up(told)

    assert outcomes[0] == outcomes[1]


def it_adds_up(told: Story) -> None:
    now, balances = told.now, told.balances()
    assert balances.get("provider_clearing", 0) == now.captured_minor - now.refunded_minor
    assert balances.get("refunds_in_transit", 0) == -now.refunding_minor
    assert balances.get("customer_advances", 0) == -now.kept_minor
    assert now.refunded_minor + now.refunding_minor <= now.captured_minor
    for one in now.captured:
        given = sum(r.amount_minor for r in now.refunds if r.of == one.id and r.is_given)
        assert given <= one.amount_minor
