"""How papers are printed: by how many at a time, and in which colour."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from config.schema import Count, Section, Who, key

Colour = Annotated[str, Field(pattern=r"^#[0-9a-f]{6}$")]


class Printing(Section):
    threads: Count = key("Papers that one replica prints at the same time.")
    waiting_max: Count = key(
        "Papers being printed or waiting for it in one replica; beyond, 503.", live=True
    )
    retry_s: Count = key("Who is sent away is told to come back after so long.", live=True)
    rows_max: Count = key("A paper with more rows is not printed.", live=True)
    accent: Colour = key("The colour of names and lines on papers.", who=Who.TENANT, live=True)
