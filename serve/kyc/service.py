"""What can be done with what must be known of a tenant's carriers."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

from freight.fleet.kyc import CarrierFacts, KycRefusedError, KycStep, after, faults
from freight.fleet.rules import FleetRules
from serve.gateway import Gateway
from serve.identity.principal import Principal
from serve.kyc.wire import DocumentFields, DocumentOut, KycOut
from serve.paging import ListOf
from serve.problems import ConflictError, InvalidError
from store import carrier_documents, carriers
from store import documents as stored_documents
from store.carriers import Carrier
from store.postgres import AnyConnection

REASON = "kyc.reason"


async def get(gateway: Gateway, who: Principal, carrier_id: str) -> KycOut:
    rules = gateway.policy_of(who).fleet
    async with gateway.as_tenant(who) as conn:
        carrier = await carriers.get(conn, gateway.personal, carrier_id)
        facts = await facts_of(conn, carrier)
    return KycOut.of(carrier, faults(facts, rules.kyc, _today(rules)))


async def take_step(  # noqa: PLR0917 - as the routes name them
    gateway: Gateway,
    who: Principal,
    carrier_id: str,
    step: KycStep,
    reason: str | None,
    expected: int | None,
) -> KycOut:
    rules = gateway.policy_of(who).fleet
    today = _today(rules)
    async with gateway.changing(who, f"carriers.{step}", f"carriers/{carrier_id}") as change:
        now = await carriers.get(change.conn, gateway.personal, carrier_id)
        facts = await facts_of(change.conn, now)
        lacking = faults(facts, rules.kyc, today)
        change.before = KycOut.of(now, lacking)
        try:
            leads_to = after(
                now.kyc_state, step, facts, rules=rules.kyc, today=today, reason=reason
            )
        except KycRefusedError as refused:
            raise _problem(refused) from refused
        carrier = await carriers.step_kyc(
            change.conn,
            gateway.personal,
            carrier_id,
            leads_to,
            reason=reason,
            expected_version=now.version if expected is None else expected,
        )
        change.after = out = KycOut.of(carrier, lacking)
    return out


async def documents(gateway: Gateway, who: Principal, carrier_id: str) -> ListOf[DocumentOut]:
    async with gateway.as_tenant(who) as conn:
        await carriers.get(conn, gateway.personal, carrier_id)
        found = await carrier_documents.of_carrier(conn, carrier_id)
        shown = await stored_documents.newest_of_papers(conn, f"carriers/{carrier_id}")
    return ListOf(items=[DocumentOut.of(one, shown.get(one.document.kind)) for one in found])


async def put_document(  # noqa: PLR0917 - as the route names them
    gateway: Gateway,
    who: Principal,
    carrier_id: str,
    kind: str,
    given: DocumentFields,
    expected: int | None,
) -> DocumentOut:
    most = gateway.policy_of(who).fleet.kyc.documents_max
    subject = f"carriers/{carrier_id}/documents/{kind}"
    async with gateway.changing(who, "documents.put", subject) as change:
        await carriers.get(change.conn, gateway.personal, carrier_id)
        before = await carrier_documents.find(change.conn, carrier_id, kind)
        if before is None and await carrier_documents.count(change.conn, carrier_id) >= most:
            raise ConflictError(f"a carrier has at most {most} documents")
        change.before = None if before is None else DocumentOut.of(before)
        stored = await carrier_documents.put(
            change.conn, who.tenant_key, carrier_id, given.document(kind), expected
        )
        change.after = out = DocumentOut.of(stored)
    return out


async def delete_document(
    gateway: Gateway, who: Principal, carrier_id: str, kind: str, expected: int | None
) -> None:
    subject = f"carriers/{carrier_id}/documents/{kind}"
    async with gateway.changing(who, "documents.delete", subject) as change:
        before = await carrier_documents.find(change.conn, carrier_id, kind)
        change.before = None if before is None else DocumentOut.of(before)
        await carrier_documents.delete(change.conn, carrier_id, kind, expected)


async def facts_of(conn: AnyConnection, carrier: Carrier) -> CarrierFacts:
    stored = await carrier_documents.of_carrier(conn, carrier.id)
    return CarrierFacts(
        gstin=carrier.gstin,
        pan=carrier.pan,
        bank_account=carrier.bank_account,
        ifsc=carrier.ifsc,
        documents=tuple(one.document for one in stored),
    )


def _problem(refused: KycRefusedError) -> ConflictError | InvalidError:
    if refused.code == REASON:
        return InvalidError.at("/reason", str(refused))
    errors = [
        {"pointer": f"/{reason.about}", "detail": reason.detail, "code": reason.code}
        for reason in refused.reasons
    ]
    return ConflictError(str(refused), errors=errors)


def _today(rules: FleetRules) -> date:
    return datetime.now(ZoneInfo(rules.papers.time_zone)).date()
