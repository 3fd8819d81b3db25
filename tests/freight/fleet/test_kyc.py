"""KYC: every step from every state, and what a carrier must show."""

from __future__ import annotations

from datetime import date

import pytest
from msgspec.structs import replace

from config.policy import defaults
from freight.fleet.kyc import (
    LEADS_TO,
    CarrierDocument,
    CarrierFacts,
    KycRefusedError,
    KycState,
    KycStep,
    after,
    faults,
    standing_faults,
)

RULES = defaults().fleet.kyc
TODAY = date(2026, 11, 21)
RAVI = CarrierFacts(
    gstin="27AAPFU0939F1ZV", pan="AAPFU0939F", bank_account="123456789", ifsc="HDFC0000001"
)
# draft, submitted, verified, rejected, suspended; "-" cannot be.
TABLE = {
    KycStep.SUBMIT: "submitted - - submitted -",
    KycStep.VERIFY: "- verified - - -",
    KycStep.REJECT: "- rejected - - -",
    KycStep.SUSPEND: "- - suspended - -",
    KycStep.REINSTATE: "- - - - submitted",
    KycStep.REVISE: "draft submitted submitted rejected suspended",
}
CELLS = [
    (state, step, leads_to)
    for step, line in TABLE.items()
    for state, leads_to in zip(KycState, line.split(), strict=True)
]


@pytest.mark.parametrize(("state", "step", "leads_to"), CELLS)
def test_every_step_from_every_state(state: KycState, step: KycStep, leads_to: str) -> None:
    def found() -> KycState:
        return after(state, step, RAVI, rules=RULES, today=TODAY, reason="for a reason")

    if leads_to != "-":
        assert found() == leads_to
        return
    with pytest.raises(KycRefusedError) as refused:
        found()
    assert refused.value.code == "kyc.step"


@pytest.mark.parametrize("state", KycState)
def test_a_change_of_facts_is_possible_in_every_state(state: KycState) -> None:
    assert (state, KycStep.REVISE) in LEADS_TO


@pytest.mark.parametrize(
    ("state", "step"),
    [(KycState.SUBMITTED, KycStep.REJECT), (KycState.VERIFIED, KycStep.SUSPEND)],
)
def test_a_no_has_a_reason(state: KycState, step: KycStep) -> None:
    with pytest.raises(KycRefusedError) as refused:
        after(state, step, RAVI, rules=RULES, today=TODAY)

    assert refused.value.code == "kyc.reason"


def having(**changes: object) -> CarrierFacts:
    return replace(RAVI, **changes)


WITH_LICENCE = RULES.model_copy(
    update={"documents": frozenset({"carriage_registration"}), "gstin_required": True}
)
LACKING = [
    (having(), []),
    (having(gstin=None), ["gstin"]),
    (having(pan=None), ["pan"]),
    (having(bank_account=None), ["bank_account"]),
    (having(ifsc=None), ["ifsc"]),
    (having(ifsc=None, bank_account="HDFC0000001/123456789"), []),
    (having(gstin="27AAPFU0939F1ZW"), ["gstin"]),
    (having(pan="ABCPK1234L"), ["pan"]),
    (having(ifsc="HDFC1000001"), ["ifsc"]),
]
REGISTERED = CarrierDocument("carriage_registration", "CR-1", TODAY)


@pytest.mark.parametrize(("facts", "about"), LACKING)
def test_what_is_lacking_is_named(facts: CarrierFacts, about: list[str]) -> None:
    rules = RULES.model_copy(update={"gstin_required": True})

    assert [reason.about for reason in faults(facts, rules, TODAY)] == about


def test_documents_must_be_there_and_hold() -> None:
    over = CarrierDocument("carriage_registration", "CR-1", date(2026, 11, 20))

    assert [r.code for r in faults(RAVI, WITH_LICENCE, TODAY)] == ["kyc.missing"]
    assert [r.code for r in faults(having(documents=(over,)), WITH_LICENCE, TODAY)] == [
        "kyc.expired"
    ]
    assert faults(having(documents=(REGISTERED,)), WITH_LICENCE, TODAY) == []


def test_nothing_is_submitted_that_lacks_something() -> None:
    with pytest.raises(KycRefusedError) as refused:
        after(KycState.DRAFT, KycStep.SUBMIT, having(pan=None), rules=RULES, today=TODAY)

    assert [reason.about for reason in refused.value.reasons] == ["pan"]


STANDINGS = [
    (KycState.VERIFIED, None, []),
    (KycState.DRAFT, None, []),
    (KycState.SUSPENDED, None, ["carrier.kyc"]),
    (KycState.REJECTED, date(2026, 11, 20), ["carrier.kyc", "carrier.document_expired"]),
    (KycState.VERIFIED, TODAY, []),
]


@pytest.mark.parametrize(("state", "ends", "codes"), STANDINGS)
def test_who_is_offered_loads(state: KycState, ends: date | None, codes: list[str]) -> None:
    assert [r.code for r in standing_faults(state, ends, RULES, TODAY)] == codes
