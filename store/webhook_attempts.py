"""Every request to a webhook endpoint and what was answered: written once, never changed (APP)."""

from __future__ import annotations

from dataclasses import dataclass

import asyncpg

from freight.webhooks.answers import Verdict
from store.postgres import AnyConnection, epoch_ms, moment

COLUMNS = (
    "number, at, took_ms, verdict, is_probe, url, address, error, status, request_headers, "
    "response_headers, body_sha256, response_body"
)


@dataclass(frozen=True, slots=True)
class Attempt:
    number: int
    at_ms: int
    took_ms: float
    verdict: Verdict
    is_probe: bool
    url: str
    address: str | None
    error: str | None
    status: int | None
    request_headers: dict[str, str]
    response_headers: dict[str, str] | None
    body_sha256: bytes
    response_body: bytes | None


async def add(conn: AnyConnection, tenant_key: int, delivery_id: str, attempt: Attempt) -> None:
    await conn.execute(
        """
        INSERT INTO webhook_attempts (tenant_key, delivery, number, at, took_ms, verdict, is_probe,
            url, address, error, status, request_headers, response_headers, body_sha256,
            response_body)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
        """,
        *(tenant_key, delivery_id, attempt.number, moment(attempt.at_ms), attempt.took_ms),
        *(attempt.verdict.value, attempt.is_probe, attempt.url, attempt.address, attempt.error),
        *(attempt.status, attempt.request_headers, attempt.response_headers, attempt.body_sha256),
        attempt.response_body,
    )


async def of_delivery(conn: AnyConnection, delivery_id: str, limit: int) -> list[Attempt]:
    """The newest ones, the newest last."""
    rows = await conn.fetch(
        f"SELECT {COLUMNS} FROM webhook_attempts WHERE delivery = $1 ORDER BY nr DESC LIMIT $2",
        *(delivery_id, limit),
    )
    return [_attempt(row) for row in reversed(rows)]


def _attempt(row: asyncpg.Record) -> Attempt:
    fields = dict(row)
    at_ms, verdict = epoch_ms(fields.pop("at")), Verdict(fields.pop("verdict"))
    return Attempt(at_ms=at_ms, verdict=verdict, **fields)
