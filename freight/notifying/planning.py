"""Who is told of a fact, by which messages: each person once by each channel."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from freight.notifying.channels import Channel
from freight.notifying.hours import next_ms
from freight.notifying.rules import NotifyingRules, Telling
from freight.notifying.state import Message, Severity, Status, message_id
from freight.notifying.wishes import Wishes, is_collected, wanted

MS = 1000
ROOM_CHANNELS = frozenset({Channel.SLACK, Channel.TEAMS})
_NEEDS = {
    Channel.EMAIL: "email",
    Channel.SMS: "phone",
    Channel.WHATSAPP: "phone",
    Channel.VOICE: "phone",
}


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who can be told, and where."""

    key: str  # "users/x", "drivers/x", "carriers/x", "shippers/x", "contacts/x", "rooms/x"
    name: str | None = None
    email: str | None = None
    phone: str | None = None
    has_push: bool = False

    def reached_by(self, channel: Channel) -> bool:
        of, _, name = self.key.partition("/")
        if of == "rooms":
            return channel in ROOM_CHANNELS
        if channel is Channel.IN_APP:
            return of == "users"
        if channel is Channel.PUSH:
            return self.has_push
        needed = _NEEDS.get(channel)
        return bool(name) and needed is not None and getattr(self, needed) is not None


class Fact(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    type: str
    subject: str
    at_ms: int
    data: Mapping[str, Any]


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """One person is to be told, by these routes."""

    person: Person
    wishes: Wishes
    kind: str
    severity: Severity
    routes: tuple[tuple[Channel, ...], ...]
    delay_s: int = 0
    digest: bool = False


def tells(telling: Telling, fact: Fact) -> bool:
    if fact.type not in telling.facts:
        return False
    return all(str(fact.data.get(name)) in known for name, known in telling.where.items())


def kind_of(telling: Telling, fact: Fact) -> str:
    return telling.kind or fact.type


def severity_of(telling: Telling, fact: Fact) -> Severity:
    if telling.severity is not None:
        return telling.severity
    said = fact.data.get("severity")
    return Severity(said) if said in set(Severity) else Severity.INFO


def merged(all_wanted: Iterable[Wanted]) -> list[Wanted]:
    """One for each person and kind, though several rules tell them: the severest counts, and no
    channel twice."""
    found: dict[tuple[str, str], Wanted] = {}
    ranks = list(Severity)
    for one in all_wanted:
        place = one.person.key, one.kind
        had = found.get(place)
        if had is None:
            found[place] = msgspec.structs.replace(one, routes=_without_doubles(one.routes))
            continue
        found[place] = msgspec.structs.replace(
            had,
            severity=max(had.severity, one.severity, key=ranks.index),
            routes=_without_doubles((*had.routes, *one.routes)),
            delay_s=min(had.delay_s, one.delay_s),
            digest=had.digest and one.digest,
        )
    return list(found.values())


def messages(
    tenant_key: int, fact: Fact, one: Wanted, rules: NotifyingRules, now_ms: int
) -> list[Message]:
    """What one person is sent; a person whom nothing reaches is told so by a dead message, and
    whoever wishes nothing gets nothing."""
    wished = [wanted(route, one.wishes, one.kind, one.severity, rules) for route in one.routes]
    reached = [tuple(c for c in route if one.person.reached_by(c)) for route in wished]
    if not any(reached):
        return [_dead(_message(tenant_key, fact, one, rules))] if any(wished) else []
    usual = one.wishes.time_zone or rules.texts.time_zone
    planned = []
    for nr, route in enumerate(reached):
        if not route:
            continue
        message = msgspec.structs.replace(
            _message(tenant_key, fact, one, rules),
            id=message_id(tenant_key, fact.id, one.kind, one.person.key, nr),
            channels=route,
        )
        due_ms = now_ms + one.delay_s * MS
        if route != (Channel.IN_APP,) and is_collected(
            one.wishes, one.kind, one.severity, rules, usual=one.digest
        ):
            due_ms = next_ms(rules.digest.at_clocks, usual, due_ms)
            message = msgspec.structs.replace(message, status=Status.COLLECTED)
        planned.append(
            msgspec.structs.replace(
                message, due_ms=due_ms, expires_ms=message.expires_ms + max(due_ms - now_ms, 0)
            )
        )
    return planned


def _message(tenant_key: int, fact: Fact, one: Wanted, rules: NotifyingRules) -> Message:
    return Message(
        id=message_id(tenant_key, fact.id, one.kind, one.person.key, 0),
        version=1,
        kind=one.kind,
        severity=one.severity,
        subject=fact.subject,
        person=one.person.key,
        language=one.wishes.language or rules.texts.languages[0],
        channels=(),
        cause=fact.id,
        created_ms=fact.at_ms,
        expires_ms=fact.at_ms + round(rules.sending.valid_s.get(one.severity, 0) * MS),
        status=Status.WAITING,
        booking=_named(fact.data, "booking"),
        truck=_named(fact.data, "truck"),
    )


def _dead(message: Message) -> Message:
    why = "no channel reaches this person"
    return msgspec.structs.replace(message, status=Status.DEAD, why=why)


def _named(data: Mapping[str, Any], name: str) -> str | None:
    value = data.get(name)
    return value if isinstance(value, str) else None


def _without_doubles(routes: Sequence[tuple[Channel, ...]]) -> tuple[tuple[Channel, ...], ...]:
    seen: set[Channel] = set()
    kept = []
    for route in routes:
        left = tuple(one for one in dict.fromkeys(route) if one not in seen)
        seen.update(left)
        if left:
            kept.append(left)
    return tuple(kept)
