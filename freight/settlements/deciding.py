"""What every decision about a settlement asks first."""

from __future__ import annotations

import dataclasses

from freight.refusal import Refusal
from freight.settlements.rules import SettlementRules
from freight.settlements.state import AdvanceStatus, Head, Settlement, Source, Status

CHANGEABLE = frozenset({Status.OPEN, Status.PROPOSED})
UNDECIDED = frozenset({AdvanceStatus.ASKED, AdvanceStatus.IN_TRANSIT})
HOUR_MS = 3_600_000
FREIGHT_UNKNOWN = "freight_unknown"


@dataclasses.dataclass(frozen=True, slots=True)
class Asked:
    state: Settlement
    rules: SettlementRules
    now_ms: int

    def must_be_ready(self) -> None:
        """To be proposed, or to be taken into a period's settlement."""
        state = self.state
        if state.ready_ms is None:
            raise Refusal("not_ready", "the leg is not delivered")
        open_ms = state.ready_ms + self.rules.hold_hours * HOUR_MS
        if self.now_ms < open_ms:
            raise Refusal("on_hold", f"deductions may come until {open_ms}")
        questions = open_questions(state)
        if questions:
            raise Refusal("open_questions", f"to be answered first: {', '.join(questions)}")
        if any(advance.status in UNDECIDED for advance in state.advances):
            raise Refusal("advance_in_transit", "an advance is under way: what became of it?")


def open_questions(state: Settlement) -> tuple[str, ...]:
    """A line by hand answers what was not known."""
    by_hand = {line.head for line in state.lines if line.source is Source.HAND}
    answered = {FREIGHT_UNKNOWN} if Head.FREIGHT in by_hand else set()
    return tuple(question for question in state.questions if question not in answered)


def must_be_changeable(state: Settlement) -> None:
    """What the books have is not changed: what is learned later is a supplement."""
    standing = state.disputed_from if state.status is Status.DISPUTED else state.status
    if standing not in CHANGEABLE:
        raise Refusal(f"settlement_{standing}", f"it is {standing}: nothing of it changes")


def must_have_room(ask: Asked, more: int = 1) -> None:
    if len(ask.state.lines) + more > ask.rules.lines_max:
        raise Refusal("too_many_lines", f"at most {ask.rules.lines_max} lines")
