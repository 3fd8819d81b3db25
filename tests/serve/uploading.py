"""Sends files as clients do, links to them, and tells what is kept where."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx

from config.policy import Snapshot
from serve.gateway import Gateway
from tests.freight.documents.pictures import jpeg
from tests.serve.caller import Caller

PHOTO = jpeg(comment=b"at the gate")
LONG = jpeg(comment=b"x" * 60_000)


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


async def linked(who: Caller, document: str, **asked: Any) -> dict[str, Any]:
    answer = await who.ask("POST", f"/v1/documents/{document}/links", json=asked)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def with_rules(gateway: Gateway, **sections: Any) -> None:
    now = gateway.settings.now
    changed = {
        name: getattr(now, name).model_copy(update=update) for name, update in sections.items()
    }
    gateway.settings.swap(Snapshot(now.model_copy(update=changed)))


def files(gateway: Gateway) -> list[Path]:
    root = gateway.installation.data_dir / "documents"
    return sorted(path for path in root.rglob("*") if path.is_file())
