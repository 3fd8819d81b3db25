"""A message's form in one language for one channel: checked when it is saved, rendered safely."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from freight.notifying import language
from freight.notifying.channels import Channel
from freight.notifying.language import Fault, TemplateError, Values
from freight.notifying.rules import TextRules
from freight.notifying.segments import Segments, plain, segments
from freight.notifying.variables import LINKS, Variable

TITLE_CHARS_MAX = 200  # fixed: what subject lines and screens have room for
_SHORTENED = "..."
# Tags that a letter may have, with the attributes that say nothing to a machine.
_TAGS = frozenset(
    {
        *("a", "b", "blockquote", "body", "br", "code", "div", "em", "h1", "h2", "h3", "head"),
        *("hr", "html", "i", "li", "ol", "p", "small", "span", "strong", "table", "tbody", "td"),
        *("th", "thead", "title", "tr", "u", "ul"),
    }
)
_ATTRIBUTES = frozenset({"align", "class", "colspan", "dir", "href", "lang", "rowspan", "title"})
_MARKUP = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)((?:\s+[a-z]+=\"[^\"<>]*\")*)\s*/?>")
_ATTRIBUTE = re.compile(r"([a-z]+)=\"([^\"]*)\"")
_LINK = re.compile(r"(https?://[^\s{}]*|mailto:[^\s{}]*|\{\{\s*([a-z][a-z0-9_]*)\s*\}\})")
_TITLE_ENDS = re.compile(r"[\r\n\v\f\x1c-\x1e\x85\u2028\u2029]+")


class Form(msgspec.Struct, frozen=True, kw_only=True):
    """What people write. Of an SMS and of WhatsApp, also what operators know it by."""

    text: str
    title: str = ""
    html: str | None = None
    provider_template: str = ""  # MSG91's flow, WhatsApp's template
    provider_language: str = ""  # as it was approved there; empty: the language itself
    dlt_template: str = ""
    dlt_entity: str = ""
    header: str = ""
    # What goes into the provider's template: its name for it (VAR1; of WhatsApp the place: 1, 2),
    # and ours.
    parameters: Mapping[str, str] = {}
    link: str = ""  # of WhatsApp's button: whose value ends the address


class Problem(msgspec.Struct, frozen=True):
    field: str
    says: str
    is_error: bool = True


class Rendered(msgspec.Struct, frozen=True, kw_only=True):
    title: str
    text: str
    html: str | None = None
    parameters: Mapping[str, str] = {}
    link: str | None = None
    segments: Segments | None = None


def escaped(value: str) -> str:
    """In text and in quoted attributes of HTML it is only itself."""
    for sign, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;")):
        value = value.replace(sign, entity)
    return value.replace("'", "&#39;")


def harmless(value: str, chars_max: int) -> str:
    """Without what moves a cursor, ends a header or turns the writing round; and not too long."""
    kept = "".join(" " if c.isspace() else c for c in value if not _is_hidden(c))
    kept = " ".join(kept.split(" "))
    if len(kept) <= chars_max:
        return kept
    return kept[: max(chars_max - len(_SHORTENED), 0)] + _SHORTENED[:chars_max]


def faults(
    form: Form, channel: Channel, known: Mapping[str, Variable], rules: TextRules
) -> list[Problem]:
    """Why it cannot be used; and, no error, what to look at twice."""
    found: list[Problem] = []
    for field in ("title", "text", "html"):
        source: str | None = getattr(form, field)
        if source is None:
            continue
        if len(source) > rules.source_chars_max:
            found.append(Problem(field, f"longer than {rules.source_chars_max} characters"))
            continue
        found += _of_source(field, source, known)
    if not form.text.strip():
        found.append(Problem("text", "a message says something"))
    if form.html is not None:
        found += _of_markup(form.html, known)
    for name in (*form.parameters.values(), *([form.link] if form.link else [])):
        if name not in known or known[name].rows:
            found.append(Problem("parameters", f"nothing is called {name!r} here"))
    if channel is Channel.SMS and not any(problem.is_error for problem in found):
        found += _of_sms(form, known, rules)
    return found


def rendered(form: Form, channel: Channel, values: Values, rules: TextRules) -> Rendered:
    """A value that is missing is nothing: what was saved names only what there may be."""
    is_sms = channel is Channel.SMS
    longest = rules.sms_value_chars_max if is_sms else rules.value_chars_max
    safe = _safe(values, longest, rules.value_chars_max)
    most = rules.text_chars_max
    title = language.render(language.parse(form.title), safe, str, TITLE_CHARS_MAX)
    text = language.render(language.parse(form.text), safe, str, most).strip()
    html: str | None = None
    if form.html is not None:
        html = language.render(language.parse(form.html), safe, escaped, most + 1)
        html = html if len(html) <= most else None  # half a page would be a broken one
    text = plain(text) if is_sms else text
    return Rendered(
        title=_TITLE_ENDS.sub(" ", title).strip(),
        text=text,
        html=html,
        parameters={theirs: _text(safe, ours) for theirs, ours in form.parameters.items()},
        link=_text(safe, form.link) if form.link else None,
        segments=segments(text) if is_sms else None,
    )


def _of_source(field: str, source: str, known: Mapping[str, Variable]) -> Iterator[Problem]:
    try:
        parts = language.parse(source)
    except TemplateError as wrong:
        yield Problem(field, str(wrong))
        return
    for name, at, inside in language.names(parts):
        of = None if inside is None else known.get(inside)
        rows = set() if of is None else {row.name for row in of.rows}
        if name not in known and name not in rows:
            fault = Fault(at, f"nothing is called {name!r} here")
            yield Problem(field, str(TemplateError(fault)))


def _of_markup(html: str, known: Mapping[str, Variable]) -> Iterator[Problem]:
    """What is no tag of a plain letter is refused, so that no value ever stands inside one."""
    rest = _MARKUP.sub("", html)
    if "<" in rest or ">" in rest:
        yield Problem("html", "a < or > that belongs to no tag which is allowed here: write &lt;")
    for tag in _MARKUP.finditer(html):
        if tag[2].lower() not in _TAGS:
            yield Problem("html", f"<{tag[2]}> is not allowed")
        for attribute in _ATTRIBUTE.finditer(tag[3]):
            yield from _of_attribute(attribute[1], attribute[2], known)


def _of_attribute(name: str, value: str, known: Mapping[str, Variable]) -> Iterator[Problem]:
    if name not in _ATTRIBUTES:
        yield Problem("html", f"the attribute {name} is not allowed")
    elif name == "href":
        link = _LINK.fullmatch(value)
        of = None if link is None or link[2] is None else known.get(link[2])
        if link is None or (link[2] is not None and (of is None or not of.is_link)):
            yield Problem("html", "a link is an https: or mailto: address, or a variable of a link")
    elif "{{" in value:
        yield Problem("html", f"no variable can stand in the attribute {name}")


def _of_sms(form: Form, known: Mapping[str, Variable], rules: TextRules) -> Iterator[Problem]:
    longest = {name: "x" * rules.sms_value_chars_max for name, one in known.items() if not one.rows}
    worst = rendered(form, Channel.SMS, longest, rules).segments
    if worst is None:
        return
    if worst.parts > rules.sms_parts_max:
        says = f"up to {worst.parts} parts; at most {rules.sms_parts_max} are sent"
        yield Problem("text", says)
    if worst.strangers:
        says = f"UCS-2, {UCS_NOTE}, because of {worst.strangers[:20]}"
        yield Problem("text", says, is_error=False)
    if not form.dlt_template:
        yield Problem(
            "dlt_template", "operators in India drop what has no template id", is_error=False
        )


UCS_NOTE = "70 characters a part instead of 160"


def _safe(values: Values, longest: int, row_longest: int) -> dict[str, Any]:
    safe: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, bool):
            safe[name] = value
        elif isinstance(value, str):
            safe[name] = harmless(value, row_longest if name in LINKS else longest)
        else:
            safe[name] = [
                {key: harmless(text, row_longest) for key, text in row.items()} for row in value
            ]
    return safe


def _text(values: Mapping[str, Any], name: str) -> str:
    value = values.get(name, "")
    return value if isinstance(value, str) else ""


def _is_hidden(c: str) -> bool:
    """Control characters, and those that turn the direction or cannot be seen; joiners stay."""
    if c in "\u200c\u200d" or c.isspace():
        return False
    return unicodedata.category(c) in {"Cc", "Cf", "Co", "Cs", "Cn"}
