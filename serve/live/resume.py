"""Resume tokens: which events a viewer has had, so that any replica can go on from there."""

from __future__ import annotations

import base64
import binascii
from collections import deque
from collections.abc import Iterable

import msgspec

VERSION = 1
# Beyond this the oldest counts as settled early; keeps a token short under a storm of events.
RECENT_MAX = 256  # fixed: the form of a resume token


class ResumeError(ValueError):
    """Text that is not a resume token of ours."""


class Place(msgspec.Struct, array_like=True, frozen=True):
    """Everything up to `base` counts as had, and of what follows exactly `recent`."""

    version: int
    base: int
    recent: tuple[int, ...]

    def missed(self, seqs: Iterable[int]) -> list[bool]:
        had = set(self.recent)
        return [seq > self.base and seq not in had for seq in seqs]


class Progress:
    """What has been sent on one connection.

    Two transactions may commit in the other order than they drew their event numbers, so a number
    below the last one sent may still come: only what was sent a while ago is settled.
    """

    def __init__(self, base: int, skew_s: float) -> None:
        self._base = base
        self._skew_s = skew_s
        self._recent: deque[tuple[float, int]] = deque()

    @classmethod
    def from_place(cls, place: Place, skew_s: float, now_s: float) -> Progress:
        progress = cls(place.base, skew_s)
        for seq in place.recent:
            progress.note(seq, now_s)
        return progress

    def note(self, seq: int, now_s: float) -> None:
        self._recent.append((now_s, seq))

    def place(self, now_s: float) -> Place:
        recent = self._recent
        while recent and (recent[0][0] < now_s - self._skew_s or len(recent) > RECENT_MAX):
            self._base = max(self._base, recent.popleft()[1])
        return Place(VERSION, self._base, tuple(seq for _, seq in recent if seq > self._base))


def token_of(place: Place) -> str:
    return base64.urlsafe_b64encode(msgspec.msgpack.encode(place)).rstrip(b"=").decode()


def place_of(token: str) -> Place:
    try:
        raw = base64.urlsafe_b64decode(token.encode("ascii") + b"=" * (-len(token) % 4))
        place = msgspec.msgpack.decode(raw, type=Place)
    except (ValueError, binascii.Error, msgspec.MsgspecError) as failed:
        raise ResumeError("not a resume token") from failed
    if place.version != VERSION or not 0 <= place.base < 2**63 or len(place.recent) > RECENT_MAX:
        raise ResumeError("not a resume token of this version")
    return place
