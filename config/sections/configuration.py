"""How the configuration itself is followed and changed."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from config.schema import Section, key


class Configuration(Section):
    poll_s: Annotated[float, Field(ge=0.05, le=1.0)] = key(
        "How often a process looks for changes that Redis did not tell it of.", live=True
    )
