"""The page of a link: made here whole, so that it is read without any script or other server."""

from __future__ import annotations

import base64
import hashlib
from datetime import datetime
from html import escape
from pathlib import Path
from zoneinfo import ZoneInfo

from freight.sharing.shown import Phase
from freight.sharing.words import WORDS, Language
from serve.sharing.drawing import drawn
from serve.sharing.wire import SharedOut, SharedStop, SharedTruck

HERE = Path(__file__).parent
STYLE = (HERE / "page.css").read_text()
SCRIPT = (HERE / "page.js").read_text()


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


# Its own script and style, by what they are; the page asks nobody but where it came from, is found
# by nobody who searches, and tells nobody where its reader came from.
HEADERS = {
    "content-security-policy": (
        f"default-src 'none'; script-src {_hash(SCRIPT)}; style-src {_hash(STYLE)}; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "referrer-policy": "no-referrer",
    "x-robots-tag": "noindex, nofollow",
    "cache-control": "private, no-store",
}
DATA_HEADERS = {
    **HEADERS,
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
}


def page(seen: SharedOut, timezone: str) -> str:
    words, zone = WORDS[seen.language], ZoneInfo(timezone)
    other = Language.ENGLISH if seen.language is Language.HINDI else Language.HINDI
    phase, soft = seen.phase.value, "" if seen.phase is Phase.ABOARD else "soft"
    parts = [
        "<main><header><div>",
        f'<div class="reference">{words["consignment"]} {escape(seen.reference)} · '
        f"{escape(seen.material)}</div><h1>{escape(seen.title)}</h1></div>",
        f'<a href="?lang={other.value}" lang="{other.value}">{words["other"]}</a></header>',
        f'<p class="{soft}">{words[phase + "_text"]}</p>',
        f'<p class="stale" role="status">{words["stale"]}</p>',
    ]
    if seen.withheld:
        parts.append(f'<p class="card">{words["withheld"]}</p>')
    parts += [_truck(truck, words, zone) for truck in seen.trucks]
    parts.append(f'<div class="card">{drawn(seen)}</div>')
    rows = "".join(_stop(nr, stop, words, zone) for nr, stop in enumerate(seen.stops))
    parts.append(f'<div class="card"><ol>{rows}</ol></div>')
    at = _at(seen.generated_at, zone)
    parts.append(f'<p class="soft">{words["updated"]} {at}</p></main>')
    is_over = seen.phase in {Phase.DELIVERED, Phase.CANCELLED}
    return _document("".join(parts), seen.language, 0.0 if is_over else seen.refresh_s)


def gone_page(language: Language) -> str:
    """The same for every link that is not good."""
    text = WORDS[language]["gone"]
    return _document(f'<main><p class="card">{text}</p></main>', language, 0.0)


def _document(inside: str, language: Language, refresh_s: float) -> str:
    plain = f'<meta http-equiv="refresh" content="{refresh_s:g}">' if refresh_s else ""
    return (
        f'<!doctype html><html lang="{language.value}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="robots" content="noindex, nofollow">'
        f"<noscript>{plain}</noscript><title>UberTruck</title><style>{STYLE}</style></head>"
        f'<body data-refresh="{refresh_s:g}">{inside}<script>{SCRIPT}</script></body></html>'
    )


def _truck(truck: SharedTruck, words: dict[str, str], zone: ZoneInfo) -> str:
    plate = "" if truck.registration is None else f": {escape(truck.registration)}"
    eta = words["unknown_eta"]
    if truck.eta_from is not None and truck.eta_to is not None:
        band = words["between"].format(_at(truck.eta_from, zone), _at(truck.eta_to, zone))
        eta = f"{words['expected']} {band}"
    seen = words["not_heard"]
    if truck.seen_at is not None:
        about = "" if truck.radius_m is None else f" ({words['about_here']})"
        seen = f"{words['seen']} {_at(truck.seen_at, zone)}{about}"
    return (
        f'<div class="card"><div class="eta">{eta}</div>'
        f'<div class="soft">{words["truck"]}{plate} · {seen}</div></div>'
    )


def _stop(number: int, stop: SharedStop, words: dict[str, str], zone: ZoneInfo) -> str:
    is_pickup = stop.kind == "pickup"
    name = escape(stop.name or words[stop.kind])
    state = ""
    if stop.done_at is not None:
        done = words["loaded" if is_pickup else "unloaded"]
        state = f"{done} {_at(stop.done_at, zone)}"
    elif stop.arrived_at is not None:
        state = f"{words['arrived']} {_at(stop.arrived_at, zone)}"
    mark = ' class="done"' if stop.done_at is not None else ""
    return (
        f'<li{mark}><span class="dot">{number + 1}</span>'
        f'<span>{name}<br><span class="soft">{words[stop.kind]}</span></span>'
        f'<span class="soft">{state}</span></li>'
    )


def _at(moment: datetime, zone: ZoneInfo) -> str:
    """A day and a time that are read alike in both languages."""
    return moment.astimezone(zone).strftime("%d.%m. %H:%M")
