"""Webhooks over real HTTP: down, slow, broken, misleading receivers, and what the log says."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from actors.booking_writing import TenantName
from actors.messages.webhook_rounds import tell_figures
from config.policy import Settings
from freight.webhooks.deliveries import DeliveryState
from freight.webhooks.endpoints import EndpointState, Why
from freight.webhooks.filters import Filter
from freight.webhooks.signing import is_signed, secret_of
from store import webhooks
from store.postgres import AnyPool, as_tenant
from store.tenants import Tenant
from tests.actors.messages.hooked import OF_TESTS, SECRET, Hooked, policy
from tests.actors.messages.receiver import Receiver, Reply, certified, receiving

DOWN = "http://127.0.0.1:1/hook"


@pytest.fixture
def hooked(app: AnyPool, system: AnyPool, tenant: Tenant, tmp_path: Path) -> Hooked:
    return Hooked.of(app, system, TenantName(tenant.key, tenant.id), tmp_path, policy())


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as found:
        yield found


async def test_what_passes_the_filter_is_sent_signed_and_once(
    hooked: Hooked, receiver: Receiver
) -> None:
    await hooked.endpoint(receiver.url, Filter((OF_TESTS,), ("bookings/*",)))
    await hooked.happens("bookings/B1", "trucks/T1", "bookings/B1")
    moved = await hooked.round().go_on()
    assert await hooked.round().go_on() == 0

    assert moved == 2
    assert [taken.about for taken in receiver.taken] == [("bookings/B1", 1), ("bookings/B1", 3)]
    one = receiver.taken[0]
    now_s = hooked.clock() / 1000
    assert is_signed(SECRET, one.headers, one.body, now_s=now_s, tolerance_s=5)
    assert one.headers["content-type"] == "application/json"
    delivery = (await hooked.deliveries())[0]
    assert (delivery.message.id, delivery.delivery.state) == (one.id, DeliveryState.DELIVERED)
    attempt = (await hooked.attempts(delivery))[0]
    assert (attempt.number, attempt.status, attempt.response_body) == (1, 200, b"thanks")
    assert attempt.body_sha256 == hashlib.sha256(one.body).digest()
    assert attempt.request_headers["webhook-signature"] == one.headers["webhook-signature"]
    assert attempt.address == "127.0.0.1"


async def test_a_receiver_that_is_down_for_half_an_hour_gets_all_in_order(
    hooked: Hooked, receiver: Receiver
) -> None:
    endpoint = await hooked.endpoint(receiver.url)
    receiver.answer = lambda _: Reply(503)
    await hooked.happens("bookings/B1", "bookings/B1", "bookings/B2")
    sending = hooked.round()
    # Again after 5 s, 5 min and 30 min; what is behind it of the same subject waits.
    for wait_s in (0, 5, 300):
        hooked.clock.go_on(wait_s)
        await sending.go_on()
    assert sorted(taken.about[1] for taken in receiver.taken) == [1, 1, 1, 3, 3, 3]
    hooked.clock.go_on(1500)
    assert await sending.go_on() == 0
    receiver.answer, receiver.taken = lambda _: Reply(), []
    hooked.clock.go_on(300)
    await sending.go_on()

    assert [taken.about[1] for taken in receiver.taken if taken.about[0] == "bookings/B1"] == [1, 2]
    first, second, _ = await hooked.deliveries()
    tried = await hooked.attempts(first)
    assert [one.error for one in tried] == [*["answers 503"] * 3, None]
    assert {one.request_headers["webhook-id"] for one in tried} == {first.message.id}
    assert len({one.request_headers["webhook-timestamp"] for one in tried}) == 4
    assert second.attempts == 1
    assert (await hooked.state(endpoint)).health.failures == 0


async def test_nobody_there_at_all(hooked: Hooked) -> None:
    await hooked.endpoint(DOWN)
    await hooked.happens("bookings/B1")
    await hooked.round().go_on()

    delivery = (await hooked.deliveries())[0]
    attempt = (await hooked.attempts(delivery))[0]
    assert delivery.delivery.state is DeliveryState.PENDING
    assert attempt.status is None
    assert str(attempt.error).startswith("cannot be reached")


async def test_a_slow_receiver_fails_by_the_deadline_and_holds_up_no_other(
    hooked: Hooked, receiver: Receiver
) -> None:
    slow = policy(sending={"deadline_s": 0.3, "of_endpoint_at_once_max": 2, "at_once_max": 4})
    hooked.settings = Settings(slow)
    async with receiving() as sleeper:
        sleeper.answer = lambda _: Reply(comes=False)
        await hooked.endpoint(sleeper.url)
        await hooked.endpoint(receiver.url)
        await hooked.happens(*(f"bookings/B{i}" for i in range(5)))
        await hooked.round().go_on()

        assert len(receiver.taken) == 5
        assert sleeper.most_at_once == 2
        late = [one for one in await hooked.deliveries() if one.delivery.error]
        assert {one.delivery.error for one in late} == {"no answer in 0.3 s"}
        assert len(late) == 5


async def test_errors_are_tried_by_the_schedule_and_end_as_dead_letters(
    app: AnyPool, system: AnyPool, tenant: Tenant, tmp_path: Path, receiver: Receiver
) -> None:
    usual = policy(retries={"waits_s": (5.0, 300.0)})
    hooked = Hooked.of(app, system, TenantName(tenant.key, tenant.id), tmp_path, usual)
    await hooked.endpoint(receiver.url)
    receiver.answer = lambda _: Reply(500, body=b"x" * 10_000)
    await hooked.happens("bookings/B1", "bookings/B1")
    sending = hooked.round()
    for wait_s in (0, 4, 1, 300):
        hooked.clock.go_on(wait_s)
        await sending.go_on()

    dead, next_one = await hooked.deliveries()
    assert (dead.delivery.state, dead.attempts) == (DeliveryState.FAILED, 3)
    assert dead.delivery.error == "answers 500; given up after 3 attempts"
    kept = (await hooked.attempts(dead))[0].response_body
    assert kept is not None
    assert len(kept) == hooked.settings.now.webhook_sending.answer_bytes_kept
    assert (next_one.attempts, next_one.delivery.state) == (1, DeliveryState.PENDING)


async def test_redirects_to_the_inside_are_told_and_not_followed(
    hooked: Hooked, receiver: Receiver
) -> None:
    async with receiving() as inside:
        receiver.answer = lambda _: Reply(302, {"location": inside.url, "set-cookie": "a=b"})
        await hooked.endpoint(receiver.url)
        await hooked.happens("bookings/B1")
        await hooked.round().go_on()

        attempt = (await hooked.attempts((await hooked.deliveries())[0]))[0]
        assert inside.taken == []
        assert attempt.error == f"answers 302: redirects to {inside.url} are not followed"
        assert attempt.response_headers == {"content-length": "6", "location": inside.url}


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/",
        "https://localhost/",
        "https://2130706433/",
        "https://0x7f.1/",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[64:ff9b::7f00:1]/",
        "https://169.254.169.254/latest/meta-data",
        "https://10.1.2.3/",
        "https://[fe80::1]/",
        "https://0.0.0.0/",
        "http://8.8.8.8/",
    ],
)
async def test_addresses_of_the_inside_are_not_even_called(hooked: Hooked, url: str) -> None:
    hooked.environment = "production"
    await hooked.endpoint(url)
    await hooked.happens("bookings/B1")
    await hooked.round().go_on()

    attempt = (await hooked.attempts((await hooked.deliveries())[0]))[0]
    assert attempt.address is None
    assert attempt.status is None
    assert "may not be asked" in str(attempt.error) or attempt.error == "only https is asked"


async def test_a_certificate_that_nobody_vouches_for_is_not_believed(
    hooked: Hooked, tmp_path: Path
) -> None:
    tls, authority = certified(tmp_path)
    async with receiving(tls) as receiver:
        await hooked.endpoint(receiver.url)
        await hooked.happens("bookings/B1")
        await hooked.round().go_on()
        refused = (await hooked.deliveries())[0]
        assert receiver.taken == []

        trusting = policy(sending={"ca_file": str(authority)})
        hooked.settings = Settings(trusting)
        hooked.clock.go_on(5)
        await hooked.round().go_on()

        errors = [one.error for one in await hooked.attempts(refused)]
        assert str(errors[0]).startswith("its certificate is not believed")
        assert errors[1:] == [None]
        assert len(receiver.taken) == 1


async def test_an_endpoint_that_is_gone_is_disabled_and_gets_nothing_more(
    hooked: Hooked, receiver: Receiver
) -> None:
    endpoint = await hooked.endpoint(receiver.url)
    receiver.answer = lambda _: Reply(410)
    await hooked.happens("bookings/B1", "bookings/B1")
    await hooked.round().go_on()
    await hooked.happens("bookings/B1")

    health = (await hooked.state(endpoint)).health
    assert (health.state, health.why) == (EndpointState.DISABLED, Why.GONE)
    assert len(receiver.taken) == 1
    assert len(await hooked.deliveries()) == 2
    assert [fact["why"] for fact in await hooked.facts("webhook.endpoint_disabled")] == ["gone"]


async def test_one_that_fails_for_long_is_paused_probed_and_resumed_by_itself(
    app: AnyPool, system: AnyPool, tenant: Tenant, tmp_path: Path, receiver: Receiver
) -> None:
    usual = policy(pause={"after_s": 60.0, "failures_min": 2, "probe_every_s": 900.0})
    hooked = Hooked.of(app, system, TenantName(tenant.key, tenant.id), tmp_path, usual)
    endpoint = await hooked.endpoint(receiver.url)
    receiver.answer = lambda _: Reply(500)
    await hooked.happens("bookings/B1", "bookings/B2")
    sending = hooked.round()
    for wait_s in (0, 5, 300):
        hooked.clock.go_on(wait_s)
        await sending.go_on()
    paused = await hooked.state(endpoint)
    assert (paused.health.state, paused.health.why) == (EndpointState.PAUSED, Why.FAILING)
    counts: dict[str, float] = {}
    await tell_figures(hooked.desk, counts)
    assert counts["webhook_endpoints_stopped"] >= 1
    assert counts.keys() > {"webhook_deliveries_due", "webhook_deliveries_oldest_s"}
    [told] = await hooked.facts("webhook.endpoint_paused")
    assert (told["endpoint"], told["why"], told["host"]) == (endpoint, "failing", "127.0.0.1")
    receiver.taken = []
    hooked.clock.go_on(899)
    await sending.go_on()
    assert receiver.taken == []
    hooked.clock.go_on(1)
    await sending.go_on()
    assert [taken.about[1] for taken in receiver.taken] == [1]
    receiver.answer = lambda _: Reply()
    await hooked.happens("bookings/B1")
    hooked.clock.go_on(900)
    await sending.go_on()
    hooked.clock.go_on(3600)
    await sending.go_on()

    assert (await hooked.state(endpoint)).health.state is EndpointState.ACTIVE
    assert len(await hooked.facts("webhook.endpoint_resumed")) == 1
    assert [taken.about[1] for taken in receiver.taken if taken.about[0] == "bookings/B1"] == [
        *(1, 1, 3),
    ]
    probes = [one.is_probe for one in await hooked.attempts((await hooked.deliveries())[0])]
    assert probes.count(True) == 2


async def test_while_a_secret_changes_both_sign(hooked: Hooked, receiver: Receiver) -> None:
    endpoint = await hooked.endpoint(receiver.url)
    other = secret_of(b"n" * 32)
    async with as_tenant(hooked.app, hooked.tenant.key) as conn:
        sealed = hooked.sealer.seal(other.encode())
        until_ms = hooked.clock() + 60_000
        await webhooks.rotate(conn, endpoint, sealed, until_ms, hooked.clock(), 1)
    await hooked.happens("bookings/B1")
    await hooked.round().go_on()
    hooked.clock.go_on(60)
    await hooked.happens("bookings/B1")
    await hooked.round().go_on()

    now_s = hooked.clock() / 1000
    known = [
        [
            is_signed(secret, taken.headers, taken.body, now_s=now_s, tolerance_s=300)
            for secret in (other, SECRET)
        ]
        for taken in receiver.taken
    ]
    assert known == [[True, True], [True, False]]


async def test_what_has_no_room_to_wait_is_a_dead_letter_at_once(
    app: AnyPool, system: AnyPool, tenant: Tenant, tmp_path: Path
) -> None:
    usual = policy(waiting_max=2)
    hooked = Hooked.of(app, system, TenantName(tenant.key, tenant.id), tmp_path, usual)
    await hooked.endpoint(DOWN)
    await hooked.happens("bookings/B1", "bookings/B2", "bookings/B3")

    states = [one.delivery.state for one in await hooked.deliveries()]
    assert states == [DeliveryState.PENDING, DeliveryState.PENDING, DeliveryState.FAILED]
    says = (await hooked.deliveries(state="failed"))[0].delivery.error
    assert says == "as many wait for this endpoint as may; a replay brings it"
