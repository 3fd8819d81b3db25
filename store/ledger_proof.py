"""Proves that the books are as they were written: digests, seals, and the sums made of them."""

from __future__ import annotations

import dataclasses
import hashlib
import struct
from collections.abc import Sequence

from freight.ledger.entries import digest
from store.ledger_entries import COLUMNS, Kept, kept_of
from store.postgres import AnyConnection

SEALS_AT_ONCE = 100
# In one statement, so that nothing is posted between one sum and the other.
COUNTED = """
    SELECT (SELECT count(*) FROM ledger_entries) AS entries,
        (SELECT coalesce(sum(cardinality(entries)), 0) FROM ledger_seals)
            + (SELECT count(*) FROM ledger_unsummed) AS known,
        (SELECT count(*) FROM (
            SELECT account, sum(debit_minor - credit_minor) AS minor FROM ledger_sums
            WHERE party = '' AND days = 32 GROUP BY account
        ) s FULL JOIN (
            SELECT account, sum(amount_minor) AS minor FROM ledger_postings p
            WHERE NOT EXISTS (SELECT FROM ledger_unsummed u WHERE u.entry_nr = p.entry_nr)
            GROUP BY account
        ) p USING (account) WHERE s.minor IS DISTINCT FROM p.minor) AS wrong_sums
"""


@dataclasses.dataclass(frozen=True, slots=True)
class Fault:
    seal: int | None
    entry: int | None  # its number
    detail: str


@dataclasses.dataclass(frozen=True, slots=True)
class Proof:
    entries: int
    seal: int
    digest: bytes
    is_whole: bool
    faults: list[Fault]


async def prove(conn: AnyConnection, after: int, behind: bytes, entries_at_once: int) -> Proof:
    """From behind the seal `after`, whose digest is `behind`; bounded, the rest is for later."""
    faults: list[Fault] = []
    looked = 0
    while looked < entries_at_once:
        seals = await conn.fetch(
            "SELECT seq, entries, digest FROM ledger_seals WHERE seq > $1 ORDER BY seq LIMIT $2",
            after,
            SEALS_AT_ONCE,
        )
        if not seals:
            faults += await _faults_of_counts(conn)
            return Proof(looked, after, behind, is_whole=True, faults=faults)
        for seal in seals:
            if seal["seq"] != after + 1:
                faults.append(Fault(seal["seq"], None, "the seals before it were removed"))
            entries = await _entries(conn, seal["entries"])
            faults += _faults_of(seal["seq"], seal["entries"], entries)
            if sealed(behind, entries) != bytes(seal["digest"]):
                faults.append(Fault(seal["seq"], None, "does not seal what stands under it"))
            after, behind = seal["seq"], bytes(seal["digest"])
            looked += len(seal["entries"])
            if looked >= entries_at_once:
                break
    return Proof(looked, after, behind, is_whole=False, faults=faults)


def sealed(behind: bytes, entries: Sequence[Kept]) -> bytes:
    """As the database does it."""
    told = b"".join(struct.pack(">q", kept.nr) + kept.digest for kept in entries)
    return hashlib.sha256(behind + told).digest()


async def _entries(conn: AnyConnection, numbers: Sequence[int]) -> list[Kept]:
    rows = await conn.fetch(
        f"SELECT {COLUMNS} FROM ledger_entries e WHERE e.nr = ANY ($1) ORDER BY e.nr", numbers
    )
    return [kept_of(row) for row in rows]


def _faults_of(seal: int, numbers: Sequence[int], entries: Sequence[Kept]) -> list[Fault]:
    there = {kept.nr for kept in entries}
    gone = [Fault(seal, nr, "was removed") for nr in numbers if nr not in there]
    changed = [
        Fault(seal, kept.nr, f"entry {kept.entry.id} was changed")
        for kept in entries
        if digest(kept.entry) != kept.digest
    ]
    return gone + changed


async def _faults_of_counts(conn: AnyConnection) -> list[Fault]:
    row = await conn.fetchrow(COUNTED)
    faults = []
    if row is not None and row["entries"] != row["known"]:
        faults.append(Fault(None, None, f"{row['entries']} entries, {row['known']} were written"))
    if row is not None and row["wrong_sums"]:
        faults.append(Fault(None, None, f"sums of {row['wrong_sums']} accounts are wrong"))
    return faults
