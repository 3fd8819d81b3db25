"""Routers over HTTP: OSRM or Valhalla, asked within a deadline, again when it is worth it."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

import httpx

from config.installation import RouterKind, RouterServer
from config.sections.routing import Routing
from freight.routing import osrm, valhalla
from freight.routing.plan import (
    PlannedRoute,
    PlanOptions,
    RouterAwayError,
    RouterNonsenseError,
)
from geo.point import Point

# The server is there, and cannot do it now.
PASSING = frozenset(
    {
        *(HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.INTERNAL_SERVER_ERROR, HTTPStatus.BAD_GATEWAY),
        *(HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT, HTTPStatus.REQUEST_TIMEOUT),
    }
)


class HttpRouter:
    """One a replica; never asks for more than so many answers at a time."""

    def __init__(self, where: RouterServer, limits: Callable[[], Routing]) -> None:
        self._where = where
        self._limits = limits
        self._slots = asyncio.Semaphore(limits().requests_at_once)
        context = ssl.create_default_context(cafile=where.ca_file) if where.ca_file else None
        self._http = httpx.AsyncClient(
            headers={name: value.get_secret_value() for name, value in where.headers.items()},
            verify=context or True,
            follow_redirects=False,
            trust_env=False,
        )

    @property
    def name(self) -> str:
        return self._where.kind.value

    async def plan(self, points: Sequence[Point], options: PlanOptions) -> PlannedRoute:
        deadline_s = self._limits().deadline_s
        try:
            async with asyncio.timeout(deadline_s) as deadline, self._slots:
                return await self._patiently(points, options, deadline.when() or 0.0)
        except TimeoutError:
            raise RouterAwayError(f"{self.name} has not answered in {deadline_s:g} s") from None

    async def close(self) -> None:
        await self._http.aclose()

    async def _patiently(
        self, points: Sequence[Point], options: PlanOptions, until_s: float
    ) -> PlannedRoute:
        limits = self._limits()
        wait_s = limits.retry_wait_s
        for _ in range(limits.attempts - 1):
            try:
                return await self._once(points, options, limits)
            except RouterAwayError as failed:
                pause_s = max(wait_s, failed.retry_after_s)
                if asyncio.get_running_loop().time() + pause_s > until_s:
                    raise  # what it said is worth more than that time was over
            await asyncio.sleep(pause_s)
            wait_s *= 2.0
        return await self._once(points, options, limits)

    async def _once(
        self, points: Sequence[Point], options: PlanOptions, limits: Routing
    ) -> PlannedRoute:
        try:
            async with asyncio.timeout(limits.attempt_s):
                status, headers, body = await self._asked(points, options, limits)
        except TimeoutError:
            says = f"{self.name} has not answered in {limits.attempt_s:g} s"
            raise RouterAwayError(says) from None
        except httpx.TransportError as failed:
            says = f"{self.name} cannot be reached: {type(failed).__name__}"
            raise RouterAwayError(says) from failed
        if status in PASSING:
            says = f"{self.name} answers {status} {HTTPStatus(status).phrase}"
            raise RouterAwayError(says, _retry_after_s(headers))
        if status not in (HTTPStatus.OK, HTTPStatus.BAD_REQUEST):
            raise RouterNonsenseError(f"{self.name} answers {status}")
        # In a thread: a line across a country has tens of thousands of points.
        return await asyncio.to_thread(self._read, body, options, limits.line_error_m)

    async def _asked(
        self, points: Sequence[Point], options: PlanOptions, limits: Routing
    ) -> tuple[int, Mapping[str, str], bytes]:
        method, path, json = self._question(points, options)
        url = self._where.url.rstrip("/") + path
        async with self._http.stream(method, url, json=json, timeout=limits.attempt_s) as answer:
            body = bytearray()
            async for chunk in answer.aiter_bytes():
                body += chunk
                if len(body) > limits.answer_bytes_max:
                    says = f"{self.name} answers more than {limits.answer_bytes_max} bytes"
                    raise RouterNonsenseError(says)
        return answer.status_code, answer.headers, bytes(body)

    def _question(
        self, points: Sequence[Point], options: PlanOptions
    ) -> tuple[str, str, dict[str, Any] | None]:
        if self._where.kind is RouterKind.OSRM:
            return "GET", osrm.path_of(points, self._where.profile, options), None
        return "POST", valhalla.PATH, valhalla.question(points, self._where.profile, options)

    def _read(self, body: bytes, options: PlanOptions, error_m: float) -> PlannedRoute:
        if self._where.kind is RouterKind.OSRM:
            return osrm.read(body, options, error_m)
        return valhalla.read(body, error_m)


def _retry_after_s(headers: Mapping[str, str]) -> float:
    said = headers.get("retry-after", "")
    return float(said) if said.isdecimal() else 0.0
