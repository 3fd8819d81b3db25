"""A consignment, its bill, and the rules as they are shipped."""

from __future__ import annotations

from datetime import date
from typing import Any

import yaml
from msgspec.structs import replace

from config.policy import DEFAULTS_DIR
from freight.eway.codes import DocType
from freight.eway.consignment import Consignment, Document, Item, Party, Totals, Transport
from freight.eway.rules import EwayRules
from freight.eway.state import Bill, Status
from freight.eway.times import ms_from

RULES = EwayRules.model_validate(yaml.safe_load((DEFAULTS_DIR / "eway.yaml").read_text()))
LAW = RULES.law
SENDER = Party("05AAACG2115R1ZN", "Test Company", "Test Address - 1", "Test City", 248001, 5, 5)
RECEIVER = Party("05AAACG2140A1ZL", "Test Customer", "Test Address - 3", "Test City", 263139, 5, 5)
CONSIGNMENT = Consignment(
    document=Document(DocType.INVOICE, "INV-1", date(2026, 11, 20)),
    sender=SENDER,
    receiver=RECEIVER,
    items=(Item("Cement", "25232910", 100_00, quantity=1.0, unit="NOS", cgst_bp=900, sgst_bp=900),),
    totals=Totals(100_00, 118_00, cgst_minor=9_00, sgst_minor=9_00),
)
TRANSPORT = Transport(1_400, vehicle="GJ07DL9009", transporter_name="Test Transport")
GENERATED_MS = ms_from("20/11/2026 10:00:00 AM")
UNTIL_MS = ms_from("27/11/2026 11:59:00 PM")  # seven days for 1 400 km
HOUR_MS = 3_600_000


def autopilot(**changes: Any) -> EwayRules:
    changed = RULES.autopilot.model_copy(update=changes)
    return RULES.model_copy(update={"autopilot": changed})


def drafted(**changes: Any) -> Bill:
    bill = Bill(
        id="b1",
        booking="bk-1",
        leg="L1",
        consignment=CONSIGNMENT,
        transport=TRANSPORT,
        created_ms=GENERATED_MS,
        version=1,
    )
    return replace(bill, **changes)


def active(**changes: Any) -> Bill:
    return drafted(
        **{
            "status": Status.ACTIVE,
            "number": "301002999920",
            "generated_ms": GENERATED_MS,
            "valid_until_ms": UNTIL_MS,
            "vehicle": "GJ07DL9009",
            **changes,
        }
    )
