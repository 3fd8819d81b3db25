"""What the e-way bill portal is asked and answers, whichever service provider stands between."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from freight.eway.decide import Did, Found

Payload = Mapping[str, Any]


class EwayPortal(Protocol):
    """Payloads are NIC's own JSON (freight.eway.payloads).

    ProviderRefusedError: it said no, with its code. ProviderAwayError: nothing is known; whoever
    asked must look (`fetch`, `by_document`) before asking again.
    """

    @property
    def gstin(self) -> str:
        """For whom we are signed in."""
        ...

    async def generate(self, payload: Payload) -> Did: ...

    async def by_document(self, kind: str, number: str) -> str | None:
        """The number of the bill that was generated for a document; None: there is none."""
        ...

    async def fetch(self, number: str) -> Found: ...

    async def change_vehicle(self, payload: Payload) -> Did: ...

    async def extend(self, payload: Payload) -> Did: ...

    async def change_transporter(self, payload: Payload) -> Did: ...

    async def cancel(self, payload: Payload) -> Did: ...
