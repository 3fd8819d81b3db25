"""A messenger that dies anywhere: nobody is told twice by one channel, and nothing is lost."""

from __future__ import annotations

import contextlib
import dataclasses
import random
import uuid

import pytest

from actors.messages.notification_sending import send_round
from freight.notifying.channels import Channel
from freight.notifying.state import Message, Status
from providers.errors import ProviderAwayError, ProviderUndoneError
from providers.messaging.port import MessageRefusedError, Reason, Repeats
from store import inbox
from store.personal import PersonalData
from store.postgres import AnyPool
from store.tenants import Tenant
from tests.actors.breaking import Breaker, breaking
from tests.actors.messages.post_office import PostOffice, told_by
from tests.actors.money.fake_payouts import CrashedError

pytestmark = pytest.mark.postgres
STEPS_MAX = 60
PHONE = "+919876543210"


@pytest.fixture
def office(app: AnyPool, system: AnyPool, personal: PersonalData, tenant: Tenant) -> PostOffice:
    return PostOffice((app, system), personal, tenant)


async def dying_at(office: PostOffice, at: int, severity: str) -> tuple[bool, Message]:
    """An alert whose teller dies at this step; another one goes on, with the same facts again."""
    office.breaking.steps, office.breaking.at = 0, at
    fact = office.fact(alert=f"alert-{uuid.uuid4().hex[:8]}", severity=severity)
    crashed = False
    try:
        await office.take_up(fact)
        await office.go_round()
    except CrashedError:
        crashed = True
    office.breaking.at = None
    await office.take_up(fact)
    for _ in range(3):
        office.later(200)
        await office.go_round()
    return crashed, await office.only(subject=fact.subject)


@pytest.mark.parametrize("repeats", list(Repeats))
async def test_it_dies_at_every_step_and_tells_once(office: PostOffice, repeats: Repeats) -> None:
    """Before and after each commit and each question; where the provider knows the same message
    again it surely comes, where not it comes or is known to be unknown."""
    await office.add_user("asha")
    office.set(tellings=told_by("mail"))
    mail = office.senders.of[Channel.EMAIL]
    mail.repeats = repeats
    unknown = 0
    for at in range(1, STEPS_MAX):
        crashed, message = await dying_at(office, at, "warning")
        came = sum(one.id.startswith(message.id) for one in mail.delivered)
        if repeats is Repeats.RECOGNISED:
            assert (came, message.status) == (1, Status.SENT), at
        elif repeats is Repeats.DOUBLED:
            assert came <= 1, at
            assert message.status is (Status.UNKNOWN if _is_unknown(message) else Status.SENT), at
            unknown += message.status is Status.UNKNOWN
            assert came == 1 or message.status is Status.UNKNOWN, at
        else:
            # The second takes the place of the first on the screen.
            assert len({one.id for one in mail.delivered if one.id.startswith(message.id)}) == 1
        if not crashed:
            break
    else:
        pytest.fail("it died at every step that was tried")
    assert unknown == len(await office.told("notification.unknown"))
    assert (unknown > 2) == (repeats is Repeats.DOUBLED)


def _is_unknown(message: Message) -> bool:
    return message.why == "whoever sent it noted no answer"


async def test_what_is_critical_comes_by_some_channel_and_by_none_twice(
    office: PostOffice,
) -> None:
    await office.add_user("asha", phone=PHONE)
    office.set(tellings=told_by("customer"))
    for at in range(1, STEPS_MAX):
        crashed, message = await dying_at(office, at, "critical")
        by = [
            channel
            for channel, sender in office.senders.of.items()
            for one in sender.delivered
            if one.id.startswith(message.id)
        ]
        assert by, at
        assert len(by) == len(set(by)), at
        assert message.status is Status.SENT, at
        if not crashed:
            break
    else:
        pytest.fail("it died at every step that was tried")


async def test_on_the_screen_it_is_there_once(office: PostOffice) -> None:
    user = f"users/{await office.add_user('asha')}"
    office.set(tellings=told_by("screen"))
    for at in range(1, STEPS_MAX):
        crashed, message = await dying_at(office, at, "warning")
        assert message.status is Status.DELIVERED
        async with office.step() as conn:
            items = await inbox.list_page(conn, user, None, 500, only_unread=False)
        assert sum(one.subject == message.subject for one in items) == 1
        if not crashed:
            break
    else:
        pytest.fail("it died at every step that was tried")


async def test_any_weather_of_store_and_providers(office: PostOffice) -> None:
    """Statements that break off, answers of every sort, three at work at once."""
    breaker, chance = Breaker(), random.Random(7)  # noqa: S311 - a scenario, not a secret
    stormy = dataclasses.replace(office.desk, app=breaking(office.desk.app, breaker))
    people = [await office.add_user(name, phone=PHONE) for name in ("asha", "ravi", "mira")]
    office.set(tellings=told_by("customer", "screen"), rate={"messages_max": 1000})
    for sender in office.senders.of.values():
        sender.answers = [_answer(chance) for _ in range(200)]
    facts = [office.fact(severity=chance.choice(["warning", "critical"])) for _ in range(8)]
    for fact in facts:
        await office.take_up(fact)

    limits = office.settings.base.notifications
    office.set_base(notifications=limits.model_copy(update={"due_of_tenant_max": 4}))
    breaker.arm(chance, 40)
    for _ in range(60):
        with contextlib.suppress(ConnectionError):
            await send_round(stormy)
        office.later(20)
    breaker.disarm()
    for _ in range(3):
        office.later(400)
        await office.go_round()

    assert breaker.breaks > 20
    messages = await office.messages()
    assert len(messages) == len(facts) * len(people) * 2
    assert not [one for one in messages if one.status in {Status.WAITING, Status.SENDING}]
    sent = [one.id for sender in office.senders.of.values() for one in sender.delivered]
    assert len(sent) == len(set(sent)), "an attempt came twice"
    for one in messages:
        if one.channels == (Channel.IN_APP,):
            assert one.status is Status.DELIVERED
        elif one.status is Status.SENT:
            assert any(each.startswith(one.id) for each in sent)


def _answer(chance: random.Random) -> Exception | None:
    return chance.choice(
        [
            None,
            None,
            ProviderUndoneError("busy", after_s=5),
            ProviderAwayError("no answer"),
            MessageRefusedError(Reason.OTHER, "x", "no"),
        ]
    )
