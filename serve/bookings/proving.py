"""Proofs of pickups and deliveries: codes given out, and what is shown for them."""

from __future__ import annotations

import hashlib
import secrets

from actors.life import now_ms
from freight.booking import commands as asked
from freight.booking.state import ProofKind
from serve.bookings import wire
from serve.bookings.answers import BookingOut
from serve.bookings.reading import shown, standing
from serve.bookings.service import Wish, stamp, take, tell
from serve.gateway import Gateway
from serve.identity.principal import Principal
from serve.problems import ConflictError, InvalidError
from store import documents
from store.postgres import AnyConnection, moment

# A code of a few digits must be slow to guess from a stolen log.
SCRYPT_N = 2**14


async def give_code(
    gateway: Gateway, who: Principal, booking_id: str, wanted: wire.CodeFields
) -> wire.CodeOut:
    """A one-time password for a stop, in place of any before it."""
    limits = gateway.policy.bookings
    code = "".join(secrets.choice("0123456789") for _ in range(limits.code_digits))
    salt = secrets.token_hex(16)
    expires_ms = now_ms() + round(limits.code_valid_s * 1000)
    command = asked.SetCode(
        **stamp(who),
        leg=wanted.leg,
        stop=wanted.stop,
        digest=_digest(code, salt),
        salt=salt,
        expires_ms=expires_ms,
    )
    await tell(gateway, who, Wish(booking_id, "bookings.code", command))
    return wire.CodeOut(code=code, expires_at=moment(expires_ms))


async def record_proof(
    gateway: Gateway, who: Principal, booking_id: str, given: wire.ProofFields
) -> BookingOut:
    digest = None
    if given.kind is ProofKind.OTP:
        if given.code is None:
            raise InvalidError.at("/code", "say the code that was given for this stop")
        async with gateway.as_tenant(who) as conn:
            leg = (await standing(conn, booking_id)).leg(given.leg)
        code = None if leg is None else leg.codes.get(given.stop)
        digest = None if code is None else _digest(given.code, code.salt)
    command = asked.RecordProof(
        **stamp(who),
        leg=given.leg,
        stop=given.stop,
        kind=given.kind,
        at_ms=wire.ms_of(given.at),
        digest=digest,
        receiver=given.receiver,
        reference=given.reference,
        remarks=given.remarks,
        received=tuple(one.received() for one in given.received),
        weighing=None if given.weighing is None else given.weighing.weighing(),
        documents=given.shown,
    )
    wish = Wish(booking_id, "bookings.prove", command)
    async with gateway.changing(who, wish.action, f"bookings/{booking_id}") as change:
        change.before = shown(gateway, who, await standing(change.conn, booking_id))
        await _refuse_strange_documents(change.conn, booking_id, given)
        proven = await take(gateway, who, wish)
        if not _is_proven(proven, given):
            # The attempt itself is on record and counted.
            error = {"pointer": "/code", "detail": "the code is wrong", "code": "wrong_code"}
            raise ConflictError(error["detail"], errors=[error])
    return proven


async def _refuse_strange_documents(
    conn: AnyConnection, booking_id: str, given: wire.ProofFields
) -> None:
    """They are kept here, about this booking, and its sender may see them."""
    kept = {one.id: one for one in await documents.of_booking(conn, booking_id, given.shown)}
    for nr, name in enumerate(given.documents):
        if name not in kept:
            raise _not_kept(f"/documents/{nr}", name)
        if kept[name].leg not in {None, given.leg} or kept[name].stop not in {None, given.stop}:
            detail = f"document {name} is about another leg or stop"
            raise InvalidError.at(f"/documents/{nr}", detail, code="unknown_document")
    slip = None if given.weighing is None else given.weighing.slip
    if slip is not None and slip not in kept:
        raise _not_kept("/weighing/slip", slip)


def _not_kept(pointer: str, name: str) -> InvalidError:
    detail = f"this booking has no document {name}"
    return InvalidError.at(pointer, detail, code="unknown_document")


def _is_proven(booking: BookingOut, given: wire.ProofFields) -> bool:
    stops = [stop for leg in booking.legs if leg.id == given.leg for stop in leg.stops]
    return any(stop.stop == given.stop and stop.proven for stop in stops)


def _digest(code: str, salt: str) -> str:
    return hashlib.scrypt(code.encode(), salt=salt.encode(), n=SCRYPT_N, r=8, p=1).hex()
