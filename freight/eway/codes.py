"""The e-way bill portal's code tables, as its JSON spells them."""

from __future__ import annotations

from enum import IntEnum, StrEnum


class SupplyType(StrEnum):
    OUTWARD = "O"
    INWARD = "I"


class SubSupply(IntEnum):
    SUPPLY = 1
    IMPORT = 2
    EXPORT = 3
    JOB_WORK = 4
    OWN_USE = 5
    JOB_WORK_RETURNS = 6
    SALES_RETURN = 7
    OTHERS = 8
    SKD_CKD = 9
    LINE_SALES = 10
    RECIPIENT_NOT_KNOWN = 11
    EXHIBITION = 12


class DocType(StrEnum):
    INVOICE = "INV"
    BILL_OF_SUPPLY = "BIL"
    BILL_OF_ENTRY = "BOE"
    CHALLAN = "CHL"
    OTHER = "OTH"


class Transaction(IntEnum):
    REGULAR = 1
    BILL_TO_SHIP_TO = 2
    BILL_FROM_DISPATCH_FROM = 3
    BOTH = 4


class Mode(IntEnum):
    ROAD = 1
    RAIL = 2
    AIR = 3
    SHIP = 4
    IN_TRANSIT = 5  # of an extension only


class VehicleType(StrEnum):
    REGULAR = "R"
    OVERSIZED = "O"  # over-dimensional cargo


class PartBReason(IntEnum):
    BREAK_DOWN = 1
    TRANS_SHIPMENT = 2
    OTHERS = 3
    FIRST_TIME = 4


class CancelReason(IntEnum):
    DUPLICATE = 1
    ORDER_CANCELLED = 2
    DATA_ENTRY = 3
    OTHERS = 4


class ExtensionReason(IntEnum):
    NATURAL_CALAMITY = 1
    LAW_AND_ORDER = 2
    TRANS_SHIPMENT = 4
    ACCIDENT = 5
    OTHERS = 99


class Consignment(StrEnum):
    """Where the goods are when validity is extended."""

    IN_MOVEMENT = "M"
    IN_TRANSIT = "T"


class TransitType(StrEnum):
    ROAD = "R"
    WAREHOUSE = "W"
    OTHERS = "O"


UNREGISTERED = "URP"  # in place of a GSTIN
_UNITS = (
    "BAG BAL BDL BKL BOU BOX BTL BUN CAN CBM CCM CMS CTN DOZ DRM GGK GMS GRS GYD KGS KLR KME "
    "LTR MLT MTR MTS NOS OTH PAC PCS PRS QTL ROL SET SQF SQM SQY TBS TGM THD TON TUB UGS UNT YDS"
)
QUANTITY_UNITS = frozenset(_UNITS.split(" "))
# The portal's state codes are GST's; these two stand for what is outside all states.
OTHER_COUNTRIES, OTHER_TERRITORY = 96, 97
STATE_CODES = frozenset((*range(1, 39), OTHER_COUNTRIES, OTHER_TERRITORY))
