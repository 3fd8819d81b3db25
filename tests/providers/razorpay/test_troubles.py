"""Busy, slow, broken or away: what one policy of calling makes of the provider's troubles."""

from __future__ import annotations

import asyncio
import logging

import pytest

from config.sections.providers import Patience
from providers.calling import Call, Caller
from providers.errors import ProviderAwayError, ProviderRefusedError
from providers.payments import NewOrder, Order
from providers.razorpay.client import Credentials, RazorpayClient
from providers.razorpay.payments import RazorpayPayments
from tests.conftest import free_port
from tests.launch.waiting import until
from tests.providers.razorpay.conftest import Counted, Time
from tests.providers.sandbox import KEY_ID, KEY_SECRET, SandboxServer

BROKEN = {"path": "/orders", "method": "GET", "status": 503}


async def listed(payments: RazorpayPayments) -> list[Order]:
    return await payments.orders_by_receipt("no such receipt")


async def order(payments: RazorpayPayments, receipt: str = "once") -> Order:
    return await payments.create_order(
        NewOrder(amount_minor=5_000, currency="INR", receipt=receipt)
    )


async def test_what_only_reads_is_asked_again(
    payments: RazorpayPayments, sandbox: SandboxServer, time: Time, meter: Counted
) -> None:
    sandbox.act("faults", **BROKEN, times=2)

    assert await listed(payments) == []
    # Doubling, with half of the jitter.
    assert time.waited_s == pytest.approx([0.3, 0.6])
    assert meter.calls == [("razorpay", "orders.list", "ok")]


async def test_what_stays_broken_is_away(
    payments: RazorpayPayments, sandbox: SandboxServer, meter: Counted
) -> None:
    sandbox.act("faults", **BROKEN, times=3)

    with pytest.raises(ProviderAwayError, match="answers 503"):
        await listed(payments)
    assert meter.calls == [("razorpay", "orders.list", "away")]


async def test_what_has_no_key_is_not_sent_twice(
    payments: RazorpayPayments, sandbox: SandboxServer
) -> None:
    """The first one may have worked: ours to find out by the receipt."""
    sandbox.act("faults", path="/orders", status=502, is_done=True)

    with pytest.raises(ProviderAwayError):
        await order(payments, "lost answer")

    assert len(await payments.orders_by_receipt("lost answer")) == 1


async def test_throttling_is_waited_out_as_long_as_it_says(
    payments: RazorpayPayments, sandbox: SandboxServer, time: Time, meter: Counted
) -> None:
    """Also of what has no key: it did nothing yet. And whoever throttles is not away."""
    sandbox.act("faults", path="/orders", status=429, retry_after_s=7, times=2)

    assert (await order(payments, "throttled")).receipt == "throttled"
    assert time.waited_s == [7.0, 7.0]
    assert meter.turns == []


async def test_a_wait_beyond_the_deadline_is_not_begun(
    payments: RazorpayPayments, sandbox: SandboxServer, time: Time
) -> None:
    sandbox.act("faults", path="/orders", method="GET", status=429, retry_after_s=3600)

    with pytest.raises(ProviderAwayError, match="throttling"):
        await listed(payments)
    assert time.waited_s == []


async def test_an_answer_that_does_not_come_is_away(
    sandbox: SandboxServer, patience: Patience
) -> None:
    hasty = patience.model_copy(update={"attempt_s": 0.05, "attempts": 1})
    caller = Caller("razorpay", lambda: hasty)
    where = Credentials(f"{sandbox.url}/v1", KEY_ID, KEY_SECRET)
    sandbox.act("faults", path="/orders", method="GET", delay_s=5.0)

    with pytest.raises(ProviderAwayError, match=r"no answer in 0\.05 s"):
        await listed(RazorpayPayments(RazorpayClient(caller, where)))
    await caller.close()


async def test_a_refusal_is_an_answer(
    payments: RazorpayPayments, meter: Counted, time: Time
) -> None:
    with pytest.raises(ProviderRefusedError):
        await payments.fetch_order("order_Unknown0000000")

    assert meter.calls == [("razorpay", "orders.fetch", "refused")]
    assert time.waited_s == []


async def test_the_breaker_opens_and_one_call_closes_it(
    payments: RazorpayPayments, sandbox: SandboxServer, time: Time, meter: Counted
) -> None:
    sandbox.act("faults", **BROKEN, times=4)
    with pytest.raises(ProviderAwayError, match="answers 503"):
        await listed(payments)
    assert meter.turns == [("razorpay", True)]

    with pytest.raises(ProviderAwayError, match="left alone"):
        await listed(payments)  # not asked: one of the faults is left

    time.now_s += 20.0
    with pytest.raises(ProviderAwayError, match="left alone"):
        await listed(payments)  # its first attempt met the last fault, and it rests again
    time.now_s += 20.0
    assert await listed(payments) == []
    assert meter.turns == [("razorpay", True), ("razorpay", False)]


async def test_the_same_request_under_way_is_waited_for(
    payments: RazorpayPayments, sandbox: SandboxServer, caller: Caller
) -> None:
    made = await order(payments, "under way")
    payment = sandbox.act(f"orders/{made.id}/pay")["payment"]["id"]
    sandbox.act("faults", path=f"/payments/{payment}/refund", delay_s=0.3, is_done=True)
    where = Credentials(f"{sandbox.url}/v1", KEY_ID, KEY_SECRET)
    real = Caller("razorpay", caller._patience)
    other = RazorpayPayments(RazorpayClient(real, where))

    first, second = await asyncio.gather(
        other.refund(payment, 1_000, "the-same-key"), other.refund(payment, 1_000, "the-same-key")
    )

    assert first.id == second.id
    await real.close()


async def test_nobody_there_is_away_and_may_be_asked_again(
    caller: Caller, time: Time, caplog: pytest.LogCaptureFixture
) -> None:
    where = Credentials(f"http://127.0.0.1:{free_port()}/v1", KEY_ID, KEY_SECRET)
    with caplog.at_level(logging.WARNING), pytest.raises(ProviderAwayError, match="ConnectError"):
        await order(RazorpayPayments(RazorpayClient(caller, where)))

    assert len(time.waited_s) == 2  # nothing was sent, so that it may be sent again
    assert "orders.create" in caplog.text
    assert KEY_SECRET not in caplog.text


async def test_so_many_at_a_time_and_so_many_that_wait(
    sandbox: SandboxServer, patience: Patience
) -> None:
    narrow = patience.model_copy(update={"at_once_max": 1, "waiting_max": 1})
    caller = Caller("razorpay", lambda: narrow)
    client = RazorpayClient(caller, Credentials(f"{sandbox.url}/v1", KEY_ID, KEY_SECRET))
    sandbox.act("faults", path="/orders", method="GET", delay_s=0.3)

    inside = asyncio.create_task(listed(RazorpayPayments(client)))
    await until(lambda: caller._attempts._bulkhead._inside == 1)
    waiting = asyncio.create_task(listed(RazorpayPayments(client)))
    await until(lambda: len(caller._attempts._bulkhead._waiting) == 1)
    with pytest.raises(ProviderAwayError, match="wait already"):
        await listed(RazorpayPayments(client))

    assert await inside == []
    assert await waiting == []
    assert caller._attempts._bulkhead._inside == 0
    await caller.close()


async def test_who_gives_up_waiting_leaves_the_place_to_others(
    sandbox: SandboxServer, patience: Patience
) -> None:
    narrow = patience.model_copy(update={"at_once_max": 1})
    caller = Caller("razorpay", lambda: narrow)
    client = RazorpayClient(caller, Credentials(f"{sandbox.url}/v1", KEY_ID, KEY_SECRET))
    sandbox.act("faults", path="/orders", method="GET", delay_s=0.2)

    inside = asyncio.create_task(listed(RazorpayPayments(client)))
    await until(lambda: caller._attempts._bulkhead._inside == 1)
    impatient = asyncio.create_task(listed(RazorpayPayments(client)))
    await until(lambda: len(caller._attempts._bulkhead._waiting) == 1)
    impatient.cancel()
    await asyncio.gather(impatient, return_exceptions=True)

    assert await inside == []
    assert await listed(RazorpayPayments(client)) == []
    await caller.close()


async def test_an_answer_that_is_too_long_is_not_read(
    sandbox: SandboxServer, patience: Patience
) -> None:
    short = patience.model_copy(update={"answer_bytes_max": 10})
    caller = Caller("razorpay", lambda: short)
    client = RazorpayClient(caller, Credentials(f"{sandbox.url}/v1", KEY_ID, KEY_SECRET))

    with pytest.raises(ProviderAwayError, match="more than 10 bytes"):
        await listed(RazorpayPayments(client))
    await caller.close()


def test_a_call_shows_neither_key_nor_body() -> None:
    call = Call(
        "x",
        "POST",
        "http://127.0.0.1/v1/x",
        is_repeatable=False,
        headers={"Authorization": "Bearer open"},
        body=b"account 1234",
        auth=("key", "open sesame"),
    )

    assert "open" not in repr(call)
    assert "1234" not in repr(call)
    assert KEY_SECRET not in repr(Credentials("http://127.0.0.1", KEY_ID, KEY_SECRET))
