"""The rounds by which webhooks go out: from facts to deliveries, and from these to receivers."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from actors.desk import WorkDesk
from actors.following import Follower
from actors.making_rounds import Round
from actors.messages.forgetting import forgetting_round
from actors.messages.webhook_facts import FOLLOWER, WebhookFacts
from actors.messages.webhook_sending import WebhookRound
from config.snapshot import present_environment
from providers.webhooks import WebhookSender
from store.installed import installation
from store.key_file import KeyFile
from store.webhooks import endpoint_sealer


def webhook_rounds(desk: WorkDesk) -> Mapping[str, Round]:
    settings = desk.settings
    facts = WebhookFacts(desk)
    follower = Follower(FOLLOWER, desk, lambda: settings.now.messenger.following, facts.take_up)
    sender = WebhookSender(lambda: settings.now.webhook_sending, present_environment())
    sealer = endpoint_sealer(KeyFile(installation().key_file))
    return {
        "webhook_facts": follower.go_on,
        "webhooks": WebhookRound(desk, sender, sealer).go_on,
        "forgetting": partial(forgetting_round, desk),
    }
