"""Prepares a tenant over the public API: a token, the fleet's trucks, and the demo's fences."""

from __future__ import annotations

import asyncio
import csv
import io
import zlib
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

import httpx

from config.sections.simulation import SimulationSetup
from sim.fleet import TruckIdentity
from sim.party import Party, SetupError, says
from sim.world import LastKnown

TAKEN = "is taken already"  # the import's word for an id that is there
CSV = {"Content-Type": "text/csv"}


class TenantSetup:
    def __init__(
        self,
        http: httpx.AsyncClient,
        tenant: str,
        policy: SimulationSetup,
        say: Callable[[str], None],
    ) -> None:
        self.admin = Party(http, f"{tenant}-admin", policy, say)
        self.carrier = f"{tenant}-carrier"
        self.shipper = f"{tenant}-shipper"
        self._policy = policy
        self._say = say
        self._slots = asyncio.Semaphore(policy.requests_at_once)

    async def sign_in(self) -> None:
        await self.admin.sign_in()

    async def ensure_trucks(self, trucks: Sequence[TruckIdentity]) -> set[str]:
        """Creates the missing ones; gives the ids of those that were there."""
        known = await self._ids("/v1/trucks")
        missing = [self._row(truck) for truck in trucks if truck.id not in known]
        if any(truck["carrier"] for truck in missing):
            await self._create("/v1/carriers", {"id": self.carrier, "name": "A carrier"})
        await self.take("trucks", missing)
        return known & {truck.id for truck in trucks}

    def _row(self, truck: TruckIdentity) -> dict[str, Any]:
        return {
            "id": truck.id,
            "registration": truck.registration,
            "class": truck.truck_class.name,
            "capacity_t": truck.truck_class.capacity_t,
            "payload_kg": truck.truck_class.payload_kg,
            "body": truck.body,
            "carrier": self.carrier_of(truck),
        }

    def carrier_of(self, truck: TruckIdentity) -> str | None:
        """The same trucks every time, whatever the size of the fleet."""
        share = self._policy.carrier_share
        return self.carrier if zlib.crc32(truck.id.encode()) < share * 2**32 else None

    async def take(self, kind: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """By files, each of them one request; what another simulator made first is passed over."""
        size = self._policy.import_rows
        for first in range(0, len(rows), size):
            part = rows[first : first + size]
            path, query = f"/v1/{kind}/import", {"mode": "rows"}
            answer = await self.admin.ask(
                "POST", path, params=query, content=_file(part), headers=CSV
            )
            if not answer.is_success:
                raise SetupError(f"cannot import {kind}: {says(answer)}")
            for fault in answer.json()["faults"]:
                # The file's first row is its header.
                name = part[fault["row"] - 2]["id"]
                if fault["detail"] != TAKEN:
                    column, detail = fault["column"], fault["detail"]
                    raise SetupError(f"cannot create /v1/{kind}/{name}: {column} {detail}")

    async def last_known(self, truck_ids: Iterable[str]) -> dict[str, LastKnown]:
        """Where these trucks were last seen; the ones never seen are left out."""
        found: dict[str, LastKnown] = {}

        async def ask(truck_id: str) -> None:
            async with self._slots:
                answer = await self.admin.ask("GET", f"/v1/trucks/{truck_id}/position")
            if answer.status_code == HTTPStatus.OK:
                fix = answer.json()
                found[truck_id] = LastKnown(
                    fix["lat"],
                    fix["lon"],
                    heading_deg=fix["heading_deg"],
                    odometer_km=fix["odometer_km"],
                    fuel_pct=fix["fuel_pct"],
                )

        await _all(ask(truck_id) for truck_id in truck_ids)
        return found

    async def ensure_fences(self, fences: Sequence[dict[str, Any]]) -> int:
        known = await self._ids("/v1/fences")
        missing = [fence for fence in fences if fence["id"] not in known]
        await _all(self._create("/v1/fences", fence) for fence in missing)
        return len(missing)

    async def assign(self, truck_id: str, route: dict[str, Any], journey: dict[str, Any]) -> None:
        """The truck follows this route from now on."""
        await self._create("/v1/routes", route)
        path = f"/v1/trucks/{truck_id}/journey"
        async with self._slots:
            answer = await self.admin.ask("PUT", path, json=journey)
        if not answer.is_success:
            raise SetupError(f"cannot send on {truck_id}: {says(answer)}")

    async def _ids(self, path: str) -> set[str]:
        return {item["id"] for item in await self.admin.items(path)}

    async def _create(self, path: str, body: dict[str, Any]) -> None:
        async with self._slots:
            answer = await self.admin.ask("POST", path, json=body)
        # Another simulator may have been faster, or our own retried request the second.
        if answer.status_code not in (HTTPStatus.CREATED, HTTPStatus.CONFLICT):
            raise SetupError(f"cannot create {path}/{body['id']}: {says(answer)}")


def _file(rows: Sequence[Mapping[str, Any]]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


async def _all(works: Iterable[Coroutine[Any, Any, None]]) -> None:
    """All at once; the first failure ends the others and is raised as itself."""
    try:
        async with asyncio.TaskGroup() as group:
            for work in works:
                group.create_task(work)
    except ExceptionGroup as several:
        raise several.exceptions[0] from several
