"""How business values that people may set are declared: typed, explained, with who may set them."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class Who(StrEnum):
    """Where a key may be overridden, and by whom."""

    FILE = "file"  # nowhere: read from its defaults file before any store can be asked
    INSTALLATION = "installation"  # for all tenants together, by an operator
    OPERATOR = "operator"  # also for a single tenant, by an operator
    TENANT = "tenant"  # also for a single tenant, by that tenant's administrators


class Rules(BaseModel):
    """A group of values; a field of such a type is a folder of the tree, any other one a leaf."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


def key(meaning: str, *, who: Who = Who.INSTALLATION, live: bool = False) -> Any:
    """A leaf's field: what it means, who may override it, and whether a change works at once."""
    return Field(description=meaning, json_schema_extra={"who": who.value, "live": live})
