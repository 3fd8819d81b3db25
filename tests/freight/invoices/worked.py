"""Freight invoices that were worked by hand, a case a way of being taxed."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from freight.invoices.documents import DocumentKind
from freight.pricing.gst import Recipient

AWAY = Recipient(is_registered=True, state="29")
HOME = Recipient(is_registered=True, state="27")
PRIVATE = Recipient(is_registered=False, state="27")
BEFORE, AFTER = date(2025, 9, 21), date(2025, 9, 22)
INVOICE, BILL = DocumentKind.TAX_INVOICE, DocumentKind.BILL_OF_SUPPLY


@dataclass(frozen=True)
class Case:
    """Paise; `taxes` are as they stand on the document, `owed` what the recipient pays itself."""

    name: str
    amounts: list[int]
    total: int
    taxes: dict[str, int] = field(default_factory=dict)
    kind: DocumentKind = INVOICE
    owed: int = 0
    off: int = 0
    changes: dict[str, Any] = field(default_factory=dict)


def by(mode: str | None, recipient: Recipient = HOME, **more: Any) -> dict[str, Any]:
    return {"mode": mode, "recipient": recipient, **more}


CASES = [
    # the fact sheet's: 18 % of 50,000 between states
    Case("fcm 18 inter", [5_000_000], 5_900_000, {"igst": 900_000}, changes=by("gta_fcm_18", AWAY)),
    # the fact sheet's: 2.5 % each of 50,000
    Case(
        "fcm 5 intra",
        [5_000_000],
        5_250_000,
        {"cgst": 125_000, "sgst": 125_000},
        changes=by("gta_fcm_5"),
    ),
    # the fact sheet's: 333.33 at 5 %: 8.33 each; 349.99 is 350 rupees
    Case(
        "halves alike", [33_333], 35_000, {"cgst": 833, "sgst": 833}, off=1, changes=by("gta_fcm_5")
    ),
    Case("fcm 5 inter", [5_000_000], 5_250_000, {"igst": 250_000}, changes=by("gta_fcm_5", AWAY)),
    Case("fcm 18 intra", [5_000_000], 5_900_000, {"cgst": 450_000, "sgst": 450_000}),
    # under reverse charge there is no tax on the invoice
    Case("rcm inter", [5_000_000], 5_000_000, owed=250_000, changes=by("gta_rcm_5", AWAY)),
    Case("rcm intra", [5_000_000], 5_000_000, owed=250_000, changes=by("gta_rcm_5")),
    # 2.5 % of 333.33 is 8.33 twice; what is asked for is rounded to 333 rupees
    Case("rcm rounded", [33_333], 33_300, owed=1_666, off=-33, changes=by("gta_rcm_5")),
    # union territories: Chandigarh, Ladakh, Lakshadweep, Andaman, Dadra; not Delhi or Puducherry
    *(
        Case(
            f"utgst {state}",
            [1_000_000],
            1_180_000,
            {"cgst": 90_000, "utgst": 90_000},
            changes=by("gta_fcm_18", Recipient(True, state), supplier_state=state),
        )
        for state in ("04", "26", "31", "35", "38")
    ),
    *(
        Case(
            f"sgst {state}",
            [1_000_000],
            1_180_000,
            {"cgst": 90_000, "sgst": 90_000},
            changes=by("gta_fcm_18", Recipient(True, state), supplier_state=state),
        )
        for state in ("01", "07", "34")
    ),
    Case(
        "from a union territory to a state",
        [1_000_000],
        1_180_000,
        {"igst": 180_000},
        changes=by("gta_fcm_18", HOME, supplier_state="04"),
    ),
    # a registered recipient is where it is registered, whatever the goods do
    Case(
        "registered: not where the goods are",
        [1_000_000],
        1_180_000,
        {"igst": 180_000},
        changes=by("gta_fcm_18", AWAY, handed_over_in="27"),
    ),
    # unregistered, of no agency: where the goods are handed over
    Case(
        "unregistered: where the goods are, intra",
        [1_000_000],
        1_180_000,
        {"cgst": 90_000, "sgst": 90_000},
        changes=by("rent_with_operator_18", Recipient(False, "29")),
    ),
    Case(
        "unregistered: where the goods are, inter",
        [1_000_000],
        1_180_000,
        {"igst": 180_000},
        changes=by("rent_with_operator_18", PRIVATE, handed_over_in="29"),
    ),
    Case(
        "nobody said where",
        [1_000_000],
        1_180_000,
        {"igst": 180_000},
        changes=by("gta_fcm_18", Recipient(True, None)),
    ),
    # entry 21A: an agency's freight to who is not registered; the mode follows by itself
    Case("exempt 21A", [5_000_000], 5_000_000, kind=BILL, changes=by(None, PRIVATE)),
    # entry 21, whoever pays
    *(
        Case(
            f"exempt goods: {goods}",
            [5_000_000],
            5_000_000,
            kind=BILL,
            changes=by(None, HOME, material=goods),
        )
        for goods in ("rice", "milk", "salt", "organic-manure", "defence-equipment")
    ),
    Case(
        "goods like exempt ones",
        [5_000_000],
        5_000_000,
        owed=250_000,
        changes=by(None, HOME, material="cement"),
    ),
    # entry 18: no consignment note, no agency, whoever pays and whatever is carried
    Case("exempt, no note", [5_000_000], 5_000_000, kind=BILL, changes=by("exempt_no_cn")),
    # whoever writes no consignment note is no agency, whatever its mode is else
    *(
        Case(
            f"no note in place of {mode}",
            [5_000_000],
            5_000_000,
            kind=BILL,
            changes=by(mode, without_note_mode="exempt_no_cn"),
        )
        for mode in ("gta_rcm_5", "gta_fcm_18", None)
    ),
    Case(
        "no note: renting is no agency's",
        [5_000_000],
        5_250_000,
        {"cgst": 125_000, "sgst": 125_000},
        changes=by("rent_with_operator_5", without_note_mode="exempt_no_cn"),
    ),
    Case("no note, away", [5_000_000], 5_000_000, kind=BILL, changes=by("exempt_no_cn", AWAY)),
    # the tenant's own mode is reverse charge, and a shipper's agreed one goes before it
    Case("the tenant's mode", [5_000_000], 5_000_000, owed=250_000, changes=by(None)),
    Case(
        "the shipper's mode",
        [5_000_000],
        5_900_000,
        {"igst": 900_000},
        changes=by(None, Recipient(True, "29", "gta_fcm_18")),
    ),
    # 12 % became 18 % on 22 September 2025
    Case(
        "the day before: 12 %",
        [5_000_000],
        5_600_000,
        {"igst": 600_000},
        changes=by("gta_fcm_18", AWAY, day=BEFORE),
    ),
    Case(
        "the day itself: 18 %",
        [5_000_000],
        5_900_000,
        {"igst": 900_000},
        changes=by("gta_fcm_18", AWAY, day=AFTER),
    ),
    Case(
        "5 % did not change",
        [5_000_000],
        5_250_000,
        {"igst": 250_000},
        changes=by("gta_fcm_5", AWAY, day=BEFORE),
    ),
    Case(
        "with operator: 12 %",
        [5_000_000],
        5_600_000,
        {"cgst": 300_000, "sgst": 300_000},
        changes=by("rent_with_operator_18", day=BEFORE),
    ),
    Case(
        "with operator: 18 %",
        [5_000_000],
        5_900_000,
        {"cgst": 450_000, "sgst": 450_000},
        changes=by("rent_with_operator_18", day=AFTER),
    ),
    Case(
        "with operator, fuel: 5 %",
        [5_000_000],
        5_250_000,
        {"cgst": 125_000, "sgst": 125_000},
        changes=by("rent_with_operator_5"),
    ),
    Case(
        "an operator's local delivery",
        [100_000],
        118_000,
        {"cgst": 9_000, "sgst": 9_000},
        changes=by("eco_9_5_18"),
    ),
    # each line is rounded for itself: 9 % of 0.05 is 0.0045, three times nothing
    Case("small lines", [5, 5, 5], 0, off=-15),
    # 9 % of 105.55 = 9.4995; of 94.45 = 8.5005: 9.50 + 8.50 each
    Case("two lines", [10_555, 9_445], 23_600, {"cgst": 1_800, "sgst": 1_800}),
    # 9 % of 1.23 = 0.1107: 1.23 + 0.22 = 1.45, and one rupee is asked for
    Case("rounded down", [123], 100, {"cgst": 11, "sgst": 11}, off=-45),
    # 9 % of 1.28 = 0.1152: 1.28 + 0.24 = 1.52
    Case("rounded up", [128], 200, {"cgst": 12, "sgst": 12}, off=48),
    # exactly half a rupee goes up: 2.50 of an exempt supply
    Case("half a rupee", [250], 300, kind=BILL, off=50, changes=by("exempt_no_cn")),
    Case("just below", [249], 200, kind=BILL, off=-49, changes=by("exempt_no_cn")),
    # a discount is known at the supply: tax is of what is left
    Case("with a discount", [1_000_000, -100_000], 1_062_000, {"cgst": 81_000, "sgst": 81_000}),
    Case("a large one", [10**12], 118 * 10**10, {"cgst": 9 * 10**10, "sgst": 9 * 10**10}),
]
