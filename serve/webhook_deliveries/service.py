"""Webhook deliveries found and shown with what was tried, and tried again when a person wants."""

from __future__ import annotations

from actors.life import now_ms
from freight.refusal import Refusal
from freight.webhooks import deliveries
from freight.webhooks.deliveries import DeliveryState
from serve.gateway import Gateway
from serve.identity.principal import Principal
from serve.paging import ListOf, Page, number_of
from serve.problems import ConflictError
from serve.webhook_deliveries.wire import AttemptOut, DeliveryOut, DeliveryWithAttempts
from store import webhook_attempts, webhook_deliveries


async def list_page(  # noqa: PLR0917 - what it is looked for by
    gateway: Gateway,
    who: Principal,
    page: Page,
    endpoint: str | None,
    state: DeliveryState | None,
    kind: str | None,
    subject: str | None,
    message: str | None,
) -> ListOf[DeliveryOut]:
    async with gateway.as_tenant(who) as conn:
        found = await webhook_deliveries.list_page(
            conn,
            number_of(page.after),
            page.one_more,
            endpoint,
            None if state is None else state.value,
            kind,
            subject,
            message,
        )
    kept, next_cursor = page.cut(found, lambda one: str(one.nr))
    return ListOf(items=[DeliveryOut.of(one) for one in kept], next_cursor=next_cursor)


async def get(gateway: Gateway, who: Principal, delivery_id: str) -> DeliveryWithAttempts:
    most = gateway.policy.webhook_sending.attempts_shown_max
    async with gateway.as_tenant(who) as conn:
        stored = await webhook_deliveries.get(conn, delivery_id)
        tried = await webhook_attempts.of_delivery(conn, delivery_id, most)
    return DeliveryWithAttempts(
        **dict(DeliveryOut.of(stored)),
        body=stored.message.body.decode(),
        tried=[AttemptOut.of(one) for one in tried],
    )


async def retry(gateway: Gateway, who: Principal, delivery_id: str) -> DeliveryOut:
    """A dead letter too, which then holds up what is behind it of the same subject."""
    subject = f"webhook-deliveries/{delivery_id}"
    async with gateway.changing(who, "webhook_deliveries.retry", subject) as change:
        stored = await webhook_deliveries.get(change.conn, delivery_id, locked=True)
        change.before = DeliveryOut.of(stored)
        try:
            event = deliveries.revive(stored.delivery, now_ms())
        except Refusal as refusal:
            raise ConflictError(refusal.detail) from refusal
        after = deliveries.evolve(stored.delivery, event)
        await webhook_deliveries.put(change.conn, delivery_id, after)
        shown = DeliveryOut.of(await webhook_deliveries.get(change.conn, delivery_id))
        change.after = shown
    return shown
