"""A bill's life: what may be asked when, and what the portal's answers make of it."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from freight.eway import events as told
from freight.eway.codes import CancelReason, ExtensionReason, PartBReason
from freight.eway.decide import (
    Did,
    Found,
    answered,
    ask,
    discard,
    done_already,
    learned,
    refused,
)
from freight.eway.evolve import evolve, replayed
from freight.eway.payloads import Extension, PartB
from freight.eway.state import (
    Bill,
    Cancel,
    ChangeTransporter,
    ChangeVehicle,
    Extend,
    Generate,
    Status,
    Wish,
)
from freight.refusal import Refusal
from tests.freight.eway.given import (
    GENERATED_MS,
    HOUR_MS,
    LAW,
    TRANSPORT,
    UNTIL_MS,
    active,
    drafted,
)

SWAP = ChangeVehicle(PartB("MH12AB1234", "Dhule", 27, PartBReason.BREAK_DOWN, "Break down"))
LONGER = Extend(Extension("Dhule", 424001, 27, 300, ExtensionReason.OTHERS, "Delay"))
LATER_MS = UNTIL_MS + 48 * HOUR_MS


def asked(bill: Bill, wish: Wish, now_ms: int = UNTIL_MS) -> Bill:
    return replayed(ask(bill, wish, LAW, now_ms, by="users/a"), bill)


def code_of(bill: Bill, wish: Wish, now_ms: int) -> str:
    with pytest.raises(Refusal) as caught:
        ask(bill, wish, LAW, now_ms, by="users/a")
    return caught.value.code


def test_generated_with_a_vehicle_it_is_active() -> None:
    bill = asked(drafted(), Generate(), GENERATED_MS)
    bill = replayed(answered(bill, Did(GENERATED_MS, "301002999920", UNTIL_MS), GENERATED_MS), bill)

    assert (bill.status, bill.number, bill.vehicle) == (
        Status.ACTIVE,
        "301002999920",
        "GJ07DL9009",
    )
    assert bill.pending is None


def test_generated_without_a_vehicle_it_waits_for_part_b() -> None:
    bill = drafted(transport=replace(TRANSPORT, vehicle=None, transporter="05AAACG2140A1ZL"))
    bill = asked(bill, Generate(), GENERATED_MS)
    bill = replayed(answered(bill, Did(GENERATED_MS, "301002999920"), GENERATED_MS), bill)
    assert bill.status is Status.PART_A

    bill = asked(bill, SWAP, GENERATED_MS)
    bill = replayed(answered(bill, Did(GENERATED_MS, None, UNTIL_MS), GENERATED_MS), bill)
    assert (bill.status, bill.vehicle, bill.valid_until_ms) == (
        Status.ACTIVE,
        "MH12AB1234",
        UNTIL_MS,
    )


def test_what_is_asked_already_is_not_asked_twice() -> None:
    bill = asked(drafted(), Generate(), GENERATED_MS)

    assert ask(bill, Generate(), LAW, GENERATED_MS, by="users/b") == []
    assert code_of(bill, SWAP, GENERATED_MS) == "pending"


def test_the_portals_no_leaves_it_as_it_was() -> None:
    bill = asked(active(), SWAP)
    bill = replayed(refused(bill, "301", "vehicle is blocked", UNTIL_MS), bill)

    assert (bill.pending, bill.vehicle) == (None, "GJ07DL9009")
    assert bill.refused is not None
    assert bill.refused.code == "301"
    assert replayed(answered(asked(bill, SWAP), Did(UNTIL_MS), UNTIL_MS), bill).refused is None


@pytest.mark.parametrize(
    ("hours", "code"),
    [(-8.001, "too_early"), (-8, None), (0, None), (8, None), (8.001, "too_late")],
)
def test_validity_is_extended_inside_its_window(hours: float, code: str | None) -> None:
    now_ms = UNTIL_MS + int(hours * HOUR_MS)
    if code is not None:
        assert code_of(active(), LONGER, now_ms) == code
        return
    bill = asked(active(), LONGER, now_ms)
    bill = replayed(answered(bill, Did(now_ms, None, LATER_MS), now_ms), bill)
    assert (bill.valid_until_ms, bill.extensions, bill.status) == (LATER_MS, 1, Status.ACTIVE)


def test_an_expired_bill_is_active_again_once_extended() -> None:
    expired = evolve(active(), told.Expired(at_ms=UNTIL_MS, by="x", valid_until_ms=UNTIL_MS))
    bill = asked(expired, LONGER, UNTIL_MS + HOUR_MS)

    assert expired.status is Status.EXPIRED
    assert replayed(answered(bill, Did(1, None, LATER_MS), 1), bill).status is Status.ACTIVE


def test_no_extension_beyond_the_cap_or_the_way() -> None:
    old = active(generated_ms=UNTIL_MS - 400 * 24 * HOUR_MS)
    far = Extend(replace(LONGER.extension, remaining_km=1_401))

    assert code_of(old, LONGER, UNTIL_MS) == "cap"
    assert code_of(active(), far, UNTIL_MS) == "distance"


def test_it_may_be_cancelled_for_a_day() -> None:
    wish = Cancel(CancelReason.ORDER_CANCELLED, "no longer wanted")
    last_ms = GENERATED_MS + 24 * HOUR_MS
    bill = asked(active(), wish, last_ms)

    assert code_of(active(), wish, last_ms + 1) == "too_late"
    assert replayed(answered(bill, Did(last_ms), last_ms), bill).status is Status.CANCELLED


@pytest.mark.parametrize("wish", [SWAP, LONGER, ChangeTransporter("05AAACG2140A1ZL")])
@pytest.mark.parametrize("status", [Status.CANCELLED, Status.REJECTED, Status.CLOSED])
def test_nothing_is_asked_of_a_bill_that_is_over(status: Status, wish: Wish) -> None:
    assert code_of(active(status=status), wish, UNTIL_MS) == "status"


def test_the_same_vehicle_and_transporter_change_nothing() -> None:
    same = ChangeVehicle(replace(SWAP.part_b, vehicle="GJ07DL9009"))

    assert code_of(active(), same, GENERATED_MS) == "nothing_changes"
    assert code_of(active(transporter="X"), ChangeTransporter("X"), GENERATED_MS) == (
        "nothing_changes"
    )


def test_only_a_draft_is_thrown_away() -> None:
    thrown = replayed(discard(drafted(), 5, "users/a"), drafted())

    assert thrown.status is Status.CANCELLED
    assert discard(thrown, 6, "users/a") == []
    with pytest.raises(Refusal):
        discard(active(), 5, "users/a")


FOUND = Found("301002999920", GENERATED_MS, UNTIL_MS, "GJ07DL9009", None)


@pytest.mark.parametrize(
    ("wish", "found", "is_done"),
    [
        (SWAP, FOUND, False),
        (SWAP, FOUND._replace(vehicle="MH12AB1234"), True),
        (LONGER, FOUND, False),
        (LONGER, FOUND._replace(valid_until_ms=LATER_MS), True),
        (Cancel(CancelReason.OTHERS, "x"), FOUND, False),
        (Cancel(CancelReason.OTHERS, "x"), FOUND._replace(is_cancelled=True), True),
        (ChangeTransporter("T"), FOUND, False),
        (ChangeTransporter("T"), FOUND._replace(transporter="T"), True),
    ],
)
def test_the_portal_is_asked_whether_it_has_done_it(
    wish: Wish, found: Found, is_done: bool
) -> None:
    now_ms = UNTIL_MS if wish == LONGER else GENERATED_MS

    assert (done_already(asked(active(), wish, now_ms), found) is not None) is is_done


def test_what_others_did_on_the_portal_is_learned() -> None:
    found = FOUND._replace(vehicle="MH12AB1234", valid_until_ms=LATER_MS, transporter="T")
    bill = replayed(learned(active(), found, UNTIL_MS), active())

    assert (bill.vehicle, bill.valid_until_ms, bill.transporter) == ("MH12AB1234", LATER_MS, "T")
    assert learned(bill, found, UNTIL_MS) == []
    rejected = replayed(learned(active(), FOUND._replace(is_rejected=True), 1), active())
    assert rejected.status is Status.REJECTED
