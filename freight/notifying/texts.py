"""Which form a message takes: the tenant's own, else the shipped one, else the next of kin's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated

import msgspec
from pydantic import BaseModel, ConfigDict, Field, model_validator

from freight.notifying.channels import Channel
from freight.notifying.forms import Form
from freight.notifying.language import TemplateError, parse
from freight.notifying.rules import Kind, Language
from freight.rules import Rules, Who, key

ANY = "any"
NOTICE = "notice"
# Kind, language, channel or `any`.
Place = tuple[str, str, str]


class ShippedForm(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str = ""
    text: Annotated[str, Field(min_length=1)]
    html: str | None = None

    @model_validator(mode="after")
    def _can_be_read(self) -> ShippedForm:
        for source in (self.title, self.text, self.html or ""):
            try:
                parse(source)
            except TemplateError as wrong:
                raise ValueError(str(wrong)) from wrong
        return self


class NotificationTexts(Rules):
    forms: dict[Kind, dict[Language, dict[str, ShippedForm]]] = key(
        "What messages say where a tenant has written nothing, by kind, language and channel; "
        "`any` is for channels that are not named.",
        who=Who.OPERATOR,
        live=True,
    )


def places(kind: str, language: str, channel: Channel, usual: str) -> Iterator[Place]:
    """Where a form is looked for, the nearest first."""
    family = kind.partition(".")[0]
    for tongue in dict.fromkeys((language, usual)):
        for name in dict.fromkeys((kind, family, NOTICE)):
            yield name, tongue, channel.value
            yield name, tongue, ANY


def shipped(texts: NotificationTexts, place: Place) -> Form | None:
    kind, language, channel = place
    found = texts.forms.get(kind, {}).get(language, {}).get(channel)
    return None if found is None else Form(title=found.title, text=found.text, html=found.html)


def every_shipped(texts: NotificationTexts) -> Iterator[tuple[Place, Form]]:
    for kind, languages in texts.forms.items():
        for language, channels in languages.items():
            for channel in channels:
                found = shipped(texts, (kind, language, channel))
                if found is not None:
                    yield (kind, language, channel), found


class Shelf(msgspec.Struct, frozen=True):
    """All forms that a tenant's messages may take."""

    own: Mapping[Place, tuple[int, Form]]  # with their versions
    texts: NotificationTexts
    usual: str  # the language where there is none in the wished one

    def chosen(self, kind: str, language: str, channel: Channel) -> tuple[str, str, Form]:
        """Its name with its version, the language it is in, and the form itself."""
        for place in places(kind, language, channel, self.usual):
            if place in self.own:
                version, form = self.own[place]
                return f"{'/'.join(place)} v{version}", place[1], form
            found = shipped(self.texts, place)
            if found is not None:
                return f"{'/'.join(place)} shipped", place[1], found
        raise LookupError(f"nothing is written for {kind}")
