"""Surge: what is added where more loads wait than trucks are free, never beyond its caps."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from freight.pricing.amounts import WHOLE_BP, Bp, Paise
from freight.rules import Rules, Who, key


class SurgeStep(Rules):
    pressure_bp: Annotated[int, Field(gt=0)] = Field(
        description="from so many waiting loads for each free truck on, in hundredths of a percent"
    )
    share_bp: Bp = Field(description="so much of the freight is added")


class SurgeRules(Rules):
    in_use: bool = key("Whether scarce trucks cost more.", who=Who.TENANT, live=True)
    resolution: Annotated[int, Field(ge=0, le=15)] = key(
        "H3 resolution of the cells that loads and trucks are counted in.",
        who=Who.TENANT,
        live=True,
    )
    rings: Annotated[int, Field(ge=0, le=20)] = key(
        "Rings of cells around the pickup's that count as well.", who=Who.TENANT, live=True
    )
    counted_max: Annotated[int, Field(gt=0)] = key(
        "Waiting loads that are looked at, the newest first.", live=True
    )
    waiting_min: Annotated[int, Field(gt=0)] = key(
        "Fewer waiting loads are no scarcity.", who=Who.TENANT, live=True
    )
    steps: tuple[SurgeStep, ...] = key(
        "What is added from which pressure on; in rising order.", who=Who.TENANT, live=True
    )
    cap_bp: Bp = key("Never more of the freight than this.", who=Who.TENANT, live=True)
    cap_minor: Paise = key("Never more for each truck than this.", who=Who.TENANT, live=True)

    @model_validator(mode="after")
    def _steps_rise(self) -> SurgeRules:
        pressures = [step.pressure_bp for step in self.steps]
        shares = [step.share_bp for step in self.steps]
        if pressures != sorted(set(pressures)) or shares != sorted(shares):
            raise ValueError("steps must rise, in pressure and in share")
        return self


def surge_bp(waiting: int, free: int, rules: SurgeRules) -> int:
    """The share to add; without any free truck the last step holds."""
    if not rules.in_use or waiting < rules.waiting_min:
        return 0
    share_bp = 0
    for step in rules.steps:
        if waiting * WHOLE_BP >= step.pressure_bp * free:
            share_bp = step.share_bp
    return min(share_bp, rules.cap_bp)
