"""Templates: no value becomes markup, a header or an instruction; what cannot be used is said."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.policy import defaults
from freight.notifying.channels import Channel
from freight.notifying.forms import Form, faults, rendered
from freight.notifying.language import TemplateError, Values, names, parse
from freight.notifying.texts import Shelf, every_shipped
from freight.notifying.variables import Teller, known, of_fact, samples

TEXTS = defaults().notifying.texts
SHIPPED = defaults().notification_texts
FEW = settings(max_examples=100, deadline=None)
ALERT = known("alert.raised")
NASTY = (
    *("<script>alert(1)</script>", '" onmouseover="x', "javascript:alert(1)", "{{tenant}}"),
    *("a\r\nBcc: all@example.com", "\u202egnp.exe", "{{#truck}}", "</p><p>", "&lt;", "\x00\x1b[2J"),
)
VALUES = st.one_of(st.text(max_size=60), st.sampled_from(NASTY))


class Shape(HTMLParser):
    """Tags with their attributes, and the text between."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, tuple[str, ...]]] = []
        self.comments = 0
        self.links: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, tuple(name for name, _ in attrs)))
        self.links += [value or "" for name, value in attrs if name == "href"]

    def handle_endtag(self, tag: str) -> None:
        self.tags.append((f"/{tag}", ()))

    def handle_comment(self, data: str) -> None:
        self.comments += bool(data)


@FEW
@given(st.fixed_dictionaries(dict.fromkeys(("title", "detail", "truck", "time"), VALUES)))
def test_no_value_changes_the_markup(values: dict[str, str]) -> None:
    form = Form(
        title="[{{severity}}] {{title}}",
        text="{{title}} {{detail}}",
        html='<p title="a">{{title}}</p><a href="{{link}}">{{detail}}</a>'
        "<td>{{truck}} {{time}}</td>",
    )
    assert not faults(form, Channel.EMAIL, ALERT, TEXTS)
    link = {"link": "https://console.example.in/alerts/a"}
    shown = rendered(form, Channel.EMAIL, {**values, **link}, TEXTS)
    harmless = rendered(form, Channel.EMAIL, {**dict.fromkeys(values, "x"), **link}, TEXTS)

    assert shown.html is not None
    assert harmless.html is not None
    seen = Shape(shown.html)
    assert seen.tags == Shape(harmless.html).tags
    assert (seen.comments, seen.links) == (0, [link["link"]])
    for text in (shown.title, shown.text):
        assert not set(text) & {"\r", "\n", "\x00", "\x1b", "\u202e", "\u2028"}


@FEW
@given(st.text(alphabet="{}#/^ abtruck\n<>\"'", max_size=60))
def test_any_source_is_refused_or_rendered_and_never_more(source: str) -> None:
    try:
        parts = parse(source)
    except TemplateError:
        return
    found = {name for name, _, _ in names(parts)}
    shown = rendered(Form(text=source), Channel.IN_APP, dict.fromkeys(found, "v"), TEXTS)
    assert "{{" not in shown.text


@pytest.mark.parametrize(
    ("html", "says"),
    [
        ("<script>x</script>", "<script> is not allowed"),
        ('<a href="javascript:x">x</a>', "a link is an https:"),
        ('<a href="{{title}}">x</a>', "a link is an https:"),
        ('<p class="{{title}}">x</p>', "no variable can stand in the attribute class"),
        ('<p onclick="x">x</p>', "the attribute onclick is not allowed"),
        ("<p class={{title}}>x</p>", "belongs to no tag"),
        ("<{{title}}>x", "belongs to no tag"),
        ("<!-- {{title}} -->", "belongs to no tag"),
        ('<img src="https://example.in/x.png">', "<img> is not allowed"),
    ],
)
def test_markup_that_a_value_could_break_out_of_is_refused(html: str, says: str) -> None:
    found = faults(Form(text="x", html=html), Channel.EMAIL, ALERT, TEXTS)
    assert any(one.is_error and says in one.says for one in found), found


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{{trock}}", "at character 1: nothing is called 'trock' here"),
        ("{{truck", "a single {{"),
        ("a {{#truck}} b", "truck begins here and never ends"),
        ("{{/truck}}", "truck ends here and began nowhere"),
        ("{{truck.__class__}}", "is neither a name nor a section"),
        ("{{ 7*7 }}", "is neither a name nor a section"),
        ("{{item_title}}", "nothing is called 'item_title' here"),
        ("  ", "a message says something"),
    ],
)
def test_what_cannot_be_used_is_said_with_its_place(text: str, says: str) -> None:
    found = faults(Form(text=text), Channel.IN_APP, ALERT, TEXTS)
    assert any(one.is_error and says in one.says for one in found), found


def test_sections_show_what_there_is_and_rows_of_a_list() -> None:
    form = Form(text="{{#truck}}T {{truck}}{{/truck}}{{^truck}}none{{/truck}}")
    shown = [
        rendered(form, Channel.IN_APP, values, TEXTS).text for values in ({"truck": "MH12"}, {})
    ]
    assert shown == ["T MH12", "none"]
    digest = Form(text="{{#items}}{{item_title}};{{/items}}{{count}}")
    assert not faults(digest, Channel.EMAIL, known("digest"), TEXTS)
    values: Values = {"items": [{"item_title": "a"}, {"item_title": "b"}], "count": "2"}
    assert rendered(digest, Channel.EMAIL, values, TEXTS).text == "a;b;2"


def test_an_sms_is_cut_to_what_operators_take_and_counted() -> None:
    form = Form(text="Rs {{why}}: {{truck}} {{link}}", parameters={"VAR1": "truck"})
    link = "https://console.example.in/alerts/alert-0123456789abcdef"
    values = {"why": "\u201cx\u201d \u20b95", "truck": "y" * 50, "link": link}
    shown = rendered(form, Channel.SMS, values, TEXTS)
    assert shown.text == f'Rs "x" Rs 5: {"y" * 27}... {link}'
    assert shown.parameters == {"VAR1": "y" * 27 + "..."}
    assert shown.segments is not None
    assert (shown.segments.encoding, shown.segments.parts) == ("GSM-7", 1)


@pytest.mark.parametrize("language", ["en", "hi"])
def test_shipped_texts_say_something_for_every_rule_and_channel(language: str) -> None:
    shelf = Shelf({}, SHIPPED, "en")
    kinds = {fact for one in defaults().notifying.tellings for fact in one.facts}
    for kind in kinds | {"digest", "notice", "something.new"}:
        for channel in Channel:
            _, found, form = shelf.chosen(kind, language, channel)
            assert found == language
            assert not [one for one in faults(form, channel, known(kind), TEXTS) if one.is_error]
            assert rendered(form, channel, samples(kind), TEXTS).text
    assert len(list(every_shipped(SHIPPED))) > 40


def test_facts_are_said_as_people_read_them() -> None:
    data = {
        "amount": {"amount_minor": 123456789, "currency": "INR"},
        "booking": "B1",
        "status": "partially_captured",
        "method": {"nested": "object"},
        "why": None,
    }
    teller = Teller("Asia/Kolkata", "https://console.example.in")
    found = of_fact("payment.captured", "payments/p1", data, 1_795_240_800_000, teller)
    assert found == {
        "amount": "Rs 12,34,567.89",
        "booking": "B1",
        "status": "partially captured",
        "kind": "payment.captured",
        "subject": "payments/p1",
        "time": "21 Nov, 11:30",
        "link": "https://console.example.in/payments/p1",
    }
