"""A device's conformance report as the API gives it."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from freight.cloudevents import rfc3339
from freight.conformance import Figures, Line, Verdict


class PercentilesOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    p05: float | None
    p50: float | None
    p95: float | None


class LineOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    check: str
    verdict: Verdict
    says: str
    fix: str | None = Field(description="what to do about it")


class ConformanceOut(BaseModel):
    """Fixes by the device's clock, rejections by ours."""

    truck: str
    start: str = Field(alias="from")
    to: str
    verdict: Verdict = Field(description="attention, if any line needs it")
    lines: list[LineOut]
    fixes: int
    delay_s: PercentilesOut = Field(description="our clock at arrival less the device's")
    late: int = Field(description="fixes that came behind newer ones")
    repeated: int = Field(description="fixes that were stored already, of whole days")
    rejected: dict[str, int] = Field(description="by reason")
    rate_per_hour: float
    interval_s_p50: float | None
    gaps: int
    gap_s_total: float
    gap_s_longest: float
    accuracy_m: PercentilesOut
    missing: dict[str, int] = Field(description="how many fixes lack each optional field")

    model_config = ConfigDict(serialize_by_alias=True, validate_by_name=True)

    @classmethod
    def of(
        cls, truck: str, from_ms: int, to_ms: int, figures: Figures, lines: list[Line]
    ) -> ConformanceOut:
        verdicts = {line.verdict for line in lines}
        worst = Verdict.GOOD if Verdict.GOOD in verdicts else Verdict.UNKNOWN
        return cls(
            truck=truck,
            **{"from": rfc3339(from_ms)},
            to=rfc3339(to_ms),
            verdict=Verdict.ATTENTION if Verdict.ATTENTION in verdicts else worst,
            lines=[LineOut.model_validate(line) for line in lines],
            fixes=figures.fixes,
            delay_s=PercentilesOut.model_validate(figures.delay_s),
            late=figures.late,
            repeated=figures.repeated,
            rejected=dict(figures.rejected),
            rate_per_hour=round(figures.sent * 3600.0 / figures.span_s, 1),
            interval_s_p50=figures.interval_s_p50,
            gaps=figures.gaps,
            gap_s_total=figures.gap_s_total,
            gap_s_longest=figures.gap_s_longest,
            accuracy_m=PercentilesOut.model_validate(figures.accuracy_m),
            missing=dict(figures.missing),
        )
