"""The REST gateway."""

from __future__ import annotations

from config.schema import Count, Positive, Section


class Api(Section):
    replicas: Count
    ongoing_requests_max: Count
    # How many objects more than at the last look make a replica look for garbage.
    collect_after_objects: Count
    page_limit_default: Count
    page_limit_max: Count
    body_bytes_max: Count
    token_ttl_s: Count
    token_cache_max: Count
    request_deadline_s: Positive
    track_fixes_max: Count
    # Fixes of one track read and written at a time, so that a long one blocks nobody.
    track_chunk_fixes: Count
    positions_max: Count
    # What GET /v1/events/{id}/evidence shows on either side of an event.
    evidence_around_s: Positive
    evidence_fixes_max: Count
    readiness_deadline_s: Positive
    readiness_cache_s: Positive
    # Without these the gateway is not ready; trouble elsewhere is told and heals by itself.
    readiness_needs: tuple[str, ...]
