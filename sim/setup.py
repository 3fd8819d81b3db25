"""Prepares a tenant over the public API: a token, the fleet's trucks, and the demo's fences."""

from __future__ import annotations

import asyncio
import time
import zlib
from collections.abc import Callable, Coroutine, Iterable, Sequence
from http import HTTPStatus
from typing import Any

import httpx

from config.sections.simulation import SimulationSetup
from sim.fleet import TruckIdentity
from sim.world import LastKnown

PAGE_LIMIT = 500  # fixed: the published API's largest page


class SetupError(RuntimeError):
    """The installation cannot be prepared; the message says what it answered."""


class TenantSetup:
    def __init__(
        self,
        http: httpx.AsyncClient,
        tenant: str,
        policy: SimulationSetup,
        say: Callable[[str], None],
    ) -> None:
        self._http = http
        self._tenant = tenant
        self._policy = policy
        self._say = say
        self._slots = asyncio.Semaphore(policy.requests_at_once)
        self._is_signed_in = False

    async def sign_in(self) -> None:
        """Waits, with words, while the server is still starting."""
        client_id = f"{self._tenant}-admin"
        form = {
            "grant_type": "client_credentials",
            "client_id": client_id,
            "client_secret": f"{client_id}-secret",
        }
        answer = await self._patiently("POST", "/v1/oauth/token", data=form)
        if answer.status_code != HTTPStatus.OK:
            raise SetupError(f"no token for {client_id}: {_says(answer)}")
        self._http.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        self._is_signed_in = True

    async def ensure_trucks(self, trucks: Sequence[TruckIdentity]) -> set[str]:
        """Creates the missing ones; gives the ids of those that were there."""
        known = await self._ids("/v1/trucks")
        carrier = f"{self._tenant}-carrier"
        missing = [
            {
                "id": truck.id,
                "registration": truck.registration,
                "class": truck.truck_class.name,
                "capacity_t": truck.truck_class.capacity_t,
                "carrier": carrier if self._is_a_carriers(truck) else None,
            }
            for truck in trucks
            if truck.id not in known
        ]
        if any(truck["carrier"] for truck in missing):
            name = f"A carrier of {self._tenant}"
            await self._create_all("/v1/carriers", [{"id": carrier, "name": name}])
        await self._create_all("/v1/trucks", missing)
        return known & {truck.id for truck in trucks}

    def _is_a_carriers(self, truck: TruckIdentity) -> bool:
        """The same trucks every time, whatever the size of the fleet."""
        return zlib.crc32(truck.id.encode()) < self._policy.carrier_share * 2**32

    async def last_known(self, truck_ids: Iterable[str]) -> dict[str, LastKnown]:
        """Where these trucks were last seen; the ones never seen are left out."""
        found: dict[str, LastKnown] = {}

        async def ask(truck_id: str) -> None:
            async with self._slots:
                answer = await self._patiently("GET", f"/v1/trucks/{truck_id}/position")
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
        await self._create_all("/v1/fences", missing)
        return len(missing)

    async def assign(self, truck_id: str, route: dict[str, Any], journey: dict[str, Any]) -> None:
        """The truck follows this route from now on."""
        await self._create("/v1/routes", route)
        path = f"/v1/trucks/{truck_id}/journey"
        async with self._slots:
            answer = await self._patiently("PUT", path, json=journey)
        if not answer.is_success:
            raise SetupError(f"cannot send on {truck_id}: {_says(answer)}")

    async def _ids(self, path: str) -> set[str]:
        ids: set[str] = set()
        cursor: str | None = None
        while True:
            query = {"limit": str(PAGE_LIMIT)} | ({"cursor": cursor} if cursor else {})
            answer = await self._patiently("GET", path, params=query)
            if answer.status_code != HTTPStatus.OK:
                raise SetupError(f"cannot list {path}: {_says(answer)}")
            page = answer.json()
            ids.update(item["id"] for item in page["items"])
            cursor = page["next_cursor"]
            if not cursor:
                return ids

    async def _create_all(self, path: str, bodies: Sequence[dict[str, Any]]) -> None:
        await _all(self._create(path, body) for body in bodies)

    async def _create(self, path: str, body: dict[str, Any]) -> None:
        async with self._slots:
            answer = await self._patiently("POST", path, json=body)
        # Another simulator may have been faster, or our own retried request the second.
        if answer.status_code not in (HTTPStatus.CREATED, HTTPStatus.CONFLICT):
            raise SetupError(f"cannot create {path}/{body['id']}: {_says(answer)}")

    async def _patiently(self, method: str, path: str, **request: Any) -> httpx.Response:
        """Repeats what fails because the server is away, starting or busy; nothing else."""
        deadline = time.monotonic() + self._policy.ready_within_s
        said = ""
        while True:
            wait_s = self._policy.retry_wait_s
            try:
                answer = await self._http.request(method, path, **request)
                if answer.status_code == HTTPStatus.UNAUTHORIZED and self._is_signed_in:
                    self._is_signed_in = False  # its token is over; once, not for ever
                    await self.sign_in()
                    continue
            except httpx.TransportError as error:
                problem = f"{self._http.base_url} does not answer ({type(error).__name__})"
            else:
                if not _is_passing(answer):
                    return answer
                problem = f"{self._http.base_url} is not ready ({_says(answer)})"
                wait_s = _retry_after_s(answer, wait_s)
            if time.monotonic() + wait_s > deadline:
                raise SetupError(f"{problem}, for {self._policy.ready_within_s:g} s")
            if problem != said:
                self._say(f"waiting: {problem}")
                said = problem
            await asyncio.sleep(wait_s)


async def _all(works: Iterable[Coroutine[Any, Any, None]]) -> None:
    """All at once; the first failure ends the others and is raised as itself."""
    try:
        async with asyncio.TaskGroup() as group:
            for work in works:
                group.create_task(work)
    except ExceptionGroup as several:
        raise several.exceptions[0] from several


def _is_passing(answer: httpx.Response) -> bool:
    return answer.is_server_error or answer.status_code == HTTPStatus.TOO_MANY_REQUESTS


def _retry_after_s(answer: httpx.Response, otherwise_s: float) -> float:
    value = answer.headers.get("Retry-After", "")
    return float(value) if value.isdigit() else otherwise_s


def _says(answer: httpx.Response) -> str:
    try:
        problem = answer.json()
    except ValueError:
        return f"{answer.status_code} {answer.reason_phrase}"
    detail = problem.get("detail") if isinstance(problem, dict) else None
    return f"{answer.status_code} {detail or answer.reason_phrase}"
