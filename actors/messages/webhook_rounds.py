"""The rounds by which webhooks go out: from facts to deliveries, and from these to receivers."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from functools import partial

from actors.desk import WorkDesk
from actors.following import Follower
from actors.making_rounds import Round
from actors.messages.forgetting import forgetting_round
from actors.messages.webhook_facts import FOLLOWER, WebhookFacts
from actors.messages.webhook_sending import WebhookRound
from config.snapshot import present_environment
from providers.webhooks import WebhookSender
from store import webhook_deliveries
from store.installed import installation
from store.key_file import KeyFile
from store.webhooks import endpoint_sealer


async def tell_figures(desk: WorkDesk, counts: MutableMapping[str, float]) -> int:
    """A round that moves nothing: for metrics."""
    async with desk.system.acquire() as conn:
        found = await webhook_deliveries.figures(conn, desk.now_ms())
    counts["webhook_deliveries_due"] = found.due
    counts["webhook_deliveries_oldest_s"] = max(found.oldest_s, 0.0)
    counts["webhook_endpoints_stopped"] = found.stopped
    return 0


def webhook_rounds(desk: WorkDesk, counts: MutableMapping[str, float]) -> Mapping[str, Round]:
    settings = desk.settings
    facts = WebhookFacts(desk)
    follower = Follower(
        FOLLOWER, desk, lambda: settings.now.messenger.following, facts.take_up, apart=False
    )
    sender = WebhookSender(lambda: settings.now.webhook_sending, present_environment())
    sealer = endpoint_sealer(KeyFile(installation().key_file))
    return {
        "webhook_facts": follower.go_on,
        "webhooks": WebhookRound(desk, sender, sealer).go_on,
        "webhook_figures": partial(tell_figures, desk, counts),
        "forgetting": partial(forgetting_round, desk),
    }
