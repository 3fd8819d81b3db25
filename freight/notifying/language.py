"""The language of templates: names, sections and nothing else; no code, no attributes, no loops
without an end."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence

import msgspec

DEPTH_MAX = 3  # fixed: sections within sections that somebody can still read
_TAG = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
_INSIDE = re.compile(r"\s*([#/^]?)\s*([a-z][a-z0-9_]{0,39})\s*")

Value = str | bool | Sequence[Mapping[str, str]]
Values = Mapping[str, Value]
Escape = Callable[[str], str]


class Text(msgspec.Struct, frozen=True):
    text: str


class Name(msgspec.Struct, frozen=True):
    name: str
    at: int


class Section(msgspec.Struct, frozen=True):
    """Its parts, if the name has a value; of a list, once for each of its rows."""

    name: str
    at: int
    is_inverted: bool
    parts: tuple[Text | Name | Section, ...]


Part = Text | Name | Section


class Fault(msgspec.Struct, frozen=True):
    at: int  # which character of the source
    says: str


class TemplateError(ValueError):
    """The source is not of this language."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(f"at character {fault.at + 1}: {fault.says}")
        self.fault = fault


def parse(source: str) -> tuple[Part, ...]:
    """TemplateError says where it is wrong."""
    found: list[list[Part]] = [[]]
    begun: list[tuple[str, int, bool]] = []
    place = 0
    for tag in _TAG.finditer(source):
        _put_text(found[-1], source[place : tag.start()], place)
        place = tag.end()
        sign, name = _read(tag)
        if sign == "":
            found[-1].append(Name(name, tag.start()))
        elif sign == "/":
            if not begun or begun[-1][0] != name:
                raise TemplateError(Fault(tag.start(), f"{name} ends here and began nowhere"))
            of, at, is_inverted = begun.pop()
            parts = tuple(found.pop())
            found[-1].append(Section(of, at, is_inverted, parts))
        else:
            if len(begun) == DEPTH_MAX:
                raise TemplateError(Fault(tag.start(), f"more than {DEPTH_MAX} sections deep"))
            begun.append((name, tag.start(), sign == "^"))
            found.append([])
    _put_text(found[-1], source[place:], place)
    if begun:
        raise TemplateError(Fault(begun[-1][1], f"{begun[-1][0]} begins here and never ends"))
    return tuple(found[0])


def names(
    parts: Sequence[Part], inside: str | None = None
) -> Iterator[tuple[str, int, str | None]]:
    """Every name that is used, where, and within which section."""
    for part in parts:
        match part:
            case Name(name=name, at=at):
                yield name, at, inside
            case Section(name=name, at=at):
                yield name, at, inside
                yield from names(part.parts, name)


def render(parts: Sequence[Part], values: Values, escape: Escape, chars_max: int) -> str:
    """A name without a value is nothing; what is longer is cut."""
    out: list[str] = []
    room = chars_max
    for piece in _pieces(parts, values, escape):
        out.append(piece[:room])
        room -= len(piece)
        if room <= 0:
            break
    return "".join(out)


def _pieces(parts: Sequence[Part], values: Values, escape: Escape) -> Iterator[str]:
    for part in parts:
        match part:
            case Text(text=text):
                yield text
            case Name(name=name):
                value = values.get(name, "")
                if isinstance(value, str):
                    yield escape(value)
            case Section():
                yield from _section(part, values, escape)


def _section(section: Section, values: Values, escape: Escape) -> Iterator[str]:
    value = values.get(section.name, "")
    if section.is_inverted:
        if not value:
            yield from _pieces(section.parts, values, escape)
    elif isinstance(value, str | bool):
        if value:
            yield from _pieces(section.parts, values, escape)
    else:
        for row in value:
            yield from _pieces(section.parts, {**values, **row}, escape)


def _put_text(parts: list[Part], text: str, at: int) -> None:
    for sign in ("{{", "}}"):
        if sign in text:
            raise TemplateError(Fault(at + text.index(sign), f"a single {sign}"))
    if text:
        parts.append(Text(text))


def _read(tag: re.Match[str]) -> tuple[str, str]:
    inside = _INSIDE.fullmatch(tag[1])
    if inside is None:
        says = f"{tag[0][:40]!r} is neither a name nor a section"
        raise TemplateError(Fault(tag.start(), says))
    return inside[1], inside[2]
