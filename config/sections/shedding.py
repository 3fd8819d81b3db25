"""What the gateway refuses first when there is too much to do, so that devices are heard."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from config.schema import Count, Positive, Section, key

# `*` stands for one part of a path; at the end of a pattern, for all that follow.
Pattern = Annotated[str, Field(pattern=r"^(?:(?:GET|POST) )?/[A-Za-z0-9_*/.-]*$")]


class Kind(StrEnum):
    """Of requests, from the last to be refused to the first."""

    INGEST = "ingest"
    USUAL = "usual"
    HEAVY = "heavy"


class Pressure(Section):
    """How slow is too slow; worse than `overloaded` the usual requests go as well."""

    loop_ms: Positive = key("A replica's event loop is late by so much.", live=True)
    store_ms: Positive = key("Postgres takes so long for a trifle.", live=True)
    commit_ms: Positive = key(
        "Shards take so long to commit a batch of fixes, on average since the last look.", live=True
    )


class Shedding(Section):
    ingest_at_once_max: Count = key(
        "Requests of one replica that bring fixes; more are refused with 503.", live=True
    )
    usual_at_once_max: Count = key("Other requests that are under way; the same.", live=True)
    heavy_at_once_max: Count = key(
        "Heavy requests until their last byte; below the connections that a replica has to "
        "Postgres, so that they cannot take them all.",
        live=True,
    )
    heavy_waiting_max: Annotated[int, Field(ge=0)] = key(
        "Heavy requests that wait for a place, within their deadline; more are refused with 503.",
        live=True,
    )
    ingest_paths: tuple[Pattern, ...] = key("Requests that bring fixes.", live=True)
    heavy_paths: tuple[Pattern, ...] = key(
        "Requests that read or reckon much: history, reports, back-tests.", live=True
    )
    heavy_forms: tuple[str, ...] = key(
        "A list that is asked for in one of these forms is an export, and heavy.", live=True
    )
    never_paths: tuple[Pattern, ...] = key(
        "Not refused for pressure: what tells the pressure, and lets people in.", live=True
    )
    look_s: Positive = key("How often a replica looks how it goes.", live=True)
    strained: Pressure = key("From here heavy requests are refused.")
    overloaded: Pressure = key("From here usual requests are refused as well.")
    bad_looks: Count = key("So many looks in a row must be worse before it counts.", live=True)
    calm_looks: Count = key(
        "So many looks in a row must be better before requests are taken again.", live=True
    )
    retry_s: Count = key("Retry-After of what is refused.", live=True)
