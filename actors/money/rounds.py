"""Every round that the bookkeeper makes, by the name of its pace in the configuration."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from actors.money.booking_round import booking_round
from actors.money.desk import Desk
from actors.money.eway_round import eway_round
from actors.money.ledger_round import ledger_round
from actors.money.letters import letters_round, letters_sweep
from actors.money.payments_round import payments_round
from actors.money.payouts_round import payouts_round
from actors.money.settlements_round import settlements_round

# How many things it moved. Two at once do no harm, nor does one that was broken off.
Round = Callable[[Desk], Awaitable[int]]

ROUNDS: Mapping[str, Round] = {
    "ledger": ledger_round,
    "bookings": booking_round,
    "eway": eway_round,
    "letters": letters_round,
    "letters_sweep": letters_sweep,
    "payments": payments_round,
    "payouts": payouts_round,
    "settlements": settlements_round,
}
