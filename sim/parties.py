"""Who takes part in the simulated marketplace, and what became of what they said."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import httpx

from config.sections.simulation import Simulation
from sim.party import Party, says


class Parties:
    """Who speaks for whom, and what became of what they said."""

    def __init__(
        self,
        http: httpx.AsyncClient,
        tenant: str,
        rules: Simulation,
        say: Callable[[str], None],
        sandbox: httpx.AsyncClient | None = None,
    ) -> None:
        self.shipper, self.carrier, self.dispatcher, self.finance, self.admin = (
            Party(http, f"{tenant}-{role}", rules.setup, say)
            for role in ("shipper", "carrier", "dispatcher", "finance", "admin")
        )
        self.sandbox = sandbox  # where links are paid; None: there is none
        self.said = say
        self.counts: Counter[str] = Counter()

    async def tell(self, who: Party, what: str, path: str, **body: Any) -> dict[str, Any] | None:
        """None when it is refused, which is told: others decide too, and may be faster."""
        answer = await who.post(path, **body)
        if not answer.is_success:
            self.counts["refused"] += 1
            self.said(f"{what} refused at {path}: {says(answer)}")
            return None
        self.counts[what] += 1
        given: dict[str, Any] = answer.json()
        return given
