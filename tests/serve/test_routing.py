"""The table finds what the router would, with all that a router asks of its routes."""

from __future__ import annotations

import re

import httpx
import pytest
from fastapi import APIRouter, Depends, FastAPI, HTTPException

from serve.app import ROUTERS
from serve.routing import RouteTable, place_of

PARAMETER = re.compile(r"\{[^}]*\}")


async def refuse() -> None:
    raise HTTPException(401)


def app() -> FastAPI:
    guarded = APIRouter(prefix="/v1/guarded", dependencies=[Depends(refuse)])
    plain = APIRouter()

    @guarded.get("/thing")
    async def thing() -> str:
        return "secret"

    @plain.get("/v1/trucks/{id}")
    async def truck(id: str) -> str:  # noqa: A002
        return id

    @plain.get("/v1/trucks")
    async def trucks() -> str:
        return "all"

    @plain.get("/{anything:path}")
    async def anything(anything: str) -> str:
        return f"any {anything}"

    made = FastAPI()
    for router in (guarded, plain):
        made.include_router(router)
    made.router.middleware_stack = RouteTable(made.router, (guarded, plain))
    return made


@pytest.mark.parametrize(
    ("path", "status", "body"),
    [
        ("/v1/trucks/T1", 200, "T1"),
        ("/v1/trucks", 200, "all"),
        ("/v1/guarded/thing", 401, None),
        ("/v1/other", 200, "any v1/other"),
        ("/", 200, "any "),
    ],
)
async def test_routes_are_found(path: str, status: int, body: str | None) -> None:
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app()), base_url="http://t"
    ) as client:
        answer = await client.get(path)
        wrong_method = await client.post("/v1/trucks")

    assert answer.status_code == status
    assert body is None or answer.json() == body
    assert wrong_method.status_code == 405


def test_the_place_is_the_first_two_parts() -> None:
    assert place_of("/v1/trucks/T1/position") == "/v1/trucks"
    assert [place_of(path) for path in ("/v1/trucks", "/livez", "/", "")] == [
        "/v1/trucks",
        "/livez",
        "/",
        "",
    ]


def test_no_route_is_hidden_by_another_of_its_shape() -> None:
    table = RouteTable(APIRouter(), ROUTERS)
    for router in ROUTERS:
        for route in router.routes:
            path = PARAMETER.sub("x", getattr(route, "path", ""))
            found = table.may_be(path)
            assert route in found or place_of(path) != place_of(getattr(route, "path", ""))


def test_few_routes_are_asked() -> None:
    table = RouteTable(APIRouter(), ROUTERS)
    assert len(table.may_be("/v1/trucks/T1/position")) == 1
    assert len(table.may_be("/v1/config/pricing/rates/history")) == len(
        table.may_be("/v1/config/anything")
    )
    assert table.may_be("/favicon.ico") == ()
