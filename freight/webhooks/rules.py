"""What a tenant may decide about its webhooks: how long they are tried, and when no more."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from freight.rules import Rules, Who, key

Seconds = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(gt=0)]
Share = Annotated[float, Field(ge=0, le=1)]
Status = Annotated[int, Field(ge=400, le=599)]


class RetryRules(Rules):
    waits_s: Annotated[tuple[Seconds, ...], Field(min_length=1, max_length=50)] = key(
        "The waits between one attempt and the next; behind the last one it is a dead letter.",
        who=Who.TENANT,
        live=True,
    )
    jitter: Share = key(
        "By what part of itself a wait may be longer, so that not all come back at once.",
        who=Who.TENANT,
        live=True,
    )
    asked_wait_s_max: Seconds = key(
        "The longest wait that a receiver may ask for by Retry-After.", who=Who.TENANT, live=True
    )
    never_statuses: tuple[Status, ...] = key(
        "Answers by which a receiver says that it will never take this message.",
        who=Who.TENANT,
        live=True,
    )


class PauseRules(Rules):
    after_s: Seconds = key(
        "An endpoint at which everything failed for so long is paused.", who=Who.TENANT, live=True
    )
    failures_min: Count = key(
        "But not before so many attempts failed in a row.", who=Who.TENANT, live=True
    )
    probe_every_s: Seconds = key(
        "How often a paused endpoint is tried with the delivery that waits longest.",
        who=Who.TENANT,
        live=True,
    )


class WebhookRules(Rules):
    """The rules for what is sent to other people's systems."""

    retries: RetryRules
    pause: PauseRules
    endpoints_max: Count = key("Endpoints that a tenant may have.", who=Who.OPERATOR, live=True)
    patterns_max: Count = key(
        "Types, and subjects, that an endpoint's filter may name.", who=Who.OPERATOR, live=True
    )
    waiting_max: Count = key(
        "Deliveries that may wait for one endpoint; later ones are dead letters at once.",
        who=Who.OPERATOR,
        live=True,
    )
    replay_max: Count = key("Facts that one replay may bring.", who=Who.OPERATOR, live=True)
    body_bytes_max: Count = key(
        "A larger message leaves out its data, which is to be asked for.",
        who=Who.OPERATOR,
        live=True,
    )
    overlap_s: Seconds = key(
        "How long a secret that was replaced still signs beside the new one.",
        who=Who.TENANT,
        live=True,
    )
    overlap_s_max: Seconds = key(
        "The longest overlap that may be asked for.", who=Who.OPERATOR, live=True
    )
    kept_days: Count = key(
        "How long deliveries are kept with their attempts once they are over.",
        who=Who.INSTALLATION,
        live=True,
    )
