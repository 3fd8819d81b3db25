"""Sends files as clients do, and tells what is kept where."""

from __future__ import annotations

from typing import Any

import httpx

from tests.serve.caller import Caller


async def send(
    who: Caller, content: bytes, told: str = "image/jpeg", name: str = "a.jpg", **fields: str
) -> httpx.Response:
    return await who.ask(
        "POST", "/v1/documents", files={"file": (name, content, told)}, data=fields
    )


async def sent(who: Caller, content: bytes, **fields: str) -> dict[str, Any]:
    answer = await send(who, content, **fields)
    assert answer.status_code in {200, 201}, answer.text
    made: dict[str, Any] = answer.json()
    return made
