"""The audit trail's chain: how a row is signed behind the one before it, and how that is proved.

A row's body is the text that is signed, with a key that the database does not have. It carries the
signature of the row before, so a changed, removed, inserted or moved row breaks the chain there.
"""

from __future__ import annotations

import dataclasses
import hashlib
import hmac
from enum import StrEnum
from typing import Any

import msgspec

from freight.redaction import redacted, redacted_text
from store.key_file import KeyFile, KeyFileError

PURPOSE = "audit"
FORM = 1
# The installation's own chain: what its operators do to all tenants together.
INSTALLATION_KEY = 0
INSTALLATION = "*"
# Postgres' jsonb, which the columns are made with, has no NUL.
NUL = "\0"
NUL_SHOWN = "\ufffd"


class Outcome(StrEnum):
    DONE = "done"
    REFUSED = "refused"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What happened; the chain adds where it stands in it."""

    tenant_key: int
    tenant: str
    actor: str  # kind:id
    action: str  # resource.verb
    subject: str  # resource/id
    at_ms: int
    outcome: Outcome = Outcome.DONE
    origin: str | None = None  # the address it came from
    before: Any = None
    after: Any = None
    detail: str | None = None
    config_version: int = 0
    correlation_id: str | None = None


class Body(msgspec.Struct, frozen=True, kw_only=True):
    form: int = FORM
    tenant_key: int
    seq: int
    key: int  # the version of the key it is signed with
    prev: str  # the signature of the row before, in hex
    tenant: str
    at_ms: int
    actor: str
    action: str
    subject: str
    outcome: str
    origin: str | None
    detail: str | None
    config_version: int
    correlation_id: str | None
    before: Any
    after: Any


class Link(msgspec.Struct, frozen=True):
    """What of a body the proof needs."""

    tenant_key: int
    seq: int
    key: int
    prev: str


@dataclasses.dataclass(frozen=True, slots=True)
class Head:
    """Where a chain ends."""

    seq: int
    mac: bytes

    def __str__(self) -> str:
        return f"{self.seq}:{self.mac.hex()}"

    @classmethod
    def parse(cls, text: str) -> Head:
        """As `verify` prints it."""
        seq, colon, mac = text.partition(":")
        try:
            if not colon or not seq.isdecimal():
                raise ValueError
            return cls(int(seq), bytes.fromhex(mac))
        except ValueError:
            raise ValueError(f"{text!r} is not SEQ:HASH as verify prints it") from None


class Signer:
    def __init__(self, keys: KeyFile, value_bytes_max: int) -> None:
        self._keys = keys
        self._value_bytes_max = value_bytes_max

    def sign(self, entry: Entry, behind: Head) -> tuple[str, Head]:
        """The row's body, and the chain's new head."""
        version = self._keys.ring.newest
        body = Body(
            tenant_key=entry.tenant_key,
            seq=behind.seq + 1,
            key=version,
            prev=behind.mac.hex(),
            tenant=entry.tenant,
            at_ms=entry.at_ms,
            actor=_storable(entry.actor),
            action=_storable(entry.action),
            subject=_storable(entry.subject),
            outcome=entry.outcome,
            origin=entry.origin,
            detail=None if entry.detail is None else _storable(redacted_text(entry.detail)),
            config_version=entry.config_version,
            correlation_id=entry.correlation_id,
            before=self._kept(entry.before),
            after=self._kept(entry.after),
        )
        text = msgspec.json.encode(body)
        mac = hmac.digest(self._keys.key_for(PURPOSE, version), text, hashlib.sha256)
        return text.decode(), Head(body.seq, mac)

    def _kept(self, value: Any) -> msgspec.Raw:
        """Masked, storable, and bounded in length."""
        raw = msgspec.json.encode(_storable(redacted(msgspec.to_builtins(value))))
        if len(raw) > self._value_bytes_max:
            digest = hashlib.sha256(raw).hexdigest()
            raw = msgspec.json.encode({"left_out_bytes": len(raw), "sha256": digest})
        return msgspec.Raw(raw)


def _storable(value: Any) -> Any:
    """Without what Postgres or UTF-8 cannot hold."""
    if isinstance(value, str):
        if value.isascii() and NUL not in value:
            return value
        return value.replace(NUL, NUL_SHOWN).encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {_storable(key): _storable(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_storable(inner) for inner in value]
    return value


@dataclasses.dataclass(frozen=True, slots=True)
class Row:
    tenant_key: int
    seq: int
    body: str
    mac: bytes


_bodies = msgspec.json.Decoder(Body)


def read_body(row: Row) -> Body:
    return _bodies.decode(row.body)


@dataclasses.dataclass(frozen=True, slots=True)
class Fault:
    """A place where the chain is broken, by the number of the row."""

    seq: int
    what: str


class Proof:
    """Goes along a chain, one row at a time, and notes where it is broken."""

    def __init__(
        self, keys: KeyFile, tenant_key: int, expected: Head | None = None, *, after: Head
    ) -> None:
        """`after` is where it begins; `expected` a head that was noted elsewhere."""
        self.faults: list[Fault] = []
        self.rows = 0
        self.reached = after
        self._keys = keys
        self._tenant_key = tenant_key
        self._expected = expected
        self._decoder = msgspec.json.Decoder(Link)

    def add(self, row: Row) -> None:
        self.rows += 1
        link = self._link_of(row)
        if row.seq <= self.reached.seq:
            self._fault(row.seq, "stands twice, or behind a later row")
        elif row.seq > self.reached.seq + 1:
            self._missing(self.reached.seq + 1, row.seq - 1)
        elif link is not None and link.prev != self.reached.mac.hex():
            self._fault(row.seq, "does not follow the row before it: inserted or moved")
        if self._expected and row.seq == self._expected.seq and row.mac != self._expected.mac:
            self._fault(row.seq, "is not the row that was noted elsewhere: the chain was rewritten")
        self.reached = Head(row.seq, row.mac)

    def end(self, head: Head) -> None:
        """`head` is what the database says of the chain's end."""
        if head.seq > self.reached.seq:
            self._missing(self.reached.seq + 1, head.seq)
        elif head.seq < self.reached.seq:
            self._fault(head.seq + 1, "stands behind the chain's head")
        elif head.mac != self.reached.mac:
            self._fault(head.seq, "is not what the chain's head says")
        if self._expected and self._expected.seq > max(self.reached.seq, head.seq):
            self._missing(max(self.reached.seq, head.seq) + 1, self._expected.seq)

    def _link_of(self, row: Row) -> Link | None:
        text = row.body.encode()
        try:
            link = self._decoder.decode(text)
            key = self._keys.key_for(PURPOSE, link.key)
        except (msgspec.MsgspecError, KeyFileError):
            self._fault(row.seq, "was changed: its body is not one of ours")
            return None
        if not hmac.compare_digest(hmac.digest(key, text, hashlib.sha256), row.mac):
            self._fault(row.seq, "was changed: its signature is not that of its body")
            return None
        if (link.tenant_key, link.seq) != (self._tenant_key, row.seq):
            self._fault(row.seq, f"is row {link.seq} of chain {link.tenant_key}, moved here")
            return None
        return link

    def _missing(self, first: int, last: int) -> None:
        says = "was removed" if first == last else f"to {last} were removed"
        self._fault(first, says)

    def _fault(self, seq: int, what: str) -> None:
        self.faults.append(Fault(seq, what))
