"""What the simulated fleet has on record: papers, drivers, and a carrier that is verified."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from http import HTTPStatus
from typing import Any

from config.sections.market import Paperwork
from freight.fleet.identifiers import gstin_check_character
from sim.fleet import TruckIdentity
from sim.party import SetupError, says
from sim.setup import TenantSetup

FIRST_NAMES = (
    *("Ramesh", "Suresh", "Gurpreet", "Manoj", "Abdul", "Ravi", "Balwinder", "Murugan", "Sanjay"),
    *("Iqbal", "Prakash", "Dinesh", "Harjeet", "Selvam", "Mahesh", "Rajesh", "Anil", "Joseph"),
)
LAST_NAMES = (
    *("Yadav", "Singh", "Patil", "Khan", "Sharma", "Reddy", "Nair", "Gowda", "Das", "Shinde"),
    *("Choudhary", "Pillai", "Jadhav", "Verma", "Solanki", "Kumar", "Thakur", "Mondal"),
)
# made up, and right by form and checksum
CARRIER = {
    "gstin": "27AAPFU0939F1ZV",
    "pan": "AAPFU0939F",
    "ifsc": "SBIN0000300",
    "bank_account": "00000020345678901",
}
HOME = "27"
OWN = {
    "name": "Demo Logistics Private Limited",
    "address": "12 Transport Nagar\nPimpri, Pune",
    "pin": "411018",  # fixed: a postal code
    "gstin": "27AABCD1234E1Z" + gstin_check_character("27AABCD1234E1Z"),
}
SHIPPER = {
    "name": "Everyday Goods Private Limited",
    "address": "Plot 7, Industrial Area\nPeenya, Bengaluru",
    "pin": "560058",  # fixed: a postal code
    "state": "29",
    "gstin": "29AACCE4321F1Z" + gstin_check_character("29AACCE4321F1Z"),
    "bank_account": "00000030987654321",
    "ifsc": "HDFC0000240",
}
CARRIER_PLACE = {
    "address": "Shop 4, Truck Terminal\nNavi Mumbai",
    "pin": "400705",  # fixed: a postal code
    "state": HOME,
}
LICENCE_DAYS = 2000  # fixed: some years, in a made-up licence


class Papers:
    """Who has a driver on record has all of this: it is entered last."""

    def __init__(self, setup: TenantSetup, rules: Paperwork, today: date) -> None:
        self._setup = setup
        self._rules = rules
        self._today = today
        self._slots = asyncio.Semaphore(rules.requests_at_once)

    async def enter(self, trucks: Sequence[TruckIdentity]) -> int:
        """Gives for how many trucks there was something to enter."""
        of_ours = trucks[: self._rules.trucks_max]
        known = {item["id"] for item in await self._setup.admin.items("/v1/drivers")}
        missing = [truck for truck in of_ours if driver_id(truck) not in known]
        await asyncio.gather(
            *(
                self._put(truck, kind, paper)
                for truck in missing
                for kind, paper in papers_of(truck, self._rules, self._today).items()
            )
        )
        rows = [driver_of(truck, self._today) for truck in missing]
        for row, truck in zip(rows, missing, strict=True):
            row["carrier"] = self._setup.carrier_of(truck)
        if rows:
            await self._setup.take("drivers", rows)
        return len(missing)

    async def _put(self, truck: TruckIdentity, kind: str, paper: dict[str, Any]) -> None:
        path = f"/v1/trucks/{truck.id}/papers/{kind}"
        async with self._slots:
            answer = await self._setup.admin.ask("PUT", path, json=paper)
        if not answer.is_success:
            raise SetupError(f"cannot enter {path}: {says(answer)}")

    async def verify_carrier(self) -> None:
        """As far as it is not verified yet; its present state is left when somebody decided."""
        ask, path = self._setup.admin.ask, f"/v1/carriers/{self._setup.carrier}"
        answer = await ask("GET", f"{path}/kyc")
        if answer.status_code != HTTPStatus.OK or answer.json()["state"] not in _UNDECIDED:
            return
        if answer.json()["state"] == "draft":
            steps: list[tuple[str, str, dict[str, Any]]] = [
                ("PATCH", path, CARRIER),
                ("PUT", f"{path}/documents/transit_insurance", self._document()),
                ("POST", f"{path}/kyc/submit", {}),
            ]
        else:
            steps = []
        for method, where, body in [*steps, ("POST", f"{path}/kyc/decision", {"step": "verify"})]:
            answer = await ask(method, where, json=body)
            if not answer.is_success:
                raise SetupError(f"cannot verify the carrier at {where}: {says(answer)}")

    async def register_parties(self) -> None:
        """Who stands on documents, as far as nobody has said it yet."""
        admin = self._setup.admin
        if not await admin.items("/v1/parties/registrations"):
            await self._say(f"/v1/parties/registrations/{HOME}", OWN)
        shipper = f"/v1/parties/shippers/{self._setup.shipper}"
        if (await admin.ask("GET", shipper)).status_code == HTTPStatus.NOT_FOUND:
            await self._say(shipper, SHIPPER)
        carrier = f"/v1/parties/carriers/{self._setup.carrier}"
        known = await admin.ask("GET", carrier)
        if known.is_success and known.json()["state"] is None:
            await self._say(carrier, CARRIER_PLACE)

    async def _say(self, path: str, facts: dict[str, Any]) -> None:
        answer = await self._setup.admin.ask("PUT", path, json=facts)
        if not answer.is_success:
            raise SetupError(f"cannot say who is who at {path}: {says(answer)}")

    def _document(self) -> dict[str, Any]:
        until = self._today + timedelta(days=round(self._rules.valid_days[1]))
        return {"number": "TI-2041", "valid_until": until.isoformat()}


_UNDECIDED = frozenset({"draft", "submitted"})


def today() -> date:
    return datetime.now(UTC).date()


def driver_id(truck: TruckIdentity) -> str:
    return f"driver-{truck.id}"


def driver_of(truck: TruckIdentity, now: date) -> dict[str, Any]:
    """Made up, and the same for the same truck."""
    rng = random.Random(f"driver {truck.id}")
    state = truck.registration[:2]
    return {
        "id": driver_id(truck),
        "name": f"{rng.choice(FIRST_NAMES)} {rng.choice(LAST_NAMES)}",
        "phone": f"+91 9{rng.randrange(10**9):09d}",
        "licence_number": f"{state}{rng.randint(1, 60):02d} {rng.randint(2005, 2024)}"
        f"{rng.randrange(10**7):07d}",
        "licence_valid_until": (now + timedelta(days=rng.randint(100, LICENCE_DAYS))).isoformat(),
        "truck": truck.id,
        "on_duty": "true",
    }


def papers_of(truck: TruckIdentity, rules: Paperwork, now: date) -> dict[str, dict[str, Any]]:
    """By kind; of a share of the trucks one has expired."""
    rng = random.Random(f"papers {truck.id}")
    expired = rng.choice(rules.papers) if rng.random() < rules.expired_share else None
    found = {}
    for kind in rules.papers:
        days = rng.uniform(*rules.valid_days)
        if kind == expired:
            days = -rng.uniform(*rules.expired_days)
        found[kind] = {
            "number": f"{kind[:2].upper()}-{rng.randrange(10**6):06d}",
            "valid_until": (now + timedelta(days=round(days))).isoformat(),
        }
    return found
