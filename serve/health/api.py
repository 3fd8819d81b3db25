"""/livez, /readyz and /metrics: for whoever watches the installation."""

from __future__ import annotations

import dataclasses
import os
from http import HTTPStatus
from typing import Any

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST

from serve.health.exposition import exposition
from serve.identity.access import Opened

router = APIRouter(tags=["health"])


@router.get("/livez")
async def livez() -> dict[str, str | int]:
    """This process answers."""
    return {"status": "ok", "pid": os.getpid()}


@router.get("/readyz")
async def readyz(gateway: Opened, response: Response) -> dict[str, Any]:
    """Each dependency by name; 503 when one is down that the gateway cannot do without."""
    readiness = gateway.readiness
    findings = await readiness.findings()
    is_ready = readiness.is_ready(findings) and not gateway.shedder.is_draining
    if not is_ready:
        response.status_code = HTTPStatus.SERVICE_UNAVAILABLE
    all_ok = all(finding.ok for finding in findings.values())
    needs = gateway.policy.api.readiness_needs
    return {
        "status": ("ok" if all_ok else "degraded") if is_ready else "not ready",
        "dependencies": {
            name: {**dataclasses.asdict(finding), "needed": name in needs}
            for name, finding in findings.items()
        },
    }


@router.get("/metrics", response_class=Response)
async def metrics(gateway: Opened) -> Response:
    """Prometheus: this replica's figures, and those of all actors."""
    text = exposition(gateway.metrics.registry, await gateway.actors.stats(), os.getpid())
    return Response(text, media_type=CONTENT_TYPE_LATEST)
