"""What sections of the configuration are made of."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from freight.rules import Rules, Who, key

__all__ = ["Count", "Hour", "Positive", "Section", "Share", "Span", "Who", "key"]

Positive = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(gt=0)]
Share = Annotated[float, Field(ge=0, le=1)]
Hour = Annotated[int, Field(ge=0, le=23)]
Span = tuple[Positive, Positive]  # least, most


class Section(Rules):
    """A group of keys in one folder of the tree."""
