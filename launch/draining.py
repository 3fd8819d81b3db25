"""Before `up` stops its children: the gateway answers who waits, and the actors finish their steps.

Nothing depends on it, for whatever is killed instead is found again in the store; but a client is
answered rather than cut off, and the next start has less to fold again.
"""

from __future__ import annotations

import asyncio

import httpx

from actors.service_tokens import maker_for
from config.installation import Installation
from config.policy import Policy
from launch.ports import LOOPBACK, REPLICA_HTTP, PortBlock
from launch.progress import say

SERVICE = "up"
AUDIENCE = "gateway"
PATH = "/internal/drain"
STEPS = 3  # the gateway's, then the takers', then the keepers'


async def drain(where: Installation, ports: PortBlock, policy: Policy) -> None:
    """Says who did not finish; raises nothing that would keep `up` from stopping."""
    headers = {"X-Service-Token": maker_for(where, SERVICE).token_for(AUDIENCE)}
    first, last = ports.span(REPLICA_HTTP)
    async with httpx.AsyncClient(
        headers=headers, trust_env=False, timeout=policy.api.drain_s_max * STEPS
    ) as http:
        asked = (_asked(http, port) for port in range(first, last + 1))
        found = await asyncio.gather(*asked)
        replicas = [(port, left) for port, left in found if left is not None]
        left = [each for _, told in replicas for each in told or ()]
        if replicas:
            _, told = await _asked(http, replicas[0][0], actors="true")
            left += told or []
    for each in left:
        say(f"not finished in time, and begun again at the next start: {each}")


async def _asked(http: httpx.AsyncClient, port: int, **query: str) -> tuple[int, list[str] | None]:
    """What is left; None where no replica answers."""
    try:
        answer = await http.post(f"http://{LOOPBACK}:{port}{PATH}", params=query)
        answer.raise_for_status()
        left: list[str] = answer.json()["left"]
    except (httpx.HTTPError, ValueError, KeyError):
        return port, None
    return port, left
