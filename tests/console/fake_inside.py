"""Health, messages and webhooks as the API tells them, for the console's tests.

What is told is made of the models of `serve/`: where they change, this does not stand any more.
"""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse

from freight.notifying.channels import Channel
from freight.notifying.state import Severity, Status
from freight.webhooks.answers import Verdict
from freight.webhooks.deliveries import DeliveryState, Origin
from freight.webhooks.endpoints import EndpointState, Why
from serve.notifications.template_wire import (
    PreviewOut,
    ProblemOut,
    SegmentsOut,
    TemplateOut,
    VariableOut,
)
from serve.notifications.wire import AttemptOut as NoticeAttempt
from serve.notifications.wire import StepOut, WholeNotificationOut
from serve.webhook_deliveries.wire import (
    AttemptOut,
    DeliveryWithAttempts,
    RequestOut,
    ResponseOut,
)
from serve.webhook_endpoints.wire import EndpointWithSecret
from tests.console.fake_on_call import FakeOnCall, at, pages, plain

SECRET = "whsec_bm90LWEtc2VjcmV0LWJ1dC1pdC1sb29rcy1saWtlLW9uZQ=="
HOOK = "https://erp.acme-steel.example/hooks/ubertruck"
MESSAGE = '{"type":"alert.raised","timestamp":"2026-11-21T10:00:00Z","data":{"kind":"fuel_drop"}}'
METRICS = """ubertruck_actor_up{actor="shard-0",role="truck_shard"} 1.0
ubertruck_actor_up{actor="shard-1",role="truck_shard"} 1.0
ubertruck_actor_up{actor="watch",role="watch"} 1.0
ubertruck_actor_up{actor="messenger",role="messenger"} 1.0
ubertruck_watch_alerts_waiting{actor="watch",role="watch"} 3.0
ubertruck_watch_alerts_oldest_s{actor="watch",role="watch"} 1.2
ubertruck_watch_alerts_troubles{actor="watch",role="watch"} 0.0
ubertruck_messenger_webhooks_waiting{actor="messenger",role="messenger"} 412.0
ubertruck_messenger_webhooks_oldest_s{actor="messenger",role="messenger"} 75.0
ubertruck_messenger_webhooks_troubles{actor="messenger",role="messenger"} 0.0
ubertruck_outbox_relay_outbox_rows{actor="outbox-relay",role="outbox_relay"} 12.0
ubertruck_outbox_relay_outbox_oldest_s{actor="outbox-relay",role="outbox_relay"} 0.1
ubertruck_webhook_deliveries{state="pending",tenant="demo"} 412.0
ubertruck_notifications{state="waiting",tenant="demo"} 3.0
ubertruck_legs_waiting{tenant="demo"} 7.0
ubertruck_provider_breaker_open{actor="messenger",provider="msg91",role="messenger"} 0.0
ubertruck_provider_breaker_open{actor="messenger",provider="fcm",role="messenger"} 1.0
"""


class FakeInside:
    def __init__(self) -> None:
        self.asked: list[tuple[str, Any]] = []
        self.is_redis_up = True
        self.on_call = FakeOnCall()

    def router(self) -> APIRouter:
        made = APIRouter()
        for path, answer in (
            ("/readyz", self._ready),
            ("/v1/webhook-endpoints", self._endpoints),
            ("/v1/webhook-deliveries", self._deliveries),
            ("/v1/webhook-deliveries/{name}", self._delivery),
            ("/v1/notifications", self._notices),
            ("/v1/notifications/{name}", self._notice),
            ("/v1/notification-templates", self._templates),
        ):
            made.get(path, response_model=None)(answer)
        made.get("/metrics", response_class=PlainTextResponse)(lambda: METRICS)
        made.post("/v1/webhook-endpoints", response_model=None)(self._make)
        made.post("/v1/webhook-deliveries/{name}/retry", response_model=None)(self._retry)
        made.post("/v1/notifications/{name}/replay", response_model=None)(self._replay)
        made.post("/v1/notification-templates/preview", response_model=None)(self._preview)
        made.include_router(self.on_call.router())
        return made

    async def _ready(self) -> Any:
        def finding(ok: bool, ms: float) -> dict[str, Any]:
            detail = None if ok else "ConnectionRefusedError: nobody listens there"
            return {"ok": ok, "latency_ms": ms, "detail": detail, "needed": True}

        names = ("postgres", "broker", "shards", "ingest", "relay")
        found = {name: finding(True, 1.4 + nr) for nr, name in enumerate(names)}
        found["redis"] = finding(self.is_redis_up, 0.6)
        found["redis"]["needed"] = False
        return {"status": "ok" if self.is_redis_up else "degraded", "dependencies": found}

    # --------------------------------------------------------------------------------- webhooks

    async def _endpoints(self) -> Any:
        return pages(endpoint("we-1", HOOK, EndpointState.PAUSED))

    async def _make(self, request: Request) -> Any:
        wish = await request.json()
        self.asked.append(("endpoint", wish))
        return plain(endpoint("we-2", wish["url"], EndpointState.ACTIVE))

    async def _deliveries(self) -> Any:
        return pages(
            delivery("wd-2", DeliveryState.FAILED), delivery("wd-1", DeliveryState.DELIVERED)
        )

    async def _delivery(self, name: str) -> Any:
        state = DeliveryState.FAILED if name == "wd-2" else DeliveryState.DELIVERED
        return plain(delivery(name, state))

    async def _retry(self, name: str) -> Any:
        self.asked.append(("retry", name))
        return await self._delivery(name)

    # --------------------------------------------------------------------------------- messages

    async def _notices(self) -> Any:
        return pages(notice("ntf-2", Status.DEAD), notice("ntf-1", Status.DELIVERED))

    async def _notice(self, name: str) -> Any:
        return plain(notice(name, Status.DEAD))

    async def _replay(self, name: str) -> Any:
        self.asked.append(("replay", name))
        return await self._notice(name)

    async def _templates(self) -> Any:
        texts = {
            ("en", "sms"): "{{title}}. {{text}} UberTruck",
            ("hi", "sms"): "{{title}}. {{text}} उबरट्रक",
            ("en", "email"): "{{text}}",
        }
        return pages(
            *(template(language, channel, text) for (language, channel), text in texts.items())
        )

    async def _preview(self, request: Request) -> Any:
        wish = await request.json()
        self.asked.append(("preview", wish["text"]))
        is_hindi = wish["language"] == "hi"
        said = wish["text"].replace("{{title}}", "Fuel dropped: TRK-0002")
        said = said.replace("{{text}}", "31 % of the tank are gone.")
        unknown = "{{" in said
        bad = ProblemOut(field="text", detail="there is no such value", is_error=True)
        segments = SegmentsOut(
            encoding="UCS-2" if is_hindi else "GSM-7",
            units=len(said),
            parts=1,
            left=160 - len(said),
            strangers="उबरट्रक" if is_hindi else "",
        )
        return plain(
            PreviewOut(
                title=wish["title"],
                text=None if unknown else said,
                html=wish["html"],
                parameters={},
                segments=None if unknown else segments,
                problems=[bad] if unknown else [],
                variables=[
                    VariableOut(name="title", sample="Fuel dropped", rows=[]),
                    VariableOut(name="text", sample="31 %", rows=[]),
                ],
            )
        )


def endpoint(name: str, url: str, state: EndpointState) -> EndpointWithSecret:
    is_on = state is EndpointState.ACTIVE
    return EndpointWithSecret(
        id=name,
        url=url,
        description="the ERP of Acme Steel",
        types=["alert.*", "booking.*"],
        subjects=["*"],
        state=state,
        why=None if is_on else Why.FAILING,
        failures=0 if is_on else 9,
        failing_since=None if is_on else at(-31),
        paused_at=None if is_on else at(-4),
        probe_at=None if is_on else at(11),
        rotated_at=None,
        previous_until=None,
        created_at=at(-9000),
        updated_at=at(-4),
        version=3,
        secret=SECRET,
    )


def delivery(name: str, state: DeliveryState) -> DeliveryWithAttempts:
    is_done = state is DeliveryState.DELIVERED
    headers = {
        "webhook-id": f"evt-{name}",
        "webhook-timestamp": "1795255200",
        "webhook-signature": "v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=",
    }
    request = RequestOut(url=HOOK, headers=headers, body_sha256="5f" * 32)
    answer = ResponseOut(
        status=200 if is_done else 500,
        headers={"content-type": "text/plain"},
        body="thank you" if is_done else "database is away",
    )
    tried = [
        AttemptOut(
            number=nr,
            at=at(-30 + nr),
            took_ms=84.0 + nr,
            verdict=Verdict.SUCCESS if is_done else Verdict.RETRY,
            is_probe=False,
            address="203.0.113.7",
            request=request,
            response=answer,
            error=None if is_done else "it answered 500",
        )
        for nr in range(1, 2 if is_done else 4)
    ]
    return DeliveryWithAttempts(
        id=name,
        endpoint="we-1",
        message=f"evt-{name}",
        type="alert.raised",
        subject="alerts/alert-02",
        time=at(-30),
        origin=Origin.FACT,
        replay=None,
        state=state,
        attempts=len(tried),
        due_at=None,
        created_at=at(-30),
        finished_at=at(-20),
        error=None if is_done else "it answered 500",
        size_bytes=len(MESSAGE),
        body=MESSAGE,
        tried=tried,
    )


def notice(name: str, state: Status) -> WholeNotificationOut:
    is_dead = state is Status.DEAD
    attempts = [
        NoticeAttempt(
            nr=1,
            channel=Channel.SMS,
            provider="msg91",
            template="sms v3",
            asked_at=at(-12),
            outcome="failed" if is_dead else "delivered",
            why="the number is not in use" if is_dead else None,
            code="311" if is_dead else None,
            provider_id="m-4711",
            told_at=at(-11),
        )
    ]
    return WholeNotificationOut(
        id=name,
        state=state,
        kind="alert.raised",
        severity=Severity.CRITICAL,
        subject="alerts/alert-02",
        person="users/asha",
        booking=None,
        truck="TRK-0002",
        language="en",
        channels=[Channel.PUSH, Channel.SMS],
        channel=None if is_dead else Channel.SMS,
        cause="evt-1",
        created_at=at(-13),
        due_at=None,
        expires_at=at(600),
        asked_at=at(-12),
        tries=1,
        replays=0,
        digest=None,
        why="no channel is left" if is_dead else None,
        version=5,
        title="Fuel dropped: TRK-0002",
        text="31 % of the tank are gone in 4 min.",
        attempts=attempts,
        history=[StepOut(at=at(-13), what="planned"), StepOut(at=at(-12), what="asked")],
    )


def template(language: str, channel: str, text: str) -> TemplateOut:
    return TemplateOut(
        id=f"alert-raised--{language}--{channel}",
        kind="alert.raised",
        language=language,
        channel=channel,
        is_shipped=language == "hi",
        title="{{title}}" if channel == "email" else "",
        text=text,
        html="<h2>{{title}}</h2><p>{{text}}</p>" if channel == "email" else None,
        provider_template="",
        provider_language="",
        dlt_template="1107161234567890123" if channel == "sms" else "",
        dlt_entity="",
        header="UBRTRK" if channel == "sms" else "",
        parameters={},
        link="",
        changed_at=None if language == "hi" else at(-5000),
        changed_by=None if language == "hi" else "user:ravi",
        version=1 if language == "hi" else 3,
    )
