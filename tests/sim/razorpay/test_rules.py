"""The sandbox keeps the provider's rules, whatever is asked of it in whatever order."""

from __future__ import annotations

import dataclasses
import itertools
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.policy import defaults
from sim.razorpay import links, orders, payments, payouts, refunds, settlements
from sim.razorpay.book import Book, Wanted
from sim.razorpay.payments import Outcome
from sim.razorpay.refusals import RefusedError
from sim.razorpay.sandbox import Sandbox
from sim.razorpay.settings import Habits, SandboxSettings

START_S = 1_800_000_000
ACCOUNT = "7878780080316316"


class Clock:
    def __init__(self) -> None:
        self.now_s = float(START_S)

    def __call__(self) -> float:
        return self.now_s


def sandbox(clock: Clock | None = None) -> Sandbox:
    habits = Habits(**defaults().payment_sandbox.model_dump())
    told = SandboxSettings(
        host="127.0.0.1",
        port=1,
        database=":memory:",
        key_id="key",
        key_secret="secret",
        webhook_secret="hook",
        payout_account=ACCOUNT,
        webhook_url="http://127.0.0.1:9/",
        habits=habits,
    )
    return Sandbox(told, Book(":memory:"), clock or Clock())


def order(box: Sandbox, **more: Any) -> str:
    return orders.create(box, {"amount": 10_000, "currency": "INR", **more}).id


OUTCOMES = st.sampled_from(list(Outcome))
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("pay"), st.integers(0, 3), OUTCOMES),
        st.tuples(st.just("authorize"), st.integers(0, 5), st.none()),
        st.tuples(st.just("capture"), st.integers(0, 5), st.none()),
        st.tuples(st.just("refund"), st.integers(0, 5), st.integers(100, 12_000)),
        st.tuples(st.just("fail_refund"), st.integers(0, 5), st.none()),
        st.tuples(st.just("settle"), st.just(0), st.none()),
    ),
    max_size=25,
)


def take(box: Sandbox, step: tuple[str, int, Any], names: itertools.count[int]) -> None:
    """One thing that somebody does; it may be refused."""
    what, which, more = step
    kind = {"pay": orders.KIND, "fail_refund": refunds.KIND}.get(what, payments.KIND)
    known = box.book.listed(kind, Wanted(), 10)
    one = known[which % len(known)].id if known else ""
    if what == "settle":
        settlements.settle(box)
    elif what == "pay":
        payments.attempt(box, one, "card", more)
    elif what == "authorize":
        payments.authorize(box, one)
    elif what == "capture":
        payments.capture(box, one, {"amount": 10_000, "currency": "INR"})
    elif what == "refund":
        refunds.create(box, one, {"amount": more}, f"a-refund-key-{next(names)}")
    else:
        refunds.fail(box, one)


@settings(max_examples=60, deadline=None)
@given(STEPS)
def test_no_order_is_captured_twice_and_no_refund_exceeds_it(
    steps: list[tuple[str, int, Any]],
) -> None:
    box, names = sandbox(), itertools.count()
    for manual in (False, True):
        order(box, payment={"capture": "manual" if manual else "automatic"})
    for step in steps:
        try:
            with box.book.changing():
                take(box, step, names)
        except RefusedError:
            continue

    for each in box.book.listed(orders.KIND, Wanted(), 10):
        paid = box.book.listed(payments.KIND, Wanted(parent=each.id), 100)
        captured = [p for p in paid if p.body["captured"]]
        assert len(captured) <= 1
        assert each.body["amount_paid"] == sum(p.body["amount"] for p in captured)
        for payment in paid:
            given_back = [
                r.body["amount"]
                for r in box.book.listed(refunds.KIND, Wanted(parent=payment.id), 100)
                if r.body["status"] != "failed"
            ]
            assert payment.body["amount_refunded"] == sum(given_back) <= payment.body["amount"]
            assert not given_back or payment.body["captured"]


def refused(box: Sandbox, body: dict[str, Any]) -> str:
    with pytest.raises(RefusedError) as caught:
        orders.create(box, {"amount": 10_000, "currency": "INR", **body})
    return str(caught.value.body["error"]["description"])


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"amount": 99}, "The amount must be at least INR 1.00"),
        ({"amount": None}, "The amount field is required."),
        ({"amount": "100"}, "The amount must be an integer."),
        ({"amount": 100.5}, "The amount must be an integer."),
        ({"amount": True}, "The amount must be an integer."),
        ({"currency": "ZZZ"}, "Currency is not supported"),
        ({"receipt": "r" * 41}, "The receipt may not be greater than 40 characters."),
        ({"receipt": 7}, "The receipt must be a string."),
        (
            {"notes": {str(n): "x" for n in range(16)}},
            "Number of fields in notes should be less than or equal to 15",
        ),
        ({"notes": {"n": "x" * 257}}, "notes field value may not be greater than 256 characters."),
    ],
)
def test_orders_are_checked(body: dict[str, Any], says: str) -> None:
    assert refused(sandbox(), body) == says


def test_a_link_expires_and_cannot_be_paid() -> None:
    clock = Clock()
    box = sandbox(clock)
    body = {"amount": 5_000, "currency": "INR", "expire_by": START_S + 60}
    link = links.create(box, body)
    assert box.book.next_due_s() == pytest.approx(START_S + 60)
    clock.now_s += 61
    assert box.book.take_due(clock.now_s) == [(links.EXPIRE, link.id)]
    links.expire(box, link.id)

    with pytest.raises(RefusedError, match="expired"):
        payments.attempt(box, link.body["order_id"], "upi", Outcome.SUCCEED)
    with pytest.raises(RefusedError, match="future"):
        links.create(box, {**body, "expire_by": START_S})
    with pytest.raises(RefusedError, match="6 months"):
        links.create(box, {**body, "expire_by": START_S + 200 * 86_400})


def _order_and_fail(box: Sandbox) -> None:
    with box.book.changing():
        order(box)
        order(box, amount=1)


def test_what_goes_wrong_leaves_nothing_behind() -> None:
    box = sandbox()
    with pytest.raises(RefusedError):
        _order_and_fail(box)

    assert box.book.listed(orders.KIND, Wanted(), 10) == []


def test_money_that_comes_lets_waiting_payouts_go_on_the_oldest_first() -> None:
    box = sandbox()
    box.take(box.balance_minor)
    owner, _ = payouts.contact(box, {"name": "Sharma Roadlines", "type": "vendor"})
    account, _ = payouts.fund_account(
        box, {"contact_id": owner.id, "account_type": "vpa", "vpa": {"address": "sharma@upi"}}
    )
    body = {
        "account_number": ACCOUNT,
        "fund_account_id": account.id,
        "currency": "INR",
        "mode": "UPI",
        "purpose": "vendor bill",
        "queue_if_low_balance": True,
    }
    made = [
        payouts.create(box, {**body, "amount": amount}, f"key {amount}")["id"]
        for amount in (60_000, 50_000, 30_000)
    ]

    assert payouts.top_up(box, 100_000) == 10_000
    states = [box.the(payouts.KIND, each).body["status"] for each in made]
    assert states == ["processing", "queued", "processing"]


def test_only_so_many_webhooks_are_remembered_but_none_that_waits() -> None:
    box = sandbox()
    box.switch({"is_dropping": True})
    for _ in range(3):
        payments.attempt(box, order(box), "upi", Outcome.FAIL)
    box.switch({"is_dropping": False})
    for _ in range(3):
        payments.attempt(box, order(box), "upi", Outcome.FAIL)
    newest = box.book.webhooks(1)[0]
    box.book.add_webhook(dataclasses.replace(newest, id="evt_new"), kept_max=2)

    assert [hook.state for hook in box.book.webhooks(10)] == ["waiting"] * 4
