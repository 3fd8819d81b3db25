"""What excludes a truck from a leg, in the order in which it is told, and the parts of a score."""

from __future__ import annotations

from enum import Enum


class Reason(Enum):
    """A bit each, in one number a pair: the lowest is told first."""

    OFFLINE = 0
    STALE = 1
    UNAVAILABLE = 2
    NOT_CLEARED = 3
    PROMISED = 4
    FREE_TOO_LATE = 5
    CLASS = 6
    BODY = 7
    HANDLING = 8
    HAZARDOUS = 9
    CAPACITY = 10
    EXCLUSIVE = 11
    BLOCKED = 12
    DECLINED = 13
    ZONE = 14
    PRICE = 15
    TOO_LATE = 16
    PAPERS = 17
    DRIVER_HOURS = 18

    @property
    def bit(self) -> int:
        return 1 << self.value

    @property
    def word(self) -> str:
        """As it stands on the wire."""
        return self.name.lower()

    @property
    def says(self) -> str:
        return _SAYS[self]


_SAYS = {
    Reason.OFFLINE: "its device is out of reach",
    Reason.STALE: "its last position is too old",
    Reason.UNAVAILABLE: "its calendar says that it does not drive then",
    Reason.NOT_CLEARED: "its carrier is not cleared to carry",
    Reason.PROMISED: "it is promised to another load",
    Reason.FREE_TOO_LATE: "it is not empty soon enough",
    Reason.CLASS: "its class is not asked for",
    Reason.BODY: "its body is not asked for",
    Reason.HANDLING: "it lacks equipment that is needed",
    Reason.HAZARDOUS: "truck or driver may not carry dangerous goods",
    Reason.CAPACITY: "the load is heavier than its payload",
    Reason.EXCLUSIVE: "the load is reserved for other carriers",
    Reason.BLOCKED: "its carrier is blocked for this load",
    Reason.DECLINED: "it was offered this load before and declined",
    Reason.ZONE: "it may not enter a zone on the way",
    Reason.PRICE: "it is expected to ask for more than may be paid",
    Reason.TOO_LATE: "it would reach the pickup too late",
    Reason.PAPERS: "a paper of its expires before the load is delivered",
    Reason.DRIVER_HOURS: "its driver has not enough hours left",
}


def reasons_in(mask: int) -> tuple[Reason, ...]:
    """All that a mask holds, the one told first at the front."""
    return tuple(reason for reason in Reason if mask & reason.bit)


class Part(Enum):
    """What a candidate's score is the sum of, all in paise; less is better."""

    DEAD_KM = 0
    LATE = 1
    EARLY = 2
    RATING = 3
    FAIRNESS = 4
    HOME = 5
    PRICE = 6
    UNFINISHED = 7
    CHANGE = 8

    @property
    def word(self) -> str:
        return self.name.lower()
