"""Every adapter against its stand-in: sent, throttled, broken, late, lost, refused; never two."""

from __future__ import annotations

import pytest

from config.sections.messaging import SmsProvider
from freight.notifying.channels import Channel
from providers.errors import ProviderAwayError, ProviderThrottledError, ProviderUndoneError
from providers.messaging.port import MessageRefusedError, Reason, Repeats, Sender, State
from sim.messaging.pages import on_screen
from tests.launch.waiting import until
from tests.providers.messaging.conftest import World, message

pytestmark = pytest.mark.asyncio(loop_scope="module")

# Channel, who carries its SMS, the stand-in's name for it.
WAYS = [
    (Channel.EMAIL, SmsProvider.MSG91, "smtp"),
    (Channel.SMS, SmsProvider.MSG91, "msg91"),
    (Channel.SMS, SmsProvider.TWILIO, "twilio"),
    (Channel.VOICE, SmsProvider.TWILIO, "twilio"),
    (Channel.WHATSAPP, SmsProvider.MSG91, "whatsapp"),
    (Channel.PUSH, SmsProvider.MSG91, "fcm"),
    (Channel.SLACK, SmsProvider.MSG91, "slack"),
    (Channel.TEAMS, SmsProvider.MSG91, "teams"),
]
NAMES = [f"{channel.value}-{service}" for channel, _, service in WAYS]
each_way = pytest.mark.parametrize(("channel", "sms", "service"), WAYS, ids=NAMES)


async def sender_of(world: World, channel: Channel, sms: SmsProvider) -> Sender:
    world.with_sms_of(sms)
    return await world.channels.sender(world.tenant, channel)


def arrived(world: World, channel: Channel) -> int:
    return sum(one.channel == channel.value for one in world.twin.book.all())


@each_way
async def test_a_message_goes_out_once_and_says_what_it_must(
    world: World, channel: Channel, sms: SmsProvider, service: str
) -> None:
    sender = await sender_of(world, channel, sms)
    sent = await sender.send(message(channel))

    [kept] = [one for one in world.twin.book.all() if one.channel == channel.value]
    assert kept.service == service
    assert "MH12AB1234" in kept.text
    assert sent.state in {State.ACCEPTED, State.SENT, State.DELIVERED}
    assert sent.provider_id == (kept.id if channel not in {Channel.SLACK, Channel.TEAMS} else "")


@each_way
async def test_after_every_trouble_it_is_known_whether_it_may_be_sent_again(
    world: World, channel: Channel, sms: SmsProvider, service: str
) -> None:
    """As an engine does it: again what was surely not sent, and what is not doubled by it."""
    sender = await sender_of(world, channel, sms)
    for kind, more in (
        ("throttle", {"after_s": 60}),
        ("error", {}),
        ("timeout", {"delay_s": 0.4}),
        ("slow", {"delay_s": 0.05}),
        ("lost", {}),
    ):
        # More often than one question has attempts.
        world.trouble(service, kind, times=1 if kind in {"slow", "lost"} else 3, **more)
        note = message(channel)
        before = arrived(world, channel)
        try:
            await sender.send(note)
        except ProviderUndoneError:
            assert arrived(world, channel) == before
            world.twin.faults.clear()
            await sender.send(note)
        except ProviderAwayError:
            assert kind != "throttle"
            world.twin.faults.clear()
            if sender.repeats is not Repeats.DOUBLED:
                await sender.send(note)
        world.twin.faults.clear()
        sent_once = arrived(world, channel) - before
        if sender.repeats is Repeats.DOUBLED:
            assert sent_once <= 1
        if kind in {"throttle", "slow", "lost"}:
            assert sent_once >= 1


@each_way
async def test_a_throttled_one_is_told_so_and_nothing_was_sent(
    world: World, channel: Channel, sms: SmsProvider, service: str
) -> None:
    sender = await sender_of(world, channel, sms)
    world.trouble(service, "throttle", times=3, after_s=60)

    with pytest.raises(ProviderThrottledError) as throttled:
        await sender.send(message(channel))

    assert throttled.value.after_s == (0 if service == "smtp" else 60)
    assert arrived(world, channel) == 0


@pytest.mark.parametrize(
    ("channel", "sms", "service", "code", "why"),
    [
        (Channel.EMAIL, SmsProvider.MSG91, "smtp", "550 5.1.1 nobody", Reason.INVALID_ADDRESS),
        (Channel.EMAIL, SmsProvider.MSG91, "smtp", "550 5.7.1 unwanted", Reason.BLOCKED),
        (Channel.SMS, SmsProvider.MSG91, "msg91", "Invalid mobile", Reason.INVALID_ADDRESS),
        (Channel.SMS, SmsProvider.MSG91, "msg91", "template id missing", Reason.TEMPLATE),
        (Channel.SMS, SmsProvider.MSG91, "msg91", "Insufficient balance", Reason.QUOTA),
        (Channel.SMS, SmsProvider.TWILIO, "twilio", "21610", Reason.OPTED_OUT),
        (Channel.SMS, SmsProvider.TWILIO, "twilio", "21211", Reason.INVALID_ADDRESS),
        (Channel.VOICE, SmsProvider.TWILIO, "twilio", "21216", Reason.BLOCKED),
        (Channel.WHATSAPP, SmsProvider.MSG91, "whatsapp", "132001", Reason.TEMPLATE),
        (Channel.WHATSAPP, SmsProvider.MSG91, "whatsapp", "131050", Reason.OPTED_OUT),
        (Channel.PUSH, SmsProvider.MSG91, "fcm", "UNREGISTERED", Reason.INVALID_ADDRESS),
        (Channel.SLACK, SmsProvider.MSG91, "slack", "channel_not_found", Reason.INVALID_ADDRESS),
        (Channel.TEAMS, SmsProvider.MSG91, "teams", "action_prohibited", Reason.ACCOUNT),
    ],
)
async def test_a_refusal_is_for_good_and_says_why(  # noqa: PLR0917 - a table's columns
    world: World, channel: Channel, sms: SmsProvider, service: str, code: str, why: Reason
) -> None:
    sender = await sender_of(world, channel, sms)
    world.trouble(service, "refuse", code=code)

    with pytest.raises(MessageRefusedError) as refused:
        await sender.send(message(channel))

    assert refused.value.why is why
    assert world.twin.calls[service] == 1
    assert arrived(world, channel) == 0


async def test_what_whatsapp_says_of_its_limits_is_no_refusal(world: World) -> None:
    sender = await world.channels.sender(world.tenant, Channel.WHATSAPP)
    for code, error in [("130429", ProviderThrottledError), ("190", ProviderUndoneError)]:
        world.trouble("whatsapp", "refuse", code=code)
        with pytest.raises(error):
            await sender.send(message(Channel.WHATSAPP))


async def test_no_number_without_its_country_is_dialled(world: World) -> None:
    for channel in (Channel.SMS, Channel.VOICE, Channel.WHATSAPP):
        sender = await world.channels.sender(world.tenant, channel)
        with pytest.raises(MessageRefusedError, match="country"):
            await sender.send(message(channel, to="9876543210"))
    assert not world.twin.calls


async def test_one_token_serves_many_pushes_and_another_is_asked_for_when_it_is_refused(
    world: World,
) -> None:
    sender = await world.channels.sender(world.tenant, Channel.PUSH)
    await sender.send(message(Channel.PUSH))
    asked_before = world.twin.calls["google"]
    await sender.send(message(Channel.PUSH))
    assert world.twin.calls["google"] == asked_before <= 1

    world.twin.tokens.clear()  # as Google takes one back
    await sender.send(message(Channel.PUSH))

    assert world.twin.calls["google"] == asked_before + 1
    assert arrived(world, Channel.PUSH) == 3


async def test_a_push_that_came_twice_stands_on_the_screen_once(world: World) -> None:
    sender = await world.channels.sender(world.tenant, Channel.PUSH)
    world.trouble("fcm", "lost")  # it is asked again by itself: that does no harm
    await sender.send(message(Channel.PUSH))

    assert arrived(world, Channel.PUSH) == 2
    assert len(on_screen(world.twin.book.all())) == 1


async def test_a_lost_answer_is_made_good_by_the_receipt(world: World) -> None:
    """Nothing may be sent again, but what became of it is heard with our own id."""
    for channel, service in [
        (Channel.SMS, "msg91"),
        (Channel.WHATSAPP, "whatsapp"),
        (Channel.VOICE, "twilio"),
    ]:
        sender, note = await world.channels.sender(world.tenant, channel), message(channel)
        world.trouble(service, "lost")
        with pytest.raises(ProviderAwayError) as away:
            await sender.send(note)

        assert not isinstance(away.value, ProviderUndoneError)
        await until(
            lambda note=note: any(  # type: ignore[misc]
                one.state is State.DELIVERED for one in world.door.of(note.id)
            )
        )
