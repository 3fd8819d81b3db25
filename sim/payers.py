"""Simulated shippers pay what they owe: by links at the payments sandbox, some of them late, some
only at the second try, some in cash at the door."""

from __future__ import annotations

import random
from typing import Any

import httpx

from config.sections.market import Payers as Rules
from sim.chance import chance, span
from sim.parties import Parties
from sim.world import World

FAIL = "fail"


class Payers:
    """How one pays is drawn from the due. Without a sandbox nobody can, and nothing is asked."""

    def __init__(self, parties: Parties, world: World, rules: Rules) -> None:
        self._parties = parties
        self._world = world
        self._rules = rules
        self._next_ms = world.now_ms
        self._due_ms: dict[str, int] = {}  # when a due is going to be paid
        self._asked: dict[str, dict[str, Any]] = {}  # its payment, while it is not paid
        self._paid: set[str] = set()
        self._failed: set[str] = set()

    async def look(self, bookings: set[str]) -> None:
        """At what is owed for these; what others owe is left to people."""
        sandbox = self._parties.sandbox
        if sandbox is None or self._world.now_ms < self._next_ms:
            return
        self._next_ms = self._world.now_ms + round(self._rules.look_s * 1000)
        owed = await self._parties.shipper.items("/v1/dues", state="open")
        ours = {_name(due): due for due in owed if due["booking"] in bookings}
        self._due_ms = {name: ms for name, ms in self._due_ms.items() if name in ours}
        self._asked = {name: one for name, one in self._asked.items() if name in ours}
        self._paid &= set(ours)
        self._failed &= set(ours)
        for name, due in ours.items():
            due_ms = self._due_ms.setdefault(name, self._world.now_ms + self._wait_ms(name))
            if name not in self._paid and self._world.now_ms >= due_ms:
                await self._pay(sandbox, name, due)

    def _wait_ms(self, name: str) -> int:
        is_late = chance(f"late {name}", self._rules.late_share)
        spans = self._rules.late_after_s if is_late else self._rules.pay_after_s
        return span(random.Random(f"pay when {name}"), spans)

    async def _pay(self, sandbox: httpx.AsyncClient, name: str, due: dict[str, Any]) -> None:
        is_cash = due["kind"] != "advance" and chance(f"cash {name}", self._rules.cash_share)
        if is_cash and due["open"]["amount_minor"] <= self._rules.cash_minor_max:
            await self._in_cash(name, due)
        else:
            await self._by_link(sandbox, name, due)

    async def _asks(self, due: dict[str, Any], method: str, **more: Any) -> dict[str, Any] | None:
        parties = self._parties
        body = {"method": method, "amount": due["open"], "booking": due["booking"]}
        body |= {"due": due["due"], **more}
        return await parties.tell(parties.shipper, "asked to pay", "/v1/payments", **body)

    async def _in_cash(self, name: str, due: dict[str, Any]) -> None:
        """The office writes down what the driver was given, and has it brought to the bank."""
        self._paid.add(name)
        payment = await self._asks(due, "cod")
        if payment is None:
            return
        parties, path = self._parties, f"/v1/payments/{payment['id']}"
        proof = f"receipt for {due['booking']}"
        body = {"amount": due["open"], "proof": proof}
        if await parties.tell(parties.finance, "paid in cash", f"{path}/record", **body):
            await parties.tell(parties.finance, "handed in", f"{path}/hand-in")

    async def _by_link(self, sandbox: httpx.AsyncClient, name: str, due: dict[str, Any]) -> None:
        """As whoever was sent the link; the platform hears of it from its provider."""
        is_small = due["open"]["amount_minor"] <= self._rules.upi_minor_max
        method = "upi" if is_small else "netbanking"
        payment = self._asked.get(name)
        if payment is None:
            payment = await self._asks(due, method, link=True)
        elif payment["link"] is None:
            payment = await self._again(payment)
        if payment is None:
            self._paid.add(name)  # it was refused: a person is to look at it
            return
        self._asked[name] = payment
        if payment["link"] is not None:
            await self._at(sandbox, name, payment["link"]["id"], method)

    async def _again(self, payment: dict[str, Any]) -> dict[str, Any]:
        """The provider had not answered yet."""
        answer = await self._parties.shipper.ask("GET", f"/v1/payments/{payment['id']}")
        found: dict[str, Any] = answer.json()
        return found if answer.is_success else payment

    async def _at(self, sandbox: httpx.AsyncClient, name: str, link: str, method: str) -> None:
        body = {"method": method}
        is_first = name not in self._failed
        fails = is_first and chance(f"fails {name}", self._rules.failed_share)
        if fails:
            body["outcome"] = FAIL
        try:
            answer = await sandbox.post(f"/sandbox/links/{link}/pay", json=body)
        except httpx.TransportError:
            return  # it is away: at the next look
        if fails:
            self._failed.add(name)
            self._parties.counts["failed to pay"] += 1
            return
        self._paid.add(name)
        self._parties.counts["paid" if answer.is_success else "refused"] += 1


def _name(due: dict[str, Any]) -> str:
    """One that became more is another."""
    return f"{due['booking']} {due['due']} {due['open']['amount_minor']}"
