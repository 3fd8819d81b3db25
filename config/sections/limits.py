"""How many requests who may make, and how the count is kept."""

from __future__ import annotations

from config.schema import Count, Positive, Section, Share, Who, key


class Quota(Section):
    """So many requests in any window of this length."""

    requests: Count = key("Requests in one window.", who=Who.OPERATOR, live=True)
    window_s: Count = key("Length of the window, which slides.", who=Who.OPERATOR, live=True)


class Limits(Section):
    anonymous: Quota
    token: Quota
    client: Quota
    user: Quota
    api_key: Quota
    device: Quota
    tenant: Quota
    roles: dict[str, Quota] = key(
        "By the role's name: what all who hold it in one tenant may ask together.",
        who=Who.OPERATOR,
        live=True,
    )
    chunk_share: Share = key(
        "The part of a quota that a replica takes from Redis at a time, to spend by itself."
    )
    chunk_hold_s: Positive = key("What a replica has not spent of it by then is forfeited.")
    refused_hold_s: Positive = key("Redis is not asked again sooner for who was just refused.")
    subjects_max: Count = key("Callers that a replica remembers; who asked longest ago goes first.")
    redis_timeout_s: Positive = key("Redis counts as away when it does not answer by then.")
    redis_retry_s: Positive = key("How often a replica looks whether Redis is back.")
    redis_in_flight_max: Count = key("Questions to Redis under way from one replica.")
    local_share: Share = key("The part of each quota that a replica grants while Redis is away.")
