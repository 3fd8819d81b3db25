"""Parties of a tenant as papers and taxes know them: shippers, carriers, and the tenant itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import asyncpg

from freight.fleet.identifiers import account_of
from freight.invoices.documents import Address, PartyBlock
from freight.personal import PersonalKind
from freight.pricing.gst import Recipient
from freight.tax.rules import TaxRules
from freight.tax.tds import Declaration, Payee
from store.errors import NotFoundError, StaleVersionError
from store.personal import PersonalData
from store.postgres import AnyConnection, one

SHIPPERS, CARRIERS = "shippers", "carriers"
PLATFORM = "platform"
# Each is sealed, and found by a blind index where it has one.
INDEXED = {
    "phone": PersonalKind.PHONE,
    "email": PersonalKind.EMAIL,
    "gstin": PersonalKind.GSTIN,
    "pan": PersonalKind.PAN,
    "bank_account": PersonalKind.BANK_ACCOUNT,
}
PERSONAL = {**INDEXED, "address": PersonalKind.ADDRESS}
_PLAIN = ("name", "state", "pin", "ifsc")


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """`party` is shippers/<id>, carriers/<id> or platform."""

    party: str
    name: str
    address: str | None = None  # line by line
    state: str | None = None  # as GST numbers begin
    pin: str | None = None
    gstin: str | None = None
    pan: str | None = None
    phone: str | None = None
    email: str | None = None
    bank_account: str | None = None
    ifsc: str | None = None
    gst_mode: str | None = None  # agreed with a shipper, instead of the tenant's
    transin: str | None = None  # a carrier without a GSTIN, as the portal of e-way bills knows it
    is_individual: bool | None = None  # a carrier, for income tax; None: as its PAN says
    declarations: tuple[Declaration, ...] = ()
    version: int = 0

    @property
    def is_registered(self) -> bool:
        return self.gstin is not None

    @property
    def gst_state(self) -> str | None:
        """Where it is for GST: its number says, or its address."""
        return self.state if self.gstin is None else self.gstin[:2]

    @property
    def account(self) -> tuple[str | None, str | None]:
        """IFSC and account number."""
        return account_of(self.bank_account, self.ifsc)

    def recipient(self) -> Recipient:
        return Recipient(self.is_registered, self.gst_state, self.gst_mode)

    def payee(self) -> Payee:
        return Payee(self.party, self.pan, self.is_individual, self.declarations)

    def block(self, tax: TaxRules) -> PartyBlock:
        """As it stands on a document that is issued now."""
        address = Address(
            lines=tuple((self.address or "").splitlines()),
            pin=self.pin,
            state=self.gst_state,
            state_name=tax.state_name(self.gst_state),
        )
        return PartyBlock(
            party=self.party, name=self.name, address=address, gstin=self.gstin, pan=self.pan
        )


async def get(conn: AnyConnection, personal: PersonalData, party: str) -> Party:
    """NotFoundError also for a party of whom only its name was ever said."""
    found = await find(conn, personal, party)
    if found is None:
        raise NotFoundError("party", party)
    return found


async def find(conn: AnyConnection, personal: PersonalData, party: str) -> Party | None:
    kind, _, id_ = party.partition("/")
    if kind == SHIPPERS:
        row = await conn.fetchrow("SELECT * FROM shippers WHERE id = $1", id_)
        return None if row is None else _party(personal, party, row)
    if kind == CARRIERS:
        row = await conn.fetchrow("SELECT * FROM carriers WHERE id = $1", id_)
        if row is None:
            return None
        return _party(personal, party, row, await declarations(conn, id_))
    return None


async def registration(conn: AnyConnection, state: str) -> Party | None:
    """The tenant itself, as it is registered in a state."""
    row = await conn.fetchrow("SELECT * FROM tenant_registrations WHERE state = $1", state)
    return None if row is None else _registered(row)


async def registrations(conn: AnyConnection) -> list[Party]:
    rows = await conn.fetch("SELECT * FROM tenant_registrations ORDER BY state")
    return [_registered(row) for row in rows]


async def declarations(conn: AnyConnection, carrier: str) -> tuple[Declaration, ...]:
    rows = await conn.fetch(
        "SELECT year, declared_on, trucks_owned, exceeded_on FROM carrier_declarations "
        "WHERE carrier = $1 ORDER BY year",
        carrier,
    )
    return tuple(Declaration(**row) for row in rows)


async def list_shippers(
    conn: AnyConnection,
    personal: PersonalData,
    after: str | None,
    limit: int,
    having: Mapping[str, str],
) -> list[Party]:
    """In the order of their ids, beginning behind `after`."""
    args: list[object] = [after or "", limit]
    where = ["id > $1"]
    for name, kind in INDEXED.items():
        if name in having:
            args.append(personal.blind_index(kind, having[name]))
            where.append(f"{name}_index = ${len(args)}")
    rows = await conn.fetch(
        f"SELECT * FROM shippers WHERE {' AND '.join(where)} ORDER BY id LIMIT $2", *args
    )
    return [_party(personal, f"{SHIPPERS}/{row['id']}", row) for row in rows]


async def put_shipper(
    conn: AnyConnection,
    personal: PersonalData,
    tenant_key: int,
    given: Party,
    expected_version: int | None,
) -> Party:
    """The new facts in place of the old; with a version, only of those at it."""
    id_ = given.party.partition("/")[2]
    columns: dict[str, object] = {name: getattr(given, name) for name in _PLAIN}
    columns |= {"gst_mode": given.gst_mode, "is_registered": given.is_registered}
    columns |= _sealed(personal, given)
    names = ", ".join(columns)
    places = ", ".join(f"${number}" for number in range(4, len(columns) + 4))
    sets = ", ".join(f"{name} = excluded.{name}" for name in columns)
    row = await conn.fetchrow(
        f"""
        INSERT INTO shippers AS s (tenant_key, id, {names}) VALUES ($1, $2, {places})
        ON CONFLICT (tenant_key, id) DO UPDATE SET {sets}, updated_at = now(),
            version = s.version + 1
        WHERE s.version = coalesce($3, s.version)
        RETURNING *
        """,
        *(tenant_key, id_, expected_version, *columns.values()),
    )
    if row is None:
        found = await get(conn, personal, given.party)
        raise StaleVersionError("party", given.party, expected_version or 0, found.version)
    return _party(personal, given.party, row)


async def put_carrier_facts(
    conn: AnyConnection,
    personal: PersonalData,
    carrier: str,
    given: Party,
    expected_version: int | None,
) -> Party:
    """What papers and taxes want to know beside what /v1/carriers keeps of it."""
    sealed = None if given.address is None else personal.seal(given.address)
    row = await conn.fetchrow(
        """
        UPDATE carriers SET address_sealed = $3, state = $4, pin = $5, is_individual = $6,
            transin = $7, version = version + 1
        WHERE id = $1 AND version = coalesce($2, version) RETURNING *
        """,
        *(carrier, expected_version, sealed, given.state, given.pin, given.is_individual),
        given.transin,
    )
    party = f"{CARRIERS}/{carrier}"
    if row is None:
        found = await get(conn, personal, party)
        raise StaleVersionError("party", party, expected_version or 0, found.version)
    return _party(personal, party, row, await declarations(conn, carrier))


async def put_declaration(
    conn: AnyConnection,
    tenant_key: int,
    carrier: str,
    given: Declaration,
    document: str | None = None,
) -> Declaration:
    """Of one financial year. A count that was once higher stays: it is the most at any time."""
    row = await conn.fetchrow(
        """
        INSERT INTO carrier_declarations AS d
            (tenant_key, carrier, year, declared_on, trucks_owned, exceeded_on, document)
        VALUES ($1, $2, $3, $4, $5, $6, $7)
        ON CONFLICT (tenant_key, carrier, year) DO UPDATE SET updated_at = now(),
            version = d.version + 1,
            declared_on = least(d.declared_on, excluded.declared_on),
            trucks_owned = greatest(d.trucks_owned, excluded.trucks_owned),
            exceeded_on = least(d.exceeded_on, excluded.exceeded_on),
            document = coalesce(excluded.document, d.document)
        RETURNING year, declared_on, trucks_owned, exceeded_on
        """,
        *(tenant_key, carrier, given.year, given.declared_on, given.trucks_owned),
        *(given.exceeded_on, document),
    )
    return Declaration(**one(row))


async def put_registration(
    conn: AnyConnection, tenant_key: int, given: Party, expected_version: int | None
) -> Party:
    row = await conn.fetchrow(
        """
        INSERT INTO tenant_registrations AS r (tenant_key, state, name, address, pin, gstin, pan)
        VALUES ($1, $2, $3, $4, $5, $6, $7)
        ON CONFLICT (tenant_key, state) DO UPDATE SET name = excluded.name,
            address = excluded.address, pin = excluded.pin, gstin = excluded.gstin,
            pan = excluded.pan, updated_at = now(), version = r.version + 1
        WHERE r.version = coalesce($8, r.version)
        RETURNING *
        """,
        *(tenant_key, given.state, given.name, given.address or "", given.pin, given.gstin),
        *(given.pan, expected_version),
    )
    if row is None:
        found = await registration(conn, given.state or "")
        version = 0 if found is None else found.version
        raise StaleVersionError("registration", given.state or "", expected_version or 0, version)
    return _registered(row)


def _sealed(personal: PersonalData, given: Party) -> dict[str, object]:
    columns: dict[str, object] = {}
    for name in PERSONAL:
        text: str | None = getattr(given, name)
        columns[f"{name}_sealed"] = None if text is None else personal.seal(text)
        if name in INDEXED:
            index = None if text is None else personal.blind_index(INDEXED[name], text)
            columns[f"{name}_index"] = index
    return columns


def _party(
    personal: PersonalData,
    party: str,
    row: asyncpg.Record,
    declared: tuple[Declaration, ...] = (),
) -> Party:
    fields: dict[str, Any] = {name: row[name] for name in _PLAIN}
    for name in PERSONAL:
        sealed = row[f"{name}_sealed"]
        fields[name] = None if sealed is None else personal.open(sealed)
    return Party(
        party=party,
        gst_mode=row.get("gst_mode"),
        is_individual=row.get("is_individual"),
        transin=row.get("transin"),
        declarations=declared,
        version=row["version"],
        **fields,
    )


def _registered(row: asyncpg.Record) -> Party:
    return Party(
        party=PLATFORM,
        name=row["name"],
        address=row["address"],
        state=row["state"],
        pin=row["pin"],
        gstin=row["gstin"],
        pan=row["pan"],
        version=row["version"],
    )
