"""The audit trail as the API gives it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field

from freight.cloudevents import rfc3339
from store.audit import Verdict
from store.audit_chain import Fault, Row, read_body


class AuditRow(BaseModel):
    seq: int = Field(description="its place in the chain")
    at: datetime
    actor: str = Field(description="kind:id of who did it")
    action: str = Field(description="resource.verb; for what no route took on, method and route")
    subject: str = Field(description="resource/id of what it was done to")
    outcome: str = Field(description="done or refused")
    detail: str | None = Field(description="why it was refused")
    origin: str | None = Field(description="the address it came from")
    before: Any = Field(description="personal data masked")
    after: Any = Field(description="personal data masked")
    config_version: int
    correlation_id: str | None
    hash: str = Field(description="the signature that the next row carries")

    @classmethod
    def of(cls, row: Row) -> AuditRow:
        body = read_body(row)
        return cls(
            seq=body.seq,
            at=datetime.fromisoformat(rfc3339(body.at_ms)),
            actor=body.actor,
            action=body.action,
            subject=body.subject,
            outcome=body.outcome,
            detail=body.detail,
            origin=body.origin,
            before=body.before,
            after=body.after,
            config_version=body.config_version,
            correlation_id=body.correlation_id,
            hash=row.mac.hex(),
        )


class FaultOut(BaseModel):
    seq: int = Field(description="the row at which the chain is broken")
    what: str

    @classmethod
    def of(cls, fault: Fault) -> FaultOut:
        return cls(seq=fault.seq, what=fault.what)


class VerdictOut(BaseModel):
    ok: bool
    rows: int = Field(description="how many were looked at")
    is_complete: bool = Field(description="false: go on with ?after= what reached says")
    reached: str = Field(description="the last row looked at, SEQ:HASH")
    head: str = Field(description="the chain's end, SEQ:HASH; note it elsewhere for ?expect=")
    faults: list[FaultOut]

    @classmethod
    def of(cls, verdict: Verdict) -> VerdictOut:
        return cls(
            ok=not verdict.faults,
            rows=verdict.rows,
            is_complete=verdict.is_complete,
            reached=str(verdict.reached),
            head=str(verdict.head),
            faults=[FaultOut.of(fault) for fault in verdict.faults],
        )
