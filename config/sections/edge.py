"""What surrounds every request at the gateway: proxies, sizes, compression, browsers, repeats."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from config.schema import Count, Positive, Section, Who, key

Origin = Annotated[str, Field(pattern=r"^https?://[A-Za-z0-9.-]+(?::[0-9]{1,5})?$")]
Network = Annotated[str, Field(pattern=r"^[0-9a-fA-F.:]+(?:/[0-9]{1,3})?$")]


class Idempotency(Section):
    keys_kept_s: Count = key("How long a repeat of a request is known as one.", live=True)
    key_chars_max: Count = key("A longer Idempotency-Key is refused.", live=True)
    answer_bytes_max: Count = key("A longer answer is not kept; its repeat is 409.", live=True)
    in_progress_retry_s: Count = key("Retry-After while the first request is under way.", live=True)
    sweep_s: Positive = key("How often expired keys are removed.")
    sweep_rows: Count = key("Expired keys removed in one transaction.", live=True)


class Edge(Section):
    serve_proxies: tuple[Network, ...] = key(
        "Where the proxy stands that Serve puts in front: it adds the caller's address as last."
    )
    trusted_proxies: tuple[Network, ...] = key(
        "Load balancers before that one, whose X-Forwarded-For and -Proto are believed."
    )
    header_bytes_max: Count = key("Longer headers of a request are refused with 431.", live=True)
    waiting_requests_max: Count = key(
        "Requests of one replica that wait for their answer; more are refused with 503.", live=True
    )
    overloaded_retry_s: Count = key("Retry-After of such a refusal.", live=True)
    compressed_bytes_min: Count = key("Shorter answers are sent as they are.")
    compression_level: Annotated[int, Field(ge=1, le=9)] = key("1 is fast, 9 is small.")
    versions_required: bool = key(
        "A change without If-Match is refused with 428.", who=Who.TENANT, live=True
    )
    cors_origins: tuple[Origin, ...] = key(
        "Origins whose pages may read the answers, besides the gateway's own.",
        who=Who.TENANT,
        live=True,
    )
    cors_kept_s: Count = key("How long a browser may keep the answer to a preflight.", live=True)
    hsts_kept_s: Count = key("How long a browser that came by TLS comes by TLS only.", live=True)
    idempotency: Idempotency
