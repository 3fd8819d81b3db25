"""RazorpayX's payouts through the adapter, against the sandbox's real HTTP."""

from __future__ import annotations

import itertools

import msgspec
import pytest

from providers.errors import ProviderRefusedError
from providers.payouts import BankDetails, NewContact, NewPayout, PayoutMode, PayoutStatus
from providers.razorpay.payouts import (
    PayoutEntity,
    RazorpayPayouts,
    contact_name_of,
    narration_of,
)
from tests.providers.sandbox import SandboxServer

BANK = BankDetails(holder="Sharma Roadlines", ifsc="SBIN0000001", account_number="123456789012")
_numbers = itertools.count(1)


async def account_of(payouts: RazorpayPayouts, to: BankDetails | str = BANK) -> str:
    contact = await payouts.contact(NewContact(name="Sharma Roadlines", reference="carriers/1"))
    return (await payouts.fund_account(contact.id, to)).id


async def new(payouts: RazorpayPayouts, amount: int = 1_000_000) -> NewPayout:
    return NewPayout(
        fund_account=await account_of(payouts),
        amount_minor=amount,
        currency="INR",
        mode=PayoutMode.NEFT,
        reference=f"payouts/{next(_numbers)}",
        narration="Trip bookings/7, leg 1 (balance)",
    )


async def test_the_same_details_are_the_same_contact_and_account(payouts: RazorpayPayouts) -> None:
    assert await account_of(payouts) == await account_of(payouts)
    other = BankDetails(holder="Sharma Roadlines", ifsc="SBIN0000001", account_number="999999")
    assert await account_of(payouts) != await account_of(payouts, other)
    assert await account_of(payouts) != await account_of(payouts, "sharma@upi")


async def test_a_payout_goes_through(payouts: RazorpayPayouts, sandbox: SandboxServer) -> None:
    wanted = await new(payouts)
    made = await payouts.payout(wanted, wanted.reference.replace("/", "-"))
    assert (made.status, made.utr) == (PayoutStatus.PROCESSING, None)

    sandbox.act(f"payouts/{made.id}/process")

    done = await payouts.fetch_payout(made.id)
    assert done.status.is_paid_out
    assert done.utr is not None
    assert await payouts.payouts_by_reference(wanted.reference) == [done]


async def test_a_payout_is_known_by_its_key(
    payouts: RazorpayPayouts, sandbox: SandboxServer
) -> None:
    wanted = await new(payouts)
    key = f"the same {next(_numbers)}"
    sandbox.act("faults", path="/payouts", status=500, is_done=True)
    first = await payouts.payout(wanted, key)
    again = await payouts.payout(wanted, key)

    sandbox.act(f"payouts/{first.id}/process")
    late = await payouts.payout(wanted, key)
    # The answer of then, whatever has become of it.
    assert (first.id, first.status) == (again.id, again.status) == (late.id, late.status)
    assert len(await payouts.payouts_by_reference(wanted.reference)) == 1
    other = msgspec.structs.replace(wanted, amount_minor=wanted.amount_minor + 1)
    with pytest.raises(ProviderRefusedError, match="Idempotency"):
        await payouts.payout(other, key)
    with pytest.raises(ProviderRefusedError, match="not valid"):
        await payouts.payout(wanted, "k/1")


@pytest.mark.parametrize(
    ("moves", "status"),
    [
        (["fail"], PayoutStatus.FAILED),
        (["reverse"], PayoutStatus.REVERSED),
        (["process", "reverse"], PayoutStatus.REVERSED),
    ],
)
async def test_a_payout_comes_to_nothing(
    payouts: RazorpayPayouts, sandbox: SandboxServer, moves: list[str], status: PayoutStatus
) -> None:
    wanted = await new(payouts)
    made = await payouts.payout(wanted, wanted.reference.replace("/", "_"))
    before = sandbox.act("balance/add", minor=0)["balance_minor"]
    for move in moves:
        sandbox.act(f"payouts/{made.id}/{move}", reason="account_frozen")

    found = await payouts.fetch_payout(made.id)
    assert found.status is status
    assert found.status.has_come_to_nothing
    assert found.failure is not None
    assert found.failure.reason == "account_frozen"
    after = sandbox.act("balance/add", minor=0)["balance_minor"]
    assert after - before == wanted.amount_minor


async def test_without_money_a_payout_waits_and_may_be_cancelled(
    payouts: RazorpayPayouts, sandbox: SandboxServer
) -> None:
    sandbox.act("balance/empty")
    first, second = await new(payouts, 600_000), await new(payouts, 400_000)
    waiting = await payouts.payout(first, f"queued-{next(_numbers)}")
    cancelled = await payouts.payout(second, f"queued-{next(_numbers)}")
    assert waiting.status is PayoutStatus.QUEUED
    assert waiting.failure is not None
    assert waiting.failure.reason == "low_balance"

    assert (await payouts.cancel(cancelled.id)).status is PayoutStatus.CANCELLED
    sandbox.act("balance/add", minor=10_000_000_00)

    assert (await payouts.fetch_payout(waiting.id)).status is PayoutStatus.PROCESSING
    with pytest.raises(ProviderRefusedError, match="cannot be cancelled"):
        await payouts.cancel(waiting.id)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"mode": PayoutMode.UPI}, "mode"),
        ({"amount_minor": 99}, "at least INR 1.00"),
        ({"fund_account": "fa_unknown0000000"}, "does not exist"),
        ({"reference": "r" * 41}, "40 characters"),
    ],
)
async def test_what_the_provider_would_refuse_is_refused(
    payouts: RazorpayPayouts, change: dict[str, object], says: str
) -> None:
    wanted = msgspec.structs.replace(await new(payouts), **change)

    with pytest.raises(ProviderRefusedError, match=says):
        await payouts.payout(wanted, f"refused-{next(_numbers)}")


@pytest.mark.parametrize(
    ("text", "narration"),
    [
        ("Trip bookings/7, leg 1 (balance)", "Trip bookings 7 leg 1 balance"),
        ("भाड़ा BK-1", "BK 1"),
        ("x" * 40, "x" * 30),
        ("", ""),
    ],
)
def test_narrations_are_what_banks_take(text: str, narration: str) -> None:
    assert narration_of(text) == narration


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("Sharma & Sons (Roadlines)", "Sharma Sons (Roadlines"),
        ("O'Neil Transport Pvt. Ltd.", "O'Neil Transport Pvt. Ltd."),
        ("शर्मा रोडलाइन्स", "carriers/7"),
        ("AB", "carriers/7"),
        ("x" * 60, "x" * 50),
    ],
)
def test_names_are_what_contacts_may_be_called(name: str, written: str) -> None:
    assert contact_name_of(name, "carriers/7") == written


def test_a_captured_payout_is_understood() -> None:
    body = (
        b'{"id":"pout_00000000000001","entity":"payout","fund_account_id":"fa_00000000000001",'
        b'"amount":1000000,"currency":"INR","fees":0,"tax":0,"status":"queued","utr":null,'
        b'"mode":"IMPS","purpose":"refund","reference_id":"Acme Transaction ID 12345",'
        b'"narration":"Acme Corp Fund Transfer","batch_id":null,"status_details":{"description":'
        b'"Payout is queued as there is insufficient balance","source":"business",'
        b'"reason":"low_balance"},"created_at":1545383037}'
    )
    found = msgspec.json.decode(body, type=PayoutEntity).plain()

    assert (found.status, found.amount_minor) == (PayoutStatus.QUEUED, 1_000_000)
    assert found.failure is not None
    assert found.failure.reason == "low_balance"


def test_no_account_number_shows_itself() -> None:
    assert "123456789012" not in repr(BANK)
