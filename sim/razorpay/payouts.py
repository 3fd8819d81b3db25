"""Payouts: contacts, their accounts, and money sent to them, as RazorpayX does it."""

from __future__ import annotations

import json
import re
from typing import Any

from sim.razorpay import checks
from sim.razorpay.book import Entity, Wanted
from sim.razorpay.refusals import RefusedError
from sim.razorpay.sandbox import Sandbox

KIND = "payout"
CONTACT = "contact"
FUND_ACCOUNT = "fund_account"
PROCESS = "process_payout"
HEADER = "X-Payout-Idempotency"
KEY = re.compile(r"[A-Za-z0-9 _-]{4,36}")
NARRATION = re.compile(r"[A-Za-z0-9 ]{0,30}")
IFSC = re.compile(r"[A-Z]{4}0[A-Z0-9]{6}")
ACCOUNT_NUMBER = re.compile(r"[A-Za-z0-9]{5,35}")
VPA = re.compile(r"[\w.-]{2,}@[A-Za-z]{2,}[\w.-]*")
BANK_MODES = frozenset({"NEFT", "RTGS", "IMPS"})
# Least and most, as Razorpay's API has it.
NAME_LENGTHS, HOLDER_LENGTHS = (3, 50), (3, 120)
LOW_BALANCE = "Payout is queued as there is insufficient balance in your account to process it."
OTHER_REQUEST = "Different request body for the same Idempotency Header"
FAILURES = {
    "beneficiary_account_invalid": "Beneficiary account number is not valid.",
    "beneficiary_bank_offline": "Beneficiary bank is not reachable; try again later.",
    "account_frozen": "Beneficiary account is frozen.",
}
# What a tester may make of a payout, and from which states.
MOVES = {
    "process": frozenset({"processing"}),
    "fail": frozenset({"processing"}),
    "reverse": frozenset({"processing", "processed"}),
}


def contact(box: Sandbox, body: dict[str, Any]) -> tuple[Entity, bool]:
    """Also whether it is a new one."""
    shortest, longest = NAME_LENGTHS
    details = {
        "name": checks.text(body, "name", shortest=shortest, longest=longest),
        "contact": checks.optional_text(body, "contact", longest=longest),
        "email": checks.optional_text(body, "email", longest=longest),
        "type": checks.reference(body, "type"),
        "reference_id": checks.reference(body, "reference_id"),
    }
    identity = json.dumps(details, sort_keys=True)
    found = box.book.listed(CONTACT, Wanted(reference=identity), 1)
    if found:
        return found[0], False
    second, contact_id = box.second, box.new_id("cont")
    shown = {
        "id": contact_id,
        "entity": CONTACT,
        **details,
        "batch_id": None,
        "active": True,
        "notes": checks.notes(body),
        "created_at": second,
    }
    made = Entity(contact_id, CONTACT, shown, second, reference=identity)
    box.book.save(made)
    return made, True


def fund_account(box: Sandbox, body: dict[str, Any]) -> tuple[Entity, bool]:
    owner = box.the(CONTACT, str(body.get("contact_id")))
    kind = body.get("account_type")
    if kind == "bank_account":
        details = {"bank_account": _bank_account(body)}
    elif kind == "vpa":
        details = {"vpa": _vpa(body)}
    else:
        raise RefusedError("The selected account type is invalid.", field="account_type")
    identity = json.dumps([owner.id, details], sort_keys=True)
    found = box.book.listed(FUND_ACCOUNT, Wanted(reference=identity), 1)
    if found:
        return found[0], False
    second, account_id = box.second, box.new_id("fa")
    shown = {
        "id": account_id,
        "entity": FUND_ACCOUNT,
        "contact_id": owner.id,
        "account_type": kind,
        **details,
        "batch_id": None,
        "active": True,
        "created_at": second,
    }
    made = Entity(account_id, FUND_ACCOUNT, shown, second, parent=owner.id, reference=identity)
    box.book.save(made)
    return made, True


def create(box: Sandbox, body: dict[str, Any], header: str | None) -> dict[str, Any]:
    """Its answer; to the same key it is the same for ever, whatever became of the payout."""
    key = checks.key(header, KEY, HEADER, is_required=True)
    request = json.dumps(body, sort_keys=True)
    before = box.book.repeated(KIND, key)
    if before is not None:
        if before[0] != request:
            raise RefusedError(OTHER_REQUEST, reason="idempotency_key_reused")
        return before[1]
    payout = _made(box, body)
    box.book.save(payout)
    if box.balance_minor >= payout.body["amount"]:
        _begin(box, payout)
    elif body.get("queue_if_low_balance"):
        payout.body |= {"status": "queued", "status_details": _details("low_balance", LOW_BALANCE)}
        box.book.save(payout)
        box.tell("payout.queued", payout)
    else:
        says = "Your account does not have enough balance to carry out the payout operation."
        raise RefusedError(says, reason="insufficient_balance")
    box.book.remember(KIND, key, request, payout.body)
    return payout.body


def cancel(box: Sandbox, payout_id: str) -> Entity:
    payout = box.the(KIND, payout_id)
    if payout.body["status"] not in {"queued", "scheduled"}:
        says = "Payout cannot be cancelled as it is not in queued state"
        raise RefusedError(says, reason="invalid_payout_status")
    payout.body |= {"status": "cancelled", "status_details": _details("payout_cancelled", "")}
    box.book.save(payout)
    box.tell("payout.updated", payout)
    return payout


def move(box: Sandbox, payout_id: str, what: str, reason: str | None = None) -> Entity:
    """What the bank makes of it."""
    payout = box.the(KIND, payout_id)
    if payout.body["status"] not in MOVES.get(what, ()):
        says = f"A payout that is {payout.body['status']} cannot {what}"
        raise RefusedError(says, reason="invalid_payout_status")
    if what == "process":
        payout.body |= {
            "status": "processed",
            "utr": box.new_number(12),
            "status_details": _details("payout_processed", "Payout is processed.", "bank"),
        }
    else:
        reason = reason if reason in FAILURES else next(iter(FAILURES))
        payout.body |= {
            "status": "reversed" if what == "reverse" else "failed",
            "status_details": _details(reason, FAILURES[reason], "beneficiary_bank"),
        }
        box.take(-payout.body["amount"])
    box.book.save(payout)
    box.tell(f"payout.{payout.body['status']}", payout)
    return payout


def process_by_itself(box: Sandbox, payout_id: str) -> None:
    if box.the(KIND, payout_id).body["status"] == "processing":
        move(box, payout_id, "process")


def top_up(box: Sandbox, minor: int) -> int:
    """Money in the account; what was queued goes on, the oldest first."""
    box.take(-minor)
    everything = box.book.listed(KIND, Wanted(), box.habits.webhooks_kept_max)
    for payout in reversed(everything):
        if payout.body["status"] == "queued" and payout.body["amount"] <= box.balance_minor:
            _begin(box, payout)
    return box.balance_minor


def _begin(box: Sandbox, payout: Entity) -> None:
    box.take(payout.body["amount"])
    payout.body |= {
        "status": "processing",
        "status_details": _details("payout_bank_processing", "Payout is being processed.", "bank"),
    }
    box.book.save(payout)
    box.tell("payout.initiated", payout)
    if box.switches.is_automatic:
        box.plan(PROCESS, payout.id, box.habits.payout_after_s)


def _made(box: Sandbox, body: dict[str, Any]) -> Entity:
    if body.get("account_number") != box.settings.payout_account:
        raise RefusedError("The account number is not yours.", field="account_number")
    account = box.the(FUND_ACCOUNT, str(body.get("fund_account_id")))
    amount, currency = checks.amount(body, box.habits.amount_minor_min), checks.currency(body)
    mode, purpose = str(body.get("mode")), body.get("purpose")
    is_bank = account.body["account_type"] == "bank_account"
    if mode not in (BANK_MODES if is_bank else {"UPI"}):
        raise RefusedError("Payout mode is invalid for this fund account", field="mode")
    if not purpose:
        raise RefusedError("The purpose field is required.", field="purpose")
    narration = body.get("narration") or ""
    if NARRATION.fullmatch(str(narration)) is None:
        raise RefusedError("The narration format is invalid.", field="narration")
    second, payout_id = box.second, box.new_id("pout")
    reference = checks.reference(body, "reference_id")
    shown = {
        "id": payout_id,
        "entity": KIND,
        "fund_account_id": account.id,
        "amount": amount,
        "currency": currency,
        "notes": checks.notes(body),
        "fees": 0,
        "tax": 0,
        "status": "processing",
        "utr": None,
        "mode": mode,
        "purpose": purpose,
        "reference_id": reference,
        "narration": narration,
        "debit_account_number": box.settings.payout_account,
        "batch_id": None,
        "status_details": None,
        "created_at": second,
        "fee_type": "",
    }
    return Entity(payout_id, KIND, shown, second, parent=account.id, reference=reference)


def _details(reason: str, description: str, source: str = "business") -> dict[str, str]:
    return {"description": description, "source": source, "reason": reason}


def _bank_account(body: dict[str, Any]) -> dict[str, Any]:
    given = body.get("bank_account") or {}
    shortest, longest = HOLDER_LENGTHS
    holder = checks.text(given, "name", shortest=shortest, longest=longest)
    for name, pattern in (("ifsc", IFSC), ("account_number", ACCOUNT_NUMBER)):
        if pattern.fullmatch(str(given.get(name))) is None:
            raise RefusedError(f"The bank account {name} is invalid.", field=name)
    return {
        "ifsc": given["ifsc"],
        "bank_name": "Sandbox Bank",
        "name": holder,
        "account_number": given["account_number"],
        "notes": [],
    }


def _vpa(body: dict[str, Any]) -> dict[str, Any]:
    address = str((body.get("vpa") or {}).get("address"))
    if VPA.fullmatch(address) is None:
        raise RefusedError("Invalid VPA. Please enter a valid Virtual Payment Address")
    username, _, handle = address.partition("@")
    return {"username": username, "handle": handle, "address": address}
