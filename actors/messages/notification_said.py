"""What one attempt says and where to: rendered once, and the same for every repetition of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from actors.messages.notification_desk import Scene
from actors.messages.notification_people import Address
from freight.notifying.channels import Channel
from freight.notifying.forms import Form, Rendered, rendered
from freight.notifying.state import Message, Severity
from freight.notifying.texts import Shelf
from providers.messaging.port import Message as Letter
from providers.messaging.port import SmsTemplate, WhatsAppTemplate
from store import inbox, notification_templates
from store.notifications import Kept

DEFAULT = ("notice", "digest")


class Said(msgspec.Struct, frozen=True, kw_only=True):
    letter: Letter
    template: str
    phone: str | None = None  # of a push: which of the person's


class NoAddressError(Exception):
    """The person is not reached by this channel."""


async def said_of(scene: Scene, kept: Kept) -> Said:
    """As it was said before, if this attempt was made before."""
    personal, message = scene.desk.personal, kept.message
    if kept.said_sealed is not None:
        before = msgspec.json.decode(personal.open(kept.said_sealed), type=Said)
        if before.letter.id == message.attempt and await _is_there(scene, message, before):
            return before
    to, phone = await _to(scene, kept)
    facts: dict[str, Any] = {}
    if kept.facts_sealed is not None:
        facts = msgspec.json.decode(personal.open(kept.facts_sealed))
    channel = message.channel or Channel.IN_APP
    shelf = await _shelf(scene, message)
    name, language, form = shelf.chosen(message.kind, message.language, channel)
    shown = rendered(form, channel, facts, scene.policy.notifying.texts)
    letter = Letter(
        id=message.attempt,
        channel=channel,
        to=to,
        language=language,
        subject=shown.title,
        text=shown.text or shown.title,
        html=shown.html,
        sms=_sms(form, shown) if channel is Channel.SMS else None,
        whatsapp=_whatsapp(form, shown, language) if channel is Channel.WHATSAPP else None,
        data=_data(message),
        is_urgent=message.severity is Severity.CRITICAL,
    )
    return Said(letter=letter, template=name, phone=phone)


async def _shelf(scene: Scene, message: Message) -> Shelf:
    kinds = [message.kind, message.kind.partition(".")[0], *DEFAULT]
    stored = await notification_templates.in_force(scene.conn, kinds)
    own = {one.place: (one.version, one.form) for one in stored if one.form is not None}
    policy = scene.policy
    return Shelf(own, policy.notification_texts, policy.notifying.texts.languages[0])


async def _to(scene: Scene, kept: Kept) -> tuple[str, str | None]:
    channel = kept.message.channel
    if channel is Channel.IN_APP:
        return kept.message.person, None
    if channel is Channel.PUSH:
        tokens = await inbox.tokens_of(scene.conn, kept.message.person)
        if not tokens:
            raise NoAddressError("no phone is signed in")
        return scene.desk.personal.open(tokens[0].token_sealed), tokens[0].id
    found = address(scene, kept)
    to = {
        Channel.EMAIL: found.email,
        Channel.SMS: found.phone,
        Channel.WHATSAPP: found.phone,
        Channel.VOICE: found.phone,
        Channel.SLACK: found.room,
        Channel.TEAMS: found.room,
    }.get(channel or Channel.EMAIL)
    if to is None:
        raise NoAddressError("no address for this channel is known")
    return to, None


def address(scene: Scene, kept: Kept) -> Address:
    if kept.address_sealed is None:
        return Address()
    return msgspec.json.decode(scene.desk.personal.open(kept.address_sealed), type=Address)


async def _is_there(scene: Scene, message: Message, said: Said) -> bool:
    """A phone that was given up gets nothing more."""
    if said.phone is None:
        return True
    tokens = await inbox.tokens_of(scene.conn, message.person)
    return any(one.id == said.phone for one in tokens)


def _sms(form: Form, shown: Rendered) -> SmsTemplate:
    return SmsTemplate(
        provider_template_id=form.provider_template,
        dlt_template_id=form.dlt_template,
        dlt_entity_id=form.dlt_entity,
        header=form.header,
        variables=dict(shown.parameters),
    )


def _whatsapp(form: Form, shown: Rendered, language: str) -> WhatsAppTemplate | None:
    """Without an approved template it is plain text, which goes only to who wrote to us lately."""
    if not form.provider_template:
        return None
    return WhatsAppTemplate(
        name=form.provider_template,
        language=form.provider_language or language,
        parameters=tuple(_in_order(shown.parameters)),
        link_suffix=shown.link,
    )


def _in_order(parameters: Mapping[str, str]) -> list[str]:
    """By the number of their places."""
    keys = sorted(parameters, key=lambda one: (len(one), one))
    return [parameters[one] for one in keys]


def _data(message: Message) -> dict[str, str]:
    found = {"kind": message.kind, "severity": message.severity.value, "subject": message.subject}
    named = {"booking": message.booking, "truck": message.truck}
    return {**found, **{name: text for name, text in named.items() if text}}
