"""Whether a carrier is known to be who it says: its states, and what leads from one to another."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from enum import StrEnum
from typing import Annotated

import msgspec
from pydantic import Field

from freight.fleet.identifiers import account_of, gstin_fault, ifsc_fault, pan_fault, pan_in
from freight.fleet.reasons import Reason
from freight.rules import Rules, Who, key

DocumentKind = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")]


class KycState(StrEnum):
    DRAFT = "draft"
    SUBMITTED = "submitted"
    VERIFIED = "verified"
    REJECTED = "rejected"
    SUSPENDED = "suspended"


class KycStep(StrEnum):
    SUBMIT = "submit"
    VERIFY = "verify"
    REJECT = "reject"
    SUSPEND = "suspend"
    REINSTATE = "reinstate"
    REVISE = "revise"  # what was looked at has changed


LEADS_TO: dict[tuple[KycState, KycStep], KycState] = {
    (KycState.DRAFT, KycStep.SUBMIT): KycState.SUBMITTED,
    (KycState.DRAFT, KycStep.REVISE): KycState.DRAFT,
    (KycState.SUBMITTED, KycStep.VERIFY): KycState.VERIFIED,
    (KycState.SUBMITTED, KycStep.REJECT): KycState.REJECTED,
    (KycState.SUBMITTED, KycStep.REVISE): KycState.SUBMITTED,
    (KycState.REJECTED, KycStep.SUBMIT): KycState.SUBMITTED,
    (KycState.REJECTED, KycStep.REVISE): KycState.REJECTED,
    (KycState.VERIFIED, KycStep.SUSPEND): KycState.SUSPENDED,
    # Verified is what was seen, not what stands there now.
    (KycState.VERIFIED, KycStep.REVISE): KycState.SUBMITTED,
    (KycState.SUSPENDED, KycStep.REINSTATE): KycState.SUBMITTED,
    (KycState.SUSPENDED, KycStep.REVISE): KycState.SUSPENDED,
}
# Who is told no is told why.
WANTS_REASON = frozenset({KycStep.REJECT, KycStep.SUSPEND})
# What of a carrier is looked at: with a change of it, it is looked at again.
IDENTITY = frozenset({"name", "gstin", "pan", "bank_account", "ifsc"})


class KycRules(Rules):
    dispatched: frozenset[KycState] = key(
        "Carriers in these states are offered loads.", who=Who.TENANT, live=True
    )
    gstin_required: bool = key(
        "Whether a carrier without a GSTIN can be verified; its PAN is always needed.",
        who=Who.TENANT,
        live=True,
    )
    documents: frozenset[DocumentKind] = key(
        "Documents that a carrier must have on record to be verified.", who=Who.TENANT, live=True
    )
    documents_max: Annotated[int, Field(gt=0)] = key(
        "Documents of one carrier on record.", who=Who.TENANT, live=True
    )
    ending: frozenset[DocumentKind] = key(
        "Documents whose end keeps a carrier from loads.", who=Who.TENANT, live=True
    )


class CarrierDocument(msgspec.Struct, frozen=True):
    kind: str
    number: str | None = None
    valid_until: date | None = None  # its last day; None: without end


class CarrierFacts(msgspec.Struct, frozen=True):
    """What a carrier says about itself."""

    gstin: str | None = None
    pan: str | None = None
    bank_account: str | None = None
    ifsc: str | None = None
    documents: tuple[CarrierDocument, ...] = ()


class KycRefusedError(Exception):
    """A step that cannot be taken: `reasons` say which facts stand in its way, if any do."""

    def __init__(self, code: str, detail: str, reasons: Iterable[Reason] = ()) -> None:
        super().__init__(detail)
        self.code = code
        self.reasons = tuple(reasons)


def after(
    state: KycState,
    step: KycStep,
    facts: CarrierFacts,
    *,
    rules: KycRules,
    today: date,
    reason: str | None = None,
) -> KycState:
    """Where the step leads; raises KycRefusedError."""
    leads_to = LEADS_TO.get((state, step))
    if leads_to is None:
        raise KycRefusedError("kyc.step", f"{step} is not possible while it is {state}")
    if step in WANTS_REASON and reason is None:
        raise KycRefusedError("kyc.reason", f"say why: {step} wants a reason")
    if step in {KycStep.SUBMIT, KycStep.VERIFY}:
        lacking = faults(facts, rules, today)
        if lacking:
            raise KycRefusedError("kyc.facts", "its facts are not complete or not right", lacking)
    return leads_to


def faults(facts: CarrierFacts, rules: KycRules, today: date) -> list[Reason]:
    """All that keeps a carrier from being verified."""
    found = identity_faults(facts)
    if facts.pan is None:
        found.append(Reason("kyc.missing", "its PAN is not known", "pan"))
    if facts.gstin is None and rules.gstin_required:
        found.append(Reason("kyc.missing", "its GSTIN is not known", "gstin"))
    ifsc, account = account_of(facts.bank_account, facts.ifsc)
    if account is None:
        found.append(Reason("kyc.missing", "its bank account is not known", "bank_account"))
    if ifsc is None:
        found.append(Reason("kyc.missing", "the IFSC of its bank is not known", "ifsc"))
    by_kind = {document.kind: document for document in facts.documents}
    for kind in sorted(rules.documents - by_kind.keys()):
        found.append(Reason("kyc.missing", f"no {kind} on record", kind))
    return found + document_faults(facts.documents, rules, today)


def identity_faults(facts: CarrierFacts) -> list[Reason]:
    """What is there and cannot be right, each by itself and together."""
    found = []
    for name, value, fault_of in (
        ("gstin", facts.gstin, gstin_fault),
        ("pan", facts.pan, pan_fault),
        ("ifsc", facts.ifsc, ifsc_fault),
    ):
        fault = None if value is None else fault_of(value)
        if fault is not None:
            found.append(Reason("kyc.wrong", fault, name))
    if not found and facts.gstin and facts.pan and pan_in(facts.gstin) != facts.pan:
        found.append(Reason("kyc.wrong", "is not the PAN inside the GSTIN", "pan"))
    return found


def document_faults(
    documents: Iterable[CarrierDocument], rules: KycRules, until: date
) -> list[Reason]:
    return [
        Reason("kyc.expired", f"its {one.kind} ended on {one.valid_until}", one.kind)
        for one in documents
        if one.kind in rules.ending and one.valid_until is not None and one.valid_until < until
    ]


def standing_faults(
    state: KycState, ends: date | None, rules: KycRules, until: date
) -> list[Reason]:
    """Why a carrier is offered nothing; `ends` is the first end of a document that counts."""
    found = []
    if state not in rules.dispatched:
        found.append(Reason("carrier.kyc", f"the carrier's KYC is {state}"))
    if ends is not None and ends < until:
        found.append(Reason("carrier.document_expired", f"a document of it ends on {ends}"))
    return found
