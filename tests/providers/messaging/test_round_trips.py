"""Receipts as the stand-ins send them: believed once each, forgeries never."""

from __future__ import annotations

import pytest

from config.sections.messaging import SmsProvider
from freight.notifying.channels import Channel
from providers.messaging.port import Reason, State
from tests.launch.waiting import until
from tests.providers.messaging.conftest import World, ask, message

pytestmark = pytest.mark.asyncio(loop_scope="module")

TELLING = [
    (Channel.SMS, SmsProvider.MSG91, "msg91", State.DELIVERED),
    (Channel.SMS, SmsProvider.TWILIO, "twilio", State.DELIVERED),
    (Channel.VOICE, SmsProvider.TWILIO, "twilio", State.DELIVERED),
    (Channel.WHATSAPP, SmsProvider.MSG91, "whatsapp", State.DELIVERED),
]
REASONS = {"msg91": Reason.UNREACHABLE, "twilio": Reason.UNREACHABLE}
REASONS |= {"whatsapp": Reason.UNREACHABLE, "smtp": Reason.INVALID_ADDRESS}


@pytest.mark.parametrize(("channel", "sms", "service", "last"), TELLING)
async def test_receipts_tell_of_ours_by_both_names(
    world: World, channel: Channel, sms: SmsProvider, service: str, last: State
) -> None:
    world.with_sms_of(sms)
    note = message(channel)
    sent = await (await world.channels.sender(world.tenant, channel)).send(note)
    await until(lambda: len(world.door.of(note.id)) == 2)

    found = world.door.of(note.id)
    assert [one.state for one in found] == [State.SENT, last]
    assert {one.provider_id for one in found} == {sent.provider_id}


@pytest.mark.parametrize(("channel", "sms", "service", "last"), TELLING)
async def test_the_same_receipt_twice_is_the_same_and_a_forged_one_none(
    world: World, channel: Channel, sms: SmsProvider, service: str, last: State
) -> None:
    world.with_sms_of(sms)
    note = message(channel)
    world.trouble(service, "twice")
    world.trouble(service, "forged")
    await (await world.channels.sender(world.tenant, channel)).send(note)
    await until(lambda: world.door.forged == 1 and len(world.door.of(note.id)) == 3)

    states = [one.state for one in world.door.of(note.id)]
    assert sorted(states) == sorted([State.SENT, State.SENT, last])


@pytest.mark.parametrize(
    ("channel", "sms", "service"),
    [*((c, s, n) for c, s, n, _ in TELLING), (Channel.EMAIL, SmsProvider.MSG91, "smtp")],
)
async def test_what_does_not_arrive_says_why(
    world: World, channel: Channel, sms: SmsProvider, service: str
) -> None:
    world.with_sms_of(sms)
    note = message(channel)
    world.trouble(service, "fail")
    await (await world.channels.sender(world.tenant, channel)).send(note)
    await until(lambda: any(one.state is State.FAILED for one in world.door.of(note.id)))

    [failed] = [one for one in world.door.of(note.id) if one.state is State.FAILED]
    assert failed.reason is REASONS[service]
    assert failed.code


async def test_free_text_on_whatsapp_fails_until_the_customer_has_written(world: World) -> None:
    sender = await world.channels.sender(world.tenant, Channel.WHATSAPP)
    first, second = (message(Channel.WHATSAPP, whatsapp=None) for _ in range(2))
    await sender.send(first)
    await until(lambda: any(one.state is State.FAILED for one in world.door.of(first.id)))
    assert world.door.of(first.id)[-1].reason is Reason.TEMPLATE

    world.twin.wrote.add(first.to)
    await sender.send(second)
    await until(lambda: any(one.state is State.DELIVERED for one in world.door.of(second.id)))


async def test_the_page_shows_what_a_phone_and_an_inbox_would(world: World) -> None:
    world.twin.templates["flow1"] = "Truck ##TRUCK## stands still"
    for channel in (Channel.SMS, Channel.VOICE, Channel.WHATSAPP):
        await (await world.channels.sender(world.tenant, channel)).send(message(channel))
    letter = message(Channel.EMAIL, html="<b>stands</b><script>alert(1)</script>")
    await (await world.channels.sender(world.tenant, Channel.EMAIL)).send(letter)

    people = (await ask(world.url, "/")).text
    phone = (await ask(world.url, f"/of/{message(Channel.SMS).to}")).text
    inbox = (await ask(world.url, f"/of/{letter.to}")).text

    assert "+919876543210" in people
    assert letter.to in people
    assert "Truck MH12AB1234 stands still" in phone
    assert "has stood for 2 h near Khopoli" in phone  # what the call said
    assert "[stop, en] MH12AB1234" in phone
    assert "<script>" not in inbox
    assert "&lt;b&gt;stands" in inbox
