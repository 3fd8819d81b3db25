"""Settlements for tests: opened with a freight, told by commands, and looked at."""

from __future__ import annotations

from config.policy import defaults
from freight.settlements import commands as c
from freight.settlements.commands import Outcome
from freight.settlements.decide import decide
from freight.settlements.evolve import evolve
from freight.settlements.rules import SettlementRules
from freight.settlements.state import AdvanceMethod, Head, Kind, Line, Settlement, Source

RULES = defaults().settlements
READY_MS = 1_790_000_000_000
NOW_MS = READY_MS + 1000
FREIGHT = Line(
    id="freight/L1/1",
    head=Head.FREIGHT,
    amount_minor=4_000_000,
    source=Source.BOOKING,
    booking="B1",
    leg="L1",
)
TDS = Line(
    id="reckoned/tds",
    head=Head.TDS,
    amount_minor=-80_000,
    source=Source.PROPOSAL,
    base_minor=4_000_000,
    rate_bp=200,
    code="1024",
)


def opened(*lines: Line, **changes: object) -> c.Open:
    due = c.Due(lines=lines or (FREIGHT,), ready_ms=READY_MS)
    fields = {"due": due, "kind": Kind.LEG, "booking": "B1", "leg": "L1", **changes}
    return c.Open(id="set-1", carrier="C1", **fields)  # type: ignore[arg-type]


class Told:
    """A settlement as it stands after each command; Refusals come through."""

    def __init__(self, *lines: Line, rules: SettlementRules = RULES, **changes: object) -> None:
        self.rules = rules
        self.found: Settlement | None = None
        self.told: list[str] = []
        self.tell(opened(*lines, **changes))

    @property
    def state(self) -> Settlement:
        assert self.found is not None
        return self.found

    def tell(self, *commands: c.Command, now_ms: int = NOW_MS) -> list[str]:
        names: list[str] = []
        for command in commands:
            for event in decide(self.found, command, self.rules, now_ms):
                self.found = evolve(self.found, event)
                names.append(type(event).__name__)
        self.told += names
        return names


def added(head: Head, amount_minor: int, **changes: object) -> c.AddLine:
    fields = {"id": f"hand/{head}", "by": "user:ann", "reason": "agreed", **changes}
    return c.AddLine(head=head, amount_minor=amount_minor, **fields)  # type: ignore[arg-type]


def advance_by_payout(amount_minor: int, *, came_back: bool) -> Told:
    """Approved with an advance that was paid, and came back afterwards or did not."""
    told = Told()
    asked = c.AskAdvance(
        id="po-a", method=AdvanceMethod.PAYOUT, amount_minor=amount_minor, by="user:ann"
    )
    told.tell(asked, c.EndAdvance("po-a", Outcome.PAID))
    told.tell(c.Propose(None, (TDS,)), c.Approve("user:bea", (TDS,)))
    if came_back:
        told.tell(c.EndAdvance("po-a", Outcome.RETURNED))
    return told
