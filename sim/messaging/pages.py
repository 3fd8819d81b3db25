"""The pages: each number as its phone, each address as its inbox, each room as it would be read."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from html import escape
from pathlib import Path
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from sim.messaging.book import Kept
from sim.messaging.control import DEEDS
from sim.messaging.twin import Twin

MS = 1000
PLACES = {"email": "Inbox", "slack": "Slack room", "teams": "Teams room", "push": "App on a phone"}
SAYS = {
    "sms": "SMS",
    "whatsapp": "WhatsApp",
    "push": "Push",
    "voice": "Call",
    "email": "E-mail",
    "slack": "Slack",
    "teams": "Teams",
}
LABELS = {"read": "Read", "fail": "Fail"}
# What mail brings along may show itself, and do nothing.
CONTENT_POLICY = "default-src 'none'; style-src 'self' 'unsafe-inline'; img-src data:"


class Pages:
    def __init__(self, twin: Twin) -> None:
        self._twin = twin
        self._css = (Path(__file__).parent / "page.css").read_text()

    def routes(self) -> list[Route]:
        return [
            Route("/", self._all, methods=["GET"]),
            Route("/of/{to:path}", self._one, methods=["GET"]),
            Route("/page.css", self._style, methods=["GET"]),
        ]

    async def _style(self, _: Request) -> Response:
        return Response(self._css, media_type="text/css")

    async def _all(self, request: Request) -> Response:
        """Everybody who was told something, the last one first."""
        sought = request.query_params.get("q", "").strip()
        newest: dict[str, Kept] = {}
        counts: dict[str, int] = {}
        for one in reversed(self._twin.book.all()):
            if sought.lower() in one.to.lower():
                newest.setdefault(one.to, one)
                counts[one.to] = counts.get(one.to, 0) + 1
        rows = "".join(
            self._row(one, counts[one.to])
            for one in list(newest.values())[: self._twin.settings.habits.page_items]
        )
        search = (
            '<form class="search" role="search"><label for="q">Number, address or room</label>'
            f'<input id="q" name="q" type="search" value="{escape(sought)}"><button>Show</button>'
            "</form>"
        )
        body = f'<ul class="people">{rows}</ul>' if rows else '<p class="empty">No messages.</p>'
        return self._page("Who was told what", search + body)

    def _row(self, one: Kept, count: int) -> str:
        told = escape(one.subject or one.text)[:120]
        return (
            f'<li><a href="/of/{quote(one.to)}"><b>{escape(one.to)}</b>'
            f'<span class="kind">{PLACES.get(one.channel, "Phone")} · {count}</span>'
            f'<span class="last">{told}</span>{self._clock(one.at_ms)}</a></li>'
        )

    async def _one(self, request: Request) -> Response:
        to = request.path_params["to"]
        found = [one for one in self._twin.book.all() if one.to == to]
        shown = found[-self._twin.settings.habits.page_items :]
        back = f"/of/{quote(to)}"
        bubbles = "".join(self._bubble(one, back) for one in on_screen(shown))
        kind = PLACES.get(found[-1].channel, "Phone") if found else "Nobody"
        body = bubbles or '<p class="empty">Nothing came here.</p>'
        head = f'<p><a href="/">All</a> · <span class="kind">{kind}</span></p>'
        return self._page(to, f'{head}<div class="screen">{body}</div>')

    def _bubble(self, one: Kept, back: str) -> str:
        title = f"<h2>{escape(one.subject)}</h2>" if one.subject else ""
        text = f'<p class="text">{escape(one.text)}</p>'
        if one.html is not None:
            text = f'<iframe sandbox title="{escape(one.subject)}" srcdoc="{escape(one.html)}">'
            text += "</iframe>"
        state = f"{one.state} {one.code}".strip()
        mark = ' <span class="urgent">urgent</span>' if one.is_urgent else ""
        is_bad = bool(one.code) or one.state in {"no-answer", "busy"}
        return (
            f'<article class="{escape(one.channel)}{" bad" if is_bad else ""}">'
            f'<header><span class="kind">{SAYS.get(one.channel, one.channel)}'
            f"{mark}</span><span>{escape(one.sender)}</span>{self._clock(one.at_ms)}</header>"
            f'{title}{text}<footer><span class="state">{escape(state)}</span>'
            f"<code>{escape(one.ours)}</code>{_deeds(one, back)}</footer></article>"
        )

    def _clock(self, at_ms: int) -> str:
        ahead = timedelta(minutes=self._twin.settings.habits.clock_ahead_minutes)
        return f"<time>{datetime.fromtimestamp(at_ms / MS, UTC) + ahead:%d %b %H:%M:%S}</time>"

    def _page(self, title: str, body: str) -> Response:
        html = (
            '<!doctype html><html lang="en"><head><meta charset="utf-8">'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            f"<title>{escape(title)} · Messages sandbox</title>"
            '<link rel="stylesheet" href="/page.css"></head><body><header class="top">'
            '<a href="/">Messages sandbox</a><span>nobody is really told</span></header>'
            f"<main><h1>{escape(title)}</h1>{body}</main></body></html>"
        )
        return HTMLResponse(html, headers={"Content-Security-Policy": CONTENT_POLICY})


def on_screen(messages: Iterable[Kept]) -> list[Kept]:
    """The oldest first; of pushes with one tag the last one, as a phone shows them."""
    shown: dict[str, Kept] = {}
    for one in messages:
        name = f"tag {one.tag}" if one.tag else f"nr {one.nr}"
        shown.pop(name, None)
        shown[name] = one
    return list(shown.values())


def _deeds(one: Kept, back: str) -> str:
    """What the one at the other end may do about it."""
    able = [deed for deed, services in DEEDS.items() if one.service in services]
    return "".join(
        f'<form method="post" action="/sandbox/messages/{one.nr}/{deed}">'
        f'<input type="hidden" name="back" value="{escape(back)}">'
        f"<button>{LABELS[deed]}</button></form>"
        for deed in able
    )
