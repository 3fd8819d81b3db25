"""Limits on messages: rate, queue, a tenant's share, what is called off, forgotten, or taken up."""

from __future__ import annotations

import dataclasses

import pytest

from actors.life import now_ms
from actors.messages.notification_digests import sweep_round
from actors.messages.notification_rounds import Facts
from freight.notifying.channels import Channel
from freight.notifying.state import Status
from store import events, notifications
from store.personal import PersonalData
from store.postgres import AnyPool
from store.tenants import Tenant
from tests.actors.messages.post_office import PostOffice, S, told_by

pytestmark = pytest.mark.postgres
PHONE = "+919876543210"
HOUR_S = 3600


@pytest.fixture
def office(app: AnyPool, system: AnyPool, personal: PersonalData, tenant: Tenant) -> PostOffice:
    return PostOffice((app, system), personal, tenant)


async def test_one_person_is_sent_no_more_than_the_rate_allows(office: PostOffice) -> None:
    await office.add_user("asha")
    office.set(tellings=told_by("mail"), rate={"messages_max": 2, "window_s": 600})
    for _ in range(5):
        await office.happens()
    await office.happens(severity="critical")
    await office.go_round()
    assert len(office.came(Channel.EMAIL)) == 3
    office.later(601)
    await office.go_round()
    assert len(office.came(Channel.EMAIL)) == 5


async def test_beyond_what_may_wait_it_is_kept_as_dead(office: PostOffice) -> None:
    await office.add_user("asha")
    office.set(tellings=told_by("mail"), sending={"waiting_max": 2})
    for _ in range(3):
        await office.happens()
    await office.happens(severity="critical")

    states = [one.status for one in await office.messages()]
    assert states == [Status.WAITING, Status.WAITING, Status.DEAD, Status.WAITING]
    assert len(await office.told("notification.dead")) == 1


async def test_one_tenants_many_do_not_keep_another_waiting(
    app: AnyPool, system: AnyPool, personal: PersonalData, tenant: Tenant, other_tenant: Tenant
) -> None:
    many = PostOffice((app, system), personal, tenant)
    few = PostOffice((app, system), personal, other_tenant)
    for each in (many, few):
        await each.add_user("asha")
        each.set(tellings=told_by("mail"))
    for _ in range(4):
        await many.happens()
    await few.happens()
    await many.happens(severity="critical")

    due = await many.due(1000, 3)

    theirs = [one.id for one in due if one.tenant == tenant.id]
    assert len(theirs) == 3
    assert (await many.only(severity="critical")).id in theirs
    assert [one.id for one in due if one.tenant == other_tenant.id] == [(await few.only()).id]


async def test_what_is_over_calls_off_what_still_waits(office: PostOffice) -> None:
    await office.add_user("asha", phone=PHONE)
    office.set(tellings=told_by("driver"))
    office.later(11 * HOUR_S)
    fact = await office.happens()
    await office.go_round()
    await office.take_up(office.fact("alert.resolved", fact.subject))
    office.later(10 * HOUR_S)
    await office.go_round()

    message = await office.only()
    assert (message.status, message.why) == (Status.CANCELLED, "called off by alert.resolved")
    assert not office.came(Channel.WHATSAPP)


async def test_who_is_not_reached_at_all_is_told_of(office: PostOffice) -> None:
    await office.add_user("asha")
    office.set(tellings=told_by("driver"))
    await office.happens()
    message = await office.only()
    assert (message.status, message.why) == (Status.DEAD, "no channel reaches this person")
    assert len(await office.told("notification.dead")) == 1


async def test_the_follower_takes_each_fact_up_once(office: PostOffice) -> None:
    await office.add_user("asha")
    office.set(tellings=told_by("screen"))
    # The database settles facts by its own clock, so the fact is of now by the desk's as well.
    office.desk = dataclasses.replace(office.desk, now_ms=now_ms)
    office.clock_ms = now_ms()
    facts = Facts(office.desk)
    await facts.go_on()
    told = office.fact()
    async with office.step() as conn:
        await events.insert(conn, [told])
    for each in (facts, Facts(office.desk), facts):
        await each.go_on()
    (message,) = await office.messages()
    assert (message.cause, message.subject) == (str(told.id), told.subject)


async def test_texts_and_addresses_are_forgotten_what_happened_is_not(office: PostOffice) -> None:
    await office.add_user("asha")
    office.set(tellings=told_by("mail"))
    await office.happens()
    await office.go_round()
    office.clock_ms += 91 * 86_400 * S
    assert await sweep_round(office.desk)
    async with office.step() as conn:
        kept = await notifications.get(conn, (await office.only()).id)
        log = await notifications.log(conn, kept.message.id)
    assert (kept.address_sealed, kept.facts_sealed, kept.said_sealed) == (None, None, None)
    assert len(log) == 3
