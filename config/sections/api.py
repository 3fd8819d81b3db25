"""The REST gateway."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from config.schema import Count, Positive, Section, key


class Api(Section):
    replicas: Count = key("Processes that answer requests.")
    ongoing_requests_max: Count = key("Requests one replica takes at a time; a socket is one.")
    collect_after_objects: Count = key(
        "How many objects more than at the last look make a replica or actor look for garbage."
    )
    page_limit_default: Count = key("Items on a page when no limit is asked for.", live=True)
    page_limit_max: Count = key("The largest limit a list may be asked for.", live=True)
    body_bytes_max: Count = key("A longer request body is refused with 413.", live=True)
    token_ttl_s: Count = key("How long an access token is good for.", live=True)
    token_cache_max: Count = key("Verified tokens that a replica remembers.")
    request_deadline_s: Positive = key("An answer not begun by then is 503.", live=True)
    track_fixes_max: Count = key("Fixes in one answer of a track.", live=True)
    track_chunk_fixes: Count = key(
        "Fixes of one track read and written at a time, so that a long one blocks nobody.",
        live=True,
    )
    track_export_days_max: Count = key(
        "A track as one file, GPX or CSV without limit, is of at most so many days.", live=True
    )
    export_rows_max: Count = key(
        "Rows of a list as one file without limit; more are refused, not cut.", live=True
    )
    heat_resolution: Annotated[int, Field(ge=0, le=15)] = key(
        "Of the H3 cells of a heat map, if none is asked for.", live=True
    )
    heat_cells_max: Count = key("Cells in one heat map; the hottest are given.", live=True)
    heat_days_max: Count = key("A heat map of stops is of at most so many days.", live=True)
    heat_places_max: Count = key(
        "A heat map of stops at more places, of some ten metres each, is refused.", live=True
    )
    positions_max: Count = key("Trucks in one answer of positions.", live=True)
    evidence_around_s: Positive = key("Evidence shows this much on either side.", live=True)
    evidence_fixes_max: Count = key("Fixes in one answer of evidence.", live=True)
    drain_s_max: Positive = key(
        "Before a stop, requests under way and each step of the actors get to finish for so long.",
        live=True,
    )
    readiness_deadline_s: Positive = key("A dependency that has not answered by then is down.")
    readiness_cache_s: Positive = key("How long an answer about readiness is repeated.")
    readiness_needs: tuple[str, ...] = key(
        "Without these the gateway is not ready; trouble elsewhere is told and heals by itself."
    )
