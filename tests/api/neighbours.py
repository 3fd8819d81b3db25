"""Two tenants full of objects, whose every text says whose it is."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import Any

from store import fences, trucks
from store.postgres import as_tenant
from tests.api.makers import SQUARE, World
from tests.serve.caller import Caller

TRUCKS, FENCES = 500, 350
CARRIERS, ROLES, SECRETS, FLAGS, BY_ROUTE = 50, 30, 30, 30, 10


@dataclass
class Side:
    """`mark` is in what objects say, `name_mark` in what they are called."""

    caller: Caller
    mark: str
    name_mark: str
    count: int = 0
    # By the beginning of the path that names them.
    made: dict[str, list[str]] = field(default_factory=dict)

    def name(self, path: str) -> str:
        self.count += 1
        name = f"{self.name_mark}-{self.count}"
        self.made.setdefault(path, []).append(name)
        return name


def side_of(caller: Caller) -> Side:
    return Side(caller, "qz" + secrets.token_hex(5), "ix" + secrets.token_hex(5))


async def fill(world: World, side: Side) -> None:
    """A thousand objects; most of them past the routes, which would take their time."""
    tenant_key = side.caller.tenant.key
    async with as_tenant(world.gateway.app_pool, tenant_key) as conn:
        for _ in range(TRUCKS):
            await trucks.create(
                conn,
                tenant_key,
                id=side.name("/v1/trucks/{id}"),
                registration=f"{side.mark} registration",
                truck_class=f"{side.mark} class",
                capacity_t=16.0,
                secret_hash=None,
            )
        for _ in range(FENCES):
            await fences.create(
                conn,
                tenant_key,
                id=side.name("/v1/fences/{id}"),
                name=f"{side.mark} fence",
                kind=f"{side.mark} kind",
                shape=SQUARE,
                schedule={"says": side.mark},
            )
    await _fill_by_routes(side)


async def _fill_by_routes(side: Side) -> None:
    for _ in range(BY_ROUTE):
        await _made(side, "POST", "/v1/trucks", id=side.name("/v1/trucks/{id}"), **_truck(side))
    for _ in range(CARRIERS):
        name = side.name("/v1/carriers/{id}")
        contact = {"email": f"{side.mark}@example.in", "bank_account": f"{side.mark}/123456"}
        await _made(side, "POST", "/v1/carriers", id=name, name=f"{side.mark} carrier", **contact)
    for _ in range(BY_ROUTE):
        side.count += 1
        person = {"email": f"{side.mark}-{side.count}@example.in", "name": f"{side.mark} person"}
        await _made(side, "POST", "/v1/users", roles=["viewer"], **person)
    for _ in range(ROLES):
        await _made(side, "POST", "/v1/roles", name=side.name("/v1/roles/{id}"), permissions=[])
    for _ in range(SECRETS):
        name = side.name("/v1/secrets/{id}")
        await _made(side, "PUT", f"/v1/secrets/{name}", value=f"{side.mark} secret")
    for _ in range(FLAGS):
        name = side.name("/v1/flags/{name}")
        says = {"meaning": f"{side.mark} flag", "reason": f"{side.mark} reason"}
        await _made(side, "PUT", f"/v1/flags/{name}", enabled=True, **says)


def _truck(side: Side) -> dict[str, Any]:
    return {"registration": f"{side.mark} reg", "class": f"{side.mark} class"}


async def _made(side: Side, method: str, path: str, **body: Any) -> None:
    answer = await side.caller.ask(method, path, json=body)
    assert answer.is_success, f"{method} {path}: {answer.text}"
