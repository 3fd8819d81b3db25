"""Messages from facts to people: channels, hours, wishes, limits, on the real store."""

from __future__ import annotations

import pytest

from actors.messages.notification_digests import digests_round
from freight.notifying.channels import Channel
from freight.notifying.consent import Standing
from freight.notifying.on_call import Calendar, Rotation
from freight.notifying.state import Status
from freight.notifying.wishes import KindWish, Wishes
from freight.personal import PersonalKind
from providers.errors import ProviderAwayError, ProviderUndoneError
from providers.messaging.port import MessageRefusedError, Reason
from store import inbox, notification_wishes, notifications, on_call
from store.personal import PersonalData
from store.postgres import AnyPool
from store.tenants import Tenant
from tests.actors.messages.post_office import PostOffice, told_by

pytestmark = pytest.mark.postgres
PHONE = "+919876543210"
HOUR_S = 3600


@pytest.fixture
def office(app: AnyPool, system: AnyPool, personal: PersonalData, tenant: Tenant) -> PostOffice:
    return PostOffice((app, system), personal, tenant)


async def test_a_critical_alert_tells_who_is_on_call_and_all_dispatchers(
    office: PostOffice,
) -> None:
    asha = await office.add_user("asha", phone=PHONE, push="token-of-asha")
    ravi = await office.add_user("ravi", "admin")
    await office.add_user("viewer", "viewer")
    async with office.step() as conn:
        rotation = Rotation(level=1, people=(f"users/{ravi}",), begins_ms=0, turn_hours=168)
        calendar = Calendar(id="main", name="Main", time_zone="Asia/Kolkata", rotations=(rotation,))
        await on_call.create(conn, office.tenant.key, calendar)

    await office.happens(severity="critical")
    await office.go_round()

    assert [one.to for one in office.came(Channel.PUSH)] == ["token-of-asha"]
    (mail,) = office.came(Channel.EMAIL)
    assert mail.to.startswith("ravi-")
    assert mail.subject == "[critical] Truck T1 stands still"
    assert "For 47 minutes" in mail.text
    assert mail.is_urgent
    assert not office.came(Channel.SMS)
    states = [(one.person, one.channel, one.status) for one in await office.messages()]
    assert sorted(states) == sorted(
        [
            (f"users/{asha}", Channel.IN_APP, Status.DELIVERED),
            (f"users/{asha}", Channel.PUSH, Status.SENT),
            (f"users/{ravi}", Channel.IN_APP, Status.DELIVERED),
            (f"users/{ravi}", Channel.EMAIL, Status.SENT),
        ]
    )
    async with office.step() as conn:
        (item,) = await inbox.list_page(conn, f"users/{asha}", None, 10, only_unread=True)
        assert "Truck T1 stands still" in office.desk.personal.open(item.said_sealed)
        sealed = await conn.fetchval("SELECT string_agg(event::text, '') FROM notification_log")
    assert PHONE not in sealed
    assert "example.in" not in sealed


async def test_it_goes_from_channel_to_channel_until_one_takes_it(office: PostOffice) -> None:
    await office.add_user("asha", phone=PHONE, push="token-of-asha")
    office.set(tellings=told_by("urgent"))
    senders = office.senders.of
    gone = MessageRefusedError(Reason.INVALID_ADDRESS, "404", "the app is gone")
    senders[Channel.PUSH].answers = [gone]
    office.senders.unset = {Channel.WHATSAPP}
    senders[Channel.SMS].answers = [MessageRefusedError(Reason.TEMPLATE, "132", "unknown template")]

    await office.happens(severity="critical")
    await office.go_round()

    message = await office.only()
    assert (message.channel, message.status) == (Channel.VOICE, Status.SENT)
    async with office.step() as conn:
        log = await notifications.log(conn, message.id)
        assert not await inbox.tokens_of(conn, message.person)
    assert [type(one).__name__ for one in log] == [
        *("Planned", "AttemptMade", "Failed", "MovedOn", "Skipped", "MovedOn"),
        *("AttemptMade", "Failed", "MovedOn", "AttemptMade", "Accepted"),
    ]


async def test_another_phone_of_the_same_person_is_tried(office: PostOffice) -> None:
    user = await office.add_user("asha", push="old-token-of-asha")
    async with office.step() as conn:
        await office.add_phone(conn, user, "new-token-of-asha")
    office.set(tellings=told_by("urgent"))
    push = office.senders.of[Channel.PUSH]
    push.answers = [MessageRefusedError(Reason.INVALID_ADDRESS, "404", "the app is gone")]

    await office.happens()
    await office.go_round()
    office.later(10)
    await office.go_round()

    assert [one.to for one in push.delivered] in (["old-token-of-asha"], ["new-token-of-asha"])
    assert (push.asked, (await office.only()).status) == (2, Status.SENT)


async def test_a_provider_that_is_down_is_tried_again_until_the_time_is_over(
    office: PostOffice,
) -> None:
    await office.add_user("asha")
    office.set(tellings=told_by("mail"), sending={"valid_s": {"warning": 3000}})
    mail = office.senders.of[Channel.EMAIL]
    mail.answers = [ProviderUndoneError("left alone")] * 100

    await office.happens()
    for _ in range(40):
        await office.go_round()
        office.later(100)

    message = await office.only()
    assert message.status is Status.DEAD
    assert message.why == "its time was over: left alone"
    assert 7 < mail.asked < 30
    (told,) = await office.told("notification.dead")
    assert (told.data["person"], told.data["channel"]) == (message.person, "email")
    assert not mail.delivered


async def test_a_throttled_channel_waits_as_it_was_told_to(office: PostOffice) -> None:
    await office.add_user("asha")
    office.set(tellings=told_by("mail"))
    mail = office.senders.of[Channel.EMAIL]
    mail.answers = [ProviderUndoneError("too many at once", after_s=60)]
    await office.happens()
    await office.go_round()
    office.later(59)
    await office.go_round()
    assert not mail.delivered
    office.later(1)
    await office.go_round()
    assert len(mail.delivered) == 1


async def test_no_answer_is_not_asked_again_but_told_and_may_be_replayed(
    office: PostOffice,
) -> None:
    await office.add_user("asha", phone=PHONE)
    office.set(tellings=told_by("urgent"))
    office.senders.unset = {Channel.WHATSAPP}
    sms = office.senders.of[Channel.SMS]
    sms.answers = [ProviderAwayError("no answer in 10 s")]

    await office.happens()
    for _ in range(5):
        await office.go_round()
        office.later(1000)

    message = await office.only()
    assert (message.status, message.channel, sms.asked) == (Status.UNKNOWN, Channel.SMS, 1)
    assert len(await office.told("notification.unknown")) == 1
    assert not office.came(Channel.VOICE)


async def test_what_is_critical_goes_on_when_nobody_answered(office: PostOffice) -> None:
    await office.add_user("asha", phone=PHONE)
    office.set(tellings=told_by("urgent"))
    office.senders.unset = {Channel.WHATSAPP}
    office.senders.of[Channel.SMS].answers = [ProviderAwayError("no answer in 10 s")]

    await office.happens(severity="critical")
    await office.go_round()

    message = await office.only()
    assert (message.status, message.channel) == (Status.SENT, Channel.VOICE)


async def test_a_delivery_that_nobody_confirms_is_chased_when_it_is_critical(
    office: PostOffice,
) -> None:
    await office.add_user("asha", phone=PHONE)
    office.set(tellings=told_by("urgent"))
    office.senders.of[Channel.WHATSAPP].has_receipts = True
    await office.happens(severity="critical")
    await office.happens(severity="warning")
    await office.go_round()
    office.later(181)
    await office.go_round()
    assert len(office.came(Channel.WHATSAPP)) == 2
    assert len(office.came(Channel.SMS)) == 1


async def test_at_night_it_waits_for_the_morning_unless_it_is_critical(
    office: PostOffice,
) -> None:
    await office.add_user("asha", phone=PHONE)
    office.set(tellings=told_by("screen", "driver"))
    office.later(11 * HOUR_S)  # 21:30
    await office.happens(severity="warning")
    await office.go_round()

    waits = await office.only(status="waiting")
    assert waits.why == "quiet hours until 22 Nov, 07:00"
    assert len(await office.messages(status="delivered")) == 1  # on the screen, at once
    await office.happens(severity="critical")
    await office.go_round()
    assert len(office.came(Channel.WHATSAPP)) == 1

    office.later(9.5 * HOUR_S)
    await office.go_round()
    assert len(office.came(Channel.WHATSAPP)) == 2


async def test_wishes_mute_choose_channels_and_collect(office: PostOffice) -> None:
    user = f"users/{await office.add_user('asha', phone=PHONE)}"
    office.set(tellings=told_by("driver"))
    wishes = Wishes(
        language="hi",
        kinds={
            "booking": KindWish(is_muted=True),
            "alert": KindWish(without=(Channel.WHATSAPP,)),
        },
    )
    async with office.step() as conn:
        await notification_wishes.put(conn, office.tenant.key, user, wishes, None)
    await office.happens()
    await office.go_round()

    assert not office.came(Channel.WHATSAPP)
    (sms,) = office.came(Channel.SMS)
    assert sms.language == "hi"
    assert "चेतावनी" in sms.text


async def test_a_digest_collects_and_goes_out_at_its_time(office: PostOffice) -> None:
    user = f"users/{await office.add_user('asha', phone=PHONE)}"
    office.set(tellings=told_by("driver"), digest={"items_max": 2})
    async with office.step() as conn:
        wishes = Wishes(kinds={"*": KindWish(digest=True)})
        await notification_wishes.put(conn, office.tenant.key, user, wishes, None)
    for number in range(3):
        await office.happens(title=f"Number {number}")
    await office.happens(title="At once", severity="critical")
    await office.go_round()
    assert [one.subject for one in office.came(Channel.WHATSAPP)] == ["At once"]
    assert not await digests_round(office.desk)

    office.later(8 * HOUR_S)  # beyond 18:00
    assert await digests_round(office.desk) == 1
    assert not await digests_round(office.desk)
    await office.go_round()

    (mail,) = office.came(Channel.EMAIL)
    assert mail.subject == "3 messages"
    assert "Number 0" in mail.text
    assert "and 1 more" in mail.text
    digest = await office.only(kind="digest")
    digested = await office.messages(status="digested")
    assert {one.digest for one in digested} == {digest.id}
    assert len(digested) == 3


async def test_who_opted_out_of_a_channel_is_told_by_another(office: PostOffice) -> None:
    await office.add_user("asha", phone=PHONE)
    office.set(tellings=told_by("customer"))
    await _agree(office, Standing.WITHDRAWN, "any")
    await office.happens(severity="critical")
    await office.go_round()
    assert [len(office.came(one)) for one in (Channel.WHATSAPP, Channel.SMS, Channel.EMAIL)] == [
        *(0, 0, 1),
    ]

    await _agree(office, Standing.GRANTED, "sms")
    await office.happens(severity="critical")
    await office.go_round()
    assert len(office.came(Channel.SMS)) == 1


async def test_promotions_need_a_consent(office: PostOffice) -> None:
    await office.add_user("asha", phone=PHONE)
    office.set(tellings=told_by("driver"), promotional=("alert",))
    await office.happens()
    await office.go_round()
    assert (await office.only()).why == "no consent was given"
    await _agree(office, Standing.GRANTED, "whatsapp")
    await office.happens()
    await office.go_round()
    assert len(office.came(Channel.WHATSAPP)) == 1


async def _agree(office: PostOffice, standing: Standing, channel: str) -> None:
    async with office.step() as conn:
        await notification_wishes.agree(
            conn,
            office.tenant.key,
            at_ms=office.clock_ms,
            address_index=office.desk.personal.blind_index(PersonalKind.PHONE, "09876543210"),
            shown="***3210",
            channel=channel,
            standing=standing,
            source="a test",
            by="a test",
        )
