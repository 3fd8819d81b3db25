"""A client of one tenant, and the few requests that most tests begin with."""

from __future__ import annotations

import dataclasses
from typing import Any

import httpx

from store.tenants import Tenant


@dataclasses.dataclass(frozen=True)
class Caller:
    http: httpx.AsyncClient
    tenant: Tenant
    token: str

    async def ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.token}", **options.pop("headers", {})}
        return await self.http.request(method, path, headers=headers, **options)

    async def get(self, path: str, **options: Any) -> httpx.Response:
        return await self.ask("GET", path, **options)

    async def truck(self, truck_id: str, **fields: Any) -> dict[str, Any]:
        answer = await self.ask("POST", "/v1/trucks", json={"id": truck_id, **fields})
        assert answer.status_code == 201, answer.text
        created: dict[str, Any] = answer.json()
        return created
