"""Accounts by what they are for; a tenant's chart gives each its number and name."""

from __future__ import annotations

import re
from enum import StrEnum

PLATFORM = "platform"
PARTY = re.compile(r"platform|(shippers|carriers)/[A-Za-z0-9_.-]{1,64}")
ACCOUNT = re.compile(r"[a-z0-9][a-z0-9_]{0,63}")


class Kind(StrEnum):
    """What an account stands among; debits make the first two larger, credits the others."""

    ASSET = "asset"
    EXPENSE = "expense"
    LIABILITY = "liability"
    EQUITY = "equity"
    INCOME = "income"

    @property
    def is_debit(self) -> bool:
        return self in {Kind.ASSET, Kind.EXPENSE}


class Role(StrEnum):
    """The accounts that the product itself posts to; every chart has them all."""

    BANK = "bank"
    CASH = "cash"
    PROVIDER_CLEARING = "provider_clearing"  # captured, still with the payment provider
    PAYOUT_ACCOUNT = "payout_account"  # from which carriers are paid
    RECEIVABLES = "receivables"
    CARRIER_ADVANCES = "carrier_advances"
    INPUT_GST = "input_gst"
    TAX_ON_ADVANCES = "tax_on_advances"
    TDS_RECEIVABLE = "tds_receivable"
    CUSTOMER_ADVANCES = "customer_advances"
    WALLETS = "wallets"
    CARRIER_PAYABLES = "carrier_payables"
    TDS_PAYABLE = "tds_payable"
    TCS_PAYABLE = "tcs_payable"
    OUTPUT_CGST = "output_cgst"
    OUTPUT_SGST = "output_sgst"
    OUTPUT_UTGST = "output_utgst"
    OUTPUT_IGST = "output_igst"
    PAYOUTS_IN_TRANSIT = "payouts_in_transit"
    REFUNDS_IN_TRANSIT = "refunds_in_transit"
    UNALLOCATED = "unallocated"
    FREIGHT_INCOME = "freight_income"
    DETENTION_INCOME = "detention_income"
    CANCELLATION_INCOME = "cancellation_income"
    PLATFORM_FEE_INCOME = "platform_fee_income"
    RECOVERIES = "recoveries"
    OTHER_INCOME = "other_income"
    ROUND_OFF = "round_off"
    CARRIAGE_COST = "carriage_cost"
    DETENTION_COST = "detention_cost"
    PROVIDER_FEES = "provider_fees"
    SHORTAGE_COST = "shortage_cost"
    WRITE_OFF = "write_off"


_OF_KIND: dict[Kind, tuple[Role, ...]] = {
    Kind.ASSET: (
        *(Role.BANK, Role.CASH, Role.PROVIDER_CLEARING, Role.PAYOUT_ACCOUNT),
        *(Role.RECEIVABLES, Role.CARRIER_ADVANCES, Role.INPUT_GST, Role.TAX_ON_ADVANCES),
        Role.TDS_RECEIVABLE,
    ),
    Kind.LIABILITY: (
        *(Role.CUSTOMER_ADVANCES, Role.WALLETS, Role.CARRIER_PAYABLES),
        *(Role.TDS_PAYABLE, Role.TCS_PAYABLE),
        *(Role.OUTPUT_CGST, Role.OUTPUT_SGST, Role.OUTPUT_UTGST, Role.OUTPUT_IGST),
        *(Role.PAYOUTS_IN_TRANSIT, Role.REFUNDS_IN_TRANSIT, Role.UNALLOCATED),
    ),
    Kind.INCOME: (
        *(Role.FREIGHT_INCOME, Role.DETENTION_INCOME, Role.CANCELLATION_INCOME),
        *(Role.PLATFORM_FEE_INCOME, Role.RECOVERIES, Role.OTHER_INCOME, Role.ROUND_OFF),
    ),
    Kind.EXPENSE: (
        *(Role.CARRIAGE_COST, Role.DETENTION_COST, Role.PROVIDER_FEES),
        *(Role.SHORTAGE_COST, Role.WRITE_OFF),
    ),
}
KIND_OF: dict[str, Kind] = {role: kind for kind, roles in _OF_KIND.items() for role in roles}

# What is owed to or by somebody: no posting without saying whom. The database has the same list.
CONTROL: frozenset[str] = frozenset(
    {
        *(Role.RECEIVABLES, Role.CUSTOMER_ADVANCES, Role.WALLETS, Role.REFUNDS_IN_TRANSIT),
        *(Role.CARRIER_PAYABLES, Role.CARRIER_ADVANCES, Role.PAYOUTS_IN_TRANSIT),
    }
)
# Money itself, wherever it lies.
MONEY: frozenset[str] = frozenset(
    {Role.BANK, Role.CASH, Role.PROVIDER_CLEARING, Role.PAYOUT_ACCOUNT}
)
