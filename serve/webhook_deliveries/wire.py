"""Webhook deliveries as the API gives them: each with what was sent and answered at every try."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, Field

from freight.webhooks.answers import Verdict
from freight.webhooks.deliveries import DeliveryState, Origin
from store.postgres import moment
from store.webhook_attempts import Attempt
from store.webhook_deliveries import StoredDelivery


class DeliveryOut(BaseModel):
    id: str
    endpoint: str
    message: str = Field(description="the webhook-id: that of the event, the same in a replay")
    type: str
    subject: str
    time: datetime = Field(description="when it happened")
    origin: Origin = Field(description="fact, replay or test")
    replay: str | None = Field(description="which replay it is of")
    state: DeliveryState
    attempts: int
    due_at: datetime | None = Field(description="when it is sent, unless an earlier one holds it")
    created_at: datetime
    finished_at: datetime | None
    error: str | None = Field(description="of the last attempt, in words")
    size_bytes: int

    @classmethod
    def of(cls, stored: StoredDelivery) -> DeliveryOut:
        now = stored.delivery
        return cls(
            id=stored.id,
            endpoint=stored.endpoint,
            message=stored.message.id,
            type=stored.message.type,
            subject=stored.message.subject,
            time=moment(stored.message.time_ms),
            origin=now.origin,
            replay=stored.replay or None,
            state=now.state,
            attempts=stored.attempts,
            due_at=_moment(now.due_ms),
            created_at=moment(stored.created_ms),
            finished_at=_moment(now.finished_ms),
            error=now.error,
            size_bytes=stored.size_bytes,
        )


class RequestOut(BaseModel):
    url: str
    headers: dict[str, str]
    body_sha256: str = Field(description="of the delivery's body, in hexadecimal digits")


class ResponseOut(BaseModel):
    status: int
    headers: dict[str, str]
    body: str = Field(description="its beginning")


class AttemptOut(BaseModel):
    number: int
    at: datetime
    took_ms: float
    verdict: Verdict
    is_probe: bool = Field(description="of a paused endpoint, to see whether it is back")
    address: str | None = Field(description="the address that the name led to")
    request: RequestOut
    response: ResponseOut | None = Field(description="null: there was none")
    error: str | None

    @classmethod
    def of(cls, attempt: Attempt) -> AttemptOut:
        response = None
        if attempt.status is not None:
            text = (attempt.response_body or b"").decode("utf-8", "replace")
            response = ResponseOut(
                status=attempt.status, headers=attempt.response_headers or {}, body=text
            )
        return cls(
            number=attempt.number,
            at=moment(attempt.at_ms),
            took_ms=attempt.took_ms,
            verdict=attempt.verdict,
            is_probe=attempt.is_probe,
            address=attempt.address,
            request=RequestOut(
                url=attempt.url,
                headers=attempt.request_headers,
                body_sha256=attempt.body_sha256.hex(),
            ),
            response=response,
            error=attempt.error,
        )


class DeliveryWithAttempts(DeliveryOut):
    body: str = Field(description="as it is signed and sent, to the byte")
    tried: list[AttemptOut] = Field(description="the newest last, of many the newest")


def _moment(ms: int | None) -> datetime | None:
    return None if ms is None else moment(ms)
