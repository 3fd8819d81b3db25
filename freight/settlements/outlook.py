"""When a settlement can go on without anybody's doing."""

from __future__ import annotations

from freight.settlements.cycles import period_of
from freight.settlements.deciding import HOUR_MS, UNDECIDED, open_questions
from freight.settlements.rules import Cycle, SettlementRules
from freight.settlements.state import Kind, Settlement, Status


def due_ms(state: Settlement, rules: SettlementRules, *, pays_itself: bool) -> int | None:
    """None: somebody must do something first."""
    match state.status:
        case Status.OPEN:
            return _open_until(state, rules)
        case Status.APPROVED if pays_itself and not state.payouts and state.balance_minor > 0:
            return state.approved_ms
        case _:
            return None


def _open_until(state: Settlement, rules: SettlementRules) -> int | None:
    """Proposed, or taken into its period's settlement when that is over."""
    undecided = any(advance.status in UNDECIDED for advance in state.advances)
    if state.ready_ms is None or not state.lines or undecided or open_questions(state):
        return None
    ready_ms = state.ready_ms + rules.hold_hours * HOUR_MS
    cycle = rules.cycle_of(state.carrier)
    if state.kind is Kind.LEG and cycle is not Cycle.LEG:
        period = period_of(cycle, state.ready_ms, rules.time_zone)
        return max(ready_ms, period.to_ms)
    return ready_ms if rules.proposes_itself else None
