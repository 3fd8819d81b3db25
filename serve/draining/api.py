"""/internal/drain: before a stop, finish what is under way and take nothing more."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import APIRouter, Header
from pydantic import BaseModel

from actors.service_tokens import Guard, ServiceTokenError
from serve.gateway import Gateway
from serve.identity.access import Opened
from serve.problems import ForbiddenError
from serve.shedding import DRAIN
from store.key_file import KeyFile

AUDIENCE = "gateway"
router = APIRouter(include_in_schema=False)


class Drained(BaseModel):
    """Who has not finished in time; nothing of theirs is lost, it is begun again."""

    left: list[str]


@router.post(DRAIN)
async def drain(
    gateway: Opened,
    x_service_token: Annotated[str, Header()],
    actors: bool = False,
) -> Drained:
    """Of this replica; with `actors` of those behind it as well, once no replica asks them."""
    _admit(gateway, x_service_token)
    limit_s = gateway.policy.api.drain_s_max
    left = []
    try:
        async with asyncio.timeout(limit_s):
            await gateway.shedder.drained()
    except TimeoutError:
        left.append("requests are under way")
    if actors:
        left += await gateway.actors.drain(limit_s)
    return Drained(left=left)


def _admit(gateway: Gateway, token: str) -> None:
    where = gateway.installation
    guard = Guard(AUDIENCE, KeyFile(where.key_file), where.instance, gateway.policy.service_tokens)
    try:
        guard.admit(token)
    except ServiceTokenError as refused:
        raise ForbiddenError("this is for the installation itself") from refused
