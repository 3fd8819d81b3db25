"""How long an SMS is: its characters, and in how many parts it is sent and paid for."""

from __future__ import annotations

import msgspec

# GSM 03.38: the basic table, and what takes two places because an escape stands before it.
_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    "ÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = frozenset("^{}\\[~]|€\f")
# By the standard, alone and as one of several parts.
GSM_ONE, GSM_EACH, UCS_ONE, UCS_EACH = 160, 153, 70, 67
# What people type and phones put in, which would make each part less than half as long.
_PLAIN = str.maketrans(
    {
        **dict.fromkeys("\u2018\u2019\u201a\u201b\u2032\u00b4`", "'"),
        **dict.fromkeys("\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb", '"'),
        **dict.fromkeys("\u2013\u2014\u2010\u2011\u2012\u2015\u2212", "-"),
        **dict.fromkeys("\u00a0\u2002\u2003\u2009\u202f\t", " "),
        **dict.fromkeys("\u200b\u200c\u200d\ufeff\u00ad", ""),
        "\u2026": "...",
        "\u20b9": "Rs ",
        "\u2022": "-",
        "\u2192": "->",
        "\u00d7": "x",
    }
)
# Devanagari is written with joiners: there they mean something.
_KEPT_IN_WORDS = {ord("\u200c"), ord("\u200d")}


class Segments(msgspec.Struct, frozen=True):
    encoding: str  # GSM-7 or UCS-2
    units: int  # places taken, in septets or 16-bit units
    parts: int
    left: int  # places left in the last part
    strangers: str  # the characters that make it UCS-2


def segments(text: str) -> Segments:
    strangers = "".join(dict.fromkeys(c for c in text if c not in _BASIC and c not in _EXTENDED))
    if strangers:
        units = len(text.encode("utf-16-le")) // 2
        return _counted("UCS-2", units, UCS_ONE, UCS_EACH, strangers)
    units = len(text) + sum(c in _EXTENDED for c in text)
    return _counted("GSM-7", units, GSM_ONE, GSM_EACH, "")


def plain(text: str) -> str:
    """The same to the eye, in the cheaper alphabet where it is possible."""
    table = dict(_PLAIN)
    if any(c not in _BASIC and c not in _EXTENDED for c in text.translate(_PLAIN)):
        for kept in _KEPT_IN_WORDS:
            table.pop(kept, None)
    return text.translate(table)


def _counted(encoding: str, units: int, alone: int, each: int, strangers: str) -> Segments:
    parts = 1 if units <= alone else -(-units // each)
    room = alone if parts == 1 else parts * each
    return Segments(encoding, units, parts, room - units, strangers)
