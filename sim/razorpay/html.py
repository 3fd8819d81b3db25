"""Pieces of the sandbox's pages; whatever comes from outside is escaped here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from html import escape

GOOD = frozenset({"paid", "captured", "processed", "delivered"})
BAD = frozenset(
    {"failed", "reversed", "cancelled", "expired", "rejected", "dropped", "given_up", "refunded"}
)
PAGES = (("/", "Payments"), ("/payouts", "Payouts"), ("/webhooks", "Webhooks"))


NOTICES = {"notice": ("notice", "status"), "refused": ("notice bad", "alert")}


def page(title: str, here: str, body: str, query: Mapping[str, str]) -> str:
    """`query` may carry what became of the last form."""
    told = "".join(
        f'<p class="{kind}" role="{role}">{escape(query[name])}</p>'
        for name, (kind, role) in NOTICES.items()
        if name in query
    )
    links = "".join(
        f'<a href="{path}"{" aria-current=page" if path == here else ""}>{name}</a>'
        for path, name in PAGES
    )
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)} · Payments sandbox</title><link rel="stylesheet" href="/page.css"></head>
<body><a class="skip" href="#main">To the content</a>
<header><div><span class="name">Payments sandbox</span>
<span class="play">play money</span><nav aria-label="Pages">{links}</nav></div></header>
<main id="main"><h1>{escape(title)}</h1>{told}{body}</main></body></html>"""


def section(title: str, body: str) -> str:
    return f"<section><h2>{escape(title)}</h2>{body}</section>"


def table(heads: Sequence[str], rows: Iterable[Sequence[str]], empty: str) -> str:
    """Cells are HTML already; a head that begins with ₹ is a column of money."""
    lines = list(rows)
    if not lines:
        return f'<p class="empty">{escape(empty)}</p>'
    marks = [' class="money"' if head.startswith("₹") else "" for head in heads]
    top = "".join(
        f'<th scope="col"{mark}>{escape(head)}</th>'
        for head, mark in zip(heads, marks, strict=True)
    )
    inside = "".join(
        "<tr>"
        + "".join(f"<td{mark}>{cell}</td>" for cell, mark in zip(row, marks, strict=True))
        + "</tr>"
        for row in lines
    )
    whole = f"<table><thead><tr>{top}</tr></thead><tbody>{inside}</tbody></table>"
    return f'<div class="wide">{whole}</div>'


def chip(status: str) -> str:
    kind = "good" if status in GOOD else "bad" if status in BAD else "wait"
    return f'<span class="chip {kind}">{escape(status.replace("_", " "))}</span>'


def button(action: str, label: str, back: str, *, first: bool = False, about: str = "") -> str:
    """A form of one button; `about` tells those who only hear the page what it is for."""
    spoken = f' aria-label="{escape(label)} {escape(about)}"' if about else ""
    kind = ' class="first"' if first else ""
    return (
        f'<form method="post" action="{escape(action)}">{hidden("back", back)}'
        f"<button{kind}{spoken}>{escape(label)}</button></form>"
    )


def hidden(name: str, value: str) -> str:
    return f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'


def acts(*parts: str) -> str:
    return f'<div class="acts">{"".join(parts)}</div>'


def code(text: str | None) -> str:
    return f"<code>{escape(text)}</code>" if text else '<span class="soft">none</span>'


def rupees(minor: int) -> str:
    """With Indian grouping: ₹12,34,567.00."""
    whole, paise = divmod(abs(minor), 100)
    digits = str(whole)
    head, tail = digits[:-3], digits[-3:]
    groups: list[str] = []
    while head:
        groups.insert(0, head[-2:])
        head = head[:-2]
    sign = "-" if minor < 0 else ""
    return f"{sign}₹{','.join([*groups, tail])}.{paise:02d}"


def clock(second: float, shift_minutes: int) -> str:
    at = datetime.fromtimestamp(second, UTC) + timedelta(minutes=shift_minutes)
    return f'<span class="soft">{at:%d %b %H:%M:%S}</span>'


def choices(
    name: str, legend: str, options: Iterable[tuple[str, str]], *, in_row: bool = False
) -> str:
    """Radio buttons; the first is chosen."""
    lines = "".join(
        f'<label><input type="radio" name="{name}" value="{escape(value)}"'
        f"{' checked' if place == 0 else ''}>{escape(label)}</label>"
        for place, (value, label) in enumerate(options)
    )
    row = " row" if in_row else ""
    inside = f'<div class="choices{row}">{lines}</div>'
    return f"<fieldset><legend>{escape(legend)}</legend>{inside}</fieldset>"
