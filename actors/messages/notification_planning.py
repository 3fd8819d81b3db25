"""From facts to messages: who is told what is written down in the transaction of the fact."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence

import msgspec
from msgspec.structs import replace

from actors.booking_writing import TenantName
from actors.messages.notification_desk import MessageDesk, Scene
from actors.messages.notification_people import Recipients, address_of
from actors.messages.notification_writing import FAMILY, take, tell
from freight.notifying import decide, planning, variables
from freight.notifying.channels import Channel
from freight.notifying.planning import Fact, Wanted
from freight.notifying.rules import NotifyingRules, Telling
from freight.notifying.state import KEPT_BACK, Message, Severity, Status
from freight.notifying.variables import Teller
from freight.notifying.wishes import Wishes
from store import notification_wishes, notifications
from store.events import StoredEvent
from store.notifications import Sealed
from store.postgres import AnyConnection

log = logging.getLogger(__name__)
MS = 1000
BY_RULE = "rule"
Values = Mapping[str, str]


class Planner:
    """Takes up facts for a follower."""

    def __init__(self, desk: MessageDesk) -> None:
        self._desk = desk

    async def take_up(
        self, conn: AnyConnection, tenant: TenantName, facts: Sequence[StoredEvent]
    ) -> None:
        scene = Scene(self._desk, conn, tenant, self._desk.now_ms())
        queue = Queue(scene)
        for stored in facts:
            await self._one(scene, queue, stored)

    async def _one(self, scene: Scene, queue: Queue, stored: StoredEvent) -> None:
        rules = scene.policy.notifying
        await _call_off(scene, rules.calls_off.get(stored.type, ()), stored)
        told = [one for one in rules.tellings if planning.tells(one, _fact(stored))]
        if not told:
            return
        if scene.at_ms - stored.known_at_ms > rules.sending.fact_age_s_max * MS:
            log.warning("%s of %s tells nobody: it is old", stored.id, scene.tenant.id)
            return
        recipients = Recipients(scene, stored.data)
        fact = _fact(stored)
        wanted = [each for one in told for each in await _wanted(recipients, one, fact, rules)]
        wishes = await notification_wishes.of(scene.conn, [one.person.key for one in wanted])
        wanted = [replace(one, wishes=wishes.get(one.person.key, Wishes())) for one in wanted]
        places = await _places(recipients)
        for one in planning.merged(wanted):
            await queue.put(fact, one, places)


class Queue:
    """Puts messages behind those that wait, as long as there is room."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._waiting: int | None = None

    async def put(
        self, fact: Fact, one: Wanted, more: Values, *, due_ms: int | None = None
    ) -> list[Message]:
        """What one person is told of one fact."""
        scene, rules = self._scene, self._scene.policy.notifying
        planned = planning.messages(scene.tenant.key, fact, one, rules, scene.at_ms)
        if not planned:
            return []
        seal = scene.desk.personal.seal
        address = seal(msgspec.json.encode(address_of(one.person)).decode())
        facts = seal(msgspec.json.encode(self._values(fact, one, more)).decode())
        kept = []
        for message in planned:
            put_off = message if due_ms is None else _at(message, due_ms, scene.at_ms)
            admitted = await self._admitted(put_off, rules)
            sealed = Sealed(address, facts)
            key = scene.tenant.key
            if await notifications.insert(scene.conn, key, admitted, sealed, scene.at_ms):
                await tell(scene, admitted)
            kept.append(admitted)
        return kept

    def _values(self, fact: Fact, one: Wanted, more: Values) -> dict[str, str]:
        texts = self._scene.policy.notifying.texts
        teller = Teller(one.wishes.time_zone or texts.time_zone, texts.console_url)
        found = variables.of_fact(one.kind, fact.subject, fact.data, fact.at_ms, teller)
        found |= {"tenant": self._scene.tenant.id, "severity": one.severity.value, **more}
        return found | ({"recipient": one.person.name} if one.person.name else {})

    async def _admitted(self, message: Message, rules: NotifyingRules) -> Message:
        """Beyond what may wait it is kept as dead, where a person finds it."""
        most = rules.sending.waiting_max
        if message.status not in KEPT_BACK or message.channels == (Channel.IN_APP,):
            return message
        if self._waiting is None:
            self._waiting = await notifications.waiting(self._scene.conn, most)
        if self._waiting >= most and message.severity is not Severity.CRITICAL:
            why = f"{most} messages wait already"
            return replace(message, status=Status.DEAD, due_ms=None, why=why)
        self._waiting += 1
        return message


def _fact(stored: StoredEvent) -> Fact:
    return Fact(
        id=str(stored.id),
        type=stored.type,
        subject=stored.subject,
        at_ms=stored.known_at_ms,
        data=stored.data,
    )


async def _wanted(
    recipients: Recipients, telling: Telling, fact: Fact, rules: NotifyingRules
) -> list[Wanted]:
    routes = tuple(rules.routes[name] for name in telling.routes)
    if fact.type.startswith(FAMILY):
        # What failed is not told by what may have failed.
        routes = ((Channel.IN_APP,),)
    return [
        Wanted(
            person=person,
            wishes=Wishes(),
            kind=planning.kind_of(telling, fact),
            severity=planning.severity_of(telling, fact),
            routes=routes,
            delay_s=telling.delay_s,
            digest=telling.digest,
        )
        for person in await recipients.of(telling.to)
    ]


async def _places(recipients: Recipients) -> dict[str, str]:
    """Between which places a booking goes, as its stops are called."""
    booking = await recipients.booking()
    if booking is None:
        return {}
    first, last = booking.load.stops[0].place.name, booking.load.stops[-1].place.name
    found = {"from_place": first, "to_place": last}
    return {name: text for name, text in found.items() if text}


async def _call_off(scene: Scene, kinds: Sequence[str], stored: StoredEvent) -> None:
    """What waits about something that is over."""
    if not kinds:
        return
    why = f"called off by {stored.type}"
    for message in await notifications.keep_back(scene.conn, stored.subject, kinds):
        await take(scene, message, decide.cancel(message, BY_RULE, why, scene.at_ms))


def _at(message: Message, due_ms: int, now_ms: int) -> Message:
    """Valid from then on for as long as it would have been from now on."""
    if message.status not in KEPT_BACK or due_ms <= now_ms:
        return message
    return replace(message, due_ms=due_ms, expires_ms=message.expires_ms + due_ms - now_ms)
