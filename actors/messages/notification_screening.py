"""What stands between a message and its channel now: consent, hours, and too many at once."""

from __future__ import annotations

from collections.abc import Sequence

from actors.messages.notification_desk import Scene
from actors.messages.notification_said import address
from freight.notifying import decide
from freight.notifying.channels import Channel
from freight.notifying.consent import objection
from freight.notifying.events import Died, MessageEvent
from freight.notifying.state import Message
from freight.notifying.variables import clock
from freight.notifying.wishes import quiet_until_ms, wanted
from freight.personal import PersonalKind
from store import notification_people, notification_wishes, notifications
from store.notifications import Kept

MS = 1000
_BY_PHONE = frozenset({Channel.SMS, Channel.WHATSAPP, Channel.VOICE})


async def obstacle(scene: Scene, kept: Kept) -> Sequence[MessageEvent]:
    """What happens to it instead of being sent; nothing: it may be."""
    message, channel = kept.message, kept.message.channel
    if channel is None:
        return decide.skip(message, "no channel is left", scene.at_ms)
    if await _is_gone(scene, message.person):
        return [Died(at_ms=scene.at_ms, why="the person is not there any more")]
    rules = scene.policy.notifying
    wishes = await notification_wishes.get(scene.conn, message.person)
    if not wanted((channel,), wishes, message.kind, message.severity, rules):
        return decide.skip(message, "the person does not wish it", scene.at_ms)
    why_not = await _objection(scene, kept, channel)
    if why_not is not None:
        return decide.skip(message, why_not, scene.at_ms)
    until_ms = quiet_until_ms(wishes, channel, message.severity, rules, scene.at_ms)
    if until_ms is not None:
        zone = wishes.time_zone or rules.texts.time_zone
        why = f"quiet hours until {clock(until_ms, zone)}"
        return decide.put_off(message, until_ms, why, scene.at_ms)
    return await _too_many(scene, message, channel)


async def _objection(scene: Scene, kept: Kept, channel: Channel) -> str | None:
    found = address(scene, kept)
    if channel in _BY_PHONE and found.phone is not None:
        index = scene.desk.personal.blind_index(PersonalKind.PHONE, found.phone)
    elif channel is Channel.EMAIL and found.email is not None:
        index = scene.desk.personal.blind_index(PersonalKind.EMAIL, found.email)
    else:
        return None
    standing = await notification_wishes.standing(scene.conn, index, channel)
    return objection(standing, kept.message.kind, scene.policy.notifying)


async def _too_many(scene: Scene, message: Message, channel: Channel) -> Sequence[MessageEvent]:
    rate = scene.policy.notifying.rate
    if channel in rate.except_channels or message.severity in rate.except_severities:
        return []
    await notifications.hold_person(scene.conn, scene.tenant.key, message.person)
    window_ms = round(rate.window_s * MS)
    oldest_ms = await notifications.room_again_ms(
        scene.conn,
        message.person,
        scene.at_ms - window_ms,
        rate.messages_max,
        rate.except_channels,
    )
    if oldest_ms is None:
        return []
    why = f"{rate.messages_max} messages were sent to this person lately"
    return decide.put_off(message, oldest_ms + window_ms + 1, why, scene.at_ms)


async def _is_gone(scene: Scene, person: str) -> bool:
    """Who has left since is told nothing any more."""
    of, _, name = person.partition("/")
    if of == "users":
        return not await notification_people.users(scene.conn, [name])
    if of == "drivers":
        return not await notification_people.drivers(scene.conn, driver=name)
    return False
