"""The state machine of a payment, as a table and as stories."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from freight.payments import commands as asked
from freight.payments.decide import decide
from freight.payments.seen import LinkState, RefundState, SeenLink, SeenOrder, SeenState
from freight.payments.state import Method, Purpose, RefundTo, Status
from freight.refusal import Refusal
from tests.freight.payments.stories import (
    AMOUNT,
    NOW_MS,
    RULES,
    WHO,
    Story,
    attempt,
    giving_back,
)

ORDER = asked.Observe(SeenOrder(id="order_1", receipt="pay-1"), "api")
CANCEL, EXPIRE = asked.Cancel(WHO), asked.Expire(WHO)
REFUND = asked.Refund(id="rf-12345678", amount_minor=None, by=WHO)
HALF = asked.Refund(id="rf-12345678", amount_minor=AMOUNT // 2, by=WHO)


def saw(state: SeenState, name: str = "pay_A", at: int = 0) -> asked.Observe:
    return asked.Observe(attempt(state, name, at=at), "webhook")


def link(state: LinkState) -> asked.Observe:
    seen = SeenLink(id="plink_1", state=state, order="order_1", reference="r", url="https://l")
    return asked.Observe(seen, "webhook")


FAILED, AUTHORIZED = saw(SeenState.FAILED), saw(SeenState.AUTHORIZED)
CAPTURED, VOIDED = saw(SeenState.CAPTURED), saw(SeenState.VOIDED)
GIVEN = asked.Observe(giving_back(RefundState.PROCESSED, receipt="rf-12345678"), "webhook")
NOT_GIVEN = asked.Observe(giving_back(RefundState.FAILED, receipt="rf-12345678"), "webhook")


@pytest.mark.parametrize(
    ("story", "status"),
    [
        ([], Status.CREATED),
        ([ORDER], Status.PENDING),
        ([ORDER, saw(SeenState.CREATED)], Status.PENDING),
        ([ORDER, FAILED], Status.FAILED),
        ([ORDER, FAILED, saw(SeenState.CREATED, "pay_B")], Status.PENDING),
        ([ORDER, FAILED, CAPTURED], Status.CAPTURED),
        ([ORDER, AUTHORIZED], Status.AUTHORIZED),
        ([ORDER, AUTHORIZED, VOIDED], Status.FAILED),
        ([ORDER, CAPTURED], Status.CAPTURED),
        ([CAPTURED, AUTHORIZED, FAILED], Status.CAPTURED),
        ([CAPTURED, CAPTURED], Status.CAPTURED),
        ([ORDER, CANCEL], Status.CANCELLED),
        ([ORDER, AUTHORIZED, CANCEL], Status.CANCELLED),
        ([ORDER, EXPIRE], Status.EXPIRED),
        ([asked.NoteRefused("BAD", "no", WHO)], Status.FAILED),
        ([ORDER, asked.NoteRefused("BAD", "no", WHO)], Status.PENDING),
        ([ORDER, CAPTURED, REFUND], Status.CAPTURED),
        ([ORDER, CAPTURED, REFUND, GIVEN], Status.REFUNDED),
        ([ORDER, CAPTURED, REFUND, NOT_GIVEN], Status.CAPTURED),
        ([ORDER, CANCEL, CAPTURED], Status.CAPTURED),
        ([ORDER, CAPTURED, EXPIRE], Status.CAPTURED),
        ([link(LinkState.CREATED)], Status.PENDING),
        ([link(LinkState.EXPIRED)], Status.EXPIRED),
        ([link(LinkState.CANCELLED)], Status.CANCELLED),
        ([link(LinkState.PAID), link(LinkState.CREATED)], Status.PENDING),
        ([link(LinkState.PAID), CAPTURED], Status.CAPTURED),
    ],
)
def test_status(story: list[asked.Command], status: Status) -> None:
    told = Story()
    for command in story:
        if command is EXPIRE:
            told.now_ms = told.now.expires_ms or 0
        told.take(command)

    assert told.now.status is status


@pytest.mark.parametrize(
    ("story", "command", "code"),
    [
        ([ORDER, CAPTURED], CANCEL, "already_captured"),
        ([ORDER], EXPIRE, "not_expired"),
        ([ORDER], REFUND, "nothing_to_refund"),
        ([ORDER, AUTHORIZED], REFUND, "nothing_to_refund"),
        ([CAPTURED, HALF], asked.Refund(id="rf-other-1", amount_minor=AMOUNT, by=WHO),
         "more_than_captured"),
        ([CAPTURED, HALF], REFUND, None),
        ([CAPTURED, HALF], asked.Refund(id="rf-12345678", amount_minor=1, by=WHO),
         "refund_id_taken"),
        ([CAPTURED], asked.Refund(id="short", amount_minor=1, by=WHO), "invalid_id"),
        ([AUTHORIZED], asked.Capture("pay_A", WHO), None),
        ([FAILED], asked.Capture("pay_A", WHO), "not_authorized"),
        ([ORDER], asked.Capture("pay_A", WHO), "unknown_provider_payment"),
        ([AUTHORIZED, CANCEL], asked.Capture("pay_A", WHO), "payment_cancelled"),
        ([AUTHORIZED, saw(SeenState.AUTHORIZED, "pay_B"), asked.Capture("pay_A", WHO)],
         asked.Capture("pay_B", WHO), "already_captured"),
        ([ORDER], asked.Record(amount_minor=1, by=WHO), "paid_by_provider"),
        ([CAPTURED], asked.HandIn(by=WHO), "not_cash"),
    ],
)  # fmt: skip
def test_what_must_not_be_is_refused(
    story: list[asked.Command], command: asked.Command, code: str | None
) -> None:
    told = Story()
    for one in story:
        told.take(one)
    if code is None:
        told.take(command)
        return
    with pytest.raises(Refusal) as refused:
        told.take(command)
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"amount_minor": 99}, "invalid_amount"),
        ({"amount_minor": 10_000_001}, "invalid_amount"),
        ({"method": Method.WALLET, "shipper": None}, "invalid_shipper"),
        ({"method": Method.WALLET, "purpose": Purpose.TOP_UP}, "invalid_method"),
        ({"expires_ms": NOW_MS}, "invalid_expires_at"),
    ],
)
def test_what_cannot_be_demanded(changes: dict[str, object], code: str) -> None:
    with pytest.raises(Refusal) as refused:
        Story(**changes)
    assert refused.value.code == code


def test_a_method_that_is_not_offered() -> None:
    upi = RULES.methods[Method.UPI].model_copy(update={"is_offered": False})
    rules = RULES.model_copy(update={"methods": {**RULES.methods, Method.UPI: upi}})
    wanted = asked.Demand(id="pay-1", by=WHO, method=Method.UPI, amount_minor=AMOUNT)

    with pytest.raises(Refusal, match="not offered"):
        decide(None, wanted, rules, NOW_MS)


def test_captured_money_stays_with_the_provider_until_it_is_settled() -> None:
    told = Story()
    told.saw(attempt(SeenState.CAPTURED))

    assert told.balances() == {"provider_clearing": AMOUNT, "customer_advances": -AMOUNT}


def test_a_refund_goes_over_its_way_back() -> None:
    told = Story()
    told.saw(attempt(SeenState.CAPTURED))
    told.refund(AMOUNT // 2)
    assert told.balances()["refunds_in_transit"] == -AMOUNT // 2
    half = AMOUNT // 2

    told.saw(giving_back(RefundState.PROCESSED, receipt="rf-12345678", amount_minor=half))

    assert told.balances() == {"provider_clearing": half, "customer_advances": -half}
    assert told.now.status is Status.PARTIALLY_REFUNDED


def test_a_refund_that_failed_can_be_begun_anew() -> None:
    told = Story()
    told.saw(attempt(SeenState.CAPTURED))
    told.refund()
    told.saw(giving_back(RefundState.FAILED, receipt="rf-12345678"))
    assert told.balances() == {"provider_clearing": AMOUNT, "customer_advances": -AMOUNT}
    assert told.now.troubles == ("refund_failed",)

    told.refund(name="rf-87654321")
    done = giving_back(RefundState.PROCESSED, receipt="rf-87654321", name="rfnd_2")
    told.saw(done)

    assert told.now.status is Status.REFUNDED
    assert told.balances() == {}


def test_what_was_given_back_at_the_provider_is_seen_by_polling() -> None:
    told = Story()
    told.saw(attempt(SeenState.CAPTURED, refunded_minor=AMOUNT))
    assert told.now.unexplained_minor(told.now.seen[0]) == AMOUNT
    assert told.now.troubles == ("refunded_elsewhere",)

    told.saw(giving_back(RefundState.PROCESSED, receipt=None))

    assert told.now.refunds[0].cause == "elsewhere"
    assert (told.now.status, told.balances()) == (Status.REFUNDED, {})


def test_money_that_comes_twice_is_given_back_once_the_later_first() -> None:
    told = Story()
    told.saw(attempt(SeenState.CAPTURED, "pay_B", at=5))
    assert not told.now.refunds

    told.saw(attempt(SeenState.CAPTURED, "pay_A", at=1))

    refund = told.now.refunds[-1]
    assert len(told.now.refunds) == 1
    assert (refund.of, refund.cause, refund.amount_minor) == ("pay_B", "surplus", AMOUNT)
    done = giving_back(RefundState.PROCESSED, receipt=refund.id, of="pay_B")
    told.saw(done)
    assert told.now.status is Status.CAPTURED
    assert told.balances() == {"provider_clearing": AMOUNT, "customer_advances": -AMOUNT}


def test_money_that_comes_late_is_kept_where_a_tenant_wishes_so() -> None:
    told = Story()
    told.take(CANCEL)
    rules = RULES.model_copy(update={"late": "keep"})
    command = saw(SeenState.CAPTURED)

    (only,) = decide(told.now, command, rules, NOW_MS)

    assert type(only).__name__ == "PaymentSeen"


def test_a_refund_of_more_than_one_attempt_has_parts() -> None:
    told = Story(method=Method.NETBANKING)
    half = AMOUNT // 2
    for nr, name in enumerate(("pay_A", "pay_B")):
        told.saw(attempt(SeenState.CAPTURED, name, amount_minor=half, at=nr))
    assert told.now.status is Status.CAPTURED

    told.refund(AMOUNT - 1)

    assert [(one.id, one.of, one.amount_minor) for one in told.now.refunds] == [
        ("rf-12345678", "pay_A", half),
        ("rf-12345678-2", "pay_B", half - 1),
    ]
    told.refund(AMOUNT - 1)
    assert len(told.now.refunds) == 2


def test_to_the_balance_instead() -> None:
    told = Story()
    told.saw(attempt(SeenState.CAPTURED))
    told.take(asked.Refund(id="rf-balance-1", amount_minor=None, by=WHO, to=RefundTo.WALLET))

    assert told.now.status is Status.REFUNDED
    assert told.balances() == {"provider_clearing": AMOUNT, "wallets": -AMOUNT}


RECORD = asked.Record(amount_minor=AMOUNT, by=WHO, proof="slip", reference="UTR1")


@pytest.mark.parametrize(
    ("method", "record", "code"),
    [
        (Method.COD, lambda: RECORD, None),
        (Method.COD, lambda: asked.Record(amount_minor=AMOUNT, by=WHO), "invalid_proof"),
        (Method.COD, lambda: asked.Record(amount_minor=AMOUNT + 1, by=WHO, proof="p"),
         "already_captured"),
        (Method.BANK_TRANSFER, lambda: asked.Record(amount_minor=1, by=WHO), "invalid_reference"),
        (Method.BANK_TRANSFER,
         lambda: asked.Record(amount_minor=AMOUNT + 1, by=WHO, reference="UTR1"), None),
        (Method.WALLET,
         lambda: asked.Record(amount_minor=AMOUNT, by=WHO, available_minor=AMOUNT - 1),
         "balance_too_small"),
        (Method.WALLET,
         lambda: asked.Record(amount_minor=AMOUNT, by=WHO, available_minor=AMOUNT), None),
    ],
)  # fmt: skip
def test_money_past_any_provider(
    method: Method, record: Callable[[], asked.Record], code: str | None
) -> None:
    told = Story(method=method)
    if code is None:
        told.take(record())
        assert told.now.status is Status.CAPTURED
        return
    with pytest.raises(Refusal) as refused:
        told.take(record())
    assert refused.value.code == code


def test_a_transfer_that_comes_after_the_end_is_not_lost() -> None:
    told = Story(method=Method.BANK_TRANSFER)
    told.take(CANCEL)
    told.take(RECORD)

    assert told.now.status is Status.CAPTURED
    with pytest.raises(Refusal, match="recorded otherwise"):
        told.take(asked.Record(amount_minor=1, by=WHO, reference="UTR1"))


def test_attempts_and_refunds_have_limits() -> None:
    rules = RULES.model_copy(update={"attempts_max": 1, "refunds_max": 1})
    told = Story()
    told.saw(attempt(SeenState.FAILED))
    with pytest.raises(Refusal, match="attempts are known"):
        decide(told.now, saw(SeenState.FAILED, "pay_B"), rules, NOW_MS)
    assert decide(told.now, saw(SeenState.CAPTURED, "pay_B"), rules, NOW_MS)
    told.saw(attempt(SeenState.CAPTURED, "pay_B"))
    told.refund(1)
    again = asked.Refund(id="rf-second-1", amount_minor=1, by=WHO)
    with pytest.raises(Refusal, match="at most 1"):
        decide(told.now, again, rules, NOW_MS)
